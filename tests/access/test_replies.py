"""Security headers and cookies, exactly, on every reply: pages, files, refusals and faults of ours."""

from collections.abc import Iterator
from http.cookies import Morsel, SimpleCookie

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from app import main
from app.core import routes as table
from app.core.access import Access, OrganisationRole, PartnershipRole
from app.core.forms import MOST_BYTES_OF_STRANGERS
from app.core.settings import settings
from app.main import build_app
from app.people.cookies import cookie_name
from tests.access import matrix
from tests.access.world import World
from tests.conftest import ORIGIN, ClientAs, MovableClock
from tests.people.steps import newest_link

pytestmark = pytest.mark.access

EXACTLY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
# A file that is taken away may do nothing at all, should somebody open it here.
TAKEN_AWAY = {
    **EXACTLY,
    "content-security-policy": (
        "sandbox; default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
STATIC = {**EXACTLY, "cache-control": "public, max-age=3600"}
TELLTALE = ("server", "x-powered-by")


def wrong_headers(client: TestClient, method: str, path: str, **more: object) -> tuple[int, dict[str, str]]:
    """Return the status, and each header that is not exactly as it must be."""
    reply = client.request(method, path, **more)  # type: ignore[arg-type]
    taken_away = reply.headers.get("content-disposition", "").startswith("attachment")
    expected = STATIC if path.startswith("/static/") else TAKEN_AWAY if taken_away else EXACTLY
    wrong = {
        name: reply.headers.get(name, "missing")
        for name in expected
        if reply.headers.get(name) != expected[name]
    }
    return reply.status_code, wrong | {name: "told" for name in TELLTALE if name in reply.headers}


def test_every_reply_has_them(app: FastAPI, world: World, client_as: ClientAs) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    for route in sorted(set(matrix.routes(app))):
        method = route.split(" ", 1)[0]
        for client in (client_as(), manager, lead):
            for case in ("own", "random"):
                if route != "POST /sign-out":
                    assert wrong_headers(client, method, world.path(route, case))[1] == {}, (route, case)


def test_refusals_and_faults_have_them_too(
    page_engine: Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    app = build_app(page_engine, clock)
    monkeypatch.setattr(table, "ACCESS", {**table.ACCESS, "GET /broken": Access.PUBLIC})
    app.add_api_route("/broken", broken, methods=["GET"])
    client = TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    many = {f"field-{number}": "x" for number in range(2_100)}
    for status, method, path, more in (
        (500, "GET", "/broken", {}),
        (404, "GET", "/no-such-page", {}),
        (405, "DELETE", "/sign-in", {}),
        (403, "POST", "/sign-in", {"headers": foreign}),
        (413, "POST", "/sign-in", {"content": b"x" * (MOST_BYTES_OF_STRANGERS + 1)}),
        (400, "POST", "/sign-in", {"data": many}),
        (401, "POST", "/sign-out", {}),
        (401, "GET", "/rounds", {"headers": {"HX-Request": "true"}}),
        (303, "GET", "/rounds", {}),
        (200, "GET", "/static/eleven.js", {}),
        (200, "GET", "/static/eleven.css", {}),
        (404, "GET", "/static/no-such-file.js", {}),
        (200, "GET", "/health", {}),
    ):
        assert wrong_headers(client, method, path, **more) == (status, {}), path


def test_control_a_reply_without_them_is_noticed(
    page_engine: Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "_headers_outermost", lambda _app: None)
    _, wrong = wrong_headers(TestClient(build_app(page_engine, clock)), "GET", "/sign-in")
    assert set(wrong) == set(EXACTLY)


@pytest.fixture
def over_tls() -> Iterator[None]:
    """Reach the program by an address that begins with https."""
    config = settings()
    before = config.public_address
    config.public_address = "https://eleven.example.org"
    yield
    config.public_address = before


@pytest.mark.usefixtures("over_tls")
def test_every_cookie_is_out_of_reach(
    page_engine: Engine, engine: Engine, clock: MovableClock, world: World
) -> None:
    assert world
    address = "robin@ashgrove.example.org"
    browser = TestClient(
        build_app(page_engine, clock),
        base_url="https://eleven.example.org",
        headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    asked = browser.post("/sign-in", data={"email": address})
    signed_in = browser.post(newest_link(engine, address))
    assert signed_in.headers["strict-transport-security"] == "max-age=31536000"
    clock.move(minutes=10)
    seen = browser.get("/account")
    signed_out = browser.post("/sign-out")
    assert (signed_in.status_code, seen.status_code, signed_out.status_code) == (303, 200, 303)
    given = [each for reply in (asked, signed_in, seen, signed_out) for each in cookies_of(reply)]
    assert {name for name, _ in given} == {
        "__Host-eleven",
        "__Host-eleven-seen",
        "__Host-eleven-asking",
        "__Host-eleven-known",
    }
    assert cookie_name() == "__Host-eleven"
    assert [each for each in given if exposed(each[1])] == []


def cookies_of(reply: Response) -> Iterator[tuple[str, "Morsel[str]"]]:
    """Yield every cookie that a reply sets or takes back."""
    for header in reply.headers.get_list("set-cookie"):
        yield from SimpleCookie(header).items()


def exposed(cookie: "Morsel[str]") -> bool:
    """Say whether scripts, other sites, other hosts or an open line could get at a cookie."""
    names = ("httponly", "secure", "samesite", "path", "domain")
    return tuple(cookie[name] for name in names) != (True, True, "lax", "/", "")


@pytest.mark.parametrize(
    "header",
    [
        "__Host-eleven=x; Path=/; Secure; SameSite=lax",
        "__Host-eleven=x; Path=/; HttpOnly; SameSite=lax",
        "__Host-eleven=x; Path=/; HttpOnly; Secure; SameSite=none",
        "__Host-eleven=x; Path=/; HttpOnly; Secure; SameSite=lax; Domain=example.org",
    ],
)
def test_control_a_cookie_within_reach_is_noticed(header: str) -> None:
    assert exposed(SimpleCookie(header)["__Host-eleven"])
