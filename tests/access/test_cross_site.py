"""Another site's page cannot make a person's browser change anything here."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from app import main
from app.core import web
from app.core.access import OrganisationRole, PartnershipRole
from app.core.settings import settings
from app.main import build_app
from tests.access import matrix
from tests.access.test_extra_fields import extra
from tests.access.test_reading import fingerprint
from tests.access.world import World
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access

OURS = settings().public_address
HOST = urlsplit(OURS).hostname
FOREIGN: Mapping[str, Mapping[str, str]] = {
    "from another site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"},
    "from another site that hides": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    "from another site, our origin": {"Sec-Fetch-Site": "cross-site", "Origin": OURS},
    "from a neighbouring host": {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
    "from a sandboxed frame": {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    "an older browser, foreign": {"Origin": "https://elsewhere.example"},
    "an older browser, another port": {"Origin": f"http://{HOST}:8443"},
    "an older browser, another scheme": {"Origin": OURS.replace("http:", "https:")},
    "an older browser, longer name": {"Origin": f"{OURS}.elsewhere.example"},
    "an older browser that hides": {"Origin": "null"},
    "without either header": {},
}
OWN: Mapping[str, Mapping[str, str]] = {
    "our own page": {"Sec-Fetch-Site": "same-origin", "Origin": OURS},
    "an older browser on our own page": {"Origin": OURS},
}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def unsafe_routes(app: FastAPI) -> list[str]:
    return sorted({route for route in matrix.routes(app) if not route.startswith("GET ")})


def bare(client: TestClient) -> TestClient:
    """Return a browser with the same cookies that says nothing of where its requests come from."""
    plain = TestClient(client.app, follow_redirects=False)
    plain.cookies.update(client.cookies)
    return plain


def people(client_as: ClientAs, world: World) -> list[TestClient]:
    return [
        bare(client_as(PartnershipRole.BOARD_MANAGER)),
        bare(client_as(*OrganisationRole, organisation=world.ours)),
        bare(client_as()),
    ]


@pytest.mark.parametrize("case", FOREIGN)
def test_no_unsafe_route_answers_another_site(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine, case: str
) -> None:
    clients, asked = people(client_as, world), unsafe_routes(app)
    assert len(asked) > 25
    before = fingerprint(engine)
    for client in clients:
        for route in asked:
            method = route.split(" ", 1)[0]
            path = world.path(route, "own")
            reply = client.request(method, path, data=extra(world), headers=FOREIGN[case])
            assert reply.status_code == 403, (route, reply.status_code)
            assert "set-cookie" not in reply.headers
    assert fingerprint(engine) == before


@pytest.mark.parametrize("case", OWN)
def test_our_own_pages_are_answered(forgetful: FastAPI, world: World, client_as: ClientAs, case: str) -> None:
    client = TestClient(forgetful, follow_redirects=False)
    client.cookies.update(client_as(OrganisationRole.LEAD, organisation=world.ours).cookies)
    for route in unsafe_routes(forgetful):
        reply = client.post(world.path(route, "own"), data=extra(world), headers=OWN[case])
        assert reply.status_code != 403, route


@pytest.mark.parametrize("method", UNSAFE)
def test_methods_that_no_route_has_are_refused_too(client_as: ClientAs, method: str) -> None:
    foreign = FOREIGN["from another site"]
    assert bare(client_as()).request(method, "/no-such-page", headers=foreign).status_code == 403


def test_control_without_the_check_another_site_changes_rows(
    page_engine: Engine,
    world: World,
    client_as: ClientAs,
    engine: Engine,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unchecked(web.OriginCheck):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await self.app(scope, receive, send)

    monkeypatch.setattr(main, "OriginCheck", Unchecked)
    careless = TestClient(build_app(page_engine, clock), follow_redirects=False)
    careless.cookies.update(client_as(OrganisationRole.LEAD, organisation=world.ours).cookies)
    before = fingerprint(engine)
    path = world.path("POST /returns/{return_id}/team", "own")
    reply = careless.post(path, data=extra(world), headers=FOREIGN["from another site"])
    assert reply.status_code == 303
    assert fingerprint(engine) != before
