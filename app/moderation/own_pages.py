"""The organisation's page of questions: what officers asked about its return, and its answers."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import Work
from app.core.database import SessionDep
from app.core.errors import NotFoundError, RefusedError
from app.core.forms import Form, FormDep
from app.core.rendering import error_list, page
from app.moderation import asking, queries
from app.people.guard import ActorDep, NowDep, WorkDep
from app.returns import queries as returns
from app.returns.signing import titles_of

router = APIRouter()


@router.get("/returns/{return_id}/questions")
def questions(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, return_id: int) -> Response:
    """Show the questions of officers about a return, those to answer first."""
    return _page(request, Work(session, actor, at), return_id)


def _page(
    request: Request,
    work: Work,
    return_id: int,
    *,
    problem: RefusedError | None = None,
    form: Form | None = None,
) -> Response:
    this = returns.head(work.session, work.actor, return_id)
    asked = returns.questionnaire_of(work.session, this)
    found = queries.threads(work.session, work.actor, return_id)
    order = list(titles_of(asked))
    every = sorted(found.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order))
    return page(
        request,
        "moderation/questions.html",
        status=422 if problem else 200,
        this=this,
        titles=titles_of(asked),
        open=[(key, thread) for key, thread in every if thread[-1].asks],
        done=[(key, thread) for key, thread in every if not thread[-1].asks],
        may_answer=work.actor.holds(this.organisation_id),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        values=dict(form) if form is not None else {},
    )


@router.post("/returns/{return_id}/questions")
def answer(request: Request, work: WorkDep, form: FormDep, return_id: int) -> Response:
    """Take the organisation's answer to a question."""
    this = returns.head(work.session, work.actor, return_id)
    if not work.actor.holds(this.organisation_id):
        raise NotFoundError
    standard = form.line("standard")
    try:
        asking.answer(work, this, standard, form.text(f"answer-{standard}", most=4_000))
    except RefusedError as problem:
        return _page(request, work, return_id, problem=problem, form=form)
    return RedirectResponse(f"/returns/{return_id}/questions", status_code=303)
