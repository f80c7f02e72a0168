"""What the visited agency sees: dates, programme, highlights, the released report, and its reply."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import FormDep
from app.core.rendering import error_list, page
from app.people.guard import ActorDep, NowDep, WorkDep
from app.visits import queries, reporting
from app.visits.lifecycle import STATE_WORDS, VisitState

router = APIRouter()


@router.get("/our-visits/{visit_id}")
def own_visit(request: Request, actor: ActorDep, session: SessionDep, at: NowDep, visit_id: int) -> Response:
    """Show an agency its visit."""
    return _own_page(request, Work(session, actor, at), visit_id)


def _own_page(
    request: Request, work: Work, visit_id: int, *, problem: RefusedError | None = None, typed: str = ""
) -> Response:
    this = queries.own_visit(work.session, work.actor, visit_id)
    found = queries.report(work.session, visit_id)
    released = found is not None and found.released_at is not None
    return page(
        request,
        "visits/own-visit.html",
        status=422 if problem else 200,
        this=this,
        words=STATE_WORDS,
        slots=queries.slots(work.session, visit_id) if this.visit.programme_at else (),
        report=found if released else None,
        replies=queries.replies(work.session, visit_id) if released else (),
        may_reply=this.state is VisitState.RELEASED and work.actor.holds(this.organisation_id),
        errors=error_list(problem),
        problems=problem.problems if problem else {},
        typed=typed,
        today=london_date(work.now),
    )


@router.post("/our-visits/{visit_id}/reply")
def reply(request: Request, work: WorkDep, form: FormDep, visit_id: int) -> Response:
    """Take the agency's reply on the report's factual accuracy."""
    text = form.text("text", most=10_000)
    try:
        reporting.reply(work, visit_id, text)
    except RefusedError as problem:
        return _own_page(request, work, visit_id, problem=problem, typed=text)
    return RedirectResponse(f"/our-visits/{visit_id}#reply", status_code=303)
