"""The database session: one request, one session, one transaction, committed before the reply leaves."""

import json
import select
from collections.abc import AsyncIterator
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import Annotated, Any, Final

import psycopg
from anyio import Semaphore
from fastapi import Depends, FastAPI, Request
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy import Enum as EnumType
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool
from sqlmodel import Session, SQLModel
from starlette.concurrency import run_in_threadpool

from app.core.scope import SCOPE, Scope, connection_options

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POOL_SIZE = 20

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class DurabilityError(RuntimeError):
    """The database would acknowledge answers that a power cut can take back."""


def text_enum(values: type[Enum]) -> Any:
    """Return a column type that stores an enumeration's values as text behind a CHECK."""
    return EnumType(
        values,
        native_enum=False,
        create_constraint=True,
        name=values.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
        length=40,
    )


_TIMEOUTS = "-c lock_timeout=10s -c statement_timeout=60s"
_to_json = partial(json.dumps, default=str, ensure_ascii=False)


def build_engine(address: URL, pool_size: int = POOL_SIZE, *, scope: Scope = Scope.SIGNING_IN) -> Engine:
    """Return the engine of this process: a fixed pool, no connections above it.

    The program works as a role that row-level security confines. Pages begin with nothing in sight and
    widen it for the person who asks; the worker and the commands begin with `Scope.SYSTEM`.
    """
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        json_serializer=_to_json,
        hide_parameters=True,  # errors go to the log, answers do not
        connect_args={"options": f"{_TIMEOUTS} {connection_options(scope)}", "connect_timeout": 5},
    )
    event.listen(engine, "checkout", require_alive)
    return engine


def owner_engine(address: URL) -> Engine:
    """Return an engine that works as the owner of the tables: for upkeep, never for pages or the worker."""
    return create_engine(
        address,
        json_serializer=_to_json,
        connect_args={"options": f"-c lock_timeout=10s -c {SCOPE}={Scope.SYSTEM}"},
    )


def require_alive(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool replace a connection whose server has gone away meanwhile.

    A server that stops says so and closes the socket, which can be read from this side: asking it for a sign
    of life, as the pool would, costs a round trip for every request.
    """
    said = select.poll()
    with suppress(psycopg.OperationalError):
        said.register(connection.fileno(), select.POLLIN)
        if not connection.closed and not said.poll(0):
            return
    raise DisconnectionError


_FORGETFUL: Final = {
    "synchronous_commit": "a saved answer could be lost",
    "fsync": "a power cut could lose saved answers or leave the database unreadable",
}


def check_durability(engine: Engine, *, careless_server: bool = False) -> None:
    """Refuse a database that answers 'saved' before the answer is on disk. Raises DurabilityError.

    The tests' own server, which holds nothing of anybody, may be careless: then only what a connection can
    change for itself is looked at.
    """
    looked_at = ["synchronous_commit"] if careless_server else [*_FORGETFUL]
    with engine.connect() as connection:
        off = [name for name in looked_at if connection.execute(text(f"SHOW {name}")).scalar_one() == "off"]
    if off:
        raise DurabilityError(
            f"Eleven does not start: {off[0]} is off, so {_FORGETFUL[off[0]]}. "
            f"Set {' and '.join(off)} to on in the database's settings."
        )


def prepare(app: FastAPI, engine: Engine, session_class: type[Session] = Session) -> None:
    """Let the requests of a program open their sessions on a database.

    As many requests work on it as the pool has connections; the rest wait without a thread.
    """
    pool = engine.pool
    app.state.engine = engine
    app.state.session_class = session_class
    app.state.places = Semaphore(pool.size() if isinstance(pool, QueuePool) else POOL_SIZE, fast_acquire=True)


def begin(request: Request) -> Session:
    """Return a request's session. Opening touches no database, so it needs no thread; its work does."""
    state = request.app.state
    session: Session = state.session_class(state.engine, expire_on_commit=False, autoflush=False)
    return session


def end(session: Session, request: Request) -> None:
    """Commit what an unsafe request did, roll back everything else."""
    with session:
        if request.method not in SAFE_METHODS:
            session.commit()


async def open_session(request: Request) -> AsyncIterator[Session]:
    """Open the request's session and end it when its work is done.

    In function scope the commit comes before the reply, so 'saved' is never said too early.
    """
    async with request.app.state.places:
        session = begin(request)
        try:
            yield session
        except BaseException:
            await run_in_threadpool(session.close)
            raise
        if session.in_transaction():
            await run_in_threadpool(end, session, request)


SessionDep = Annotated[Session, Depends(open_session, scope="function")]
