"""What every test stands on: a real PostgreSQL with real migrations, and clients for each role."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ["ELEVEN_MODE"] = "test"
os.environ["ELEVEN_PARTNERSHIP_NAME"] = "Wolds and Coast Safeguarding Children Partnership"
os.environ["ELEVEN_EVIDENCE_DIR"] = str(Path(tempfile.gettempdir()) / "eleven-test-evidence")
os.environ.pop("DATABASE_URL", None)

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from filelock import FileLock
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.database import build_engine
from app.core.embedded import ensure_database, start_server
from app.core.migrate import migrate
from app.core.scope import Scope
from app.core.settings import settings
from app.main import build_app
from app.people import service as people
from app.people.cookies import cookie_name
from tests.copying import copy_statement
from tests.demo_once import demo_copy
from tests.one_step import OneStep

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
ORIGIN = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


# Files that take long begin first: otherwise one core works through the last of them while the other waits.
LONGEST = (
    "tests/journeys/",
    "tests/access/test_matrix.py",
    "tests/chasing/test_faults.py",
    "tests/faults/",
    "tests/packaging/",
    "tests/demo/",
    "tests/bench/",
    "tests/hostile/",
    "tests/visits/test_random_walks.py",
    "tests/access/",
    "tests/chasing/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; within them, and among the others, the order stays."""

    def place(item: pytest.Item) -> int:
        path = item.nodeid
        return next((n for n, prefix in enumerate(LONGEST) if path.startswith(prefix)), len(LONGEST))

    items.sort(key=place)


class MovableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        """Return the time that the test has set."""
        return self.moment

    def move(self, **by: float) -> None:
        """Move on by days, hours, minutes or seconds."""
        self.moment += timedelta(**by)


def _admin(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def server() -> URL:
    """The embedded PostgreSQL of the tests; fast and forgetful, unlike the one that serves people."""
    directory = settings().data_dir / "test-postgres"
    directory.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(directory.with_suffix(".lock")):
        address = start_server(directory)
        for careful in ("fsync", "full_page_writes"):
            _admin(address, f"ALTER SYSTEM SET {careful} = off")
        _admin(address, "SELECT pg_reload_conf()")
    return address


@pytest.fixture(scope="session")
def template(server: URL) -> Iterator[str]:
    """A migrated database that each test module copies."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    migrate(ensure_database(server, name))
    yield name
    _admin(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def fresh_database(server: URL, template: str) -> Iterator[URL]:
    """Yield a migrated database, and drop it afterwards."""
    name = f"module_{uuid.uuid4().hex[:12]}"
    _admin(server, copy_statement(name, template))
    yield server.set(database=name)
    _admin(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def demo_partnership(server: URL, template: str) -> Iterator[str]:
    """The name of this process's own database with the demo partnership in it."""
    with demo_copy(server, template, settings().data_dir, NOW) as name:
        yield name


@pytest.fixture(scope="module")
def database(server: URL, template: str) -> Iterator[URL]:
    """A fresh database for a test module."""
    yield from fresh_database(server, template)


@pytest.fixture(scope="module")
def engine(database: URL) -> Iterator[Engine]:
    """Connections to arrange and look with: the program's own role, with every organisation in sight."""
    engine = build_engine(database, scope=Scope.SYSTEM)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def page_engine(database: URL) -> Iterator[Engine]:
    """The connections of the pages: nothing is in sight until somebody is known."""
    engine = build_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    """The module's clock."""
    return MovableClock(NOW)


@pytest.fixture(scope="module")
def app(page_engine: Engine, clock: MovableClock) -> FastAPI:
    """The program on the module's database."""
    return build_app(page_engine, clock)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session in which a test arranges and looks; commit what the program shall see."""
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def work(session: Session, clock: MovableClock) -> Work:
    """A board manager's piece of work, for arranging by the rooms' own services."""
    user_id = people.ensure_users(
        Work(session, people.NOBODY, clock()), [("manager@partnership.example.org", "Morgan Ellery")]
    )["manager@partnership.example.org"]
    actor = Actor(
        user_id,
        "Morgan Ellery",
        "manager@partnership.example.org",
        roles=frozenset({PartnershipRole.BOARD_MANAGER}),
    )
    work = Work(session, actor, clock())
    people.grant_partnership_role(work, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
    session.commit()
    return work


ClientAs = Callable[..., TestClient]


@pytest.fixture(scope="session")
def loop() -> Iterator[BlockingPortal]:
    """One event loop for the requests of all tests: by itself a client makes a new one for each request."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def client_as(app: FastAPI, engine: Engine, clock: MovableClock, loop: BlockingPortal) -> Iterator[ClientAs]:
    """Return a browser signed in with roles; a stranger's without.

    People of the partnership have passed their second factor, unless `second_factor=False`.
    """
    opened: list[TestClient] = []

    def build(
        *roles: PartnershipRole | OrganisationRole,
        organisation: int | None = None,
        email: str | None = None,
        second_factor: bool = True,
    ) -> TestClient:
        client = TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=True)
        client._transport = OneStep(app, loop)
        opened.append(client)
        if roles or email:
            token = _sign_in(engine, clock(), roles, organisation, email, second_factor=second_factor)
            client.cookies.set(cookie_name(), token)
        return client

    yield build
    for client in opened:
        # The engine belongs to the module; closing a client must not dispose of it.
        client.close()


def _sign_in(
    engine: Engine,
    now: datetime,
    roles: tuple[PartnershipRole | OrganisationRole, ...],
    organisation: int | None,
    email: str | None,
    *,
    second_factor: bool,
) -> str:
    address = email or f"{'-'.join(role.value for role in roles)}-{organisation or 'partnership'}@example.org"
    with Session(engine) as session:
        work = Work(session, people.NOBODY, now)
        user_id = people.ensure_users(work, [(address, address.split("@", 1)[0].replace("-", " ").title())])[
            address
        ]
        for role in roles:
            if isinstance(role, PartnershipRole):
                people.grant_partnership_role(work, user_id=user_id, role=role)
            else:
                assert organisation is not None, "an organisation role needs an organisation"
                people.grant_membership(work, user_id=user_id, organisation_id=organisation, role=role)
        token = people.start_session(
            session, settings(), user_id=user_id, name=address, now=now, second_factor=second_factor
        )
        session.commit()
    return token
