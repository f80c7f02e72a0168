"""Bodies that are too large, fields that are too many, senders that are too slow (QUALITY 27)."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from app.core import forms
from app.core.access import PartnershipRole
from app.core.settings import settings
from tests.conftest import ORIGIN, ClientAs
from tests.faults.scale import figures

pytestmark = pytest.mark.faults

MOST_BODY_BYTES = 25 * 1024 * 1024
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PUBLIC = ("/sign-in", "/sign-in/no-such-link", "/invitation/no-such-link")
SLOW = 40


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    """Somebody who has not signed in."""
    return TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False)


def chunks(count: int) -> Iterator[bytes]:
    """A body without a length."""
    for _ in range(count):
        yield b"x" * 65_536


@pytest.mark.parametrize("path", PUBLIC)
def test_a_huge_body_is_refused_and_not_kept(stranger: TestClient, path: str) -> None:
    for body in (b"email=" + b"a" * MOST_BODY_BYTES, chunks(MOST_BODY_BYTES // 65_536 + 2)):
        reply = stranger.post(path, content=body, headers=FORM)
        figures("27 bodies of 25 MB", bodies=1, wrong=int(reply.status_code != 413))
        assert reply.status_code == 413


@pytest.mark.parametrize("path", PUBLIC)
def test_a_body_of_64_kib_on_a_public_form_is_answered_and_does_nothing(
    stranger: TestClient, path: str
) -> None:
    reply = stranger.post(path, content=b"email=" + b"a" * 65_536, headers=FORM)
    assert reply.status_code in {400, 410, 413, 422, 429}


@pytest.mark.parametrize("path", PUBLIC)
def test_ten_thousand_fields_are_refused(stranger: TestClient, path: str) -> None:
    names = "&".join(f"f{number}=1" for number in range(10_000))
    assert stranger.post(path, content=names, headers=FORM).status_code in {400, 413}
    part = "--x\r\nContent-Disposition: form-data; name=f\r\n\r\n1\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = stranger.post(path, content=part * 10_000 + "--x--\r\n", headers=kind)
    figures("27 ten thousand fields", forms=2, wrong=int(reply.status_code not in {400, 413}))
    assert reply.status_code in {400, 413}


def test_many_files_where_few_are_asked_for_are_refused(client_as: ClientAs) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    files = [(f"file{number}", (f"{number}.csv", b"a,b\n1,2\n")) for number in range(20)]
    status = manager.post("/organisations/import", files=files).status_code
    figures("27 twenty files", forms=1, wrong=int(status != 400))
    assert status == 400


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_json_is_no_form_and_costs_nothing(client_as: ClientAs, depth: int) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    # Seconds of work: others on the machine may make a clock's seconds longer.
    began = time.process_time()
    for body in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, json.dumps({"name": "x"})):
        reply = manager.post("/people", content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 422
    seconds = round(time.process_time() - began, 2)
    figures("27 JSON up to 100,000 deep", bodies=3, wrong=0, most_cpu_seconds=seconds)
    assert seconds < 5


def test_nested_names_and_odd_parts_are_only_names(stranger: TestClient) -> None:
    name = "a" + "[b]" * 5_000
    assert stranger.post("/sign-in", content=f"{name}=1&email=x", headers=FORM).status_code in {413, 422}
    header = f'Content-Disposition: form-data; name="{"n" * 100_000}"'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = stranger.post("/sign-in", content=f"--x\r\n{header}\r\n\r\n1\r\n--x--\r\n", headers=kind)
    assert reply.status_code in {400, 413, 422}


def test_a_form_without_these_limits_would_be_noticed(
    stranger: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: ten thousand fields are read when nobody counts them.
    monkeypatch.setattr(forms, "MOST_FIELDS", 20_000)
    names = "&".join(f"f{number}=1" for number in range(2_500))
    status = stranger.post("/sign-in", content=names, headers=FORM).status_code
    figures("27 control: nobody counts the fields", noticed=int(status not in {400, 413}))
    assert status not in {400, 413}


def test_a_stranger_gets_no_form_read_where_a_session_is_needed(stranger: TestClient) -> None:
    read = 0

    def body() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 65_536

    reply = stranger.post("/organisations/import", content=body(), headers=FORM)
    assert reply.status_code == 401
    assert "session" not in settings().session_cookie


# --- slow senders ---------------------------------------------------------------------------------


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """Serve the program on a port of this machine."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def slow_sender(port: int, cookie: str = "") -> socket.socket:
    """Begin to send a form and stop in the middle of it."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(
        (
            f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n{cookie}"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail=a"
        ).encode()
    )
    return connection


def seconds_of_a_page(port: int) -> float:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        request = f"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        reply = b""
        while data := connection.recv(65_536):
            reply += data
    assert reply.startswith(b"HTTP/1.1 200"), reply[:200]
    return time.monotonic() - began


def test_slow_senders_keep_nobody_waiting(app: FastAPI) -> None:
    with served(app) as port:
        seconds_of_a_page(port)
        slow = [slow_sender(port) for _ in range(SLOW)]
        time.sleep(0.3)
        taken = [seconds_of_a_page(port) for _ in range(5)]
        for connection in slow:
            connection.close()
    figures(
        "27 slow senders",
        senders=SLOW,
        wrong=sum(each >= 5 for each in taken),
        most_seconds=round(max(taken), 2),
    )
    assert max(taken) < 5


def test_slow_senders_that_held_connections_of_the_database_would_be_noticed(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: a form that is read while a connection of the database is held.
    engine = app.state.engine
    held = []
    monkeypatch.setattr(engine.pool, "_timeout", 1)

    async def greedy(self: Request, **_: object) -> object:
        held.append(engine.connect())
        return await read(self)

    read = Request._get_form
    monkeypatch.setattr(Request, "_get_form", greedy)
    with served(app) as port:
        slow = [slow_sender(port) for _ in range(20)]
        time.sleep(1)
        with pytest.raises(AssertionError, match="503"):
            seconds_of_a_page(port)
        figures("27 control: slow senders hold connections", noticed=1)
        for connection in slow:
            connection.close()
        for connection in held:
            connection.close()
