"""Measures the peak memory of writing one workbook, in a process that does nothing else."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy.engine import URL

from app.bench.made_up import MadeUpRound
from app.core.settings import ROOT
from exports.source import RoundSource
from exports.workbook import round_workbook, write_workbook

MEBIBYTE = 1 << 20


def peak_bytes() -> int:
    """Return the most memory that this process has held.

    Not getrusage: its figure survives the start of a new program, so a child begins at its parent's peak.
    """
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError("VmHWM")


def write_made_up(source: RoundSource) -> None:
    """Write a made-up round's workbook to a file that nobody keeps."""
    with tempfile.TemporaryFile() as out:
        write_workbook(source, out)


def write_stored(round_id: int) -> None:
    """Write a stored round's workbook to a file that nobody keeps."""
    from sqlmodel import Session  # noqa: PLC0415 - a made-up round needs no database

    from app.bench.world import manager, today  # noqa: PLC0415
    from app.core.database import build_engine  # noqa: PLC0415
    from app.core.embedded import database_address  # noqa: PLC0415
    from app.core.scope import Scope  # noqa: PLC0415

    engine = build_engine(database_address(), 1, scope=Scope.SYSTEM)
    with Session(engine, expire_on_commit=False, autoflush=False) as session, tempfile.TemporaryFile() as out:
        actor = manager(session).actor
        round_workbook(session, actor, round_id, out, today())
    engine.dispose()


def peak_of_made_up(returns: int, answers: int) -> int:
    """Return the peak memory in bytes of writing a made-up round, in a process of its own."""
    return _run(["made-up", str(returns), str(answers)], {})


def peak_of_stored(database: URL, round_id: int) -> int:
    """Return the peak memory in bytes of writing a stored round, in a process of its own."""
    address = database.render_as_string(hide_password=False)
    return _run(["stored", str(round_id)], {"DATABASE_URL": address})


def _run(arguments: list[str], environment: dict[str, str]) -> int:
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "app.bench.peak", *arguments],
        cwd=ROOT,
        env={**os.environ, "ELEVEN_MODE": "test", **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout)


if __name__ == "__main__":
    kind, *numbers = sys.argv[1:]
    if kind == "stored":
        write_stored(int(numbers[0]))
    else:
        write_made_up(MadeUpRound(int(numbers[0]), int(numbers[1])))
    sys.stdout.write(f"{peak_bytes()}\n")
