"""Reads for the home pages: what needs me now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.exempting import exempt_returns
from app.chasing.inviting import newcomers
from app.chasing.listing import ChaseRow, Wanted, chosen
from app.chasing.outlook import NextMails, next_mails
from app.chasing.overview import Overview, overview_of
from app.chasing.queries import chase_rows, return_lines
from app.chasing.rules import Turn
from app.core.access import RATINGS, REGISTER, Actor, visible_to
from app.core.clock import london_date
from app.core.settings import settings
from app.returns.models import Answer
from app.returns.queries import ReturnHead, questionnaire_of
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine, rounds

RING_FIRST = 3


@dataclass(frozen=True, slots=True)
class RoundCard:
    """An open round on the home page: how far it is, whom to ring first, and what leaves next by itself.

    `calls_due` are calls promised for today or before; `newcomers` are contacts who are not invited yet.
    """

    line: RoundLine
    seen: Overview
    exempt: int
    ring_first: tuple[ChaseRow, ...] = ()
    calls_due: int = 0
    newcomers: int = 0
    coming: NextMails | None = None


def first_parts(session: Session, actor: Actor, heads: Collection[ReturnHead], today: date) -> dict[int, str]:
    """Return the first part with a question that nobody has touched, for each return that can be answered.

    From the home page one click leads there: the third after the mail is an answer.
    """
    writable = [head for head in heads if head.writable(today)]
    if not writable:
        return {}
    rows = session.execute(
        select(col(Answer.return_id), col(Answer.standard_key)).where(
            col(Answer.return_id).in_([head.id for head in writable]),
            visible_to(actor, col(Answer.organisation_id)),
        )
    )
    touched = {(row[0], row[1]) for row in rows}
    found = {}
    for head in writable:
        for domain in questionnaire_of(session, head).domains:
            if any((head.id, standard.key) not in touched for standard in domain.standards):
                found[head.id] = domain.key
                break
    return found


def open_rounds(
    session: Session, actor: Actor, now: datetime, *, but_not: Collection[int] = ()
) -> tuple[RoundCard, ...]:
    """Return the open rounds as a person of the partnership needs them, the latest due date first."""
    today = london_date(now)
    lines = {line.id: line for line in rounds(session)}
    cards = []
    for line in lines.values():
        if line.state is not RoundState.OPEN or line.id in but_not:
            continue
        returns = return_lines(session, line.id, line.previous_round_id)
        before = lines.get(line.previous_round_id or 0)
        seen = overview_of(
            line, returns[line.id], before, returns.get(before.id, []) if before else [], today=today
        )
        exempt = len(exempt_returns(session, line.id))
        if not actor.has(*REGISTER) or line.opens_later(today):
            cards.append(RoundCard(line, seen, exempt))
            continue
        rows = _to_ring(session, actor, line, today)
        cards.append(
            RoundCard(
                line,
                seen,
                exempt,
                ring_first=tuple(rows[:RING_FIRST]),
                calls_due=sum(row.ringing.turn is Turn.PROMISED for row in rows),
                newcomers=len(newcomers(session, line.id, today)),
                coming=next_mails(session, line.id, now),
            )
        )
    # What can be answered now comes before what opens later.
    return tuple(sorted(cards, key=lambda card: card.line.opens_later(today)))


def _to_ring(session: Session, actor: Actor, line: RoundLine, today: date) -> list[ChaseRow]:
    rows = chase_rows(
        session,
        line,
        today,
        stalled_after_days=settings().stalled_after_days,
        with_ratings=actor.has(*RATINGS),
    )
    return chosen(rows, Wanted())


def other_rounds(session: Session, *, but_not: Collection[int] = ()) -> tuple[RoundLine, ...]:
    """Return the rounds that are being prepared or closed."""
    return tuple(
        line for line in rounds(session) if line.state is not RoundState.OPEN and line.id not in but_not
    )
