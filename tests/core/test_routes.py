"""Every route of the program stands in the table of access classes, and the table in the program."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import Mount

from app.core.access import Access, PartnershipRole
from app.core.routes import ACCESS
from tests.conftest import ORIGIN, ClientAs

pytestmark = pytest.mark.access


def program_routes(app: FastAPI) -> Iterator[str]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route if hasattr(context, "original_route") else context, Mount):
            continue
        for method in sorted((getattr(context, "methods", None) or set()) - {"HEAD"}):
            yield f"{method} {context.path}"


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "999999", path)


def test_the_table_and_the_program_name_the_same_routes(app: FastAPI) -> None:
    routes = {route for route in program_routes(app) if not route.startswith("GET /static/{")}
    assert routes == set(ACCESS)


def test_a_stranger_reaches_public_pages_only(client_as: ClientAs) -> None:
    stranger = client_as()
    for route, access in ACCESS.items():
        method, path = route.split(" ", 1)
        reply = stranger.request(method, concrete(path))
        if access is Access.PUBLIC:
            assert reply.status_code in {200, 404, 410, 422}, route
        elif access is Access.DEMO:
            assert reply.status_code == 404, route
        else:
            assert reply.status_code in {303, 401}, route
            if reply.status_code == 303:
                assert reply.headers["location"].startswith("/sign-in"), route


def test_the_demo_has_no_doors_outside_the_demo(client_as: ClientAs) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for route in ("/demo/outbox", "/demo/outbox/1"):
        assert manager.get(route).status_code == 404
    assert manager.post("/demo/sign-in", data={"user_id": "1"}).status_code == 404
    assert "This is a demo" not in client_as().get("/sign-in").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8011"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8011"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"},
    ],
)
def test_another_site_cannot_post(client_as: ClientAs, headers: dict[str, str]) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for route in ACCESS:
        method, path = route.split(" ", 1)
        if method == "POST":
            assert manager.post(concrete(path), headers=headers).status_code == 403, route


def test_our_own_pages_can_post(client_as: ClientAs) -> None:
    """The control: the same request from our own page gets past the origin check."""
    assert (
        client_as().post("/sign-in", data={"email": "nobody@example.org"}, headers=ORIGIN).status_code == 200
    )


def test_every_reply_has_the_security_headers(client_as: ClientAs) -> None:
    stranger = client_as()
    for path in ("/sign-in", "/", "/no-such-page", "/static/eleven.js", "/health"):
        headers = stranger.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == ("public, max-age=3600" if "/static/" in path else "no-store"), (
            path
        )


@pytest.mark.parametrize("number", ["99999999999", "99999999999999999999999"])
def test_a_number_that_is_too_long_is_no_page(client_as: ClientAs, number: str) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for path in ("/rounds/", "/returns/", "/organisations/", "/questionnaires/section-11/"):
        assert manager.get(path + number).status_code == 404, path


def test_a_fault_of_ours_has_the_headers_too(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("app.people.pages.page", broken)
    client = TestClient(app, headers=ORIGIN, raise_server_exceptions=False)
    reply = client.get("/sign-in")
    assert reply.status_code == 500
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert reply.headers["cache-control"] == "no-store"
    assert "planted" not in reply.text
