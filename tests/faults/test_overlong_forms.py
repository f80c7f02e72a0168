"""QUALITY 27: many overlong forms at once take little memory, whether they are given back or not."""

import http.client
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.core.routes import MEBIBYTE
from app.core.turned_away import MOST_BYTES_READ
from app.people.cookies import cookie_name
from tests.faults.conftest import NewServer
from tests.faults.people import Person
from tests.faults.scale import figures
from tests.faults.scene import DOMAIN, set_scene
from tests.faults.servers import Server

pytestmark = pytest.mark.faults
AT_ONCE = 12
MOST_MEGABYTES = 200
GIVEN_BACK = b"board-lead.evidence=" + b"x" * (MOST_BYTES_READ - 100)
NOT_READ = b"board-lead.evidence=" + b"x" * 25 * MEBIBYTE


def peak(server: Server) -> int:
    """Return the most megabytes that the server's process ever had."""
    for line in Path(f"/proc/{server.pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    raise LookupError("VmHWM")


def answer(person: Person, path: str, body: bytes) -> tuple[int, int]:
    """Send a form as a browser does; return the status and the length of the page."""
    headers = {
        "Cookie": f"{cookie_name()}={person.token}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=60)
    try:
        connection.request("POST", path, body, headers)
        reply = connection.getresponse()
        return reply.status, len(reply.read())
    finally:
        connection.close()


def sent_at_once(
    engine: Engine, server: Server, bodies: Iterable[bytes]
) -> tuple[int, list[tuple[int, int]]]:
    """Have people send overlong forms all at once; return the megabytes that they cost, and the answers."""
    scene = set_scene(engine, 1)
    path = f"/returns/{scene.ids[0]}/{DOMAIN}"
    people = [scene.person(server.port, number) for number in range(AT_ONCE)]
    assert answer(people[0], path, GIVEN_BACK)[0] == 413  # what the program needs only once
    before = peak(server)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        asked = [
            crowd.submit(answer, person, path, body) for person, body in zip(people, bodies, strict=True)
        ]
        answers = [each.result() for each in asked]
    assert people[0].get("/health/live") is not None
    return peak(server) - before, answers


def test_overlong_forms_at_once_take_little_memory(engine: Engine, served: NewServer) -> None:
    server = served()
    megabytes, answers = sent_at_once(engine, server, [GIVEN_BACK, NOT_READ] * (AT_ONCE // 2))
    back = [length for _, length in answers if length > MOST_BYTES_READ - 100]
    wrong = sum(status != 413 for status, _ in answers)
    figures(
        "27 overlong forms at once",
        forms=AT_ONCE,
        given_back=len(back),
        wrong=wrong,
        most_megabytes=megabytes,
    )
    assert wrong == 0
    assert back
    assert megabytes < MOST_MEGABYTES


def test_a_server_that_reads_all_of_them_is_caught(engine: Engine, served: NewServer) -> None:
    megabytes, _ = sent_at_once(engine, served("reads_all"), [NOT_READ[: 12 * MEBIBYTE]] * AT_ONCE)
    figures(
        "27 control: all overlong forms are read",
        noticed=int(megabytes >= MOST_MEGABYTES),
        most_megabytes=megabytes,
    )
    assert megabytes >= MOST_MEGABYTES
