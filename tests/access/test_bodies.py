"""Bodies have limits: small for strangers, larger for answers, largest for files."""

from collections.abc import Iterator
from time import process_time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.datastructures import FormData

from app.core import forms
from app.core.access import OrganisationRole, PartnershipRole
from app.core.forms import MOST_BYTES, MOST_BYTES_OF_STRANGERS
from app.core.routes import MEBIBYTE, TAKES_FILES
from app.people.cookies import cookie_name
from tests.access import matrix
from tests.access.world import World
from tests.conftest import ClientAs

pytestmark = pytest.mark.access

TYPED = {"Content-Type": "application/x-www-form-urlencoded"}
FOR_STRANGERS = {"PUBLIC", "DEMO", "ON_THE_WAY_IN"}


@pytest.fixture(scope="module")
def app(forgetful: FastAPI) -> FastAPI:
    """Requests must not find what others did: one of them signs out."""
    return forgetful


def client_for(route: str, client_as: ClientAs, world: World) -> TestClient:
    if matrix.CLASSES[route].startswith("OWN"):
        return client_as(*OrganisationRole, organisation=world.ours)
    return client_as(PartnershipRole.BOARD_MANAGER)


def posts(app: FastAPI) -> list[str]:
    return sorted({route for route in matrix.routes(app) if not route.startswith("GET ")})


def in_parts(count: int) -> Iterator[bytes]:
    """Yield a body whose length its sender does not announce."""
    while count > 0:
        yield b"a" * min(count, 65_536)
        count -= 65_536


def too_large(reply: Response, most: str) -> bool:
    """Say whether a reply says plainly what the most is."""
    return reply.status_code == 413 and f"larger than {most}, the most" in reply.text


def test_no_route_reads_more_than_its_class_needs(app: FastAPI, world: World, client_as: ClientAs) -> None:
    asked = posts(app)
    assert len(asked) > 25
    for route in asked:
        client, path = client_for(route, client_as, world), world.path(route, "own")
        strangers = matrix.CLASSES[route] in FOR_STRANGERS
        most, words = (MOST_BYTES_OF_STRANGERS, "64 KB") if strangers else (MOST_BYTES, "1 MB")
        for body in (b"a" * (most + 1), in_parts(most + 65_536)):
            assert too_large(client.post(path, content=body, headers=TYPED), words), route
        assert client.post(path, content=b"a" * most, headers=TYPED).status_code != 413, route


def test_a_file_may_be_larger_but_only_where_files_go(
    app: FastAPI, world: World, client_as: ClientAs
) -> None:
    files = {"file": ("register.csv", b"x" * (2 * MOST_BYTES), "text/csv")}
    for route in posts(app):
        client, path = client_for(route, client_as, world), world.path(route, "own")
        assert (client.post(path, files=files).status_code == 413) is (route not in TAKES_FILES), route
    for route, most in TAKES_FILES.items():
        client, path = client_for(route, client_as, world), world.path(route, "own")
        whole = {"file": ("register.csv", b"x" * most, "text/csv")}
        assert too_large(client.post(path, files=whole), f"{most // MEBIBYTE} MB")


def test_a_body_that_only_costs_time_is_not_parsed(client_as: ClientAs) -> None:
    began = process_time()
    reply = client_as().post("/sign-in", content=b"&" * 25 * MEBIBYTE, headers=TYPED)
    assert too_large(reply, "64 KB")
    assert process_time() - began < 0.5  # it took 3.7 seconds to parse


def test_files_are_read_only_from_those_who_may_send_them(
    world: World, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    async def noted(form: forms._Measured) -> FormData:
        read.append("read")
        return await whole(form)

    whole = forms._Measured.form
    monkeypatch.setattr(forms._Measured, "form", noted)
    pretender = client_as()
    pretender.cookies.set(cookie_name(), "made-up")
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    files = {"file": ("register.csv", b"x" * MOST_BYTES, "text/csv")}
    for route in TAKES_FILES:
        own = matrix.CLASSES[route].startswith("OWN")
        right, wrong = (lead, manager) if own else (manager, lead)
        path = world.path(route, "own")
        assert [each.post(path, files=files).status_code for each in (client_as(), pretender, wrong)] == [
            401,
            401,
            404,
        ]
        assert read == []
        assert right.post(path, files=files).status_code == (303 if own else 422)
        assert read == ["read"]
        read.clear()


def test_control_a_route_without_its_limit_is_noticed(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "most_bytes", lambda _request: 25 * MEBIBYTE)
    reply = client_as().post("/sign-in", content=b"a" * (MOST_BYTES_OF_STRANGERS + 1), headers=TYPED)
    assert not too_large(reply, "64 KB")
