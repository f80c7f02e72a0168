"""The database session: one request, one session, one transaction, committed before the reply leaves."""

import json
from collections.abc import Iterator
from enum import Enum
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine, create_engine, text
from sqlalchemy import Enum as EnumType
from sqlalchemy.engine import URL
from sqlmodel import Session, SQLModel

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
    return create_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=10,
        json_serializer=_to_json,
        hide_parameters=True,  # errors go to the log, answers do not
        connect_args={"options": f"{_TIMEOUTS} {connection_options(scope)}", "connect_timeout": 5},
    )


def owner_engine(address: URL) -> Engine:
    """Return an engine that works as the owner of the tables: for upkeep, never for pages or the worker."""
    return create_engine(
        address,
        json_serializer=_to_json,
        connect_args={"options": f"-c lock_timeout=10s -c {SCOPE}={Scope.SYSTEM}"},
    )


def check_durability(engine: Engine) -> None:
    """Refuse a database that answers 'saved' before the answer is on disk."""
    with engine.connect() as connection:
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()
    if setting == "off":
        raise DurabilityError(
            "Eleven does not start: synchronous_commit is off, so a saved answer could be lost. "
            "Set synchronous_commit to on in the database's settings."
        )


def open_session(request: Request) -> Iterator[Session]:
    """Open the request's session; commit what an unsafe request did, roll back everything else.

    In function scope the commit comes before the reply, so 'saved' is never said too early.
    """
    with Session(request.app.state.engine, expire_on_commit=False, autoflush=False) as session:
        yield session
        if request.method in SAFE_METHODS:
            session.rollback()
        else:
            session.commit()


# As many requests wait for a session as the pool has connections; the rest wait without a thread.
SessionDep = Annotated[Session, Depends(open_session, scope="function", max_concurrency=POOL_SIZE)]
