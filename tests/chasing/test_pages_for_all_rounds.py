"""Pages that serve every round: term dates, the partnership's own words, addresses, the calendar."""

import re
from datetime import date
from typing import Any

import icalendar
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.models import TermDates
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.models import MailText, UndeliverableAddress
from tests.chasing.scenes import scene
from tests.chasing.test_chase import words
from tests.conftest import ClientAs

pytestmark = pytest.mark.chasing
R = PartnershipRole


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


# --- terms ---------------------------------------------------------------------------------------------

CSV = b"Term,First day,Last day\r\nAutumn 1,2/9/2026,23/10/2026\r\nAutumn 2,2 November 2026,2026-12-18\r\n"


def calendar() -> bytes:
    made = icalendar.Calendar()
    for name, first, after in (
        ("Spring term", date(2027, 1, 4), date(2027, 2, 13)),
        ("Half term holiday", date(2027, 2, 13), date(2027, 2, 22)),
        ("INSET day", date(2027, 2, 22), date(2027, 2, 23)),
    ):
        event = icalendar.Event()
        event.add("summary", name)
        event.add("dtstart", first)
        event.add("dtend", after)
        made.add_component(event)
    return bytes(made.to_ical())


def test_terms_come_from_files_all_or_none(work: Work, manager: TestClient, session: Session) -> None:
    del work
    for name, data in (("terms.csv", CSV), ("terms.csv", CSV), ("terms.ics", calendar())):
        assert manager.post("/terms/import", files={"file": (name, data)}).status_code == 303
    rows = session.execute(select(col(TermDates.first_on), col(TermDates.last_on))).all()
    assert sorted(tuple(row) for row in rows) == [
        (date(2026, 9, 2), date(2026, 10, 23)),
        (date(2026, 11, 2), date(2026, 12, 18)),
        (date(2027, 1, 4), date(2027, 2, 12)),
    ]
    page = words(manager.get("/terms").text)
    assert "fewer than 30 weeks are entered" in page
    bad = CSV + b"Spring,10/1/2028,9/1/2028\r\nSummer,5/4/2028,20/7/2028\r\n"
    reply = manager.post("/terms/import", files={"file": ("terms.csv", bad)})
    assert reply.status_code == 422
    assert "Row 4: The last day must not be before the first" in words(reply.text)
    assert len(session.execute(select(TermDates)).all()) == 3
    number = session.execute(select(col(TermDates.id))).scalars().first()
    assert manager.post(f"/terms/{number}/remove").status_code == 303
    assert manager.post(f"/terms/{number}/remove").status_code == 404


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "headings Term, First day, Last day"),
        (b"\x00\x01\x02", "not text"),
        (b"\xff\xfe\xfa", "not text"),
        (b"a,b,c\n1,2,3\n", "headings Term, First day, Last day"),
        (b"BEGIN:VCALENDAR\nrubbish", "cannot be read"),
        (b"Term,First day,Last day\nAutumn,soon,later\n", "Row 2: Enter the first day"),
        (b"x" * 500_001, "too large"),
    ],
)
def test_files_that_are_no_terms_are_refused_with_a_message(
    manager: TestClient, data: bytes, message: str
) -> None:
    reply = manager.post("/terms/import", files={"file": ("terms.csv", data)})
    assert reply.status_code == 422
    assert message in words(reply.text)


def test_a_term_is_typed_in(manager: TestClient) -> None:
    reply = manager.post("/terms", data={"name": "Summer", "first_on": "12/4/2030", "last_on": "1/4/2030"})
    assert "must not be before" in reply.text
    good = {"name": "Summer", "first_on": "12/4/2030", "last_on": "21/7/2030"}
    assert manager.post("/terms", data=good).status_code == 303
    overlapping = {"name": "Other", "first_on": "1/6/2030", "last_on": "3/8/2030"}
    assert "overlap" in manager.post("/terms", data=overlapping).text


# --- mails and addresses -------------------------------------------------------------------------------

BODY = """Dear ((name)), ((partnership)) asks by ((law)) until ((due)).

((link))

((wrong person))

((phone))"""


