"""Time that a test spends waiting for a processor: what others on the machine cost it."""

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Engine, text


def waited(backends: Iterable[int]) -> float:
    """Seconds for which this process and some server processes were ready to run and had to wait."""
    tasks = [*Path("/proc/self/task").glob("*/schedstat"), *(Path(f"/proc/{n}/schedstat") for n in backends)]
    return sum(int(each.read_text("ascii").split()[1]) for each in tasks) / 1e9


def backends(engine: Engine) -> list[int]:
    """Return the server processes of a database that are there now."""
    with engine.connect() as connection:
        pids = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return list(connection.execute(pids).scalars())
