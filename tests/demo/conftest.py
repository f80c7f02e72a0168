"""The demo partnership, for those who look at it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.database import owner_engine
from app.returns.models import Answer
from app.returns.rules import FIELDS, AnswerValues
from tests.demo.looking import Answers


@pytest.fixture(scope="session")
def demo(server: URL, demo_partnership: str) -> Iterator[Engine]:
    """The demo as the owner of the tables sees it: whoever asks for it changes nothing."""
    engine = owner_engine(server.set(database=demo_partnership))
    yield engine
    engine.dispose()


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
