"""The partnership's year in a real browser: read it, add to it, change one day of it, print it."""

import re
from datetime import date, timedelta

import pytest
from sqlmodel import Session

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from app.planner import entries
from app.planner.recurrence import Repeat
from tests import builders
from tests.journeys.conftest import NewVisitor, Visitor
from tests.planner.plans import new
from tests.visits import scenes

pytestmark = [pytest.mark.journey, pytest.mark.visits]


@pytest.fixture
def people(work: Work) -> Session:
    """A manager, a school's lead, and much in the year after this one."""
    scenes.staff(work, PartnershipRole.BOARD_MANAGER, f"board_manager@{DEMO_DOMAIN}", "Mo Manager")
    place = builders.organisation(work)
    builders.contact(work, place, f"lead@{DEMO_DOMAIN}", name="Robin Marsh", rights=(OrganisationRole.LEAD,))
    for number in range(60):
        day = date(2027, 9, 1) + timedelta(days=6 * number)
        entries.add(work, new(f"Learning event {number} about what we heard", day, repeat=Repeat.ONCE))
    work.session.commit()
    return work.session


def sides(visitor: Visitor) -> list[tuple[int, int]]:
    """Print the page and return the size of each side in points."""
    printed = visitor.page.pdf(prefer_css_page_size=True)
    found = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    return [(round(float(width)), round(float(height))) for width, height in found]


def test_the_year_is_read_changed_and_printed(visitor: NewVisitor, people: Session) -> None:
    assert people is not None
    manager = visitor("Mo Manager")
    manager.follow("Planner")
    manager.look("year")
    manager.follow("Show it as a list")
    manager.sees("Go to November 2026")
    manager.go("/planner/entries/new")
    manager.press("Add to the year")
    manager.sees("Choose what kind it is")
    manager.look("form refused")
    manager.page.get_by_label("What it is").fill("Staff engagement event")
    manager.page.get_by_label("Staff events").check()
    manager.page.get_by_label("Day, or first day").fill("3/12/2026")
    manager.page.get_by_label("How often").select_option("termly")
    manager.page.get_by_label("If it comes again, until when?").fill("31/8/2027")
    manager.page.get_by_label("For agencies too").check()
    manager.press("Add to the year")
    manager.page.set_viewport_size({"width": 1280, "height": 900})
    manager.page.get_by_role("link", name="Staff engagement event").nth(1).click()
    manager.sees("Which ones?")
    manager.page.get_by_label("Day, or first day").fill("21/4/2027")
    manager.page.get_by_label("Change only this one").check()
    manager.press("Save")
    manager.page.wait_for_url("**/planner?year=2026")
    manager.go("/planner?year=2027")
    landscape = (842, 595)
    assert sides(manager) == [landscape], "one side of A4, landscape"
    # The control: the same year in the largest type needs more.
    manager.page.evaluate("document.querySelector('.year').className = 'year year--grid year--print-0'")
    assert len(sides(manager)) > 1
    lead = visitor("Robin Marsh")
    lead.sees("Wednesday 21 April 2027")
