"""Whole tables as text: out of a database and into one, in an order that is the same everywhere.

The rows of a table, in the order of its key, are hashed; equal hashes mean equal tables, on whatever server.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

REVISION_TABLE: Final = "alembic_version"
# How values are written must not depend on the server's settings; row-level security must hide nothing.
_OPTIONS: Final = (
    "-c eleven.scope=system -c lock_timeout=10s -c statement_timeout=0 "
    "-c idle_in_transaction_session_timeout=0 -c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres "
    "-c extra_float_digits=1 -c bytea_output=hex -c synchronize_seqscans=off"
)

Driver = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """A table, its columns in order, and how its rows are put in order."""

    name: str
    columns: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]
    """The key's columns, each with whether it is text (which servers sort differently)."""


def upkeep_engine(address: URL) -> Engine:
    """Return an engine for backups and restores: the owner of the tables, with everything in sight."""
    return create_engine(
        address, poolclass=NullPool, connect_args={"options": _OPTIONS, "client_encoding": "UTF8"}
    )


def driver_of(connection: Connection) -> Driver:
    """Return psycopg's own connection: SQLAlchemy has no COPY."""
    driver: Driver | None = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    return driver


_TABLES: Final = """
SELECT c.relname,
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0
          AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum),
    ARRAY(SELECT a.attname::text FROM pg_index AS i
          CROSS JOIN unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, place)
          JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
          WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.place),
    ARRAY(SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attcollation <> 0)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname
"""


def tables(driver: Driver) -> list[CopiedTable]:
    """Return the tables of the database, Alembic's note of its revision left out."""
    return [
        CopiedTable(name, tuple(columns), tuple((column, column in texts) for column in key))
        for name, columns, key, texts in driver.execute(_TABLES)
        if name != REVISION_TABLE
    ]


def _ordered(table: CopiedTable) -> sql.Composed:
    collated = sql.SQL('{} COLLATE "C"')
    order: list[sql.Composable] = [
        collated.format(sql.Identifier(name)) if is_text else sql.Identifier(name)
        for name, is_text in table.order
    ] or [sql.SQL('t::text COLLATE "C"')]
    return sql.SQL("COPY (SELECT {} FROM {} AS t ORDER BY {}) TO STDOUT").format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        sql.Identifier(table.name),
        sql.SQL(", ").join(order),
    )


def rows_out(driver: Driver, table: CopiedTable, most: int) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of a table in order, in pieces of about `most` bytes, each with its number of rows."""
    held: list[bytes] = []
    rows = size = 0
    with driver.cursor() as cursor, cursor.copy(_ordered(table)) as copy:
        for data in copy:
            piece = bytes(data)
            held.append(piece)
            rows += piece.count(b"\n")  # a line end within a value is written as \n
            size += len(piece)
            if size >= most:
                yield rows, b"".join(held)
                held, rows, size = [], 0, 0
    if held:
        yield rows, b"".join(held)


def rows_in(driver: Driver, table: str, columns: Iterable[str], pieces: Iterable[bytes]) -> None:
    """Write rows into a table as they were read."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for piece in pieces:
            copy.write(piece)


def fingerprint(driver: Driver, table: CopiedTable) -> tuple[int, str]:
    """Return how many rows a table has, and the hash over all of them in order."""
    digest, count = hashlib.sha256(), 0
    for rows, data in rows_out(driver, table, 1 << 20):
        digest.update(data)
        count += rows
    return count, digest.hexdigest()


_SEQUENCES: Final = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'S' ORDER BY c.relname
"""


def sequences(driver: Driver) -> dict[str, dict[str, Any]]:
    """Return where each sequence stands.

    Sequences move outside transactions, and only forward: never behind the rows that were read before.
    """
    found: dict[str, dict[str, Any]] = {}
    for (name,) in driver.execute(_SEQUENCES).fetchall():
        statement = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
        row = driver.execute(statement).fetchone() or (1, False)
        found[name] = {"last_value": row[0], "is_called": row[1]}
    return found


def set_sequences(driver: Driver, standing: dict[str, dict[str, Any]]) -> None:
    """Put sequences where they stood."""
    for name, each in standing.items():
        driver.execute(
            "SELECT setval(format('%%I', %s::text)::regclass, %s, %s)",
            (name, each["last_value"], each["is_called"]),
        )


_HIDDEN: Final = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND row_security_active(c.oid)
    AND NOT EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polpermissive
        AND p.polcmd IN ('*', 'r') AND pg_get_expr(p.polqual, p.polrelid) LIKE '%eleven.scope%system%')
ORDER BY c.relname
"""


def tables_not_in_sight(driver: Driver) -> list[str]:
    """Return the tables of which row-level security could hide rows from this user."""
    return [name for (name,) in driver.execute(_HIDDEN)]