def test_a_partnership_writes_its_own_words(work: Work, manager: TestClient, session: Session) -> None:
    scene(work, "{{7*7}} ((phone)) School")
    shown = manager.post("/mail-texts/head", data={"subject": "Hm {{ 7*7 }}", "body": BODY, "look": "1"})
    assert shown.status_code == 200
    assert "Hm {{ 7*7 }}" in shown.text
    assert session.get(MailText, "head") is None
    assert (
        manager.post("/mail-texts/head", data={"subject": "About ((organisation))", "body": BODY}).status_code
        == 303
    )
    page = manager.get("/mail-texts/head").text
    assert "Wolds and Coast Safeguarding Children Partnership asks by Section 11" in words(page)
    # An organisation's name is never read as a placeholder or a template.
    assert "About " in page
    assert "49" not in words(page).split("How it reads", 1)[1].split("What you can put in", 1)[0]
    assert "Your own words" in manager.get("/mail-texts").text
    assert manager.post("/mail-texts/head/restore").status_code == 303
    session.expire_all()
    assert session.get(MailText, "head") is None
    assert manager.get("/mail-texts/nothing").status_code == 404


@pytest.mark.parametrize(
    ("subject", "body", "field", "message"),
    [
        ("", BODY, "subject", "Enter a subject"),
        ("Hello ((child))", BODY, "subject", "There is no placeholder ((child))"),
        ("Hello", BODY + " ((nme))", "body", "There is no placeholder ((nme))"),
        ("Hello", BODY.replace("((phone))", ""), "body", "Put ((phone)) into the text"),
        ("Hello", BODY + " ((name", "body", "A pair of brackets"),
        ("Hello", BODY + "x" * 6_000, "body", "Shorten the text"),
    ],
)
def test_words_that_leave_people_in_the_dark_are_refused(
    manager: TestClient, subject: str, body: str, field: str, message: str
) -> None:
    reply = manager.post("/mail-texts/chair", data={"subject": subject, "body": body})
    assert reply.status_code == 422
    assert message in words(reply.text)
    assert f'href="#{field}"' in reply.text


def test_an_address_is_marked_by_hand_and_works_again(
    work: Work, manager: TestClient, session: Session
) -> None:
    this = scene(work, "Oak")
    address = f"lead-{this.places['Oak']}@example.org"
    assert manager.post("/addresses", data={"address": "nobody@example.org"}).status_code == 422
    assert (
        manager.post("/addresses", data={"address": address.upper(), "detail": "They rang"}).status_code
        == 303
    )
    assert "They rang" in words(manager.get("/addresses").text)
    listed = words(manager.get(f"{this.here}/chase?state=no_contact").text)
    assert "(mails do not arrive)" in listed
    assert "No working address" in listed
    assert manager.post("/addresses/works", data={"address": address}).status_code == 303
    assert session.get(UndeliverableAddress, address) is None
    assert manager.post("/addresses/works", data={"address": address}).status_code == 303
    assert "No organisation fits" in words(manager.get(f"{this.here}/chase?state=no_contact").text)


# --- calendar ------------------------------------------------------------------------------------------


def events_in(text: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


def test_a_calendar_follows_due_dates_and_names_no_person(
    work: Work, client_as: ClientAs, manager: TestClient
) -> None:
    this = scene(work, "Oak", "Ash")
    stranger = client_as()
    lead = client_as(OrganisationRole.LEAD, organisation=this.places["Oak"])
    assert lead.post("/calendar").status_code == 303
    address = re.search(r'href="(http[^"]+\.ics)"', lead.get("/calendar").text)
    assert address is not None
    path = address[1].removeprefix("http://127.0.0.1:8011")
    feed = stranger.get(path)
    assert feed.headers["content-type"] == "text/calendar; charset=utf-8"
    events = events_in(feed.text)
    assert [event["DTSTART"].dt for event in events] == [date(2027, 1, 29)]
    assert "Oak" in feed.text
    assert "Ash" not in feed.text
    assert "@example.org" not in feed.text
    uid = events[0]["UID"]
    data = {"return": str(this.returns["Oak"]), "due_on": "26/2/2027", "reason": "Flood"}
    assert manager.post(f"{this.here}/extend", data=data).status_code == 303
    moved = events_in(stranger.get(path).text)[0]
    assert (moved["DTSTART"].dt, moved["UID"]) == (date(2027, 2, 26), uid)
    lead.post("/calendar")
    assert stranger.get(path).status_code == 404


@pytest.mark.access
@pytest.mark.parametrize("token", ["x", "1.", "1." + "0" * 64, "999999999." + "a" * 64])
def test_a_calendar_address_cannot_be_guessed(client_as: ClientAs, token: str) -> None:
    assert client_as().get(f"/calendar/{token}.ics").status_code == 404


def test_the_board_sees_its_rounds_in_the_calendar(work: Work, manager: TestClient) -> None:
    scene(work, "Oak")
    manager.post("/calendar")
    assert "returns are due" in words(manager.get("/calendar").text)
