"""What the tests of workbooks share: a naughty round, its workbook, and the workbook read again."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.core.access import Actor, PartnershipRole, Work
from app.people import service as people
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire
from app.questionnaires.rules import worded
from app.rounds.models import Round
from exports.workbook import round_workbook
from tests.conftest import NOW
from tests.exports.package_checks import reread
from tests.exports.rounds import Made, naughty_round

MANAGER = Actor(1, "Manager", "m@example.org", roles=frozenset({PartnershipRole.BOARD_MANAGER}))


def workbook_of(session: Session, round_id: int, actor: Actor = MANAGER) -> bytes:
    out = io.BytesIO()
    round_workbook(session, actor, round_id, out, NOW)
    return out.getvalue()


@pytest.fixture(scope="module")
def arranged(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture(scope="module")
def board(arranged: Session) -> Work:
    made = people.ensure_users(
        Work(arranged, people.NOBODY, NOW), [("manager@partnership.example.org", "Morgan Ellery")]
    )
    return Work(
        arranged,
        Actor(made["manager@partnership.example.org"], "Morgan Ellery", "m@example.org", roles=MANAGER.roles),
        NOW,
    )


@pytest.fixture(scope="module")
def made(board: Work) -> Made:
    return naughty_round(board)


@pytest.fixture(scope="module")
def content(arranged: Session, made: Made) -> bytes:
    return workbook_of(arranged, made.round_id)


@pytest.fixture(scope="module")
def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    return reread(content)


@pytest.fixture(scope="module")
def asked(arranged: Session, made: Made) -> Questionnaire:
    this = arranged.get(Round, made.round_id)
    assert this is not None
    return worded(questionnaire(arranged, this.version_id))
