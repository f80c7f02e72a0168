"""P1, P2, P4, P5: what a save costs, how many a second get through, and how long the slowest wait."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from sqlalchemy.engine import URL

from app.bench import world
from app.bench.browser import BrokenReplyError, Connection
from app.bench.crowd import Crowd
from app.bench.floors import BareCommits, j_seconds
from app.bench.readings import (
    Pairs,
    Reading,
    interleaved,
    milliseconds,
    percentile,
    percents,
    repeated,
    rounded,
)
from app.bench.readings import disturbed as count_disturbed
from app.bench.registry import Bench, measures
from app.bench.server import FLOOR, PROGRAM, Running, running
from app.bench.survey import DOMAINS, standard_keys
from app.bench.writing import LEVELS, Save, Writer, form
from app.core.database import build_engine
from app.core.scope import Scope

_WARM_UP: Final = 60
_SCHOOLS: Final = 60


@dataclass(frozen=True, slots=True)
class Open:
    """A round under way, served by one worker."""

    database: URL
    server: Running
    schools: list[world.School]


@contextmanager
def open_round(bench: Bench, schools: int = _SCHOOLS) -> Iterator[Open]:
    """Issue a round to schools and serve it."""
    with bench.stage.database() as database:
        engine = build_engine(database, scope=Scope.SYSTEM)
        world.add_schools(engine, schools)
        round_id = world.prepare_round(engine)
        world.issue_round(engine, round_id)
        writers = world.schools(engine, round_id, schools, now=world.today())
        engine.dispose()
        with running(PROGRAM, bench.stage.ours, database) as server:
            yield Open(database, server, writers)


def _taken(connection: Connection, save: Save) -> None:
    reply = connection.post(save.path, save.body)
    if reply.status != 200:
        raise BrokenReplyError(f"A save was answered with {reply.status}: {reply.body[:300]!r}")


@measures("P1")
def cost_of_a_save(bench: Bench) -> Iterable[Reading]:
    """CPU of the server for one save, against a POST that reads the same form and does nothing."""
    saves = bench.size(300, 60)
    ours = bench.stage.ours
    database: list[float] = []
    with open_round(bench, 2) as this, running(FLOOR, ours) as floor, ExitStack() as stack:
        person = stack.enter_context(Connection(this.server.port, this.schools[0].token))
        nobody = stack.enter_context(Connection(floor.port))
        writing = Writer(this.schools[0].return_id).saves()
        # Forms for the floor come from another return: a form that is never sent would spoil the versions.
        borrowed = Writer(this.schools[1].return_id).saves()

        def program() -> float:
            start, before = this.server.seconds(), ours.database_seconds()
            for _ in range(saves):
                _taken(person, next(writing))
            database.append((ours.database_seconds() - before) / saves)
            return (this.server.seconds() - start) / saves

        def bare() -> float:
            body = next(borrowed).body
            start = floor.seconds()
            for _ in range(saves):
                nobody.post("/nothing", body)
            return (floor.seconds() - start) / saves

        for _ in range(_WARM_UP):
            _taken(person, next(writing))
            nobody.post("/nothing", next(borrowed).body)
        database.clear()
        found = interleaved(bench.pairs, ours, program, bare)
    yield _reading_of_a_save(found, median(database), saves)


def _reading_of_a_save(found: Pairs, database: float, saves: int) -> Reading:
    return Reading(
        goal="P1",
        what="CPU of one save ÷ CPU of a POST that does nothing",
        must=8,
        stretch=4,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={
            "save_ms": milliseconds(median(found.ours)),
            "floor_ms": milliseconds(median(found.floor)),
            "database_ms_a_save_besides": milliseconds(database),
            "saves_a_pair": saves,
            "others_percent": found.others_percent,
        },
    )


@measures("P2")
def saves_a_second(bench: Bench) -> Iterable[Reading]:
    """Ten people who save on one worker, against bare commits on the same database."""
    people, each = 10, bench.size(150, 30)
    with open_round(bench, people) as this:
        crowd, bare = Crowd(this.server.port, this.schools), BareCommits(this.database)
        try:
            crowd.rush(10)
            bare.a_second(0.3)
            failed: list[int] = []

            def rush() -> float:
                result = crowd.rush(each)
                failed.append(result.failed)
                return result.saves_a_second

            seconds = 0.5 if bench.quick else 2.0
            found = interleaved(bench.pairs, bench.stage.ours, rush, lambda: bare.a_second(seconds))
        finally:
            crowd.close()
            bare.close()
    yield Reading(
        goal="P2",
        what="saves a second of 10 clients on one worker ÷ bare single-connection commits a second",
        must=0.12,
        stretch=0.30,
        at_least=True,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={
            "saves_a_second": rounded(median(found.ours)),
            "bare_commits_a_second": rounded(median(found.floor)),
            "failed": sum(failed),
            "others_percent": found.others_percent,
        },
    )


def _fill_in(connection: Connection, return_id: int) -> None:
    """Go through a whole return as a person does: the list, six pages, each field saved as it changes."""
    connection.get(f"/returns/{return_id}")
    for domain in DOMAINS:
        connection.get(f"/returns/{return_id}/{domain}")
        for place, key in enumerate(standard_keys(domain)):
            level, path = LEVELS[place % 3], f"/returns/{return_id}/{domain}/{key}"
            _taken(connection, Save(path, form(key, 0, f"{key}-a", level=level)))
            comment = "We looked at this in the autumn term and again after the inspection"
            _taken(connection, Save(path, form(key, 1, f"{key}-b", level=level, comment=comment)))


@measures("P4")
def whole_return(bench: Bench) -> Iterable[Reading]:
    """CPU of the server for a whole return of 60 questions: 7 pages and 120 saves."""
    with open_round(bench, bench.pairs + 1) as this:
        fresh = iter(this.schools)

        def one() -> float:
            school = next(fresh)
            with Connection(this.server.port, school.token) as connection:
                start = this.server.seconds()
                _fill_in(connection, school.return_id)
                return this.server.seconds() - start

        one()
        found = interleaved(bench.pairs, bench.stage.ours, one, j_seconds)
    yield Reading(
        goal="P4",
        what="CPU of a whole 60-question return, every field saved as it changes ÷ J",
        must=420,
        stretch=160,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={**_in_j(found), "saves": 120, "pages": 7},
    )


def _in_j(found: Pairs) -> dict[str, object]:
    return {
        "ms": milliseconds(median(found.ours)),
        "j_ms": milliseconds(median(found.floor)),
        "others_percent": found.others_percent,
    }


@measures("P5")
def slowest_saves(bench: Bench) -> Iterable[Reading]:
    """How much longer than the usual save the slowest hundredth waits, with fifty people saving at once."""
    people, each = 50, bench.size(60, 12)
    with open_round(bench, people) as this:
        crowd = Crowd(this.server.port, this.schools)
        details: list[dict[str, float]] = []
        try:
            crowd.rush(5)

            def rush() -> float:
                found = crowd.rush(each).latencies
                middle, slow = percentile(found, 50), percentile(found, 99)
                details.append({"p50_ms": milliseconds(middle), "p99_ms": milliseconds(slow)})
                return slow / middle

            values, shares = repeated(bench.pairs, bench.stage.ours, rush)
        finally:
            crowd.close()
    yield Reading(
        goal="P5",
        what="save p99 at 50 clients ÷ its own p50",
        must=6,
        stretch=4,
        values=values,
        disturbed=count_disturbed(shares),
        detail={"rounds": details, "others_percent": percents(shares)},
    )
