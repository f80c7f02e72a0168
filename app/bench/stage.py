"""Where measures run: databases of their own on a server of their own, which is as durable as a real one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from app.bench.clocks import Ours
from app.core.embedded import ensure_database, start_server
from app.core.migrate import migrate
from app.core.settings import settings

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class NotDurableError(RuntimeError):
    """The server forgets answers on a power cut; figures from it would flatter."""


def _tell(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


class Stage:
    """A server for this run. Use as a context manager: leaving it drops what the run made."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or settings().data_dir / "bench-postgres"
        self._names: list[str] = []
        self.server = start_server(self._directory)
        self._require_durable()
        pid = (self._directory / "postmaster.pid").read_text("utf-8").split("\n", 1)[0]
        self.ours = Ours(postmaster=int(pid))
        self._template = self._new_name("template")
        migrate(ensure_database(self.server, self._template))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        for name in reversed(self._names):
            _tell(self.server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def database(self) -> Iterator[URL]:
        """Make a fresh migrated database, dropped afterwards."""
        name = self._new_name("bench")
        _tell(self.server, f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        yield self.server.set(database=name)
        _tell(self.server, f'DROP DATABASE "{name}" WITH (FORCE)')
        self._names.remove(name)

    def _new_name(self, kind: str) -> str:
        name = f"{kind}_{uuid.uuid4().hex[:12]}"
        self._names.append(name)
        return name

    def _require_durable(self) -> None:
        engine = create_engine(self.server)
        with engine.connect() as connection:
            for name, wanted in _DURABLE.items():
                found = connection.execute(text(f"SHOW {name}")).scalar_one()
                if found != wanted:
                    raise NotDurableError(
                        f"{name} is {found} on the server of the measures; it must be {wanted}."
                    )
        engine.dispose()
