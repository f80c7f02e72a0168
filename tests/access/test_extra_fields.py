"""Fields that a form does not have are ignored, whatever they are called."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from app.core import routes as table
from app.core.access import Access, OrganisationRole, PartnershipRole
from app.core.database import SessionDep, owner_engine
from app.core.forms import FormDep
from app.main import build_app
from app.people.guard import ActorDep
from tests.access import matrix
from tests.access.world import World
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access


# Tables of the partnership alone: no form of an organisation, or of an officer, changes a row of them.
NOBODYS = {
    *("partnership_member", "questionnaire_version", "planner_entry", "planner_exception", "signal_setting"),
}


def extra(world: World) -> dict[str, Any]:
    """Return what somebody would add who wants more than the form offers."""
    theirs = world.ids["other"]
    return {
        "role": "admin",
        "roles": ["contributor", "board_manager", "admin"],
        "is_admin": "true",
        "access": "public",
        "organisation_id": str(theirs["organisation_id"]),
        "organisation": str(theirs["organisation_id"]),
        "return_id": str(theirs["return_id"]),
        "contact_id": str(theirs["contact_id"]),
        "rating": "green",
        "outcome": "green",
        "source": "validated",
        "state": "signed",
        "edition": "7",
        "signatory_id": str(theirs["user_id"]),
        "actor_id": str(theirs["user_id"]),
        "updated_by": str(theirs["user_id"]),
        "released_at": "2026-11-16",
        "judged": "green",
        "opinion": "confirmed",
        "judged_by": str(theirs["user_id"]),
        "user_id": str(theirs["user_id"]),
        "made_by": str(theirs["user_id"]),
        "asks": "false",
        "for_agencies": "yes",
        "action_id": str(theirs["action_id"]),
        "entry_id": str(theirs["entry_id"]),
        "visit_id": str(theirs["visit_id"]),
        "name": "Alex Green",
        "email": "alex@ashgrove.example.org",
    }


def untouchable(engine: Engine, world: World) -> dict[str, str]:
    """Return the fingerprint of everything that no form of ours may change."""
    found = {}
    with engine.connect() as connection:
        for name, each in SQLModel.metadata.tables.items():
            if "organisation_id" in each.columns:
                where = f"organisation_id = {world.theirs}"
            elif name in NOBODYS:
                where = "true"
            else:
                continue
            row = connection.execute(
                text(f'SELECT count(*), sum(hashtext(t::text)) FROM "{name}" t WHERE {where}')
            ).one()
            found[name] = str(tuple(row))
        found["people of ours"] = str(
            connection.execute(
                text(
                    "SELECT count(*) FROM answer WHERE organisation_id = :ours "
                    "AND updated_by IN (SELECT user_id FROM membership WHERE organisation_id = :theirs)"
                ),
                {"ours": world.ours, "theirs": world.theirs},
            ).scalar_one()
        )
        found["signed"] = str(
            connection.execute(text("SELECT count(*) FROM signed_return")).scalar_one(),
        )
        found["validated"] = str(
            connection.execute(
                text("SELECT count(*) FROM domain_rating WHERE source = 'validated'")
            ).scalar_one(),
        )
    return found


def posted(client: TestClient, world: World, role: matrix.Role, app: FastAPI) -> Iterator[str]:
    for route in sorted(set(matrix.routes(app))):
        if route.startswith("POST ") and role in matrix.ALLOWED[matrix.CLASSES[route]]:
            if route == "POST /sign-out":
                continue
            reply = client.post(world.path(route, "own"), data=extra(world))
            assert reply.status_code < 500, (route, reply.status_code)
            yield route


def test_a_lead_gets_no_further_with_fields_of_their_own(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine
) -> None:
    lead = client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=world.ours)
    before = untouchable(engine, world)
    assert len(list(posted(lead, world, OrganisationRole.LEAD, app))) > 8
    assert untouchable(engine, world) == before


def test_an_officer_gets_no_further_with_fields_of_their_own(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine
) -> None:
    officer = client_as(PartnershipRole.PSO)
    before = untouchable(engine, world)
    assert len(list(posted(officer, world, PartnershipRole.PSO, app))) > 8
    assert untouchable(engine, world) == before


def test_the_colleague_is_invited_with_the_role_that_exists_and_no_other(
    world: World, client_as: ClientAs, engine: Engine
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    reply = lead.post(world.path("POST /returns/{return_id}/team", "own"), data=extra(world))
    assert reply.status_code == 303
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT m.organisation_id, m.role FROM membership AS m "
                "JOIN user_account AS u ON u.id = m.user_id WHERE u.email = 'alex@ashgrove.example.org'"
            )
        ).all()
    assert [tuple(row) for row in found] == [(world.ours, "contributor")]


def test_an_administrator_makes_nobody_a_board_manager(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine
) -> None:
    administrator = client_as(PartnershipRole.ADMINISTRATOR)
    before = untouchable(engine, world)["partnership_member"]
    assert list(posted(administrator, world, PartnershipRole.ADMINISTRATOR, app))
    assert untouchable(engine, world)["partnership_member"] == before


def test_control_a_route_that_believes_the_form_is_caught(
    world: World,
    client_as: ClientAs,
    engine: Engine,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def believing(session: SessionDep, _actor: ActorDep, form: FormDep) -> str:
        session.execute(
            text("UPDATE answer SET comment = 'ours now' WHERE organisation_id = :place"),
            {"place": int(form["organisation_id"])},
        )
        return "saved"

    monkeypatch.setattr(table, "ACCESS", {**table.ACCESS, "POST /believing": Access.SIGNED_IN})
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    before = untouchable(engine, world)
    careless_engine = owner_engine(engine.url)
    for each, changes in ((lead.app.state.engine, False), (careless_engine, True)):  # type: ignore[attr-defined]
        careless = build_app(each, clock)
        careless.add_api_route("/believing", believing, methods=["POST"])
        client = TestClient(careless, headers=dict(lead.headers), follow_redirects=False)
        client.cookies.update(lead.cookies)
        assert client.post("/believing", data=extra(world)).status_code == 200
        # Row-level security stops it where the route does not; without either the test notices.
        assert (untouchable(engine, world) != before) is changes
    careless_engine.dispose()
