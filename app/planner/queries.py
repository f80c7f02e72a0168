"""Reads for the home pages: what needs me now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from app.chasing.listing import ChaseRow, Wanted, chosen
from app.chasing.overview import Overview, overview_of
from app.chasing.queries import chase_rows, return_lines
from app.core.access import RATINGS, REGISTER, Actor
from app.core.settings import settings
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine, rounds

RING_FIRST = 3


@dataclass(frozen=True, slots=True)
class RoundCard:
    """An open round on the home page: how far it is, and whom to ring first."""

    line: RoundLine
    seen: Overview
    ring_first: tuple[ChaseRow, ...]


def open_rounds(
    session: Session, actor: Actor, today: date, *, but_not: Collection[int] = ()
) -> tuple[RoundCard, ...]:
    """Return the open rounds as a person of the partnership needs them, the latest due date first."""
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
        cards.append(RoundCard(line, seen, _ring_first(session, actor, line, today)))
    # What can be answered now comes before what opens later.
    return tuple(sorted(cards, key=lambda card: card.line.opens_later(today)))


def _ring_first(session: Session, actor: Actor, line: RoundLine, today: date) -> tuple[ChaseRow, ...]:
    if not actor.has(*REGISTER) or line.opens_later(today):
        return ()
    rows = chase_rows(
        session,
        line,
        today,
        stalled_after_days=settings().stalled_after_days,
        with_ratings=actor.has(*RATINGS),
    )
    return tuple(chosen(rows, Wanted())[:RING_FIRST])


def other_rounds(session: Session, *, but_not: Collection[int] = ()) -> tuple[RoundLine, ...]:
    """Return the rounds that are being prepared or closed."""
    return tuple(
        line for line in rounds(session) if line.state is not RoundState.OPEN and line.id not in but_not
    )
