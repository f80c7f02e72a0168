"""The two schools, and a program that forgets what it was asked to do as soon as it has answered."""

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlmodel import Session

from app.core.access import Actor, PartnershipRole, Work
from app.core.database import prepare
from app.main import build_app
from app.people import service as people
from tests.access import world as worlds
from tests.conftest import MovableClock


def two_schools(engine: Engine, clock: MovableClock) -> worlds.World:
    """Arrange both schools with a closed and an open round."""
    with Session(engine, expire_on_commit=False) as session:
        nobody = Work(session, people.NOBODY, clock())
        address = "manager@partnership.example.org"
        user_id = people.ensure_users(nobody, [(address, "Morgan Ellery")])[address]
        actor = Actor(user_id, "Morgan Ellery", address, roles=frozenset({PartnershipRole.BOARD_MANAGER}))
        people.grant_partnership_role(nobody, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
        return worlds.build(Work(session, actor, clock()))


@pytest.fixture(scope="module")
def world(engine: Engine, clock: MovableClock) -> worlds.World:
    """Both schools with a closed and an open round."""
    return two_schools(engine, clock)


class ForgetfulSession(Session):
    """A session that writes what it is to commit, and takes it back."""

    def commit(self) -> None:
        """Let the database check everything, then forget it."""
        self.flush()
        self.rollback()


@pytest.fixture(scope="module")
def forgetful(page_engine: Engine, clock: MovableClock) -> FastAPI:
    """The program, but nothing that it is asked to do lasts."""
    app = build_app(page_engine, clock)
    prepare(app, page_engine, ForgetfulSession)
    return app
