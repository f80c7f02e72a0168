"""The workers that tests kill, from the tests' side: a process that has loaded the program forks each."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from datetime import datetime

from sqlalchemy import Engine

from tests.conftest import ROOT

PATIENCE = 60.0


class WorkerFoundry:
    """Makes worker processes, one at a time: loading the program for each was most of the work."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chasing.worker_process"],
            cwd=ROOT,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def begin(self, engine: Engine, port: int, now: datetime, how: str) -> int:
        """Start a worker on a database and a mail server, sound or broken, and return its process."""
        assert self._process.stdin
        database = engine.url.render_as_string(hide_password=False)
        wanted = {"database": database, "port": port, "at": now.isoformat(), "how": how}
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        return self._told()

    def exit_code(self) -> int:
        """Wait for the end of the worker and return its exit code; of a killed one, minus the signal."""
        return self._told()

    def _told(self) -> int:
        stdout = self._process.stdout
        assert stdout
        ready, _, _ = select.select([stdout], [], [], PATIENCE)
        assert ready, "the worker does not come to an end"
        return int(stdout.readline())

    def close(self) -> None:
        """End."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def kill(pid: int) -> None:
    """End a worker as a power cut does, and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + PATIENCE
    while _is_there(pid):
        assert time.monotonic() < until, "the worker does not die"
        time.sleep(0.005)


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
