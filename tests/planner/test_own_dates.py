"""What an organisation's home and calendar say is due, to whom, and for how long an address tells it."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlmodel import col

from app.chasing import holding
from app.chasing.models import CalendarFeed, ExemptionKind
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.clock import london_date
from app.core.models import AuditEvent
from app.people import erasing
from app.people.models import Membership, User
from app.people.queries import users_by_email
from app.planner import entries
from app.planner.entry_rules import NewEntry
from app.planner.year import EntryKind
from tests import builders
from tests.conftest import ClientAs
from tests.visits.scenes import staff

pytestmark = pytest.mark.access
LEAD, MANAGER, ADMINISTRATOR = (
    OrganisationRole.LEAD,
    PartnershipRole.BOARD_MANAGER,
    PartnershipRole.ADMINISTRATOR,
)


def school(work: Work, name: str) -> int:
    """Put a school into the register."""
    place = builders.organisation(work, name)
    work.session.commit()
    return place


def planned(work: Work, title: str, *, for_agencies: bool, note: str = "") -> None:
    """Put a day that is ahead into the year."""
    day = london_date(work.now) + timedelta(days=20)
    entries.add(work, NewEntry(EntryKind.STAFF_EVENT, "", title, note, day, day, for_agencies=for_agencies))
    work.session.commit()


def address_of(client: TestClient) -> str:
    """Make a calendar address and return its path."""
    assert client.post("/calendar").status_code == 303
    page = client.get("/calendar").text
    return "/calendar/" + page.split(".ics", 1)[0].rsplit("/", 1)[1] + ".ics"


def test_what_an_exempt_organisation_does_not_owe_is_not_due_on_its_pages(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work, "Elm School")
    round_id = builders.open_round(work, [place], title="Section 175 of Elm")
    this = builders.return_of(work, round_id, place)
    work.session.commit()
    lead, stranger = client_as(LEAD, organisation=place), client_as()
    path = address_of(lead)
    assert lead.get("/").headers["location"] == f"/returns/{this.id}"
    assert "Section 175 of Elm" in stranger.get(path).text
    holding.exempt(work, round_id, [this.id], ExemptionKind.OTHER, "quoll moved away")
    work.session.commit()
    home = lead.get("/")
    assert home.status_code == 200, "nothing is owed, so it leads to nothing to answer"
    assert "needs no answer from you" in home.text
    assert "Due" not in home.text
    assert "quoll" not in home.text, "why is for the partnership"
    assert "Section 175 of Elm" not in lead.get("/calendar").text
    assert "Section 175 of Elm" not in stranger.get(path).text
    assert lead.get(f"/returns/{this.id}").status_code == 200, "it can still be read"


def test_one_who_works_for_both_sees_that_the_own_organisation_owes_nothing(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work, "Yew School")
    round_id = builders.open_round(work, [place], title="Section 175 of Yew")
    this = builders.return_of(work, round_id, place)
    holding.exempt(work, round_id, [this.id], ExemptionKind.OTHER, "Too small")
    work.session.commit()
    assert (
        "Needs no answer from you" in client_as(PartnershipRole.PSO, LEAD, organisation=place).get("/").text
    )


def test_whoever_left_every_organisation_sees_nothing_of_the_partnerships_year(
    work: Work, client_as: ClientAs
) -> None:
    place = school(work, "Ash School")
    planned(work, "Staff event in Ashby", for_agencies=True)
    lead = client_as(LEAD, organisation=place, email="leaver@ash.example.org")
    path = address_of(lead)
    assert "Staff event in Ashby" in lead.get("/").text
    assert "Staff event in Ashby" in client_as().get(path).text
    user_id = users_by_email(work.session, ["leaver@ash.example.org"])["leaver@ash.example.org"]
    work.session.execute(Membership.__table__.delete().where(col(Membership.user_id) == user_id))  # type: ignore[attr-defined]
    work.session.commit()
    assert "Staff event" not in lead.get("/").text
    assert "Staff event" not in lead.get("/calendar").text
    assert "VEVENT" not in client_as().get(path).text


def test_an_address_ends_when_its_person_stops_it_leaves_or_is_erased_and_never_comes_back(
    work: Work, client_as: ClientAs
) -> None:
    place = builders.organisation(work, "Oak School")
    builders.contact(work, place, "stays@oak.example.org")
    work.session.commit()
    lead, stranger, address = (
        client_as(LEAD, organisation=place, email="ends@oak.example.org"),
        client_as(),
        "",
    )
    user_id = users_by_email(work.session, ["ends@oak.example.org"])["ends@oak.example.org"]
    seen: list[str] = []
    for _ in range(3):
        address = address_of(lead)
        assert stranger.get(address).status_code == 200
        assert address not in seen
        seen.append(address)
        assert lead.post("/calendar", data={"stop": "yes"}).status_code == 303
        assert "Make my calendar address" in lead.get("/calendar").text
        assert {stranger.get(old).status_code for old in seen} == {404}
    stopped = select(col(AuditEvent.event)).where(col(AuditEvent.event) == "calendar.stopped")
    assert len(work.session.execute(stopped).all()) == 3
    lead.post("/calendar", data={"stop": "yes"})  # there is none: nothing happens, nothing is noted
    assert len(work.session.execute(stopped).all()) == 3
    address = address_of(lead)
    work.session.get_one(User, user_id).disabled_at = work.now
    work.session.commit()
    assert stranger.get(address).status_code == 404, "switched off"
    work.session.get_one(User, user_id).disabled_at = None
    work.session.commit()
    assert stranger.get(address).status_code == 200
    erasing.erase(
        staff(work, MANAGER, "boss@partnership.example.org", "Morgan Boss"), user_id, confirmed=True
    )
    work.session.commit()
    assert stranger.get(address).status_code == 404
    assert work.session.get(CalendarFeed, user_id) is None


def test_control_numbers_that_are_counted_would_bring_an_old_address_back(
    work: Work, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.planner.calendar_pages.secrets.randbelow", lambda _most: 1)
    lead = client_as(LEAD, organisation=school(work, "Fir School"))
    first = address_of(lead)
    lead.post("/calendar", data={"stop": "yes"})
    assert address_of(lead) == first


def test_an_address_tells_what_its_person_may_see_today_and_no_note_of_the_partnership(
    work: Work, client_as: ClientAs
) -> None:
    planned(work, "Deep dive: neglect", for_agencies=False, note="Ask Jordan Quoll")
    planned(work, "Conference", for_agencies=True, note="Bring a colleague")
    administrator, stranger = client_as(ADMINISTRATOR, email="admin@calendar.example.org"), client_as()
    path = address_of(administrator)
    feed = stranger.get(path).text
    assert all(words in feed for words in ("Deep dive: neglect", "Conference", "Bring a colleague"))
    assert "Quoll" not in feed, "notes can name people, and an address is passed on"
    user_id = users_by_email(work.session, ["admin@calendar.example.org"])["admin@calendar.example.org"]
    work.session.execute(text(f"DELETE FROM partnership_member WHERE user_id = {user_id}"))
    work.session.commit()
    assert "VEVENT" not in stranger.get(path).text, "a role that is taken counts from the next fetch"


def test_an_address_is_kept_in_no_cache_and_no_part_of_it_is_enough(work: Work, client_as: ClientAs) -> None:
    lead = client_as(LEAD, organisation=school(work, "Bay School"))
    path, stranger = address_of(lead), client_as()
    reply = stranger.get(path)
    assert "no-store" in reply.headers["cache-control"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    number, secret = token.split(".")
    assert len(secret) == 64, "256 bits: nobody guesses it, so nobody has to be slowed"
    other = "0" if secret[-1] != "0" else "1"
    for wrong in (
        f"{int(number) + 1}.{secret}",
        f"{number}.{secret[:-1]}{other}",
        f"{number}.{secret[:-1]}",
        number,
    ):
        assert stranger.get(f"/calendar/{wrong}.ics").status_code == 404
    assert "Bay School" not in reply.text
