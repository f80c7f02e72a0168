"""Reading changes no row, every GET as every role, but the one that says who read what."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from app.core import readings
from app.core import routes as table
from app.core.access import Access, OrganisationRole, PartnershipRole
from app.core.database import SessionDep
from tests.access import matrix
from tests.access.world import SECRET_CANARY, World
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access

# Who read what is written on purpose, after the page was made and outside of its transaction.
WRITTEN_BY_READING = frozenset({"reading"})


# Lists of many organisations, which docs/audit.md names as not listed; the last is of people who hand over.
LISTS = frozenset({"GET /actions", "GET /audit", "GET /visits", "GET /visits/selection", "GET /hand-overs"})


def fingerprint(engine: Engine) -> dict[str, str]:
    """Return count and content of every table, but for the one that reading writes."""
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ).scalars()
        parts = " UNION ALL ".join(
            f"SELECT '{name}', concat(count(*), ' ', sum(hashtext(t::text))) FROM \"{name}\" t"
            for name in names
            if name not in WRITTEN_BY_READING
        )
        return {name: found for name, found in connection.execute(text(parts))}  # noqa: C416


def changed_by(client: TestClient, world: World, engine: Engine, asked: list[str]) -> list[str]:
    """Return the routes whose GET changed a row, with the tables."""
    found, before = [], fingerprint(engine)
    for route in asked:
        for case in ("own", "archived") if matrix.parameters(route) else ("own",):
            client.get(world.path(route, case))
            after = fingerprint(engine)
            if after != before:
                tables = sorted(name for name in after if after[name] != before.get(name))
                found.append(f"{route} ({case}) changed {tables}")
            before = after
    return found


@pytest.mark.parametrize("role", matrix.ROLES, ids=lambda role: role.value if role else "stranger")
def test_looking_at_every_page_changes_no_row(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine, role: matrix.Role
) -> None:
    organisation = world.ours if isinstance(role, OrganisationRole) else None
    client = client_as(role, organisation=organisation) if role else client_as()
    asked = [
        route
        for route in sorted(set(matrix.routes(app)))
        if route.startswith("GET ") and role in matrix.ALLOWED[matrix.CLASSES[route]] | {None}
    ]
    assert asked
    assert changed_by(client, world, engine, asked) == []


def test_control_a_page_that_writes_is_caught(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counting(session: SessionDep) -> str:
        session.execute(text('UPDATE "return" SET answered = answered'))
        session.execute(text("UPDATE login_session SET expires_at = expires_at + interval '1 second'"))
        session.commit()
        return "counted"

    route = "GET /counting"
    monkeypatch.setattr(table, "ACCESS", {**table.ACCESS, route: Access.SIGNED_IN})
    app.add_api_route("/counting", counting, methods=["GET"])
    client = client_as(OrganisationRole.LEAD, organisation=world.ours)
    found = changed_by(client, world, engine, [route])
    app.router.routes.pop()
    assert found == ["GET /counting (own) changed ['login_session']"]


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM reading")).scalar_one())


def not_listed(
    app: FastAPI, world: World, client_as: ClientAs, engine: Engine, clock: MovableClock
) -> set[str]:
    """Return the routes that showed what a school wrote, or that are in the table, and left no row."""
    found = set()
    for route in sorted(route for route in set(matrix.routes(app)) if route.startswith("GET ")):
        clock.move(hours=1)  # each look is the first of its hour
        manager, before = client_as(PartnershipRole.BOARD_MANAGER), rows(engine)
        replies = (manager.get(world.path(route, case)) for case in ("archived other", "other"))
        reply = next((reply for reply in replies if reply.status_code == 200), None)
        if reply is None:
            continue
        tells = SECRET_CANARY.encode() in matrix.searchable(reply)
        if (tells or route.split(" ", 1)[1] in readings.READS) and rows(engine) == before:
            found.add(route)
    return found


def test_whatever_shows_what_a_school_wrote_is_listed(
    app: FastAPI,
    world: World,
    client_as: ClientAs,
    engine: Engine,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not_listed(app, world, client_as, engine, clock) <= LISTS
    # The control: a page that nobody put into the table is noticed by what it shows.
    forgotten = "/returns/{return_id}/{domain}"
    monkeypatch.setattr(
        readings, "READS", {path: read for path, read in readings.READS.items() if path != forgotten}
    )
    monkeypatch.setattr(
        matrix, "routes", lambda _app: [f"GET {forgotten}", "GET /returns/{return_id}/history"]
    )
    assert not_listed(app, world, client_as, engine, clock) == {f"GET {forgotten}"}
