"""A database, its connections and a clock for each test, where a test module has one of each elsewhere.

Retention looks at all of a database: what one test leaves behind would be due in the next.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from app.core.database import build_engine
from app.core.scope import Scope
from tests.conftest import NOW, MovableClock, fresh_database


@pytest.fixture
def database(server: URL, template: str) -> Iterator[URL]:
    """A database for each test."""
    yield from fresh_database(server, template)


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    """Connections to arrange and look with."""
    engine = build_engine(database, scope=Scope.SYSTEM)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> MovableClock:
    """The test's clock."""
    return MovableClock(NOW)
