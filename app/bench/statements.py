"""Counting what a request asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import Engine, event


@dataclass(slots=True)
class Statements:
    """The statements that were sent, those of the connection pool included (BEGIN and COMMIT are not)."""

    sent: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sent)


@contextmanager
def counted(engine: Engine) -> Iterator[Statements]:
    """Note every statement that an engine's connections send, below the library that pools them."""
    found = Statements()

    class Counting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            found.sent.append(str(query))
            return super().execute(query, *arguments, **options)

    def connected(connection: Any, _record: Any) -> None:
        connection.cursor_factory = Counting

    # Connections that are open already would not be counted.
    engine.dispose()
    event.listen(engine, "connect", connected)
    try:
        yield found
    finally:
        event.remove(engine, "connect", connected)
        engine.dispose()
