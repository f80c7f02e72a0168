"""A process that has loaded the program and forks a server of it on demand, so that restarts are quick.

Run as a module. Each line of standard input asks for a server ({"database", "variant", "port"}); the answer
is its process and port. Each server is a process of its own, with its own database pool: the real program
under uvicorn, ready to be killed.
"""

import json
import os
import signal
import socket
import sys
from typing import Any

import uvicorn
from sqlalchemy.engine import make_url

from app.core.database import build_engine
from app.main import build_app
from tests.faults.broken import VARIANTS


def main() -> None:
    """Fork a server for each line that comes in."""
    # A killed server is nobody's business here: its remains go away by themselves.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        wanted = json.loads(line)
        listening = _listen(wanted["port"])
        port = listening.getsockname()[1]
        pid = os.fork()
        if pid == 0:
            _serve(wanted, listening)
        listening.close()
        sys.stdout.write(json.dumps({"pid": pid, "port": port}) + "\n")
        sys.stdout.flush()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    return listening


def _serve(wanted: dict[str, Any], listening: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    if wanted["variant"] != "sound":
        os.dup2(nothing, 2)  # what a broken program complains about is no news
    engine = build_engine(make_url(wanted["database"]))
    app = VARIANTS[wanted["variant"]](build_app(engine), engine)
    config = uvicorn.Config(app, log_level="critical", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])
    os._exit(0)


if __name__ == "__main__":
    main()
