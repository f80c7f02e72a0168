"""Pages for handing over: the person who leaves, and the board manager's queue."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.core.access import Actor
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.organisations import handing_over
from app.people import queries as people
from app.people.guard import ActorDep, WorkDep

router = APIRouter()


@router.get("/account/hand-over")
def show(request: Request, actor: ActorDep, session: SessionDep) -> Response:
    """Ask who takes over."""
    return _own_page(request, session, actor)


def _own_page(
    request: Request,
    session: Session,
    actor: Actor,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    waiting = handing_over.own_waiting(session, actor.user_id)
    places = people.places_of(session, actor.user_id)
    return page(
        request,
        "organisations/hand-over.html",
        status=422 if problem else 200,
        places=[place for place in places if place.organisation_id not in waiting],
        waiting=[place for place in places if place.organisation_id in waiting],
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form else {},
    )


@router.post("/account/hand-over")
def ask(request: Request, work: WorkDep, form: FormDep) -> Response:
    """Name the successor."""
    chosen = form.integers("organisation_id")
    try:
        handing_over.ask(
            work,
            chosen[0] if chosen else None,
            name=form.line("name"),
            address=form.line("email"),
            note=form.text("note").strip(),
        )
    except RefusedError as problem:
        return _own_page(request, work.session, work.actor, problem=problem, form=form)
    return RedirectResponse("/account/hand-over", status_code=303)


@router.get("/hand-overs")
def queue(request: Request, _actor: ActorDep, session: SessionDep) -> Response:
    """Show who hands over to whom, for the board manager to confirm."""
    return _queue_page(request, session)


def _queue_page(request: Request, session: Session, *, problem: RefusedError | None = None) -> Response:
    return page(
        request,
        "organisations/hand-overs.html",
        status=422 if problem else 200,
        waiting=handing_over.hand_overs(session, decided=False),
        decided=handing_over.hand_overs(session, decided=True, most=20),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
    )


@router.post("/hand-overs/{hand_over_id}/confirm")
def confirm(work: WorkDep, hand_over_id: int) -> Response:
    """Move the roles to the successor; a refusal undoes the whole, so it has a page of its own."""
    handing_over.confirm(work, hand_over_id)
    return RedirectResponse("/hand-overs", status_code=303)


@router.post("/hand-overs/{hand_over_id}/decline")
def decline(request: Request, work: WorkDep, form: FormDep, hand_over_id: int) -> Response:
    """Leave things as they are, with a reason."""
    try:
        handing_over.decline(work, hand_over_id, form.text("reason").strip())
    except RefusedError as problem:
        return _queue_page(request, work.session, problem=problem)
    return RedirectResponse("/hand-overs", status_code=303)
