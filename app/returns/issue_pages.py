"""Pages for issuing a round: who gets it, and sending it out."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.rendering import error_list, page
from app.organisations.rules import KINDS
from app.people.guard import ActorDep, NowDep, WorkDep
from app.returns import issuing, queries
from app.rounds import queries as rounds

router = APIRouter()


@router.get("/rounds/{round_id}/issue")
def preview(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Show who would get the round, and who has no contact."""
    return _issue_page(request, session, at, round_id)


def _issue_page(
    request: Request,
    session: Session,
    at: datetime,
    round_id: int,
    *,
    issued: issuing.Issued | None = None,
    problem: RefusedError | None = None,
) -> Response:
    line = rounds.round_line(session, round_id)
    invitees = rounds.invitees(session, round_id)
    have = queries.organisations_with_return(session, round_id)
    return page(
        request,
        "returns/issue.html",
        status=422 if problem else 200,
        round=line,
        invitees=invitees,
        already=sum(each.candidate.organisation_id in have for each in invitees),
        silent=[each for each in invitees if not each.contacts],
        kind_words=KINDS,
        issued=issued,
        opens_later=london_date(at) < line.opens_on,
        errors=error_list(problem),
    )


@router.post("/rounds/{round_id}/issue")
def issue(request: Request, work: WorkDep, round_id: int) -> Response:
    """Issue the round and say what happened; sending the form again reaches nobody twice."""
    try:
        issued = issuing.issue(work, round_id)
    except RefusedError as problem:
        return _issue_page(request, work.session, work.now, round_id, problem=problem)
    return _issue_page(request, work.session, work.now, round_id, issued=issued)
