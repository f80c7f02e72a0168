"""The page that leads from an action to the files that show it."""

from fastapi import APIRouter, Request, Response

from app.actions import queries as actions
from app.core.database import SessionDep
from app.core.rendering import page
from app.people.guard import ActorDep
from app.returns.action_evidence import places_of

router = APIRouter()


@router.get("/actions/{action_id}/evidence")
def action_evidence(request: Request, actor: ActorDep, session: SessionDep, action_id: int) -> Response:
    """Show the files that stand with an action's standard, year by year, and the way to add some."""
    this = actions.action(session, actor, action_id)
    return page(request, "returns/action-evidence.html", this=this, places=places_of(session, actor, this))
