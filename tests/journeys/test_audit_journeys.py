"""Accountability in a real browser: each page and state looked at by an accessibility engine."""

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people import service
from app.people.queries import DEMO_DOMAIN
from app.returns import signoff
from tests import builders
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor

pytestmark = [pytest.mark.journey, pytest.mark.access]

LONG_NAME = "St Wilfrid's Roman Catholic Voluntary Academy and Nursery, Upper Thorngumbald-on-the-Water"


@pytest.fixture
def school(work: Work, clock: MovableClock) -> int:
    """A school with a long name whose return was signed and sent back, and a board manager."""
    clock.move(hours=2)
    boss, lead = f"boss@{DEMO_DOMAIN}", f"lead@{DEMO_DOMAIN}"
    people = service.ensure_users(work, [(boss, "Morgan Boss")])
    service.grant_partnership_role(work, user_id=people[boss], role=PartnershipRole.BOARD_MANAGER)
    place = builders.organisation(work, LONG_NAME)
    builders.contact(work, place, lead, name="Rhiannon Lead", rights=list(OrganisationRole))
    round_id = builders.open_round(work, [place])
    this = builders.signed_return(work, round_id, place)
    signoff.send_back(work, this.id, "Please look at the action plan again. " * 12)
    work.session.commit()
    return place


def test_a_board_manager_finds_who_did_what_and_who_read_what(visitor: NewVisitor, school: int) -> None:
    manager = visitor("Morgan Boss")
    manager.follow("Audit trail")
    manager.look("audit trail")
    manager.page.get_by_label("What was done").select_option(label="– Return sent back")
    manager.press("Show")
    manager.sees("Please look at the action plan again")
    manager.look("audit trail, filtered")
    manager.page.get_by_label("First day").fill("soon")
    manager.press("Show")
    manager.sees("There is a problem")
    manager.look("audit trail, refused")
    manager.page.get_by_label("First day").fill("1/1/2030")
    manager.press("Show")
    manager.sees("Nothing fits this filter")
    manager.look("audit trail, nothing found")
    manager.go("/audit")
    manager.follow("Older")
    manager.look("audit trail, older")
    manager.follow("Newer")
    manager.go(f"/organisations/{school}")
    manager.follow("Everything that was done about this organisation")
    manager.sees("Return signed")
    manager.look("history of an organisation")
    manager.follow("Who read what")
    manager.look("readers of an organisation, none")
    manager.go(f"/organisations/{school}/profile")
    manager.go("/audit/readings")
    manager.sees("Read the profile")
    manager.look("who read what")
    with manager.page.expect_download() as taken:
        manager.page.get_by_role("link", name="for a spreadsheet").click()
    assert taken.value.suggested_filename.startswith("who-read-what-")
    manager.go("/people?q=head")
    manager.follow("Head Teacher")
    manager.follow("What Head Teacher did and read")
    manager.sees("Return signed")
    manager.look("history of a person")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_school_sees_the_history_of_its_own_return(
    visitor: NewVisitor, school: int, *, scripts: bool
) -> None:
    assert school
    lead = visitor("Rhiannon Lead", scripts=scripts)
    if "/returns/" not in lead.page.url:
        lead.page.locator("main a[href^='/returns/']").first.click()
    lead.follow("History")
    lead.sees("Return sent back")
    if scripts:
        lead.look("history of a return")
    lead.follow("Who read what")
    lead.sees("Read the return")
    if scripts:
        lead.look("readers of a return")
