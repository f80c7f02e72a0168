"""P3: what showing a page of ten questions costs, and how many statements it asks of the database."""

from collections.abc import Iterable
from contextlib import ExitStack
from statistics import median
from typing import Final

from sqlalchemy import Engine
from starlette.types import ASGIApp

from app.bench import world
from app.bench.browser import Connection, InProcess
from app.bench.floors import j_seconds
from app.bench.readings import Pairs, Reading, interleaved, milliseconds
from app.bench.registry import Bench, measures
from app.bench.server import PROGRAM, running
from app.bench.statements import Statements, counted
from app.bench.survey import DOMAINS
from app.core.database import build_engine
from app.core.scope import Scope
from app.main import build_app

STATEMENTS_MUST: Final = 6
STATEMENTS_STRETCH: Final = 4


def statements_of_a_page(engine: Engine, app: ASGIApp, token: str, path: str) -> Statements:
    """Return the statements of one visit to a page, when the process knows the questionnaire already."""
    with InProcess(app, token) as person, counted(engine) as found:
        person.ok(path)
        found.sent.clear()
        person.ok(path)
        return Statements(list(found.sent))


@measures("P3")
def question_page(bench: Bench) -> Iterable[Reading]:
    """CPU of the server for the page of ten answered questions, in units of J; and its statements."""
    visits = bench.size(150, 30)
    with ExitStack() as stack:
        database = stack.enter_context(bench.stage.database())
        engine = build_engine(database, scope=Scope.SYSTEM)
        world.add_schools(engine, 2)
        round_id = world.prepare_round(engine)
        world.issue_round(engine, round_id)
        world.fill_round(engine, round_id, signed=False)
        school = world.schools(engine, round_id, 1, now=world.today())[0]
        path = f"/returns/{school.return_id}/{DOMAINS[0]}"
        engine.dispose()
        pages = build_engine(database)
        count = statements_of_a_page(pages, build_app(pages), school.token, path)
        pages.dispose()
        server = stack.enter_context(running(PROGRAM, bench.stage.ours, database))
        person = stack.enter_context(Connection(server.port, school.token))

        def page() -> float:
            start = server.seconds()
            for _ in range(visits):
                person.get(path)
            return (server.seconds() - start) / visits

        page()
        found = interleaved(bench.pairs, bench.stage.ours, page, j_seconds)
        size = len(person.get(path).body)
    yield _cost(found, size)
    yield _statements(count)


def _cost(found: Pairs, size: int) -> Reading:
    return Reading(
        goal="P3",
        what="CPU of a page of ten questions ÷ J",
        must=8,
        stretch=3,
        values=found.ratios,
        disturbed=found.disturbed,
        detail={
            "page_ms": milliseconds(median(found.ours)),
            "j_ms": milliseconds(median(found.floor)),
            "page_bytes": size,
            "others_percent": found.others_percent,
        },
    )


def _statements(count: Statements) -> Reading:
    return Reading(
        goal="P3",
        what="SQL statements of a page of ten questions, the pool's own included",
        must=STATEMENTS_MUST,
        stretch=STATEMENTS_STRETCH,
        values=(float(len(count)),),
        detail={"first_words": [" ".join(each.split())[:60] for each in count.sent]},
    )
