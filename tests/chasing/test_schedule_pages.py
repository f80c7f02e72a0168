"""Pages of the schedule: who may, what they change, what they refuse and how they say it."""

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.models import ChaseMessage, Exemption, Extension, MessageOutcome, Pause
from app.chasing.schedule import plan_of
from app.chasing.stages import StageKind
from app.core.access import PartnershipRole, Work
from app.core.models import AuditEvent
from app.returns.models import Return
from tests import builders
from tests.chasing.scenes import put, scene, sign
from tests.chasing.test_chase import words
from tests.conftest import NOW, ClientAs

pytestmark = pytest.mark.chasing
R = PartnershipRole
OWN_PAGES = ["/terms", "/mail-texts", "/mail-texts/head", "/addresses"]
ROUND_PAGES = ["/schedule", "/coming", "/worked", "/send", "/extend", "/exempt", "/pause", "/spared"]


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


@pytest.mark.access
@pytest.mark.parametrize(
    ("role", "status"), [(R.ADMINISTRATOR, 200), (R.PSO, 404), (R.SAFEGUARDING_PARTNER, 404)]
)
def test_only_those_who_look_after_the_register_plan(
    work: Work, client_as: ClientAs, role: PartnershipRole, status: int
) -> None:
    here = scene(work, "Oak").here
    client = client_as(role)
    for path in [*OWN_PAGES, *(here + page for page in ROUND_PAGES)]:
        assert client.get(path).status_code == status, path


def form_of(page: str) -> dict[str, Any]:
    """The schedule's form as a browser would send it."""
    form: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", page):
        got = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if not re.match(r"(key|days|drop|standings)-|send_|named_", got.get("name", "")):
            continue
        if got.get("type") == "checkbox":
            if " checked" in tag:
                form.setdefault(got["name"], []).append(got["value"])
        else:
            form[got["name"]] = got.get("value", "")
    for name, body in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        if chosen:
            form[name] = chosen[1]
    return form


def test_a_schedule_is_changed_and_says_so(work: Work, manager: TestClient, session: Session) -> None:
    this = scene(work, "Oak")
    page = manager.get(f"{this.here}/schedule").text
    assert "21 days before" in words(page)
    assert "Fri 8 Jan 2027" in page
    form = form_of(page)
    form |= {"days-0": "30", "drop-1": "yes", "send_from": "9.15", "named_person": "Sam Hart"}
    form |= {"days-9": "2", "side-9": "after", "kind-9": "head", "standings-9": ["not_opened"]}
    form["named_address"] = "Sam@Partnership.example.org"
    reply = manager.post(f"{this.here}/schedule", data=form)
    assert reply.status_code == 303, words(reply.text)
    plan = plan_of(session, this.round_id)
    assert plan.own
    assert [each.days for each in plan.stages] == [-30, -1, 1, 2, 7, 10, 14, 21, 28]
    assert plan.stages[0].key == "before-21"
    assert plan.stages[3].standings == {"not_opened"}
    assert f"{plan.send_from:%H:%M}" == "09:15"
    assert plan.named_address == "sam@partnership.example.org"
    event = session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "chase.planned", col(AuditEvent.subject_id) == this.round_id
        )
    ).scalar_one()
    assert event.detail["after"]["hours"] == ["09:15", "16:30"]
    assert "30 days before" in words(manager.get(f"{this.here}/schedule?saved=1").text)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"days-0": "soon"}, "days-0", "Enter a whole number of days"),
        ({"days-0": "121"}, "days-0", "up to 120"),
        ({"standings-0": []}, "standings-0", "Choose for whom"),
        ({"kind-0": "letter"}, "kind-0", "Choose what happens"),
        ({"send_from": "late"}, "send_from", "Enter a time like 8:30"),
        ({"send_until": "7:00"}, "send_until", "make this later"),
        ({"named_address": "sam"}, "named_address", "Enter an address"),
        ({"named_person": "", "named_address": "s@example.org"}, "named_person", "name"),
    ],
)
def test_a_mistake_in_a_schedule_is_said_at_its_field(
    work: Work, manager: TestClient, session: Session, change: dict[str, Any], field: str, message: str
) -> None:
    this = scene(work, "Oak")
    form = form_of(manager.get(f"{this.here}/schedule").text) | change
    reply = manager.post(f"{this.here}/schedule", data=form)
    assert reply.status_code == 422
    assert f'href="#{field}"' in reply.text
    assert message in reply.text
    assert not plan_of(session, this.round_id).own


