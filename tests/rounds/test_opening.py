"""A round that was issued before it opens: everybody is told the same, and nobody answers early."""

from dataclasses import dataclass
from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.clock import LONDON
from app.core.errors import RefusedError
from app.core.models import OutboxMessage
from app.returns import issuing, queries, service
from app.returns.queries import ReturnHead
from app.rounds import service as rounds
from app.rounds.models import Round
from app.rounds.rules import Audience, date_problems
from tests import builders
from tests.conftest import NOW, ClientAs, MovableClock

OPENS = date(2026, 12, 1)
PART = "leadership-and-governance"


@dataclass
class Early:
    """A round issued on 16 November that opens on 1 December, and one school's return in it."""

    round_id: int
    place: int
    this: ReturnHead


@pytest.fixture(autouse=True)
def _sixteenth_of_november(clock: MovableClock) -> None:
    clock.moment = NOW


@pytest.fixture
def early(work: Work) -> Early:
    place = builders.organisation(work)
    builders.contact(work, place, f"lead-{place}@ashgrove.example.org")
    this = Round(
        title="Section 175, 2026 to 2027",
        version_id=builders.published(work),
        school_year="2026 to 2027",
        opens_on=OPENS,
        due_on=date(2027, 1, 29),
        created_at=work.now,
    )
    work.session.add(this)
    work.session.flush()
    round_id = this.id or 0
    rounds.set_audience(work, round_id, Audience(included=frozenset([place])))
    issuing.issue(work, round_id)
    made = builders.return_of(work, round_id, place)
    work.session.commit()
    return Early(round_id, place, made)


def test_the_invitations_leave_on_the_opening_day(early: Early, work: Work) -> None:
    (mail,) = work.session.execute(
        select(OutboxMessage).where(col(OutboxMessage.organisation_id) == early.place)
    ).scalars()
    assert mail.due_at == datetime(2026, 12, 1, 8, tzinfo=LONDON)


def test_nothing_is_saved_before_the_opening_day_and_everything_from_it_on(
    early: Early, work: Work, client_as: ClientAs, clock: MovableClock
) -> None:
    key = queries.questionnaire_of(work.session, early.this).rated[0].key
    lead = client_as(OrganisationRole.LEAD, organisation=early.place)
    sent = {f"{key}.level": "green"}
    refused = lead.post(f"/returns/{early.this.id}/{PART}/{key}", data=sent)
    assert refused.status_code == 423
    assert "opens on Tuesday 1 December 2026" in refused.text
    lead.post(f"/returns/{early.this.id}/opened")
    assert queries.head(work.session, work.actor, early.this.id).state.value == "issued"
    clock.moment = datetime(2026, 12, 1, 0, 1, tzinfo=LONDON)
    later = client_as(OrganisationRole.LEAD, organisation=early.place)
    assert later.post(f"/returns/{early.this.id}/{PART}/{key}", data=sent).status_code == 200


@pytest.mark.faults
def test_the_check_catches_a_lock_that_forgets_the_opening_day(
    early: Early, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = builders.as_person(work, early.place)
    with pytest.raises(RefusedError, match="opens on"):
        service.hold(person, early.this.id)
    monkeypatch.setattr("app.returns.service.london_date", lambda _moment: date.max)
    assert service.hold(person, early.this.id).id == early.this.id


def test_every_page_of_the_school_says_when_it_opens(early: Early, client_as: ClientAs) -> None:
    lead = client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=early.place)
    page = f"/returns/{early.this.id}"
    tasks = lead.get(page).text
    assert "Opens Tuesday 1 December 2026" in tasks
    assert "Start now" not in tasks
    part = lead.get(f"{page}/{PART}").text
    assert "can be answered from Tuesday 1 December 2026" in part
    assert "<textarea" not in part
    assert "Not in place" in part or "not in place" in part
    for path in ("/check", "/sign-off"):
        assert 'name="declared"' not in lead.get(page + path).text
        assert "ask for the signature" not in lead.get(page + path).text


def test_every_page_of_the_partnership_says_when_it_opens(
    early: Early, client_as: ClientAs, clock: MovableClock
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    overview = f"/rounds/{early.round_id}"
    assert "Opens later" in manager.get(overview).text
    assert "Opens 1 Dec 2026" in manager.get(overview).text
    assert "Opened 1 Dec" not in manager.get(overview).text
    assert "Opens later" in manager.get("/rounds").text
    assert "Opens Tuesday 1 December 2026" in manager.get("/").text
    assert "opens on Tuesday 1 December 2026" in manager.get(f"{overview}/chase").text
    assert "leave in the morning of Tuesday 1 December 2026" in manager.get(f"{overview}/issue").text
    clock.move(days=30)
    later = client_as(PartnershipRole.BOARD_MANAGER, email="later@example.org")
    assert "Opened 1 Dec 2026" in later.get(overview).text


@pytest.mark.parametrize(
    ("opens_on", "due_on", "wrong"),
    [
        (date(2026, 12, 1), date(2027, 1, 29), set()),
        (date(2026, 10, 1), date(2027, 1, 29), set()),
        (date(2025, 12, 1), date(2027, 1, 29), {"due_on"}),
        (date(2026, 12, 1), date(2028, 1, 29), {"due_on"}),
        (date(2027, 1, 20), date(2027, 1, 29), {"due_on"}),
    ],
)
def test_a_year_typed_wrongly_is_noticed(opens_on: date, due_on: date, wrong: set[str]) -> None:
    assert set(date_problems(opens_on, due_on, date(2026, 11, 16))) == wrong
