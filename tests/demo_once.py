"""The demo partnership, loaded once for all tests of a run: each process of the run takes a copy."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from app.core.database import owner_engine
from app.demo.load import load
from tests.copying import copy_statement


def _run(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@contextmanager
def demo_copy(server: URL, template: str, place: Path, now: datetime) -> Iterator[str]:
    """Yield the name of this process's own copy of the demo partnership as of a moment.

    The first process of a run loads it. Nobody connects to that database: only then can it be copied at any
    time. The last process that is done with it drops it; `place` is where they count each other.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:12]
    loaded, copy = f"demo_{run}", f"demo_{run}_{os.getpid()}"
    users = place / f"{loaded}.users"
    lock = FileLock(place / f"{loaded}.lock")
    with lock:
        if not users.exists():
            _run(server, copy_statement(loaded, template))
            engine = owner_engine(server.set(database=loaded))
            load(engine, now=now)
            engine.dispose()
        users.write_text(str(int(users.read_text() if users.exists() else 0) + 1))
        _run(server, copy_statement(copy, loaded))
    try:
        yield copy
    finally:
        _run(server, f'DROP DATABASE "{copy}" WITH (FORCE)')
        with lock:
            left = int(users.read_text()) - 1
            users.write_text(str(left))
            if not left:
                users.unlink()
                _run(server, f'DROP DATABASE "{loaded}" WITH (FORCE)')
