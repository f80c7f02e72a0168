"""P10: a rating and its comment saved at the same moment, thousands of times: nothing may get lost."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text

from app.bench import world
from app.bench.browser import BrokenReplyError, Connection
from app.bench.readings import Reading
from app.bench.registry import Bench, measures
from app.bench.server import PROGRAM, running
from app.bench.survey import DOMAINS, standard_keys
from app.bench.writing import form
from app.core.database import build_engine
from app.core.scope import Scope

SAVES: Final = 10_000
COUPLES: Final = 25
ANSWERS_A_RETURN: Final = sum(len(standard_keys(domain)) for domain in DOMAINS)


@dataclass(slots=True)
class Outcome:
    """What became of the saves: those that were not taken, and fields that are not there afterwards."""

    saves: int = 0
    refused: list[str] = field(default_factory=list)
    lost: int = 0

    @property
    def failed_or_lost(self) -> int:
        """The figure of the goal."""
        return len(self.refused) + self.lost


@dataclass(frozen=True, slots=True)
class Couple:
    """Two colleagues who save the same answers of their return at the same moments, one field each."""

    one: world.School
    other: world.School


def couples(engine: Engine, round_id: int, count: int, *, now: datetime) -> list[Couple]:
    """Sign two people of each school in."""
    ones = world.schools(engine, round_id, count, now=now)
    others = world.schools(engine, round_id, count, now=now, colleague=2)
    return [Couple(one, other) for one, other in zip(ones, others, strict=True)]


def collide(port: int, writing: Sequence[Couple], saves: int, at_once: int = COUPLES) -> Outcome:
    """Let couples save ratings and comments at the same moments, `at_once` couples at a time."""
    outcome = Outcome()
    waiting = list(writing)
    lock = threading.Lock()

    def next_couple() -> Couple | None:
        with lock:
            if not waiting or outcome.saves >= saves:
                return None
            outcome.saves += ANSWERS_A_RETURN * 2
            return waiting.pop()

    threads = [
        threading.Thread(target=_couples_in_turn, args=(port, next_couple, outcome.refused))
        for _ in range(at_once)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcome


def _couples_in_turn(port: int, next_couple: Callable[[], Couple | None], refused: list[str]) -> None:
    while (couple := next_couple()) is not None:
        together = threading.Barrier(2)
        other = threading.Thread(
            target=_save_all, args=(port, couple.other, together, refused), kwargs={"name": "comment"}
        )
        other.start()
        _save_all(port, couple.one, together, refused, name="level")
        other.join()


def _save_all(
    port: int, school: world.School, together: threading.Barrier, refused: list[str], *, name: str
) -> None:
    connection = Connection(port, school.token)
    for domain in DOMAINS:
        for key in standard_keys(domain):
            value = "amber" if name == "level" else comment_on(school.return_id, key)
            body = form(key, 0, f"{name}-{key}", **{name: value})
            together.wait(timeout=60)
            try:
                status = connection.post(f"/returns/{school.return_id}/{domain}/{key}", body).status
            except (OSError, BrokenReplyError) as problem:
                refused.append(f"{name} of {key}: {problem}")
                connection.close()
                connection = Connection(port, school.token)
            else:
                if status != 200:
                    refused.append(f"{name} of {key}: {status}")
    connection.close()


def comment_on(return_id: int, key: str) -> str:
    """Return the comment that is saved on an answer, so that it can be looked for afterwards."""
    return f"We looked at {key} again for return {return_id}"


def lost_fields(engine: Engine, writing: Iterable[Couple]) -> int:
    """Count the ratings and comments that were saved and are not there."""
    ids = [couple.one.return_id for couple in writing]
    statement = text(
        "SELECT count(*) FILTER (WHERE level = 'amber') + count(*) FILTER "
        "(WHERE comment = 'We looked at ' || standard_key || ' again for return ' || return_id) "
        "FROM answer WHERE return_id = ANY(:ids)"
    )
    with engine.connect() as connection:
        found: int = connection.execute(statement, {"ids": ids}).scalar_one()
    return len(ids) * ANSWERS_A_RETURN * 2 - found


def reading(outcome: Outcome) -> Reading:
    """Judge what became of the saves."""
    return Reading(
        goal="P10",
        what=f"failed or lost fields among {outcome.saves:,} concurrent rating-and-comment saves",
        must=0,
        stretch=0,
        values=(float(outcome.failed_or_lost),),
        detail={"refused": len(outcome.refused), "lost": outcome.lost, "first": outcome.refused[:3]},
    )


def schools_for(saves: int) -> int:
    """Return how many schools it takes for a number of saves."""
    return -(-saves // (ANSWERS_A_RETURN * 2))


@measures("P10")
def concurrent_saves(bench: Bench) -> Iterable[Reading]:
    """Fifty people in couples, each couple saving the rating and the comment of one answer at once."""
    saves = bench.size(SAVES, 1_200)
    with bench.stage.database() as database:
        engine = build_engine(database, 4, scope=Scope.SYSTEM)
        world.add_schools(engine, schools_for(saves))
        round_id = world.prepare_round(engine)
        world.issue_round(engine, round_id)
        writing = couples(engine, round_id, schools_for(saves), now=world.today())
        with running(PROGRAM, bench.stage.ours, database) as server:
            outcome = collide(server.port, writing, saves)
        outcome.lost = lost_fields(engine, writing)
        engine.dispose()
    yield reading(outcome)
