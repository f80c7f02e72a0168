"""The page before a round is closed: who has not signed yet, what happens and what does not."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from app.chasing.overview import overview_of
from app.chasing.queries import return_lines
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page
from app.people.guard import ActorDep, NowDep
from app.rounds.models import RoundState
from app.rounds.queries import round_line

router = APIRouter()


@router.get("/rounds/{round_id}/close")
def confirm(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """Ask once more before a round is closed, with how many have not signed."""
    line = round_line(session, round_id)
    if line.state is not RoundState.OPEN:
        return RedirectResponse(f"/rounds/{round_id}", status_code=303)
    today = london_date(at)
    seen = overview_of(line, return_lines(session, round_id)[round_id], None, [], today=today)
    return page(
        request,
        "chasing/close.html",
        round=line,
        seen=seen,
        unsigned=seen.headline.asked - seen.headline.answered,
        early=today <= line.due_on,
    )
