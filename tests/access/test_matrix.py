"""Every route for every role with own, foreign, archived and made-up ids, from the program's own routes."""

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import col

from app.core import routes as table
from app.core.access import Access, OrganisationRole, PartnershipRole
from app.core.database import SessionDep, owner_engine
from app.main import build_app
from app.returns.models import Answer
from tests.access import matrix
from tests.access.moderated import KEPT_BACK
from tests.access.world import World
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access


@pytest.fixture(scope="module")
def app(forgetful: FastAPI) -> FastAPI:
    """Requests must not find what others did: the walk has no order."""
    return forgetful


def knocking(client_as: ClientAs, world: World, role: matrix.Role) -> TestClient:
    if role is None:
        return client_as()
    return client_as(role, organisation=world.ours if isinstance(role, OrganisationRole) else None)


@pytest.mark.parametrize("role", matrix.ROLES, ids=lambda role: role.value if role else "stranger")
def test_each_role_gets_what_the_table_says_and_nothing_of_others(
    app: FastAPI, world: World, client_as: ClientAs, role: matrix.Role
) -> None:
    asked = sorted(set(matrix.routes(app)))
    assert len(asked) > 50
    assert matrix.walk(knocking(client_as, world, role), world, role, asked) == []


def test_every_route_is_in_a_class_and_every_id_in_the_world(app: FastAPI, world: World) -> None:
    for route in matrix.routes(app):
        assert matrix.CLASSES[route] in matrix.ALLOWED, route
        unknown = set(matrix.parameters(route)) - set(world.ids["own"])
        assert not unknown, f"{route}: give the world of these tests a {unknown}"


def test_what_is_kept_back_of_every_room_is_there_to_be_found(world: World, client_as: ClientAs) -> None:
    """Whoever may read it finds it in the own return too: without it the walks would prove nothing."""
    officer, manager = client_as(PartnershipRole.PSO), client_as(PartnershipRole.BOARD_MANAGER)
    for client, route in (
        (officer, "GET /moderation/{return_id}/{domain}"),
        (officer, "GET /returns/{return_id}/history"),
        (officer, "GET /moderation/interests"),
        (officer, "GET /visits/{visit_id}/enquiry"),
        (officer, "GET /planner/entries/{entry_id}/{number}"),
        (manager, "GET /audit"),
    ):
        assert KEPT_BACK in client.get(world.path(route, "archived")).text, route


def test_control_a_route_in_too_wide_a_class_is_caught(
    world: World, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = knocking(client_as, world, OrganisationRole.LEAD)
    asked = ["GET /organisations", "GET /organisations/{organisation_id}"]
    assert matrix.walk(lead, world, OrganisationRole.LEAD, asked) == []
    loosened = {**table.ACCESS, **dict.fromkeys(asked, Access.SIGNED_IN)}
    monkeypatch.setattr(table, "ACCESS", loosened)
    caught = matrix.walk(lead, world, OrganisationRole.LEAD, asked)
    assert any("/organisations (own): 200, not not found" in each for each in caught), caught


def test_control_a_route_without_its_check_is_caught(
    world: World, client_as: ClientAs, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that forgets to ask whose return it is, on a database that does not ask either."""
    route = "GET /returns/{return_id}/raw"

    def raw(_request: Request, session: SessionDep, return_id: int) -> str:
        return " ".join(
            session.execute(select(col(Answer.comment)).where(col(Answer.return_id) == return_id)).scalars()
        )

    lead = knocking(client_as, world, OrganisationRole.LEAD)
    monkeypatch.setattr(table, "ACCESS", {**table.ACCESS, route: Access.OWN_READ})
    monkeypatch.setattr(matrix, "CLASSES", {**matrix.CLASSES, route: "OWN_READ"})
    engine = owner_engine(lead.app.state.engine.url)  # type: ignore[attr-defined]
    careless = build_app(engine, clock)
    careless.add_api_route("/returns/{return_id}/raw", raw, methods=["GET"])
    careless.router.routes.insert(0, careless.router.routes.pop())
    client = TestClient(careless, headers=dict(lead.headers), follow_redirects=False)
    client.cookies.update(lead.cookies)
    caught = matrix.walk(client, world, OrganisationRole.LEAD, [route])
    engine.dispose()
    assert any("(other): 200, not not found" in each for each in caught), caught
    assert any("tells what another organisation said" in each for each in caught), caught
