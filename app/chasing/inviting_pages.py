"""Inviting the contacts who came after a round was issued, with one click."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from app.chasing.inviting import invite_newcomers
from app.core.errors import RefusedError
from app.people.guard import WorkDep

router = APIRouter()


@router.post("/rounds/{round_id}/invite")
def invite(work: WorkDep, round_id: int) -> Response:
    """Invite them, and say on the list how many that were; a second click finds nobody."""
    try:
        count = invite_newcomers(work, round_id)
    except RefusedError:
        count = 0
    return RedirectResponse(f"/rounds/{round_id}/chase?invited={count}", status_code=303)
