"""An action in a real browser: done with evidence, reviewed by SAIG, asked about in next year's return."""

from datetime import UTC, datetime

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from tests import builders
from tests.actions import scenes as actions
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor
from tests.visits import scenes

pytestmark = [pytest.mark.journey, pytest.mark.visits]


@pytest.fixture
def years(work: Work) -> int:
    """A school with two older actions and this year's return, and an officer; return the return's id."""
    place, _, this = actions.two_years(work)
    rights = (OrganisationRole.LEAD, OrganisationRole.SIGNATORY)
    builders.contact(work, place, f"school@{DEMO_DOMAIN}", name="Sam School", rights=rights)
    actions.action(actions.later(work, -15), place, what="Train every governor")
    scenes.staff(work, PartnershipRole.PSO, f"pso@{DEMO_DOMAIN}", "Olu Officer")
    builders.answer_all(builders.as_person(work, place), this)
    work.session.commit()
    return this.id


def test_from_done_with_evidence_to_next_years_signature(
    visitor: NewVisitor, years: int, clock: MovableClock
) -> None:
    school, officer = visitor("Sam School"), visitor("Olu Officer")
    school.go("/our-actions")
    school.sees("Still to do (2)")
    school.look("own actions")
    school.follow("Train every governor")
    school.page.get_by_label("Done", exact=True).check()
    school.press("Save")
    school.sees("Say how you know that it is done")
    school.look("action refused")
    school.page.get_by_label("What has happened").fill("Twelve of twelve, register of 4 October")
    school.press("Save")
    school.sees("Done, not reviewed yet")
    path = school.page.url.removeprefix(school.address).partition("#")[0]
    officer.follow("Actions")
    officer.look("list of actions")
    officer.go("/actions?show=review")
    officer.follow("Train every governor")
    officer.page.get_by_label("Accepted: it is done").check()
    officer.press("Save the review")
    officer.sees("The partnership’s review: Done, accepted")
    clock.moment = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
    school.sign_in("Sam School")
    school.go(path)
    school.sees("does not follow this action up any more")
    school.go(f"/returns/{years}/check")
    school.sees("Say what became of this earlier action")
    school.page.get_by_role("link", name="Write the plan and train everybody").click()
    school.look("earlier actions")
    school.page.get_by_label("Under way").check()
    school.page.get_by_label("What has happened").fill("Half are trained")
    school.press("Save")
    school.sees("Every earlier action has an answer")
    school.go(f"/returns/{years}/leadership-and-governance")
    school.sees("You had planned:")
    school.go(f"/returns/{years}/sign-off")
    school.page.get_by_label("I have read this self-assessment").check()
    school.press("Sign")
    school.page.wait_for_url("**/feedback?signed=now")
    officer.sign_in("Olu Officer")
    officer.go(f"/returns/{years}/receipt")
    officer.sees("Half are trained")
    officer.go("/rounds/2/you-said")
    officer.sees("You said, we did")
    officer.look("you said, we did")
