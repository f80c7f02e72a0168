"""A server process under measure: the program, or the floor it is compared with."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from sqlalchemy.engine import URL
from starlette.datastructures import FormData
from starlette.types import ASGIApp

from app.bench.browser import BrokenReplyError
from app.bench.clocks import Ours, process_seconds
from app.core.settings import ROOT

PROGRAM, FLOOR = "program", "floor"


async def _form(request: Request) -> FormData:
    return await request.form()


def _nothing(form: Annotated[FormData, Depends(_form)]) -> Response:
    """Answer as a save does, without doing anything."""
    del form
    return Response('<div class="save-state"><span>Saved</span></div>', media_type="text/html")


def floor_app() -> FastAPI:
    """Return the floor: the same framework, one `def` route, the form read, nothing done."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/nothing", _nothing, methods=["POST"], response_model=None)
    return app


def _app(which: str) -> ASGIApp:
    if which == FLOOR:
        return floor_app()
    from app.main import build_app  # noqa: PLC0415 - the floor does not load the program

    return build_app()


def serve(which: str) -> None:
    """Serve with one worker on a free port, which is printed first."""
    # Named TCP, or asyncio leaves the reply's second packet waiting for the first one's receipt.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        _app(which), log_level="warning", access_log=False, server_header=False, timeout_keep_alive=600
    )
    uvicorn.Server(config).run(sockets=[listening])


@dataclass(frozen=True, slots=True)
class Running:
    """A server process that answers."""

    port: int
    pid: int

    def seconds(self) -> float:
        """Return the CPU time that the server has used."""
        return process_seconds(self.pid)


@contextmanager
def running(which: str, ours: Ours, database: URL | None = None) -> Iterator[Running]:
    """Run a server process as long as the block lasts; its CPU time counts as ours."""
    environment = {**os.environ, "ELEVEN_MODE": "test"}
    if database is not None:
        environment["DATABASE_URL"] = database.render_as_string(hide_password=False)
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "app.bench.server", which],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = int((process.stdout.readline() if process.stdout else "") or 0)
        if not port:
            raise BrokenReplyError(f"The {which} server did not start.")
        _wait_for(port, process)
        ours.servers.append(process.pid)
        yield Running(port, process.pid)
    finally:
        if process.pid in ours.servers:
            ours.servers.remove(process.pid)
        process.terminate()
        process.wait(timeout=20)
        if process.stdout:
            process.stdout.close()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    # The socket listens only when the program has started; until then a connection is refused.
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
            continue
        return
    raise BrokenReplyError("The server under measure ended at once; see its messages above.")


if __name__ == "__main__":
    serve(sys.argv[1])
