"""Two timings that no ratio stands for: importing the national register, and issuing to 600 organisations."""

import time
from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from app.bench import world
from app.bench.readings import Reading, disturbed, percents, repeated
from app.bench.register import AUTHORITY, register_csv
from app.bench.registry import Bench, measures
from app.core.database import build_engine
from app.core.scope import Scope
from app.organisations import service as organisations

ROWS: Final = 50_000
ONE_IN: Final = 80
ISSUED: Final = 600
ISSUE_SECONDS_MUST: Final = 5.0


def import_register(engine: Engine, data: bytes) -> int:
    """Read a register, look at what it would do and apply it, as the page does; return how many are new."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        work = world.manager(session)
        session.commit()
        made = organisations.preview_schools(work, data, "edubasealldata.csv", AUTHORITY)
        session.commit()
        applied = organisations.apply(work, made.id or 0)
        session.commit()
    return applied.added if applied else 0


@measures("import")
def importing(bench: Bench) -> Iterable[Reading]:
    """Seconds from the file of 50,000 rows to an applied import of one authority's schools."""
    rows = bench.size(ROWS, 5_000)
    data = register_csv(rows, one_in=ONE_IN)
    added: list[int] = []

    def once() -> float:
        with bench.stage.database() as database:
            engine = build_engine(database, scope=Scope.SYSTEM)
            start = time.perf_counter()
            added.append(import_register(engine, data))
            seconds = time.perf_counter() - start
            engine.dispose()
        return seconds

    values, shares = repeated(bench.pairs, bench.stage.ours, once)
    yield Reading(
        goal="import",
        what=f"reading, comparing and applying a register of {rows:,} rows, seconds",
        values=values,
        disturbed=disturbed(shares),
        detail={"schools_added": added[-1], "file_bytes": len(data), "others_percent": percents(shares)},
    )


@measures("issue")
def issuing(bench: Bench) -> Iterable[Reading]:
    """Seconds to issue a round to 600 organisations with an invitation each."""
    invitations: list[int] = []

    def once() -> float:
        with bench.stage.database() as database:
            engine = build_engine(database, scope=Scope.SYSTEM)
            world.add_schools(engine, ISSUED)
            round_id = world.prepare_round(engine)
            start = time.perf_counter()
            invitations.append(world.issue_round(engine, round_id).invitations)
            seconds = time.perf_counter() - start
            engine.dispose()
        return seconds

    values, shares = repeated(bench.pairs, bench.stage.ours, once)
    yield Reading(
        goal="issue",
        what=f"issuing to {ISSUED} organisations, seconds",
        must=ISSUE_SECONDS_MUST,
        values=values,
        disturbed=disturbed(shares),
        detail={"invitations": invitations[-1], "others_percent": percents(shares)},
    )
