"""The chase list and its call log: who may, what it shows, where one comes back to."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.chasing import service
from app.chasing.models import Call
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.errors import NotFoundError
from app.core.models import AuditEvent
from app.organisations.models import Contact, Succession
from app.ratings import service as ratings
from app.ratings.models import RatingSource
from app.ratings.service import RatedReturn
from app.returns.models import ReturnState
from tests import builders
from tests.chasing.scenes import Scene, close, counted, put, scene, sign
from tests.conftest import NOW, ClientAs
from tests.ratings.builders import rated

pytestmark = pytest.mark.chasing
R = PartnershipRole
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


def names_on(page: str) -> list[str]:
    return re.findall(r'<h2 class="govuk-heading-s[^>]*>\s*<a [^>]*>([^<]+)</a>', page)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.access
@pytest.mark.parametrize("path", ["/chase", "/chase.csv"])
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (R.BOARD_MANAGER, 200),
        (R.ADMINISTRATOR, 200),
        (R.PSO, 404),
        (R.SAFEGUARDING_PARTNER, 404),
        (R.INDEPENDENT_SCRUTINEER, 404),
    ],
)
def test_only_those_who_look_after_the_register_chase(
    work: Work, client_as: ClientAs, role: PartnershipRole, path: str, status: int
) -> None:
    assert client_as(role).get(scene(work, "Oak").here + path).status_code == status


@pytest.mark.access
def test_people_of_an_organisation_do_not_reach_the_list_or_the_log(work: Work, client_as: ClientAs) -> None:
    this = scene(work, "Oak")
    lead = client_as(OrganisationRole.LEAD, organisation=this.places["Oak"])
    assert lead.get(f"{this.here}/chase").status_code == 404
    assert (
        lead.post(f"{this.here}/chase/{this.returns['Oak']}/call", data={"outcome": "spoke"}).status_code
        == 404
    )


@pytest.mark.access
def test_the_service_itself_refuses_people_who_may_not_chase(work: Work) -> None:
    this = scene(work, "Oak")
    person = builders.as_person(work, this.places["Oak"])
    with pytest.raises(NotFoundError):
        service.log_call(person, this.returns["Oak"], "spoke", round_id=this.round_id)


def test_a_row_has_all_that_a_call_needs(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oakfield Academy", pupils=1210)
    put(work, this.returns["Oakfield Academy"], state=ReturnState.IN_PROGRESS, answered=34, total=58)
    text = manager.get(f"{this.here}/chase").text
    place = this.places["Oakfield Academy"]
    assert 'href="tel:01632960123"' in text
    assert f'href="mailto:lead-{place}@example.org"' in text
    assert "34 of 58 answered" in text
    assert "Lead of Oakfield Academy, designated safeguarding lead" in words(text)
    assert "1,210 pupils" in text


def test_each_state_can_be_listed(work: Work, manager: TestClient) -> None:
    this = scene(work, "New", "Opened", "Busy", "Quiet", "Ready", "Back", "Done", "Late", "Nobody")
    ids = this.returns
    put(work, ids["Opened"], state=ReturnState.OPENED)
    put(work, ids["Busy"], state=ReturnState.IN_PROGRESS, last_saved_at=NOW - timedelta(days=9))
    put(work, ids["Quiet"], state=ReturnState.IN_PROGRESS, last_saved_at=NOW - timedelta(days=10))
    put(work, ids["Ready"], state=ReturnState.READY, ready_at=NOW)
    put(work, ids["Back"], state=ReturnState.IN_PROGRESS, sent_back_at=NOW, last_saved_at=NOW)
    sign(work, ids["Done"], date(2027, 1, 29))
    sign(work, ids["Late"], date(2027, 1, 30))
    put(work, ids["New"], due_on=date(2026, 11, 15))
    for contact in work.session.execute(
        select(Contact).where(col(Contact.organisation_id) == this.places["Nobody"])
    ).scalars():
        contact.ended_at = NOW
    work.session.commit()
    expected = {
        "not_opened": ["New"],
        "overdue": ["New"],
        "not_started": ["Opened"],
        "in_progress": ["Busy"],
        "stalled": ["Quiet"],
        "waiting": ["Ready"],
        "sent_back": ["Back"],
        "signed": ["Done"],
        "signed_late": ["Late"],
        "no_contact": ["Nobody"],
    }
    for state, names in expected.items():
        assert names_on(manager.get(f"{this.here}/chase?state={state}").text) == names, state
    assert len(names_on(manager.get(f"{this.here}/chase").text)) == 7
    assert len(names_on(manager.get(f"{this.here}/chase?state=all").text)) == 9


def test_last_year_gives_reasons_and_follows_a_succession(work: Work, client_as: ClientAs) -> None:
    before = scene(work, "Old Oak", "Elm")
    old, elm = before.places["Old Oak"], before.places["Elm"]
    sign(work, before.returns["Elm"], date(2026, 11, 1))
    ratings.store(
        work,
        RatedReturn(before.returns["Elm"], before.round_id, elm),
        [rated("R R G", domain_key="leadership-and-governance"), rated("R R R", domain_key="culture")],
        RatingSource.SELF,
    )
    new = builders.organisation(work, "New Oak")
    work.session.add(Succession(predecessor_id=old, successor_id=new))
    round_id = builders.open_round(work, [new, elm], previous=before.round_id)
    work.session.commit()
    page = words(client_as(R.BOARD_MANAGER).get(f"/rounds/{round_id}/chase?sort=name").text)
    assert page.index("2 red domains last year") < page.index("Did not answer last year")
    # Administrators look after the register and read no ratings.
    hidden = words(client_as(R.ADMINISTRATOR).get(f"/rounds/{round_id}/chase").text)
    assert "red domains" not in hidden
    assert "Did not answer last year" in hidden or "did not answer last year" in hidden


def log(manager: TestClient, this: Scene, name: str, **data: str) -> str:
    reply = manager.post(f"{this.here}/chase/{this.returns[name]}/call", data=data)
    assert reply.status_code == 303, reply.text
    return str(reply.headers["location"])


def test_a_call_is_logged_shown_and_audited(work: Work, manager: TestClient, session: Session) -> None:
    this = scene(work, "Oak")
    back = log(
        manager,
        this,
        "Oak",
        outcome="message",
        note="Rings  back",
        next_on="24 November 2026",
        back="?sort=name",
    )
    assert back == f"{this.here}/chase?sort=name&called={this.returns['Oak']}"
    page = words(manager.get(back).text)
    assert "Call logged Oak: left a message. Next call on Tuesday 24 November 2026." in page
    assert "“Rings back”" in page
    assert "Next call on 24 November." in page
    call = session.execute(select(Call).where(col(Call.return_id) == this.returns["Oak"])).scalar_one()
    assert (call.outcome, call.note, call.next_on) == ("message", "Rings back", date(2026, 11, 24))
    event = session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "call.logged", col(AuditEvent.subject_id) == this.returns["Oak"]
        )
    ).scalar_one()
    assert event.organisation_id == this.places["Oak"]
    assert event.detail["next_on"] == "2026-11-24"


def test_the_newest_call_counts_and_all_are_counted(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak")
    log(manager, this, "Oak", outcome="no_answer")
    log(manager, this, "Oak", outcome="spoke", note="Doing it on Friday")
    page = words(manager.get(f"{this.here}/chase").text)
    assert "spoke to somebody. “Doing it on Friday” 2 calls so far." in page


@pytest.mark.access
@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "?sort=name&next=https://evil.example",
        "?state=<script>",
        "\x00",
    ],
)
def test_the_way_back_is_never_anybody_elses(work: Work, manager: TestClient, back: str) -> None:
    this = scene(work, "Oak")
    location = log(manager, this, "Oak", outcome="spoke", back=back)
    assert location.startswith(f"{this.here}/chase?")
    assert "evil" not in location
    assert "script" not in location


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"outcome": ""}, "outcome", "Choose what came of the call"),
        ({"outcome": "married"}, "outcome", "Choose what came of the call"),
        ({"outcome": "spoke", "next_on": "soon"}, "next_on", "Enter the day of the next call"),
        ({"outcome": "spoke", "next_on": "15/11/2026"}, "next_on", "must be today or later"),
        ({"outcome": "spoke", "note": "n" * 301}, "note", "Shorten the note to 300"),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(
    work: Work, manager: TestClient, session: Session, data: dict[str, str], field: str, message: str
) -> None:
    this = scene(work, "Oak")
    number = this.returns["Oak"]
    reply = manager.post(f"{this.here}/chase/{number}/call", data={"note": "Keep <me>", **data})
    assert reply.status_code == 422
    assert f'href="#{field}-{number}"' in reply.text
    assert f'id="{field}-{number}-error"' in reply.text
    assert message in reply.text
    assert "open>" in reply.text
    if "note" not in data:
        assert 'value="Keep &lt;me&gt;"' in reply.text
    assert session.execute(select(Call).where(col(Call.return_id) == number)).first() is None


def test_what_was_typed_stays_in_sight_when_the_row_no_longer_fits_the_filter(
    work: Work, manager: TestClient
) -> None:
    this = scene(work, "Oak")
    sign(work, this.returns["Oak"], date(2026, 11, 15))
    reply = manager.post(
        f"{this.here}/chase/{this.returns['Oak']}/call",
        data={"outcome": "", "note": "Said they signed", "back": ""},
    )
    assert names_on(reply.text) == ["Oak"]
    assert "Said they signed" in reply.text


@pytest.mark.access
def test_a_call_about_another_rounds_return_is_not_found(work: Work, manager: TestClient) -> None:
    this, other = scene(work, "Oak"), scene(work, "Elm")
    for data in ({"outcome": "spoke"}, {"outcome": ""}):
        reply = manager.post(f"{this.here}/chase/{other.returns['Elm']}/call", data=data)
        assert reply.status_code == 404


def test_a_closed_round_still_shows_its_list_and_takes_calls(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak")
    close(work, this.round_id)
    assert "Nobody can answer until it is reopened" in manager.get(f"{this.here}/chase").text
    log(manager, this, "Oak", outcome="spoke")


def test_filters_search_and_pages(work: Work, manager: TestClient) -> None:
    this = scene(work, *(f"School {number:02}" for number in range(55)))
    first = manager.get(f"{this.here}/chase?sort=name").text
    second = manager.get(f"{this.here}/chase?sort=name&page=2").text
    assert names_on(first) == [f"School {number:02}" for number in range(50)]
    assert names_on(second) == [f"School {number:02}" for number in range(50, 55)]
    assert f'href="{this.here}/chase?sort=name&amp;page=2"' in first
    assert names_on(manager.get(f"{this.here}/chase?text=school+07").text) == ["School 07"]
    nothing = manager.get(f"{this.here}/chase?text=absent").text
    assert "No organisation fits these filters" in nothing
    assert "Take the filters away" in nothing


def test_htmx_gets_the_list_alone_and_history_gets_the_page(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak")
    part = manager.get(f"{this.here}/chase?sort=name", headers=PARTIAL).text
    assert "<html" not in part
    assert names_on(part) == ["Oak"]
    restored = {"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    assert "<html" in manager.get(f"{this.here}/chase?sort=name", headers=restored).text


def test_when_everybody_has_signed_there_is_nobody_to_ring(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak")
    sign(work, this.returns["Oak"], date(2026, 11, 15))
    assert "there is nobody to ring" in manager.get(f"{this.here}/chase").text


def test_the_export_holds_the_filtered_list_and_no_formula(work: Work, manager: TestClient) -> None:
    this = scene(work, "=1+1", "@SUM(A1)", "<script>", "Oak", district="-2")
    log(manager, this, "Oak", outcome="spoke", note="+44 1632")
    sign(work, this.returns["@SUM(A1)"], date(2026, 11, 15))
    reply = manager.get(f"{this.here}/chase.csv?sort=name")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in reply.headers["content-disposition"]
    assert reply.content.startswith(b"\xef\xbb\xbf")
    _, *rows = csv.reader(io.StringIO(reply.content.decode("utf-8-sig")))
    assert [row[0] for row in rows] == ["<script>", "'=1+1", "Oak"]
    assert {row[3] for row in rows} == {"'-2"}
    assert rows[2][15] == "'+44 1632"


def test_names_of_any_kind_are_shown_as_text(work: Work, manager: TestClient) -> None:
    this = scene(work, "<script>alert(1)</script>", "N" * 90)
    page = manager.get(f"{this.here}/chase").text
    assert "<script>alert" not in page
    assert "N" * 90 in page


def test_the_list_costs_the_same_however_many_rows_it_has(
    work: Work, manager: TestClient, page_engine: Engine
) -> None:
    before = scene(work, "Before")
    small = scene(work, "Only", previous=before.round_id)
    large = scene(work, *(f"School {number}" for number in range(40)), previous=before.round_id)
    counts = []
    for each in (small, large):
        for path in ("/chase", "/chase.csv"):
            with counted(page_engine) as statements:
                assert manager.get(each.here + path).status_code == 200
            counts.append(len(statements))
    # Who is asking, the round, whether it is for a visit, the list, its schedule and the terms; on the page
    # the last contacts, who is exempt and who is not invited yet besides.
    assert counts == [9, 6, 9, 6]
