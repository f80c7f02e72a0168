"""Bulk writing: rows go to the database by COPY, in the transaction of the session."""

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

from psycopg import sql
from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, SQLModel


def table_of(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table)  # noqa: S101 - narrows the type
    return table


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _writers(table: Table, names: Iterable[str]) -> list[tuple[str, Callable[[Any], Any]]]:
    return [(name, _as_json if isinstance(table.c[name].type, JSONB) else _plain) for name in names]


def copy_rows(session: Session, model: type[SQLModel], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows, all with the columns of the first, and return how many there were."""
    every = iter(rows)
    first = next(every, None)
    if first is None:
        return 0
    table = table_of(model)
    writers = _writers(table, first)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(sql.Identifier(name) for name, _ in writers)
    )
    session.flush()
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101 - a session in a transaction has a connection
    count = 0
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in (first, *every):
            copy.write_row([write(row[name]) for name, write in writers])
            count += 1
    return count


def continue_ids(session: Session, *models: type[SQLModel]) -> None:
    """Let the next id of each table follow those that were written with ids of their own."""
    for model in models:
        name = table_of(model).name
        session.connection().execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), "
                f'(SELECT coalesce(max(id), 0) + 1 FROM "{name}"), false)'
            )
        )
