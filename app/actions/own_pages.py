"""An organisation's own list of actions."""

from fastapi import APIRouter, Request, Response

from app.actions import queries
from app.actions.rules import ENDED, STATUS_WORDS, TO_REVIEW
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page
from app.people.guard import ActorDep, NowDep

router = APIRouter()


@router.get("/our-actions")
def own_actions(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """List what a person's organisations have promised: what is still to do first, overdue before it."""
    every = queries.own_actions(session, actor)
    return page(
        request,
        "actions/own.html",
        to_do=[each for each in every if each.live],
        waiting=[each for each in every if each.status in TO_REVIEW],
        ended=[each for each in every if each.status in ENDED],
        several=len({each.organisation_id for each in every}) > 1,
        status_words=STATUS_WORDS,
        today=london_date(at),
    )
