"""Browsers for measures: one that talks to a server process, and one that calls the program in-process."""

import asyncio
import socket
from collections.abc import Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from app.people.cookies import cookie_name

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BrokenReplyError(RuntimeError):
    """The server hung up, or answered something else than expected."""


class Connection:
    """One kept-alive connection to a server on this machine, as lean as can be: it shares the processor."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        cookie = f"Cookie: {cookie_name()}={token}\r\n" if token else ""
        self._common = f"Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n{cookie}"

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, path: str) -> Reply:
        """Fetch a page."""
        return self._send(f"GET {path} HTTP/1.1\r\n{self._common}\r\n".encode())

    def post(self, path: str, body: bytes) -> Reply:
        """Send a form."""
        head = f"POST {path} HTTP/1.1\r\n{self._common}Content-Type: {_FORM}\r\nHX-Request: true\r\n"
        return self._send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def _send(self, request: bytes) -> Reply:
        self._socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        status, _, lines = received[:end].decode("latin-1").partition("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines.split("\r\n"))
        }
        length = int(headers.get("content-length", "0"))
        body = received[end + 4 :]
        while len(body) < length:
            body += self._receive()
        return Reply(int(status.split(" ", 2)[1]), headers, body)

    def _receive(self) -> bytes:
        part = self._socket.recv(65_536)
        if not part:
            raise BrokenReplyError("The server closed the connection before its reply was complete.")
        return part


class InProcess:
    """Calls the program without a network between; one event loop as long as it is open."""

    def __init__(self, app: ASGIApp, token: str = "") -> None:
        self._app = app
        self._token = token
        self._runner = asyncio.Runner()
        # A thread of its own: the caller's may be running an event loop already.
        self._thread = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._thread.submit(self._runner.__enter__).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def get(self, path: str, **headers: str) -> Reply:
        """Fetch a page; further request headers by name, with _ for -."""
        return self._thread.submit(self._runner.run, self._call("GET", path, b"", headers)).result()

    def ok(self, path: str) -> Reply:
        """Fetch a page that must be there; raises BrokenReplyError."""
        reply = self.get(path)
        if reply.status != 200:
            raise BrokenReplyError(f"{path} answered {reply.status}")
        return reply

    async def _call(self, method: str, path: str, body: bytes, extra: Mapping[str, str]) -> Reply:
        route, _, query = path.partition("?")
        cookie = SimpleCookie({cookie_name(): self._token}).output(header="", sep=";").strip()
        given = {"host": "127.0.0.1", "sec-fetch-site": "same-origin", **extra}
        if self._token:
            given["cookie"] = cookie
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": route,
            "raw_path": route.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 80),
        }
        sent: list[MutableMapping[str, Any]] = []

        requests = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> MutableMapping[str, Any]:
            if not requests:
                # A browser that stays says nothing more; who listens for it hanging up is cancelled.
                await asyncio.get_running_loop().create_future()
            return requests.pop()

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:]))
