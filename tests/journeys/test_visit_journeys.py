"""An assurance visit in a real browser: selection, endorsement, date, pack, the day, report."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from app.visits import setting_up
from app.visits.rules import Partner
from tests import builders
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor, Visitor
from tests.visits import scenes

pytestmark = [pytest.mark.journey, pytest.mark.visits]

AGENCY = "Emberwick Probation Service"


@pytest.fixture
def people(work: Work) -> Session:
    """An agency with a signed return, a manager, an officer and the three partners of the demo."""
    place = scenes.agency(work, AGENCY)
    builders.contact(work, place, f"agency@{DEMO_DOMAIN}", name="Avery Lead", rights=(OrganisationRole.LEAD,))
    scenes.answered_before(work, place)
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
    return work.session


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


def test_a_visit_from_selection_to_the_released_report(
    visitor: NewVisitor, people: Session, clock: MovableClock
) -> None:
    assert people is not None
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
    officer.go(path)
    officer.press("Send the report to the partners")
    officer.sees("Report with the partners")
