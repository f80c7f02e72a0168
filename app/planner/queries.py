"""Reads for the home pages: what needs me now."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.returns.models import Return, ReturnState
from app.rounds.queries import RoundLine, rounds


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """A round, and how many of its returns are how far."""

    line: RoundLine
    counts: dict[ReturnState, int]

    @property
    def asked(self) -> int:
        """How many organisations were asked."""
        return sum(self.counts.values())

    @property
    def signed(self) -> int:
        """How many have answered: their return is signed."""
        return self.counts.get(ReturnState.SIGNED, 0)


def rounds_with_progress(session: Session) -> tuple[RoundProgress, ...]:
    """Return every round with its progress, from stored states."""
    counts: dict[int, dict[ReturnState, int]] = {}
    for round_id, state, count in session.execute(
        select(col(Return.round_id), col(Return.state), func.count()).group_by(
            col(Return.round_id), col(Return.state)
        )
    ):
        counts.setdefault(round_id, {})[state] = count
    return tuple(RoundProgress(line, counts.get(line.id, {})) for line in rounds(session))
