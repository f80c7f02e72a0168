"""The board's page "you said, we did"."""

from fastapi import APIRouter, Request, Response

from app.core.access import READERS
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.rendering import page
from app.people.guard import ActorDep, NowDep
from app.questionnaires.queries import questionnaire
from app.rounds.queries import round_line
from app.scrutiny.you_said import news, you_said

router = APIRouter()


@router.get("/rounds/{round_id}/you-said")
def what_changed(
    request: Request, actor: ActorDep, session: SessionDep, at: NowDep, round_id: int
) -> Response:
    """Show what became of last year's actions and how ratings moved, by domain."""
    line = round_line(session, round_id)
    before = round_line(session, line.previous_round_id) if line.previous_round_id else None
    domains = sorted(questionnaire(session, line.version_id).domains, key=lambda domain: domain.bespoke)
    titles = {domain.key: domain.title for domain in domains}
    reads = actor.has(*READERS)
    return page(
        request,
        "scrutiny/you-said.html",
        round=line,
        before=before,
        seen=you_said(session, line, before, titles, london_date(at)),
        news=news(session, line, before) if reads else (),
        titles=titles,
        reads_answers=reads,
        today=london_date(at),
    )
