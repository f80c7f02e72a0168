"""A database of its own for each test of the worker, since a worker looks at every open round there is."""

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlmodel import Session

from app.core.access import Actor, PartnershipRole, Work
from app.core.database import build_engine
from app.core.scope import Scope
from app.people import service as people
from tests.chasing.post_office import PostOffice
from tests.conftest import NOW, _admin
from tests.copying import copy_statement


@pytest.fixture
def own_engine(server: URL, template: str) -> Iterator[Engine]:
    """The pool of a fresh database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _admin(server, copy_statement(name, template))
    engine = build_engine(server.set(database=name), scope=Scope.SYSTEM)
    yield engine
    engine.dispose()
    _admin(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def own_work(own_engine: Engine) -> Iterator[Work]:
    """A board manager's piece of work there."""
    with Session(own_engine, expire_on_commit=False) as session:
        address = "manager@partnership.example.org"
        nobody = Work(session, people.NOBODY, NOW)
        user_id = people.ensure_users(nobody, [(address, "Morgan Ellery")])[address]
        people.grant_partnership_role(nobody, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
        session.commit()
        actor = Actor(user_id, "Morgan Ellery", address, roles=frozenset({PartnershipRole.BOARD_MANAGER}))
        yield Work(session, actor, NOW)


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server that is open."""
    office = PostOffice()
    office.open()
    yield office
    office.close()
