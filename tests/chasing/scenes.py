"""Rounds under way, for the pages of the chase desk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Engine, event, update
from sqlmodel import col

from app.core.access import Work
from app.returns.models import Return, ReturnState
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders


@dataclass(frozen=True, slots=True)
class Scene:
    """A round and its organisations by name."""

    round_id: int
    places: dict[str, int]
    returns: dict[str, int]

    @property
    def here(self) -> str:
        """The address of the round."""
        return f"/rounds/{self.round_id}"


def scene(work: Work, *names: str, previous: int | None = None, **register: Any) -> Scene:
    """Issue a round to some schools, each with one contact, and commit."""
    places = {name: builders.organisation(work, name, **register) for name in names}
    for name, place in places.items():
        builders.contact(work, place, f"lead-{place}@example.org", name=f"Lead of {name}"[:60])
    made = builders.open_round(work, places.values(), previous=previous)
    returns = {name: builders.return_of(work, made, place).id for name, place in places.items()}
    work.session.commit()
    return Scene(made, places, returns)


def put(work: Work, return_id: int, **values: Any) -> None:
    """Put a return into a state as it would be stored, and commit."""
    work.session.execute(update(Return).where(col(Return.id) == return_id).values(**values))
    work.session.commit()


def sign(work: Work, return_id: int, day: date) -> None:
    """Let a return have been signed at noon of a day."""
    put(
        work,
        return_id,
        state=ReturnState.SIGNED,
        signed_at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        edition=1,
    )


def close(work: Work, round_id: int) -> None:
    """Close a round and commit."""
    rounds.set_state(work, round_id, RoundState.CLOSED)
    work.session.commit()


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that go to the database until the reply leaves.

    Who read what is noted after it, and only once an hour.
    """
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INSERT INTO reading" not in statement:
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
