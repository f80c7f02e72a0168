"""The tests' own client says what Starlette's says, and is not content with half a reply."""

from collections.abc import Iterator

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.one_step import OneStep


def program() -> FastAPI:
    """A program with each kind of reply."""
    app = FastAPI()

    @app.post("/form")
    def form(request: Request, name: str = Form()) -> Response:
        reply = Response(f"{name} {request.url} {request.headers['origin']}", status_code=201)
        reply.set_cookie("seen", "yes")
        return reply

    @app.get("/stream")
    def stream() -> StreamingResponse:
        def parts() -> Iterator[bytes]:
            yield b"one "
            yield b"two"

        return StreamingResponse(parts(), headers={"X-Kind": "stream"})

    @app.get("/fall")
    def fall() -> None:
        raise LookupError("over")

    return app


def clients(loop: BlockingPortal) -> tuple[TestClient, TestClient]:
    app = program()
    usual, ours = (TestClient(app, headers={"Origin": "http://testserver"}) for _ in range(2))
    ours._transport = OneStep(app, loop)
    return usual, ours


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("POST", "/form?a=1&b=%C3%A9", {"name": "Zoë"}),
        ("POST", "/form", {}),
        ("GET", "/stream", None),
        ("GET", "/no%20where", None),
        ("HEAD", "/stream", None),
    ],
)
def test_a_reply_is_the_same(
    loop: BlockingPortal, method: str, path: str, form: dict[str, str] | None
) -> None:
    usual, ours = (client.request(method, path, data=form) for client in clients(loop))
    assert ours.status_code == usual.status_code
    assert ours.content == usual.content
    assert ours.headers.multi_items() == usual.headers.multi_items()
    assert dict(ours.cookies) == dict(usual.cookies)


def test_what_the_program_raises_reaches_the_test(loop: BlockingPortal) -> None:
    for client in clients(loop):
        with pytest.raises(LookupError, match="over"):
            client.get("/fall")


START = {"type": "http.response.start", "status": 200, "headers": []}
PART = {"type": "http.response.body", "body": b"half", "more_body": True}
END = {"type": "http.response.body", "body": b""}


@pytest.mark.parametrize(
    ("messages", "fault"), [([START, PART], "broke off"), ([START, END, END], "after the end")]
)
def test_half_a_reply_and_one_too_long_are_faults(
    loop: BlockingPortal, messages: list[dict[str, object]], fault: str
) -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    client = TestClient(broken)
    client._transport = OneStep(broken, loop)
    with pytest.raises(AssertionError, match=fault):
        client.get("/")