def test_what_is_coming_says_to_whom_and_why(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak", "Ash")
    assert "Nothing is due in these days" in words(manager.get(f"{this.here}/coming").text)
    for name in this.places:
        put(work, this.returns[name], due_on=date(2026, 12, 4))
    sign(work, this.returns["Ash"], date(2026, 11, 16))
    shown = words(manager.get(f"{this.here}/coming").text)
    assert "1 mail about 1 return" in shown
    assert "Friday 27 November 2026: 1 mail" in shown
    assert "Lead of Oak" in shown
    assert "Never opened; due 4 Dec 2026" in shown
    assert "Ash" not in shown


def test_send_now_takes_three_clicks_and_survives_a_second_one(
    work: Work, manager: TestClient, session: Session
) -> None:
    this = scene(work, "Oak", "Ash", "Elm")
    listed = manager.get(f"{this.here}/chase").text
    assert 'form="selection"' in listed
    ticked = [("return", str(this.returns[name])) for name in ("Oak", "Ash")]
    preview = manager.get(f"{this.here}/send?{urlencode(ticked)}").text
    assert "2 mails about 2 organisations" in words(preview)
    assert "Nobody has opened it yet" in preview
    assert "/invitation/" not in preview
    key = re.search(r'name="save_key" value="([0-9a-f]+)"', preview)
    assert key is not None
    data = {"return": [value for _, value in ticked], "to": "answering", "save_key": key[1]}
    first = manager.post(f"{this.here}/send", data=data)
    again = manager.post(f"{this.here}/send", data=data)
    assert first.headers["location"] == again.headers["location"]
    page = words(manager.get(first.headers["location"]).text)
    assert "Reminder to 2 organisations" in page
    assert "0 of 2 done" in page
    found = session.execute(select(ChaseMessage).where(col(ChaseMessage.round_id) == this.round_id)).scalars()
    assert sorted(each.return_id for each in found) == sorted(int(value) for _, value in ticked)


def test_all_that_a_filter_found_can_be_chosen(work: Work, manager: TestClient) -> None:
    this = scene(work, *(f"School {number:02}" for number in range(60)))
    sign(work, this.returns["School 07"], date(2026, 11, 16))
    preview = words(manager.get(f"{this.here}/send?all=1&filter=%3Ftext%3Dschool").text)
    assert "59 mails about 59 organisations" in preview


@pytest.mark.parametrize(
    ("what", "data", "said"),
    [
        ("extend", {"due_on": "26/2/2027"}, "More time until 26 Feb 2027"),
        ("exempt", {"kind": "merged"}, "Exempt: merged with another organisation"),
        ("pause", {"ends_on": "1/12/2026"}, "Paused until 1 Dec 2026"),
    ],
)
def test_more_time_exemptions_and_pauses_have_a_reason(
    work: Work, manager: TestClient, what: str, data: dict[str, str], said: str
) -> None:
    this = scene(work, "Oak", "Ash")
    asked = manager.get(f"{this.here}/{what}?return={this.returns['Oak']}").text
    assert "1 organisation" in words(asked)
    fields = {"return": str(this.returns["Oak"]), **data}
    refused = manager.post(f"{this.here}/{what}", data=fields)
    assert refused.status_code == 422
    assert "Say why" in refused.text
    reply = manager.post(f"{this.here}/{what}", data={**fields, "reason": "Ofsted <is> there"})
    assert reply.status_code == 303
    page = manager.get(reply.headers["location"]).text
    assert said in words(page)
    assert "Ofsted &lt;is&gt; there" in page
    assert "Ash" not in page


def test_the_exempt_count_neither_as_asked_nor_as_missing(
    work: Work, manager: TestClient, session: Session
) -> None:
    this = scene(work, "Oak", "Ash")
    data = {"return": str(this.returns["Oak"]), "kind": "closed", "reason": "Closed in July"}
    manager.post(f"{this.here}/exempt", data=data)
    assert "0 of 1" in words(manager.get(this.here).text)
    listed = manager.get(f"{this.here}/chase?state=all").text
    assert "Ash" in listed
    assert f'id="return-{this.returns["Oak"]}"' not in listed
    number = session.execute(
        select(col(Exemption.id)).where(col(Exemption.return_id) == this.returns["Oak"])
    ).scalar_one()
    assert manager.post(f"{this.here}/exemptions/{number}/lift").status_code == 303
    assert manager.post(f"{this.here}/exemptions/{number}/lift").status_code == 303
    assert "0 of 2" in words(manager.get(this.here).text)


@pytest.mark.access
def test_nothing_of_another_round_is_touched(work: Work, manager: TestClient, session: Session) -> None:
    this, other = scene(work, "Oak"), scene(work, "Elm")
    data = {"return": str(other.returns["Elm"]), "reason": "x", "due_on": "26/2/2027", "kind": "merged"}
    for what in ("extend", "exempt", "pause"):
        assert manager.post(f"{this.here}/{what}", data=data).status_code == 422
    assert session.get_one(Return, other.returns["Elm"]).due_on == date(2027, 1, 29)
    for model in (Exemption, Extension, Pause):
        place: Any = model
        mine = select(place).where(place.organisation_id == other.places["Elm"])
        assert session.execute(mine).first() is None
    manager.post(f"{other.here}/exempt", data=data)
    number = session.execute(
        select(col(Exemption.id)).where(col(Exemption.return_id) == other.returns["Elm"])
    ).scalar_one()
    assert manager.post(f"{this.here}/exemptions/{number}/lift").status_code == 404


def test_a_round_is_paused_and_goes_on(work: Work, manager: TestClient, session: Session) -> None:
    this = scene(work, "Oak")
    assert manager.post(f"{this.here}/schedule/pause", data={"reason": ""}).status_code == 422
    manager.post(f"{this.here}/schedule/pause", data={"reason": "Cyber attack", "ends_on": "1/2/2027"})
    page = words(manager.get(f"{this.here}/schedule").text)
    assert (
        "This round is paused to the end of Monday 1 February 2027: no reminder leaves. Cyber attack" in page
    )
    number = session.execute(select(col(Pause.id)).where(col(Pause.round_id) == this.round_id)).scalar_one()
    assert manager.post(f"{this.here}/pauses/{number}/end").status_code == 303
    assert "This round is paused" not in words(manager.get(f"{this.here}/schedule").text)


def test_what_worked_counts_what_happened_after_a_mail(work: Work, manager: TestClient) -> None:
    this = scene(work, "Oak")
    assert "No reminder has left yet" in manager.get(f"{this.here}/worked").text
    for number in range(3):
        work.session.add(
            ChaseMessage(
                dedupe_key=f"worked-{this.round_id}-{number}",
                round_id=this.round_id,
                return_id=this.returns["Oak"],
                organisation_id=this.places["Oak"],
                stage_key="before-7",
                kind=StageKind.REMINDER,
                due_on=date(2027, 1, 29),
                state_then="not_opened",
                address="a@example.org",
                queued_at=NOW,
                outcome=MessageOutcome.SENT,
                settled_at=NOW - timedelta(days=10 * number, hours=1),
            )
        )
    work.session.commit()
    person = builders.as_person(work, this.places["Oak"])
    head = builders.return_of(work, this.round_id, this.places["Oak"])
    from app.questionnaires.queries import questionnaire  # noqa: PLC0415

    first = questionnaire(work.session, head.version_id).questions[0].key
    builders.save(person, head.id, first, builders.AMBER)
    work.session.commit()
    page = words(manager.get(f"{this.here}/worked").text)
    assert "7 days before: reminder 3 1 33% 0" in page
