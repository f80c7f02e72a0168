"""What the database lets a transaction see, whatever the queries above it say.

Queries confine organisation users by `visible_to`. Row-level security confines them again: every table with
an organisation has policies that read two settings of the transaction. A query that forgets its filter, or
a route that forgets its check, still finds no row of another organisation. It is no defence against
somebody who can run SQL of their own: they could set the settings too.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event, text
from sqlmodel import Session

from app.core.access import Actor

APP_ROLE = "eleven_app"
SCOPE, ORGANISATIONS = "eleven.scope", "eleven.organisations"


class Scope(StrEnum):
    """How much a transaction sees."""

    SIGNING_IN = "signing_in"
    ORGANISATION = "organisation"
    PARTNERSHIP = "partnership"
    SYSTEM = "system"


class RowSecurityError(RuntimeError):
    """The program would read and write past the policies that keep organisations apart."""


_INFO = "eleven.scope"
_ENTER = f"SELECT set_config('{SCOPE}', %s, true), set_config('{ORGANISATIONS}', %s, true)"
_WIDEN = f"SELECT set_config('{SCOPE}', %s, true)"
_STANDING = f"SELECT current_setting('{SCOPE}', true)"


def _tell(connection: Connection, statement: str, *values: str) -> str:
    """Run a statement on the driver's own connection and return the first column of its only row.

    Every request does this once: past SQLAlchemy it takes a quarter of the time.
    """
    driver: psycopg.Connection[tuple[str | None, ...]] = connection.connection.driver_connection  # type: ignore[assignment]
    row = driver.execute(statement.encode(), values).fetchone()
    return (row[0] if row else None) or ""


def enter(session: Session, actor: Actor | None) -> None:
    """Let the session's transactions see what a person's organisations, or the partnership, may see."""
    if actor is None:
        return
    scope = Scope.PARTNERSHIP if actor.is_partnership else Scope.ORGANISATION
    values = (scope.value, "{" + ",".join(str(place) for place in actor.readable) + "}")
    session.info[_INFO] = values
    _tell(session.connection(), _ENTER, *values)


@event.listens_for(Session, "after_begin")
def _enter_again(session: Session, _transaction: Any, connection: Connection) -> None:
    """Carry the scope over when a request begins another transaction: the settings end with the first."""
    values = session.info.get(_INFO)
    if values is not None:
        _tell(connection, _ENTER, *values)


@contextmanager
def seeing_everything(session: Session) -> Iterator[None]:
    """Look past a person's own organisations for the length of the block; each use says why it must.

    A test keeps the list of places that do.
    """
    connection = session.connection()
    standing = _tell(connection, _STANDING)
    if standing in {Scope.PARTNERSHIP, Scope.SYSTEM}:
        yield
        return
    _tell(connection, _WIDEN, Scope.SYSTEM.value)
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # a transaction that failed is over, and its settings with it
            _tell(connection, _WIDEN, standing)


def connection_options(scope: Scope) -> str:
    """Return what each connection of the program begins with: the confined role, and how much it sees."""
    return f"-c role={APP_ROLE} -c {SCOPE}={scope}"


def check_row_security(engine: Engine) -> None:
    """Refuse a database on which the policies would not hold for this program."""
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT rolsuper OR rolbypassrls, rolname FROM pg_roles WHERE rolname = current_user")
        ).one()
    if found[0] or found[1] != APP_ROLE:
        raise RowSecurityError(
            f"Eleven does not start: it works as the database role {found[1]}, not as {APP_ROLE}, so nothing "
            "below its queries would keep organisations apart. If a connection pooler stands before the "
            "database, let it pass on the connection's options."
        )
