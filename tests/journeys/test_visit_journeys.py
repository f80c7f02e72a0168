"""Scrutiny in a real browser, whole: from a signed return over a visit to what next year's return asks."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from app.returns.queries import ReturnHead
from app.visits import setting_up
from app.visits.rules import Partner
from tests import builders
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor, Visitor
from tests.visits import scenes

pytestmark = [pytest.mark.journey, pytest.mark.visits]

AGENCY = "Emberwick Probation Service"


@dataclass(frozen=True)
class Signed:
    """The agency and its signed return."""

    place: int
    head: ReturnHead


@pytest.fixture
def signed(work: Work) -> Signed:
    """An agency with a signed return, a manager, an officer and the three partners of the demo."""
    place = scenes.agency(work, AGENCY)
    builders.contact(work, place, f"agency@{DEMO_DOMAIN}", name="Avery Lead", rights=(OrganisationRole.LEAD,))
    head = scenes.answered_before(work, place)
    for name, role in (
        ("Mo Manager", PartnershipRole.BOARD_MANAGER),
        ("Olu Officer", PartnershipRole.PSO),
    ):
        scenes.staff(work, role, f"{role.value}@{DEMO_DOMAIN}", name)
    for partner in Partner:
        address = f"{partner.value}@{DEMO_DOMAIN}"
        who = scenes.staff(work, PartnershipRole.SAFEGUARDING_PARTNER, address, f"Partner {partner.value}")
        setting_up.set_seat(work, who.actor.user_id, partner)
    work.session.commit()
    return Signed(place, head)


def moderate(officer: Visitor, head: ReturnHead) -> None:
    """Validate a domain but for one standard, and release it."""
    path = f"/moderation/{head.id}"
    officer.go(f"{path}/leadership-and-governance")
    officer.press("Take this domain")
    report = officer.page.locator("#standard-board-report")
    report.locator("summary", has_text="Change the rating").click()
    officer.page.locator("#judged-board-report").select_option("red")
    officer.page.locator("#comment-board-report").fill("The board saw no report in two years")
    report.get_by_role("button", name="Save the change").click()
    officer.sees("The board saw no report in two years")
    officer.press("Validate the rest as they are")
    officer.sees("10 of 10 standards judged")
    officer.go(path)
    officer.press("Release")
    officer.sees("Released on")


def say(visitor: NewVisitor, path: str, look: str) -> None:
    for partner in Partner:
        person = visitor(f"Partner {partner.value}")
        person.go(path)
        if partner is Partner.HEALTH:
            person.look(look)
        person.page.get_by_label("Yes, ").check()
        person.press("Save what we say")


def select(manager: Visitor) -> str:
    manager.follow("Visits")
    manager.look("programme, empty")
    manager.follow("Select whom to visit")
    manager.sees("1 critical standard red (5)")
    manager.look("selection")
    manager.page.locator("summary", has_text=f"Select {AGENCY}").click()
    manager.press("Select and ask the partners")
    manager.sees("Say why you choose it")
    manager.look("selection refused")
    manager.page.get_by_label("Why this one, in a few words").first.fill("Two reds in leadership")
    manager.press("Select and ask the partners")
    manager.sees("Waiting for endorsement")
    return manager.page.url.removeprefix(manager.address)


def test_from_a_signed_return_to_what_next_years_return_asks(
    visitor: NewVisitor, signed: Signed, work: Work, clock: MovableClock
) -> None:
    moderate(visitor("Olu Officer"), signed.head)
    manager = visitor("Mo Manager")
    path = select(manager)
    say(visitor, path, "endorsing")
    manager.go(path)
    manager.page.get_by_label("Date of the visit").fill("16/3/2027")
    manager.press("Propose this date")
    manager.sees("Six weeks before Tuesday 16 March 2027 is Tuesday 2 February 2027.")
    manager.press("Tell the agency by mail")
    manager.sees("Issue the framework")
    manager.look("framework to issue")
    manager.press("Use the last return instead")
    manager.sees("Being prepared")
    manager.follow("Lines of enquiry and notes")
    manager.look("lines of enquiry")
    officer = visitor("Olu Officer")
    officer.go(path)
    for label, text in (("From", "9:30"), ("Until", "10:15"), ("What happens", "Meet the leaders")):
        officer.page.get_by_label(label, exact=True).fill(text)
    officer.press("Add to the programme")
    officer.press("The programme is agreed: send it")
    with officer.page.expect_download() as download:
        officer.go_to_download(f"{path}/pack.docx")
    assert download.value.suggested_filename.startswith("Visit pack")
    clock.moment = datetime(2027, 3, 16, 16, 0, tzinfo=UTC)
    _the_day(officer, path)
    say(visitor, path, "agreeing the report")
    manager.sign_in("Mo Manager")
    manager.go(path)
    manager.press("Release the report to the agency")
    manager.sees("Report released")
    agency = visitor("Avery Lead")
    agency.go(path.replace("/visits/", "/our-visits/"))
    agency.sees("Everybody knew the rota")
    agency.look("own visit")
    agency.page.get_by_label("Tell us what is not accurate").fill("We have three sites")
    agency.press("Send the reply")
    agency.sees("We have three sites")
    manager.go(path)
    manager.sees("We have three sites")
    _a_year_later(agency, signed, replace(work, now=datetime(2027, 9, 6, 9, 0, tzinfo=UTC)), clock)


def _a_year_later(agency: Visitor, signed: Signed, work: Work, clock: MovableClock) -> None:
    clock.moment = work.now
    version = signed.head.version_id
    before = signed.head.round_id
    this = builders.open_round(
        work,
        [signed.place],
        version_id=version,
        title="A year later",
        previous=before,
        due_on=date(2027, 11, 5),
    )
    work.session.commit()
    agency.sign_in("Avery Lead")
    agency.go(f"/returns/{builders.return_of(work, this, signed.place).id}/check")
    agency.page.get_by_role("link", name="Give every team its supervision").click()
    agency.look("earlier actions")
    ours = agency.page.get_by_role("region", name="Give every team its supervision")
    ours.get_by_label("Done", exact=True).check()
    ours.get_by_label("What has happened").fill("Monthly since April, all six teams")
    ours.get_by_role("button", name="Save").click()
    agency.sees("Monthly since April, all six teams")


def _the_day(officer: Visitor, path: str) -> None:
    officer.sign_in("Olu Officer")
    officer.go(f"{path}/enquiry")
    officer.page.locator("summary", has_text="Note or change").first.click()
    officer.page.get_by_label("What was heard").first.fill("Everybody knew the rota")
    officer.page.get_by_label("What it shows").first.select_option("strength")
    officer.page.get_by_role("button", name="Save", exact=True).first.click()
    officer.sees("Heard: Everybody knew the rota")
    officer.go(path)
    officer.look("the day")
    officer.page.get_by_label("Highlights told to the agency").fill("A warm welcome")
    officer.page.get_by_label("4", exact=True).check()
    officer.press("Save, and send the highlights to the agency")
    officer.press("Draft the report from the notes")
    officer.follow("Report and actions")
    officer.look("report")
    for label, text in (
        ("What is to change", "Give every team its supervision"),
        ("Who sees to it", "Head of service"),
        ("By when", "31/7/2027"),
    ):
        officer.page.get_by_label(label).fill(text)
    officer.press("Add the action")
    officer.sees("Give every team its supervision")
    officer.go(path)
    officer.press("Send the report to the partners")
    officer.sees("Report with the partners")
