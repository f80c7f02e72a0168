"""Migrations: the tables are what the models say, and every step goes both ways."""

import uuid
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL

from app.core.embedded import ensure_database
from app.core.migrate import alembic_config

pytestmark = pytest.mark.faults


@pytest.fixture
def empty(server: URL) -> Iterator[URL]:
    """A database without tables."""
    name = f"migrations_{uuid.uuid4().hex[:8]}"
    yield ensure_database(server, name)
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


def tables(address: URL) -> set[str]:
    engine = create_engine(address)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_the_models_and_the_migrations_agree(empty: URL) -> None:
    config = alembic_config(empty)
    command.upgrade(config, "head")
    command.check(config)


def test_there_is_one_head(empty: URL) -> None:
    assert len(ScriptDirectory.from_config(alembic_config(empty)).get_heads()) == 1


def test_every_step_goes_up_down_and_up_again(empty: URL) -> None:
    config = alembic_config(empty)
    command.upgrade(config, "head")
    after = tables(empty)
    command.downgrade(config, "base")
    assert tables(empty) == {"alembic_version"}
    command.upgrade(config, "head")
    assert tables(empty) == after
