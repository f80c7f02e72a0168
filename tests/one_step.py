"""A client for tests that hands a request to the program in one step."""

from typing import Any
from urllib.parse import unquote

import httpx2
from anyio import Event
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message


class OneStep(httpx2.BaseTransport):
    """Ask the program on the event loop of all tests and come back with its whole reply.

    Starlette's own transport crosses to the event loop about nine times for a request, to make a stream of
    the reply. No test reads a reply while it is being written.
    """

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        self._app = app
        self._portal = portal

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the reply, or raise what the program raised."""
        body = request.read()
        status, headers, parts = self._portal.call(self._ask, _scope(request), body)
        content = b"" if request.method == "HEAD" else b"".join(parts)
        return httpx2.Response(status, headers=headers, stream=httpx2.ByteStream(content), request=request)

    async def _ask(
        self, scope: dict[str, Any], body: bytes
    ) -> tuple[int, list[tuple[bytes, bytes]], list[bytes]]:
        asked = [{"type": "http.request", "body": body, "more_body": False}]
        told: list[Message] = []
        whole = Event()

        async def receive() -> Message:
            if asked:
                return asked.pop()
            # Whoever asks stays until the reply is whole.
            await whole.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            assert not whole.is_set(), "the program spoke after the end of its reply"
            told.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                whole.set()

        await self._app(scope, receive, send)
        start, *rest = told
        assert start["type"] == "http.response.start"
        assert whole.is_set(), "the program broke off"
        return start["status"], start.get("headers", []), [each.get("body", b"") for each in rest]


def _scope(request: httpx2.Request) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.raw_path.split(b"?", 1)[0],
        "root_path": "",
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "client": ("testclient", 50000),
        "server": [url.host, url.port or {"http": 80, "https": 443}[url.scheme]],
        "extensions": {},
        "state": {},
    }
