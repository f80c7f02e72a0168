"""Loading the demo: quick, the same each time, and into an empty database only."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from time import perf_counter, process_time

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.database import owner_engine
from app.demo.load import NotEmptyError, is_loaded, load
from app.organisations.models import Organisation
from tests.conftest import NOW
from tests.copying import copy_statement
from tests.demo.looking import MOMENTS, fetch, hashes, only, tables
from tests.waiting import backends, waited


@pytest.fixture(scope="module")
def second(server: URL, template: str) -> Iterator[Engine]:
    """Another empty, migrated database."""
    name = f"demo_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(copy_statement(name, template)))
    engine = owner_engine(server.set(database=name))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def test_the_planner_knows_the_tables_from_the_first_page_on(looking: Session) -> None:
    """Row-level security's conditions make plans without statistics slow: a workbook took over a minute."""
    unknown = text(
        "SELECT relname FROM pg_class WHERE relname IN ('return', 'answer', 'domain_rating', 'membership') "
        "AND relkind = 'r' AND reltuples <= 0"
    )
    assert list(looking.execute(unknown).scalars()) == []


def test_the_same_seed_and_moment_give_the_same_content(demo: Engine, second: Engine) -> None:
    with Session(second) as session:
        assert not is_loaded(session)
    told: list[tuple[str, float]] = []
    at_work = backends(second)
    wall, process, queue = perf_counter(), process_time(), waited(at_work)
    load(second, now=NOW, tell=lambda part, took: told.append((part, took)))
    alone = perf_counter() - wall - (waited(at_work) - queue)
    assert alone < 60, "it loads in well under a minute, on a machine that it has to itself"
    assert process_time() - process < 60
    assert hashes(second) == hashes(demo)
    assert len(told) == 8
    assert all(took >= 0 for _, took in told)


def test_another_seed_gives_other_content_and_another_day_other_moments(demo: Engine, second: Engine) -> None:
    _empty(second)
    now = datetime.fromisoformat("2027-02-28T23:50:00+00:00")
    load(second, now=now, seed=12)
    assert hashes(second)["organisation"] != hashes(demo)["organisation"]
    for table, column in MOMENTS:
        assert only(second, f'SELECT max({column}) FROM "{table}"') <= now, (table, column)
    assert fetch(second, "SELECT state, count(*) FROM round GROUP BY state ORDER BY state") == [
        ("closed", 2),
        ("open", 2),
    ]


def _empty(engine: Engine) -> None:
    names = ", ".join(f'"{name}"' for name in tables(engine) if name != "alembic_version")
    with engine.begin() as connection:
        # What was published, signed or done refuses to be emptied, by triggers.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def test_a_database_in_use_is_refused_and_left_alone(demo: Engine) -> None:
    before = hashes(demo)
    with pytest.raises(NotEmptyError, match="empty database only"):
        load(demo, now=NOW)
    assert hashes(demo) == before


def test_it_says_that_it_is_loaded(looking: Session) -> None:
    assert is_loaded(looking)


def test_what_people_add_afterwards_gets_ids_of_its_own(looking: Session) -> None:
    highest = looking.execute(select(func.max(col(Organisation.id)))).scalar_one()
    new = Organisation(
        name="New", kind="police", duty="section_11", governance="agency", created_at=NOW, updated_at=NOW
    )
    looking.add(new)
    looking.flush()
    assert new.id == highest + 1
