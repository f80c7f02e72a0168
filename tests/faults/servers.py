"""The servers of fault tests, from the tests' side: started, killed, started again at the same address."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from sqlalchemy.engine import URL

from tests.conftest import ROOT

PATIENCE = 30.0


class Foundry:
    """Makes server processes; it has loaded the program once."""

    def __init__(self) -> None:
        environment = {**os.environ, "ELEVEN_MODE": "test"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.serving"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fork(self, database: URL, variant: str, port: int) -> tuple[int, int]:
        """Start a server and return its process and port."""
        assert self._process.stdin
        assert self._process.stdout
        address = database.render_as_string(hide_password=False)
        wanted = {"database": address, "variant": variant, "port": port}
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        made = json.loads(self._process.stdout.readline())
        return made["pid"], made["port"]

    def close(self) -> None:
        """End."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@dataclass
class Server:
    """A server at a fixed address, whatever happens to its process."""

    foundry: Foundry
    database: URL
    variant: str = "sound"
    port: int = 0
    pid: int = 0

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self.pid, self.port = self.foundry.fork(self.database, self.variant, self.port)
        until = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.02)

    def answers(self) -> bool:
        """Say whether something accepts connections at the address."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End the process as a power cut does: nothing is finished, nobody is told."""
        os.kill(self.pid, signal.SIGKILL)
        until = time.monotonic() + PATIENCE
        while self.is_running():
            assert time.monotonic() < until, "the server does not die"
            time.sleep(0.005)

    def is_running(self) -> bool:
        """Say whether the very process that was started last is still there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True
