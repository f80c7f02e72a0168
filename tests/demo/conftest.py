"""The demo partnership, loaded once for all who look at it."""

from collections.abc import Iterator
from time import perf_counter, process_time

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.database import owner_engine
from app.demo.load import load
from app.returns.models import Answer
from app.returns.rules import FIELDS, AnswerValues
from tests.conftest import NOW, fresh_database
from tests.demo.looking import Answers, Seconds


@pytest.fixture(scope="session")
def loaded_engine(server: URL, template: str) -> Iterator[Engine]:
    """Connections as the owner of the tables: rows are copied in bulk, which row-level security rules out."""
    for database in fresh_database(server, template):
        engine = owner_engine(database)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def seconds(loaded_engine: Engine) -> Seconds:
    """Load the demo once for all modules that look at it, and say how long it took."""
    wall, process = perf_counter(), process_time()
    load(loaded_engine, now=NOW)
    return Seconds(perf_counter() - wall, process_time() - process)


@pytest.fixture(scope="session")
def demo(loaded_engine: Engine, seconds: Seconds) -> Engine:
    """Return the loaded database: whoever asks for it changes nothing."""
    assert seconds
    return loaded_engine


@pytest.fixture
def looking(demo: Engine) -> Iterator[Session]:
    """Open a session that looks at the loaded demo and changes nothing."""
    with Session(demo) as session:
        yield session
        session.rollback()


@pytest.fixture(scope="session")
def answers(demo: Engine) -> Answers:
    """All answers as they stand, by return and standard."""
    found: Answers = {}
    with Session(demo) as session:
        columns = [getattr(Answer, name) for name in FIELDS]
        for row in session.execute(select(col(Answer.return_id), col(Answer.standard_key), *columns)):
            found.setdefault(row[0], {})[row[1]] = AnswerValues(*row[2:])
    return found
