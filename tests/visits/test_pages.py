"""The pages of visits: what each person sees and may do there."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.clock import london_date
from app.core.database import owner_engine
from app.core.models import OutboxMessage
from app.core.scope import enter
from app.visits import queries, reporting, service, set_up, setting_up
from app.visits.lifecycle import VisitState
from app.visits.rules import Partner
from app.visits.selection import Weights
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.visits import scenes

pytestmark = pytest.mark.visits

MANAGER, PSO = PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO
PARTNER, SCRUTINEER = PartnershipRole.SAFEGUARDING_PARTNER, PartnershipRole.INDEPENDENT_SCRUTINEER


@pytest.fixture
def place(work: Work) -> int:
    """An agency that has signed a return."""
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    work.session.commit()
    return place


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(MANAGER)


def says(client: TestClient, path: str, *texts: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, path
    for expected in texts:
        assert expected in page.text, expected
    return page.text


def step(client: TestClient, visit_id: int, key: str, **form: str) -> int:
    return client.post(f"/visits/{visit_id}/steps/{key}", data=form).status_code


def state(work: Work, visit_id: int) -> VisitState:
    work.session.expire_all()
    return queries.visit_head(work.session, visit_id).state


def test_the_selection_explains_itself_and_takes_a_choice_with_a_reason(
    manager: TestClient, place: int
) -> None:
    says(manager, "/visits/selection", "1 critical standard red (5)", "Never visited", "two years")
    refused = manager.post("/visits/selection", data={"organisation_id": str(place)})
    assert refused.status_code == 422
    assert "Say why you choose it" in refused.text
    data = {"organisation_id": str(place), f"why-{place}": "Two reds"}
    made = manager.post("/visits/selection", data=data)
    assert made.status_code == 303
    says(manager, made.headers["location"], "Waiting for endorsement", "Two reds", "Safeguarding partners")
    says(manager, "/visits", "Waiting for endorsement", "The two-year commitment")
    again = manager.post("/visits/selection", data=data)
    assert "has a visit under way already" in again.text


def test_a_refused_step_changes_nothing_and_keeps_what_was_typed(
    work: Work, manager: TestClient, place: int
) -> None:
    visit_id = scenes.endorsed(work, place)
    work.session.commit()
    page = manager.post(f"/visits/{visit_id}/steps/propose_date", data={"visit_on": "20/3/2027"})
    assert page.status_code == 422
    assert "is a weekend" in page.text
    assert 'value="20/3/2027"' in page.text
    assert state(work, visit_id) is VisitState.ENDORSED
    assert step(manager, visit_id, "hold", highlights="Early") == 422
    assert step(manager, visit_id, "no-such-step") == 404
    assert step(manager, visit_id, "propose_date", visit_on="16/3/2027") == 303
    says(manager, f"/visits/{visit_id}", "Why this date", "Six weeks before Tuesday 16 March 2027")


def test_a_partner_endorses_for_their_own_seat(
    work: Work, client_as: ClientAs, manager: TestClient, place: int
) -> None:
    visit_id = scenes.selected(work, place)
    scenes.partners(work)
    work.session.commit()
    police = client_as(PARTNER, email="police@partners.example.org")
    link = f'href="/visits/{visit_id}"'
    says(police, "/", "Endorse the visit: Emberwick", link)
    says(police, f"/visits/{visit_id}", "You speak for")
    form = {"partner": "health", "answer": "yes"}
    assert step(police, visit_id, "endorse", **form) == 422
    assert step(police, visit_id, "endorse", partner="police", answer="yes") == 303
    assert link not in police.get("/").text
    assert step(manager, visit_id, "endorse", **form) == 422
    assert set(queries.endorsements(work.session, visit_id)) == {Partner.POLICE}


def test_the_scrutineer_reads_everything_and_is_offered_nothing(
    work: Work, client_as: ClientAs, place: int
) -> None:
    visit_id = scenes.preparing_visit(work, place)
    work.session.commit()
    reader = client_as(SCRUTINEER)
    for path in ("/visits", "/visits/selection", f"/visits/{visit_id}", f"/visits/{visit_id}/enquiry"):
        shown = reader.get(path).text.split("<main", 1)[1]
        assert 'method="post"' not in shown, path
    says(reader, f"/visits/{visit_id}", f"/visits/{visit_id}/pack.docx", f"/visits/{visit_id}/enquiry")
    assert reader.post(f"/visits/{visit_id}/enquiry", data={"text": "Why?"}).status_code == 422


def test_notes_questions_and_programme_are_written_on_their_pages(
    work: Work, client_as: ClientAs, place: int
) -> None:
    visit_id = scenes.preparing_visit(work, place)
    work.session.commit()
    pso = client_as(PSO)
    path = f"/visits/{visit_id}/enquiry"
    first = queries.questions(work.session, visit_id)[0]
    says(pso, path, "Ask leaders", "Ask practitioners", "Ask children and families")
    form = {f"text-{first.id}": first.text, f"shows-{first.id}": "strength"}
    refused = pso.post(f"{path}/{first.id}", data=form)
    assert refused.status_code == 422
    assert "Note what you heard or saw" in refused.text
    form[f"heard-{first.id}"] = "It works <b>well</b>"
    assert pso.post(f"{path}/{first.id}", data=form).status_code == 303
    says(pso, path, "It works &lt;b&gt;well&lt;/b&gt;")
    assert (
        pso.post(path, data={"text": "Are you safe?", "ask": "children", "young": "yes"}).status_code == 303
    )
    says(pso, path, "Are you safe?", "Young scrutineer")
    programme = f"/visits/{visit_id}/programme"
    wrong = pso.post(programme, data={"begins": "25:00", "ends": "9", "what": ""})
    assert wrong.status_code == 422
    assert "Enter when it begins" in wrong.text
    right = {"begins": "9.30", "ends": "10.15", "what": "Meet the leaders", "who": "Sam"}
    assert pso.post(programme, data=right).status_code == 303
    says(pso, f"/visits/{visit_id}", "09:30 to 10:15", "Meet the leaders")
    slot = queries.slots(work.session, visit_id)[0]
    assert pso.post(f"{programme}/{slot.id}/remove").status_code == 303
    assert pso.post(f"{programme}/{slot.id}/remove").status_code == 404


def test_the_agency_sees_its_visit_from_the_letter_on_and_the_report_once_released(
    work: Work, client_as: ClientAs, place: int
) -> None:
    visit_id = scenes.endorsed(work, place)
    another = scenes.agency(work, "Another agency")
    work.session.commit()
    own = client_as(OrganisationRole.LEAD, organisation=place)
    stranger = client_as(OrganisationRole.LEAD, organisation=another)
    assert own.get(f"/our-visits/{visit_id}").status_code == 404
    service.drop(work, visit_id, "Again, from the start")
    visit_id = scenes.agreed(work, place)
    work.session.commit()
    text = says(own, f"/our-visits/{visit_id}", "Tuesday 16 March 2027", "A warm welcome", "Meet the leaders")
    assert "Heard about" not in text
    assert own.get(f"/our-visits/{visit_id}/report.docx").status_code == 404
    assert own.post(f"/our-visits/{visit_id}/reply", data={"text": "Too early"}).status_code == 422
    assert stranger.get(f"/our-visits/{visit_id}").status_code == 404
    reporting.release(scenes.later(work, scenes.FAR_DAY), visit_id)
    work.session.commit()
    says(own, f"/our-visits/{visit_id}", "Heard about", "Is every fact right?")
    assert own.get(f"/our-visits/{visit_id}/report.docx").status_code == 200
    assert own.get(f"/visits/{visit_id}").status_code == 404
    assert own.post(f"/our-visits/{visit_id}/reply", data={"text": "Three sites"}).status_code == 303
    assert stranger.post(f"/our-visits/{visit_id}/reply", data={"text": "Not ours"}).status_code == 404
    says(own, "/", "Assurance visits")


@pytest.fixture
def moved(clock: MovableClock) -> Iterator[MovableClock]:
    """A clock that a test may move; it goes back at the end."""
    before = clock.moment
    yield clock
    clock.moment = before


def test_an_overdue_return_is_an_alert_on_the_board_managers_home(
    work: Work, client_as: ClientAs, place: int, moved: MovableClock
) -> None:
    visit_id = scenes.issued(work, place)
    work.session.commit()
    due = queries.visit_head(work.session, visit_id).visit.return_due
    assert due is not None
    for days, expected in ((0, False), (1, True)):
        moved.moment = work.now + timedelta(days=(due - london_date(work.now)).days + days)
        assert ("Return overdue" in client_as(MANAGER).get("/").text) is expected
    assert "Return overdue" not in client_as(PSO).get("/").text
    says(client_as(MANAGER), f"/visits/{visit_id}", "The return is overdue")
    scenes.sign_framework(work, visit_id)
    work.session.commit()
    assert "Return overdue" not in client_as(MANAGER).get("/").text


def test_a_visits_framework_is_no_round_on_the_home_page(work: Work, manager: TestClient, place: int) -> None:
    scenes.issued(work, place)
    work.session.commit()
    assert "Before the visit on" not in manager.get("/").text


def test_the_partnership_sets_points_capacity_and_seats(work: Work, manager: TestClient) -> None:
    scenes.partners(work)
    work.session.commit()
    says(manager, "/visits/settings", "Voice of police", "For each red domain")
    wrong = manager.post("/visits/settings", data={"part": "capacity", "visits_a_month": "many"})
    assert wrong.status_code == 422
    assert "whole number" in wrong.text
    days = {"visits_a_day": "1", "pso_days_a_year": "90", "pso_days_a_visit": "2"}
    right = {"part": "capacity", "visits_a_month": "4", **days}
    assert manager.post("/visits/settings", data=right).status_code == 303
    work.session.expire_all()
    assert set_up.capacity(work.session).visits_a_month == 4
    points = dict.fromkeys(Weights.__slots__, "1")
    assert manager.post("/visits/settings", data={"part": "weights", **points}).status_code == 303
    work.session.expire_all()
    assert set_up.weights(work.session).not_returned == 1
    manager.post("/visits/settings", data={"part": "weights", **{n: str(v) for n, v in DEFAULTS.items()}})
    assert manager.post("/visits/settings", data={"part": "nothing"}).status_code == 422


DEFAULTS = {name: getattr(Weights(), name) for name in Weights.__slots__}


def test_the_letter_goes_to_leads_and_signatories(work: Work, place: int) -> None:
    scenes.announced(work, place)
    rows = work.session.execute(
        select(col(OutboxMessage.recipient), col(OutboxMessage.body)).where(
            col(OutboxMessage.kind) == "visit-selected", col(OutboxMessage.organisation_id) == place
        )
    ).all()
    assert {row[0] for row in rows} >= {f"lead-{place}@example.org", f"signatory-{place}@example.org"}
    assert all("Tuesday 16 March 2027" in body for _, body in rows)


def test_anybody_can_be_found_and_added(work: Work, manager: TestClient) -> None:
    school = builders.organisation(work, "Larkspur Nursery School", kind="nursery_school")
    work.session.commit()
    assert "Larkspur" not in manager.get("/visits/selection").text
    says(manager, "/visits/selection?who=everybody&name=larkspur", "Larkspur Nursery School")
    says(manager, "/visits/selection?who=everybody&name=nobody-at-all", "Nobody is called that")
    data = {"organisation_id": str(school), f"why-{school}": "Neighbours worry"}
    assert manager.post("/visits/selection", data=data).status_code == 303


def test_a_full_month_is_said(work: Work, manager: TestClient) -> None:
    days = {"visits_a_day": 1, "pso_days_a_year": 50, "pso_days_a_visit": 3}
    setting_up.set_capacity(work, {"visits_a_month": 1, **days})
    first, second = (scenes.announced(work, scenes.agency(work, f"Agency {number}")) for number in (1, 2))
    service.set_date(work, first, date(2027, 6, 8), "To be alone")
    work.session.commit()
    assert "you can hold 1 in a month" not in manager.get(f"/visits/{first}").text
    service.set_date(work, second, date(2027, 6, 9), "To be together")
    work.session.commit()
    says(manager, f"/visits/{second}", "2 visits are in June 2027, and you can hold 1 in a month.")


def test_the_database_hides_from_the_agency_what_is_not_for_it(
    work: Work, page_engine: Engine, place: int
) -> None:
    own = Actor(1, "Lead", "", organisations={place: frozenset({OrganisationRole.LEAD})})

    def seen() -> dict[str, int]:
        work.session.commit()
        with Session(page_engine) as session:
            enter(session, own)
            tables = ("visit", "visit_report", "visit_question", "visit_endorsement", "visit_agreement")
            return {
                name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables
            }

    nothing = {"visit_question": 0, "visit_endorsement": 0, "visit_agreement": 0}
    visit_id = scenes.endorsed(work, place)
    assert seen() == {"visit": 0, "visit_report": 0, **nothing}
    service.drop(work, visit_id, "Again, from the start")
    visit_id = scenes.agreed(work, place)
    assert seen() == {"visit": 1, "visit_report": 0, **nothing}
    reporting.release(scenes.later(work, scenes.FAR_DAY), visit_id)
    assert seen() == {"visit": 1, "visit_report": 1, **nothing}


def test_control_without_the_policies_the_agency_would_see_everything(
    work: Work, database: URL, page_engine: Engine, place: int
) -> None:
    scenes.endorsed(work, place)
    work.session.commit()
    own = Actor(1, "Lead", "", organisations={place: frozenset({OrganisationRole.LEAD})})
    owner = owner_engine(database)
    change = "ALTER TABLE visit_endorsement {} ROW LEVEL SECURITY"
    try:
        with owner.begin() as connection:
            connection.execute(text(change.format("DISABLE")))
        with Session(page_engine) as session:
            enter(session, own)
            assert session.execute(text("SELECT count(*) FROM visit_endorsement")).scalar_one() > 0
    finally:
        with owner.begin() as connection:
            connection.execute(text(change.format("ENABLE")))
        owner.dispose()
