"""The strict content policy in a real browser: no page of ours breaks it, and it stops what others plant."""

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import Engine

from app.core.access import Access, OrganisationRole, PartnershipRole
from app.core.routes import ACCESS
from app.people.cookies import cookie_name
from tests.access import matrix
from tests.access.conftest import two_schools
from tests.access.world import World
from tests.conftest import ClientAs, MovableClock

pytestmark = [pytest.mark.journey, pytest.mark.access]

# Runs before every page's own scripts and notes what the policy stopped.
LISTEN = """
window.stopped = [];
document.addEventListener("securitypolicyviolation",
    (event) => window.stopped.push(event.effectiveDirective + " " + event.blockedURI));
"""
PLANT = """() => {
    const script = document.createElement("script");
    script.textContent = "window.planted = 1";
    document.body.append(script);
    const style = document.createElement("style");
    style.textContent = "body { outline: 3px solid red }";
    document.body.append(style);
    const elsewhere = document.createElement("iframe");
    elsewhere.src = "https://elsewhere.example/";
    document.body.append(elsewhere);
    document.body.insertAdjacentHTML("beforeend", "<p onclick='window.planted = 2' style='color: red'>x</p>");
    document.body.lastElementChild.click();
    return window.planted ?? 0;
}"""
FILES = (
    ".xlsx",
    ".csv",
    ".css",
    ".docx",
    ".ics",
    "/health",
    "/live",
    "/ready",
    "/files/{file_id}",
    "/data.json",
)


@pytest.fixture(scope="module")
def world(engine: Engine, clock: MovableClock) -> World:
    """Both schools with a closed and an open round."""
    return two_schools(engine, clock)


# Whoever a page is not for sees the same one everywhere: one such page stands for all.
REFUSED = "GET /organisations"
READ_BY = {
    "stranger": {Access.PUBLIC},
    "lead": {
        Access.PUBLIC,
        Access.SIGNED_IN,
        Access.ON_THE_WAY_IN,
        Access.OWN_READ,
        Access.OWN_WRITE,
    },
}
NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Return browser contexts of the test's own, closed at its end."""
    made: list[BrowserContext] = []

    def make(**options: bool) -> BrowserContext:
        made.append(browser.new_context(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


def listening(context: BrowserContext, address: str, token: str | None) -> Page:
    """Return a page of a browser that notes what the policy stops, signed in with a session's token."""
    context.add_init_script(LISTEN)
    if token:
        context.add_cookies([{"name": cookie_name(), "value": token, "url": address}])
    return context.new_page()


def stopped(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.stopped")
    return found


@pytest.mark.parametrize("who", ["board manager", "lead", "stranger"])
def test_no_page_breaks_the_policy(
    new_context: NewContext,
    address: str,
    app: FastAPI,
    world: World,
    client_as: ClientAs,
    who: str,
) -> None:
    roles = {"board manager": [PartnershipRole.BOARD_MANAGER], "lead": [*OrganisationRole], "stranger": []}
    client = client_as(*roles[who], organisation=world.ours if who == "lead" else None)
    page = listening(new_context(), address, client.cookies.get(cookie_name()))
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    read = 0
    for route in sorted(set(matrix.routes(app))):
        if not route.startswith("GET ") or route.endswith(FILES) or route.startswith("GET /single-sign-on"):
            continue
        if who in READ_BY and route != REFUSED and ACCESS[route] not in READ_BY[who]:
            continue
        # What is closed looks different to those who answer only.
        for case in ("own", "archived") if who == "lead" and matrix.parameters(route) else ("own",):
            reply = page.goto(address + world.path(route, case))
            assert reply is not None
            read += reply.ok
            complaints.extend(f"{route} ({case}): {each}" for each in stopped(page))
    assert complaints == []
    assert read >= (30 if who == "board manager" else 5)


def test_control_what_is_planted_is_stopped_and_told(new_context: NewContext, address: str) -> None:
    page = listening(new_context(), address, None)
    page.goto(address + "/sign-in")
    assert stopped(page) == []
    assert page.evaluate(PLANT) == 0
    page.wait_for_function("window.stopped.length >= 5")
    kinds = {each.split(" ")[0] for each in stopped(page)}
    assert {"script-src-elem", "script-src-attr", "style-src-elem", "style-src-attr", "frame-src"} <= kinds


def test_control_without_the_policy_it_would_have_run(new_context: NewContext, address: str) -> None:
    page = listening(new_context(bypass_csp=True), address, None)
    page.goto(address + "/sign-in")
    assert page.evaluate(PLANT) == 2
    assert stopped(page) == []
