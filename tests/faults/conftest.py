"""What fault tests stand on: servers that can be killed, and a PostgreSQL of their own to kill."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from app.core.database import build_engine
from app.core.recovery import backup
from app.core.scope import Scope
from tests.conftest import NOW
from tests.core.local_s3 import bucket, service
from tests.faults.filled import new_database, run
from tests.faults.people import everybody_hangs_up
from tests.faults.postgres import OwnPostgres, own_directory
from tests.faults.servers import Foundry, Server

# The browsers of journeys serve here too.
from tests.journeys.conftest import address, browser_type_launch_args, visitor

__all__ = ["address", "browser_type_launch_args", "bucket", "service", "visitor"]

NewServer = Callable[..., Server]


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[OwnPostgres]:
    """A durable PostgreSQL of the module's own, which its tests may kill and stop."""
    directory = own_directory()
    postgres = OwnPostgres(directory)
    yield postgres
    postgres.remove()
    directory.parent.rmdir()


@pytest.fixture
def own_engine(own_postgres: OwnPostgres) -> Iterator[Engine]:
    """Connections to it, for arranging and judging."""
    engine = build_engine(own_postgres.database, 4, scope=Scope.SYSTEM)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def foundry() -> Iterator[Foundry]:
    """The process that makes servers."""
    foundry = Foundry()
    yield foundry
    foundry.close()


@pytest.fixture
def served(foundry: Foundry, request: pytest.FixtureRequest) -> Iterator[NewServer]:
    """Return a running server, or a broken variant of it, on the module's database or the one given."""
    started: list[Server] = []

    def start(variant: str = "sound", database: URL | None = None) -> Server:
        server = Server(foundry, database or request.getfixturevalue("database"), variant)
        server.start()
        started.append(server)
        return server

    yield start
    everybody_hangs_up()
    for server in started:
        if server.is_running():
            server.kill()


@pytest.fixture(scope="session")
def filled(demo_partnership: str) -> str:
    """The name of a database with the demo partnership; tests that change it take a copy."""
    return demo_partnership


@pytest.fixture
def empty(server: URL) -> Iterator[URL]:
    """A database without tables."""
    with new_database(server) as address:
        yield address


@pytest.fixture(scope="module")
def small(server: URL, template: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small backup, of which every kind of byte can be spoiled."""
    place = tmp_path_factory.mktemp("small")
    (place / "evidence").mkdir()
    (place / "evidence" / "minutes").write_bytes(b"Minutes of 4 October " * 400)
    with new_database(server, template) as address:
        run(address, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ö', '{NOW}')")
        backup.backup(address, place / "evidence", str(place / "small.tar"), now=NOW)
    return (place / "small.tar").read_bytes()
