"""Who read what: noted after the reply, once an hour, and never in the request's own transaction."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.readings import READS
from tests import builders
from tests.conftest import NOW, ClientAs, MovableClock
from tests.core.test_routes import program_routes

pytestmark = pytest.mark.access

R = PartnershipRole
# Files that hold nothing of a return, or that no person reads.
NOT_NOTED = {
    "GET /static/eleven.css",
    "GET /visits/template.docx",
    "GET /visits/template/{template_id}/preview.docx",
}


@pytest.fixture(autouse=True)
def _nothing_read(database: URL, clock: MovableClock) -> Iterator[None]:
    owner = create_engine(database)
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM reading"))
    owner.dispose()
    # Another hour for each test: what a process noted this hour it does not note again.
    clock.move(hours=1)
    yield
    assert clock() > NOW


@pytest.fixture
def school(work: Work) -> tuple[int, int, int]:
    """An organisation, its round and its return."""
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    work.session.commit()
    return place, round_id, builders.return_of(work, round_id, place).id


def noted(engine: Engine) -> list[tuple[str, int, int | None, str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT subject, subject_id, organisation_id, what FROM reading ORDER BY id")
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def test_every_page_of_a_return_every_profile_and_every_file_is_noted(app: FastAPI) -> None:
    routes = {route for route in program_routes(app) if route.startswith("GET ")}
    asked = {
        route
        for route in routes
        if "/returns/{return_id}" in route
        or "/moderation/{return_id}" in route
        or "visits/{visit_id}" in route
        or "/actions/{action_id}" in route
        or re.search(r"{organisation_id}/(profile|history)$", route)
        or re.search(r"\.(csv|xlsx|docx|pdf|zip|odt|json)$", route)
    }
    assert asked - NOT_NOTED == {f"GET {route}" for route in READS}, "name it in app/core/readings.py"


def test_reading_a_return_is_noted_with_its_organisation(
    client_as: ClientAs, engine: Engine, school: tuple[int, int, int]
) -> None:
    place, _, return_id = school
    assert client_as(R.PSO).get(f"/returns/{return_id}").status_code == 200
    assert noted(engine) == [("return", return_id, place, "pages")]


def test_its_own_people_are_noted_too(
    client_as: ClientAs, engine: Engine, school: tuple[int, int, int]
) -> None:
    place, _, return_id = school
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert lead.get(f"/returns/{return_id}/check").status_code == 200
    assert lead.get(f"/returns/{return_id}/answers.xlsx").status_code == 200
    assert noted(engine) == [("return", return_id, place, "pages"), ("return", return_id, place, "workbook")]


def test_profiles_workbooks_and_lists_are_noted(
    client_as: ClientAs, engine: Engine, school: tuple[int, int, int]
) -> None:
    place, round_id, _ = school
    manager = client_as(R.BOARD_MANAGER)
    for path in (
        f"/organisations/{place}/profile",
        f"/rounds/{round_id}/workbook.xlsx",
        f"/rounds/{round_id}/chase.csv",
    ):
        assert manager.get(path).status_code == 200
    assert noted(engine) == [
        ("organisation", place, place, "profile"),
        ("round", round_id, None, "workbook"),
        ("round", round_id, None, "chase_list"),
    ]


def test_the_same_within_the_hour_is_noted_once_whichever_process_answers(
    client_as: ClientAs, engine: Engine, app: FastAPI, clock: MovableClock, school: tuple[int, int, int]
) -> None:
    from app.main import build_app  # noqa: PLC0415 - a second process, in this one

    path = f"/returns/{school[2]}"
    pso = client_as(R.PSO)
    for _ in range(3):
        assert pso.get(path).status_code == 200
    elsewhere = TestClient(build_app(app.state.engine, clock), headers=dict(pso.headers))
    elsewhere.cookies.update(pso.cookies)
    assert elsewhere.get(path).status_code == 200
    elsewhere.close()
    assert len(noted(engine)) == 1
    clock.move(minutes=50)
    assert pso.get(path).status_code == 200
    assert len(noted(engine)) == 2


def test_what_was_not_shown_is_not_noted(
    client_as: ClientAs, engine: Engine, work: Work, school: tuple[int, int, int]
) -> None:
    path = f"/returns/{school[2]}"
    elsewhere = builders.organisation(work, "Elsewhere")
    work.session.commit()
    assert client_as(OrganisationRole.LEAD, organisation=elsewhere).get(path).status_code == 404
    assert client_as(R.ADMINISTRATOR).get(path).status_code == 404
    assert client_as().get(path).status_code == 303
    assert client_as(R.PSO).head(path).status_code in {200, 405}
    assert client_as(R.PSO).get(f"{path}/receipt").status_code == 404
    assert noted(engine) == []


def test_a_note_that_fails_spoils_no_page(
    client_as: ClientAs,
    engine: Engine,
    school: tuple[int, int, int],
    database: URL,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = create_engine(database)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE reading RENAME TO elsewhere"))
    pso = client_as(R.PSO)
    assert pso.get(f"/returns/{school[2]}").status_code == 200
    assert "who read what was not noted: ProgrammingError" in caplog.text
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO reading"))
    owner.dispose()
    assert pso.get(f"/returns/{school[2]}").status_code == 200
    assert len(noted(engine)) == 1, "it is tried again"


def test_the_note_is_written_by_a_transaction_of_its_own_after_the_reply(
    client_as: ClientAs, app: FastAPI, school: tuple[int, int, int]
) -> None:
    statements: list[str] = []

    def begun(_connection: Any) -> None:
        statements.append("BEGIN")

    def sent(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement.strip())

    pso, path = client_as(R.PSO), f"/returns/{school[2]}"
    listeners = (("begin", begun), ("before_cursor_execute", sent))
    for name, listener in listeners:
        event.listen(app.state.engine, name, listener)
    assert pso.get(path).status_code == 200
    first = len(statements)
    assert pso.get(path).status_code == 200
    for name, listener in listeners:
        event.remove(app.state.engine, name, listener)
    assert statements[first - 2] == "BEGIN"
    assert statements[first - 1].startswith("INSERT INTO reading")
    assert len(statements) - first == first - 2, "the second look costs nothing more"


def test_a_note_is_never_changed_but_may_be_deleted_when_its_time_is_over(
    client_as: ClientAs, school: tuple[int, int, int], database: URL
) -> None:
    assert client_as(R.PSO).get(f"/returns/{school[2]}").status_code == 200
    owner = create_engine(database)
    with owner.connect() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text("UPDATE reading SET what = 'pages'"))
    with owner.connect() as connection:
        assert connection.execute(text("DELETE FROM reading")).rowcount == 1
    owner.dispose()
