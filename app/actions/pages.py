"""The list of actions."""

from fastapi import APIRouter, Request, Response

from app.actions import queries
from app.actions.models import ActionStatus
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page
from app.people.guard import ActorDep, NowDep

router = APIRouter()
PAGE = 50


@router.get("/actions")
def actions(
    request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, show: str = "open", start: int = 0
) -> Response:
    """List what organisations promised: open, overdue or done."""
    start = max(start, 0)
    today = london_date(at)
    chosen = show if show in {"open", "overdue", "done", "all"} else "open"
    status = {"all": None, "done": ActionStatus.DONE}.get(chosen, ActionStatus.OPEN)
    lines = queries.actions(
        session,
        status=status,
        due_before=today if chosen == "overdue" else None,
        most=PAGE + 1,
        skip=start,
    )
    return page(
        request,
        "actions/list.html",
        actions=lines[:PAGE],
        show=chosen,
        today=today,
        start=start,
        earlier=max(start - PAGE, 0) if start else None,
        later=start + PAGE if len(lines) > PAGE else None,
    )
