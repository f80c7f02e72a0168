"""The page of the partnership's year: who sees what, and how entries are put in, changed and taken out."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import icalendar
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlmodel import Session

from app.chasing import term_dates
from app.chasing.term_dates import NewTerm
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.database import owner_engine
from app.core.scope import APP_ROLE, enter
from app.planner.recurrence import Repeat
from app.planner.year_queries import entry_marks
from app.visits import service
from tests import builders
from tests.conftest import ClientAs
from tests.planner.plans import monthly, series
from tests.visits import scenes

pytestmark = pytest.mark.visits

MANAGER, ADMINISTRATOR = PartnershipRole.BOARD_MANAGER, PartnershipRole.ADMINISTRATOR
FORM = {
    "title": "Staff engagement event",
    "kind": "staff_event",
    "first_on": "3/12/2026",
    "repeats": "termly",
    "repeats_until": "31/8/2027",
    "note": "Town hall",
}


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> Iterator[None]:
    """Each test has a year of its own."""
    yield
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM planner_entry"))


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    """The board manager at a browser."""
    return client_as(MANAGER)


def cell(page: str, month: str, column: int) -> str:
    """Return what stands in a cell of the table."""
    row = page.split(f'<th scope="row" class="govuk-table__header">{month}', 1)[1].split("</tr>", 1)[0]
    return row.split('<td class="govuk-table__cell">')[column]


def test_the_year_fills_itself_from_rounds_and_visits(work: Work, manager: TestClient) -> None:
    place = scenes.agency(work)
    builders.open_round(work, [place], title="Section 11, 2026 to 2027", due_on=date(2027, 1, 30))
    visit_id = scenes.endorsed(work, place)
    work.session.commit()
    assert "1 visit has no date yet" in manager.get("/planner").text
    service.set_date(work, visit_id, date(2027, 3, 16))
    work.session.commit()
    page = manager.get("/planner?year=2026").text
    assert "School year 2026 to 2027" in page
    assert "Opens: Section 11, 2026 to 2027" in cell(page, "Oct 2026", 1)
    assert "Due: Section 11, 2026 to 2027" in cell(page, "Jan 2027", 1)
    assert "Framework out: Emberwick" in cell(page, "Feb 2027", 2)
    assert "Return back: Emberwick" in cell(page, "Feb 2027", 2)
    assert f'href="/visits/{visit_id}">Visit: Emberwick' in cell(page, "Mar 2027", 2)
    assert "Saturday 30 January 2027 is a weekend." in page
    service.drop(work, visit_id, "An inspection began")
    work.session.commit()
    assert "Emberwick" not in manager.get("/planner?year=2026").text


def test_years_are_chosen_and_stepped(manager: TestClient) -> None:
    page = manager.get("/planner").text
    for link in ("/planner?year=2025", "/planner?year=2027", "/planner?year=2026&amp;by=financial"):
        assert f'href="{link}"' in page, link
    financial = manager.get("/planner?by=financial&year=2026").text
    assert "Financial year 2026 to 2027" in financial
    assert financial.index("Apr 2026") < financial.index("Mar 2027")
    assert 'href="/planner?year=2027&amp;by=financial"' in financial
    for strange in ("year=99999", "year=-1", "year=abc", "by=moon", "view=x"):
        assert "School year 2026 to 2027" in manager.get(f"/planner?{strange}").text
    listed = manager.get("/planner?view=list&year=2040").text
    assert "<table" not in listed
    assert listed.count("Nothing planned.") == 12


def test_an_entry_is_put_in_changed_and_taken_out(work: Work, manager: TestClient) -> None:
    wrong = manager.post("/planner/entries", data={**FORM, "title": "", "repeats_until": ""})
    assert wrong.status_code == 422
    assert 'href="#title"' in wrong.text
    assert 'href="#repeats_until"' in wrong.text
    assert "Town hall</textarea>" in wrong.text, "what was typed stays"
    assert manager.post("/planner/entries", data=FORM).headers["location"] == "/planner?year=2026"
    page = manager.get("/planner").text
    assert "Staff engagement event" in cell(page, "Dec 2026", 5)
    assert "Staff engagement event" in cell(page, "Apr 2027", 5)
    (entry,) = series(work)
    path = f"/planner/entries/{entry.id}/1"
    form = manager.get(path).text
    assert "Every term, until Tuesday 31 August 2027" in form
    assert 'value="3/4/2027"' in form
    moved = {**FORM, "first_on": "20/4/2027", "title": "Staff event, moved"}
    asked = manager.post(path, data=moved)
    assert asked.status_code == 422
    assert "Choose whether you mean this one only" in asked.text
    assert manager.post(path, data={**moved, "which": "one"}).status_code == 303
    assert manager.get(path).status_code == 404
    assert "Staff event, moved" in cell(manager.get("/planner").text, "Apr 2027", 5)
    assert manager.post(f"/planner/entries/{entry.id}/0/remove").status_code == 422
    gone = manager.post(f"/planner/entries/{entry.id}/0/remove", data={"which": "following"})
    assert gone.status_code == 303
    assert "Staff" not in manager.get("/planner").text.split("<tbody", 1)[1]


def test_own_kinds_become_columns(manager: TestClient) -> None:
    training = {**FORM, "kind": "own", "own_kind": "Training", "repeats": "once", "repeats_until": ""}
    assert manager.post("/planner/entries", data=training).status_code == 303
    page = manager.get("/planner").text
    assert "Training</th>" in page
    again = {**training, "kind": "own:Training", "own_kind": "", "first_on": "4/12/2026"}
    assert manager.post("/planner/entries", data=again).status_code == 303
    assert cell(manager.get("/planner").text, "Dec 2026", 6).count("Staff engagement event") == 2


def test_a_visit_in_the_holidays_is_said(work: Work, manager: TestClient) -> None:
    place = scenes.agency(work, "Holmdale Youth Service")
    visit_id = scenes.endorsed(work, place)
    service.set_date(work, visit_id, date(2027, 4, 7))
    term_dates.add_terms(work, [NewTerm("Spring", date(2027, 1, 4), date(2027, 3, 25))])
    work.session.commit()
    page = manager.get("/planner").text
    assert "Wednesday 7 April 2027 is in the school holidays" in page
    assert "year-trouble" in cell(page, "Apr 2027", 2)


@pytest.mark.parametrize("role", sorted(PartnershipRole))
def test_everybody_of_the_partnership_reads_and_two_roles_write(
    work: Work, client_as: ClientAs, role: PartnershipRole
) -> None:
    made = monthly(work, note="Bring the files")
    place = scenes.agency(work, f"Visited by {role}")
    visit_id = scenes.endorsed(work, place)
    service.set_date(work, visit_id, date(2027, 3, 16))
    work.session.commit()
    client = client_as(role)
    page = client.get("/planner").text
    writes = role in {MANAGER, ADMINISTRATOR}
    assert "Deep dive: neglect" in page
    assert ("Add an entry" in page) is writes
    # Visits are for those who read ratings, here as on their own pages.
    assert (f"Visited by {role}" in page) is (role is not ADMINISTRATOR)
    entry = client.get(f"/planner/entries/{made}/1").text
    assert "Bring the files" in entry
    assert ('<form action="/planner' in entry) is writes
    assert client.post("/planner/entries", data=FORM).status_code == (303 if writes else 404)
    for path in (f"/planner/entries/{made}/0", f"/planner/entries/{made}/0/remove"):
        reply = client.post(path, data={**FORM, "which": "one"})
        assert reply.status_code == (303 if writes and path.endswith("/0") else 404)


# --- agencies ---------------------------------------------------------------------------------------


def test_agencies_see_what_is_marked_for_them_on_their_home_page(work: Work, client_as: ClientAs) -> None:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    monthly(work)
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert lead.get("/").headers["location"] == f"/returns/{this.id}", "nothing is for them: straight on"
    monthly(work, title="Staff engagement event", note="Town hall", for_agencies=True)
    home = lead.get("/").text
    assert "Sunday 31 January 2027" in home
    assert "Town hall" in home
    assert "Deep dive" not in home
    assert lead.get("/planner").status_code == 404


def events(reply: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(reply).walk("VEVENT"))


def feed_of(client: TestClient) -> list[Any]:
    assert client.post("/calendar").status_code == 303
    address = client.get("/calendar").text.split('href="http', 1)[1].split('"', 1)[0]
    return events(client.get("/calendar/" + address.rsplit("/", 1)[1]).text)


def test_the_calendar_has_the_year_for_the_partnership_and_the_shared_part_for_agencies(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work)
    builders.open_round(work, [place], title="Section 175")
    monthly(work, last=date(2027, 2, 2), until=date(2027, 2, 28))
    monthly(work, title="Staff event", for_agencies=True, repeat=Repeat.ONCE)
    board = feed_of(client_as(MANAGER))
    found = [(str(each["SUMMARY"]), each["DTSTART"].dt, each["DTEND"].dt) for each in board]
    assert ("Deep dive: neglect", date(2027, 1, 31), date(2027, 2, 3)) in found, "the end is the day after"
    assert ("Deep dive: neglect", date(2027, 2, 28), date(2027, 3, 3)) in found
    assert "Section 175: returns are due" in [title for title, _, _ in found]
    assert len({str(each["UID"]) for each in board}) == len(board)
    lead = feed_of(client_as(OrganisationRole.LEAD, organisation=place))
    assert [str(each["SUMMARY"]) for each in lead] == [
        "Section 175: Ashgrove Primary School is due",
        "Staff event",
    ]
    assert "planner" not in str(lead[1].get("DESCRIPTION", ""))


def seen_by(engine: Engine, actor: Actor | None) -> set[str]:
    with Session(engine) as session:
        enter(session, actor)
        return {mark.title for mark in entry_marks(session, date(2027, 1, 1), date(2027, 12, 31))}


def test_the_database_shows_organisations_only_what_is_for_them(
    work: Work, page_engine: Engine, database: URL
) -> None:
    place = builders.organisation(work)
    monthly(work)
    monthly(work, title="Staff event", for_agencies=True)
    person = Actor(1, "Robin", "", organisations={place: frozenset(OrganisationRole)})
    assert seen_by(page_engine, person) == {"Staff event"}
    assert seen_by(page_engine, None) == set(), "before somebody is known nothing is in sight"
    manager = Actor(1, "Morgan", "", roles=frozenset({MANAGER}))
    assert seen_by(page_engine, manager) == {"Staff event", "Deep dive: neglect"}
    with page_engine.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {APP_ROLE}"))
        connection.execute(text("SELECT set_config('eleven.scope', 'organisation', true)"))
        changed = connection.execute(text("UPDATE planner_entry SET title = 'Mine'")).rowcount
        assert changed == 0
    # The control: without its policy the query alone would show everything.
    owner = owner_engine(database)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE planner_entry DISABLE ROW LEVEL SECURITY"))
    assert seen_by(page_engine, person) == {"Staff event", "Deep dive: neglect"}
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE planner_entry ENABLE ROW LEVEL SECURITY"))
    owner.dispose()
