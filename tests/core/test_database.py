"""The session of a request: committed before the reply, on a connection that is alive."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from app.core.database import SessionDep, build_engine, owner_engine, prepare, require_alive


@pytest.fixture(scope="module")
def engine(database: URL) -> Iterator[Engine]:
    """The owner of the tables, who may end other connections and make tables."""
    engine = owner_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def written(engine: Engine) -> Iterator[None]:
    """A table to write into."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE written (n int)"))
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE written"))


@pytest.fixture
def pool(engine: Engine) -> Iterator[Engine]:
    """A pool of one connection, so that a test knows which one it gets."""
    own = build_engine(engine.url, 1)
    yield own
    own.dispose()


def cut_off(pool: Engine, engine: Engine) -> None:
    """End the server's side of the pool's idle connection, as a restart of the server does."""
    with pool.connect() as connection:
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with engine.connect() as other:
        ended = text("SELECT pg_terminate_backend(:process, 5000)")
        assert other.execute(ended, {"process": process}).scalar_one()


@pytest.mark.faults
def test_a_connection_that_the_server_ended_is_replaced_before_anybody_notices(
    pool: Engine, engine: Engine
) -> None:
    cut_off(pool, engine)
    with pool.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


@pytest.mark.faults
def test_control_without_the_look_the_next_person_meets_the_fault(pool: Engine, engine: Engine) -> None:
    event.remove(pool, "checkout", require_alive)
    cut_off(pool, engine)
    with pytest.raises(OperationalError), pool.connect() as connection:
        connection.execute(text("SELECT 1"))


def program(pool: Engine) -> TestClient:
    """A program with a route that writes."""
    app = FastAPI()
    prepare(app, pool)

    def write(request: Request, session: SessionDep) -> Response:
        session.execute(text("INSERT INTO written VALUES (1)"))
        return Response(request.method)

    app.add_api_route("/", write, methods=["GET", "POST"], response_model=None)
    return TestClient(app)


@pytest.mark.usefixtures("written")
def test_what_an_unsafe_request_did_is_kept_and_what_a_get_did_is_not(pool: Engine, engine: Engine) -> None:
    client = program(pool)
    with Session(engine) as session:
        for method, rows in (("GET", 0), ("POST", 1), ("GET", 1), ("POST", 2)):
            assert client.request(method, "/").text == method
            assert session.execute(text("SELECT count(*) FROM written")).scalar_one() == rows
            session.rollback()


@pytest.mark.usefixtures("written")
def test_the_connection_goes_back_to_the_pool_after_each_request(pool: Engine) -> None:
    client = program(pool)
    for _ in range(3):
        assert client.post("/").status_code == 200
    try:
        with pool.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM written")).scalar_one() == 3
    except PoolTimeoutError:
        pytest.fail("A request kept the only connection.")
