"""Signals in a real browser: from the mark on the heat map to the reasons, and switching one off."""

import pytest

from app.core.access import PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from app.signals.measuring import measure
from tests.chasing.scenes import Scene
from tests.journeys.conftest import NewVisitor
from tests.signals.scenes import signed, year
from tests.visits.scenes import staff

pytestmark = [pytest.mark.journey, pytest.mark.visits]


@pytest.fixture
def this(work: Work) -> Scene:
    """A round in which one school has not answered and another shows no evidence."""
    made = year(work, "Silent School", "Bare School")
    signed(work, made, "Bare School", "G G G G")
    measure(work.session, work.now)
    staff(work, PartnershipRole.BOARD_MANAGER, f"board_manager@{DEMO_DOMAIN}", "Mo Manager")
    work.session.commit()
    return made


def test_from_the_mark_to_the_reason_and_switching_a_signal_off(visitor: NewVisitor, this: Scene) -> None:
    manager = visitor("Mo Manager")
    manager.go(f"{this.here}/ratings")
    manager.look("heat map with marks")
    manager.follow("1 signal: Bare School")
    manager.page.wait_for_url("**/profile#signals")
    manager.sees("without evidence, more than 25%")
    manager.look("profile with signals")
    manager.page.locator("#signals").get_by_role("link", name="Choose signals").click()
    manager.page.wait_for_url("**/signals")
    manager.sees("2 of 2 organisations")
    manager.look("settings of signals")
    manager.page.get_by_label("Use “Greens without evidence”").uncheck()
    manager.press("Try without saving")
    manager.sees("Not saved yet. With these settings 1 of 2 organisations")
    manager.press("Save")
    manager.sees("Saved. It counts from now on.")
    manager.go(f"/organisations/{this.places['Bare School']}/profile")
    manager.sees("Nothing stands out.")
