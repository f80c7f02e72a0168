"""Filled databases for fault tests: the demo partnership, copied for each test that spoils its own."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL

from tests.copying import copy_statement


def owner(address: URL) -> Engine:
    """Return an engine that works as the owner of the tables, with every organisation in sight."""
    return create_engine(
        address,
        json_serializer=partial(json.dumps, default=str, ensure_ascii=False),
        connect_args={"options": "-c eleven.scope=system"},
    )


def run(address: URL, *statements: str) -> None:
    """Run statements as the owner, each by itself."""
    engine = create_engine(
        address, isolation_level="AUTOCOMMIT", connect_args={"options": "-c eleven.scope=system"}
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@contextmanager
def new_database(server: URL, template: str | None = None) -> Iterator[URL]:
    """Make a database, empty or as a copy, and drop it at the end."""
    name = f"fault_{uuid.uuid4().hex[:12]}"
    run(server, copy_statement(name, template) if template else f'CREATE DATABASE "{name}"')
    try:
        yield server.set(database=name)
    finally:
        run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1
"""
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attnum > 0 AND NOT attisdropped
ORDER BY attname
"""


def contents(address: URL, columns: dict[str, list[str]] | None = None) -> dict[str, tuple[int, str]]:
    """Return each table's rows and a hash over them, worked out by the database and apart from the program.

    With `columns`, only those of each table are looked at.
    """
    engine = owner(address)
    with engine.connect() as connection:
        found = {
            str(name): _content(engine, str(name), (columns or {}).get(str(name)))
            for name in connection.execute(text(_TABLES)).scalars().all()
            if columns is None or name in columns
        }
    engine.dispose()
    return found


def _content(engine: Engine, name: str, columns: list[str] | None) -> tuple[int, str]:
    row = "t::text" if columns is None else "row(" + ", ".join(f't."{each}"' for each in columns) + ")::text"
    with engine.connect() as connection:
        count, digest = connection.execute(
            text(
                f"SELECT count(*), coalesce(md5(string_agg(md5({row}), '' ORDER BY md5({row}))), '') "
                f'FROM "{name}" AS t'
            )
        ).one()
    return int(count), str(digest)


def columns_of(address: URL) -> dict[str, list[str]]:
    """Return the columns of each table."""
    engine = owner(address)
    with engine.connect() as connection:
        found = {
            str(name): [
                str(each) for each in connection.execute(text(_COLUMNS), {"name": f'"{name}"'}).scalars()
            ]
            for name in connection.execute(text(_TABLES)).scalars().all()
        }
    engine.dispose()
    return found


_SCHEMA = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal
UNION ALL
SELECT relname, '', relrowsecurity::text, relforcerowsecurity::text FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL
SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


def schema(address: URL) -> list[tuple[object, ...]]:
    """Return constraints, triggers, row-level security and indexes as the database tells them."""
    engine = owner(address)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(_SCHEMA))]
    engine.dispose()
    return found
