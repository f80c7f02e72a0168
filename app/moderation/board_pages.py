"""Pages for the board: how far officers agree with self-ratings, and declared interests."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import Actor
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.rendering import error_list, page
from app.moderation import interests
from app.moderation.agreement import FEWEST
from app.moderation.agreement_queries import agreement_of
from app.people.guard import ActorDep, WorkDep
from app.rounds.queries import round_line

router = APIRouter()


@router.get("/rounds/{round_id}/agreement")
def agreement(
    request: Request, _actor: ActorDep, session: SessionDep, round_id: int, kind: str = ""
) -> Response:
    """Show how far officers agree with self-ratings, by domain, for all kinds or one."""
    return page(
        request,
        "moderation/agreement.html",
        round=round_line(session, round_id),
        seen=agreement_of(session, round_id, kind),
        fewest=FEWEST,
    )


@router.get("/moderation/interests")
def declared(request: Request, actor: ActorDep, session: SessionDep) -> Response:
    """Show the interests that people have declared, and the form to declare one."""
    return _interests_page(request, actor, session)


def _interests_page(
    request: Request,
    actor: Actor,
    session: SessionDep,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    every = interests.declared(session)
    return page(
        request,
        "moderation/interests.html",
        status=422 if problem else 200,
        mine=[each for each in every if each.user_id == actor.user_id],
        others=[each for each in every if each.user_id != actor.user_id],
        declares=actor.has(*interests.DECLARERS),
        organisations=interests.choices(session),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
    )


@router.post("/moderation/interests")
def declare(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Declare an interest, or end one of one's own."""
    try:
        if form.get("end"):
            interests.end(work, whole_number(form.get("end", "")) or 0)
        else:
            with work.session.begin_nested():
                interests.declare(
                    work, whole_number(form.get("organisation", "")), form.text("what", most=1_000)
                )
    except RefusedError as problem:
        return _interests_page(request, work.actor, work.session, problem=problem, form=form)
    return RedirectResponse("/moderation/interests", status_code=303)
