"""Moderation in a real browser: validate, change, ask, answer, second opinion, release, side by side."""

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.queries import DEMO_DOMAIN
from tests import builders
from tests.journeys.conftest import NewVisitor, Visitor
from tests.moderation import scenes
from tests.visits.scenes import staff

pytestmark = [pytest.mark.journey, pytest.mark.visits]

SCHOOL = "Ashgrove Primary School"


@pytest.fixture
def scene(work: Work) -> scenes.Scene:
    """A school with a signed return and a lead, and two officers of the demo."""
    made = scenes.signed(work, SCHOOL)
    lead = f"school@{DEMO_DOMAIN}"
    builders.contact(work, made.place, lead, name="Avery Lead", rights=(OrganisationRole.LEAD,))
    for name in ("Olu Officer", "Ada Another"):
        address = f"{name.split()[0].lower()}@{DEMO_DOMAIN}"
        staff(work, PartnershipRole.PSO, address, name)
    work.session.commit()
    return made


def card(officer: Visitor, key: str, button: str) -> None:
    """Press a button within one standard."""
    officer.page.locator(f"#standard-{key}").get_by_role("button", name=button).click()


def unfold(officer: Visitor, key: str, summary: str) -> None:
    officer.page.locator(f"#standard-{key} summary", has_text=summary).click()


def test_a_return_from_the_queue_to_the_schools_feedback(
    visitor: NewVisitor, scene: scenes.Scene, work: Work
) -> None:
    officer = visitor("Olu Officer")
    officer.sees("What needs you now")
    officer.go(f"/rounds/{scene.round_id}/moderation")
    officer.look("queue")
    officer.follow(SCHOOL)
    officer.sees("Not reviewed")
    officer.press("Take the whole return")
    officer.sees("Give back what I have")
    domain = f"/moderation/{scene.return_id}/{scene.domain}"
    first, red, _, fourth = scene.keys[:4]
    officer.go(domain)
    _judge_change_and_ask(officer, scene)
    _answer(visitor, scene, fourth)
    other = visitor("Ada Another")
    other.go(f"{domain}#standard-{first}")
    other.look("second opinion")
    card(other, first, "Confirm the change")
    other.sees("Ada Another confirmed it")
    officer.go(domain)
    officer.sees("Our governors, every term")
    card(officer, fourth, "Validate: green")
    officer.sees("3 of ")
    officer.press("Validate the rest as they are")
    officer.sees(f"{len(scene.keys)} of {len(scene.keys)} standards judged")
    officer.go(f"/moderation/{scene.return_id}")
    officer.look("to release")
    officer.press("Release")
    officer.sees("Released on Monday 16 November 2026")
    school = visitor("Avery Lead")
    school.go(f"/returns/{scene.return_id}/feedback")
    school.sees("You and our officers, side by side")
    school.sees("Nobody whom we asked knew the plan")
    school.look("side by side")
    assert red in scenes.judged(work, scene)


def _judge_change_and_ask(officer: Visitor, scene: scenes.Scene) -> None:
    first, _, amber, fourth = scene.keys[:4]
    card(officer, amber, "Validate: amber")
    officer.sees("1 of ")
    unfold(officer, first, "Change the rating")
    card(officer, first, "Save the change")
    officer.sees("There is a problem")
    officer.look("refused")
    officer.page.get_by_label("To", exact=True).first.select_option("red")
    officer.page.locator(f"#comment-{first}").fill("Nobody whom we asked knew the plan")
    card(officer, first, "Save the change")
    officer.sees("Waits for a second opinion")
    unfold(officer, fourth, "Ask the organisation")
    officer.page.locator(f"#question-{fourth}").fill("Who checks this?")
    card(officer, fourth, "Send the question")
    officer.sees("Olu Officer asked on")


def _answer(visitor: NewVisitor, scene: scenes.Scene, key: str) -> None:
    school = visitor("Avery Lead")
    school.go("/")
    school.follow("Answer 1 question of our officers")
    school.sees("Who checks this?")
    school.look("questions")
    school.page.locator(f"#answer-{key}").fill("Our governors, every term")
    school.press("Send the answer")
    school.sees("Avery Lead answered on")
    school.go(f"/returns/{scene.return_id}/feedback")
    school.sees("Your feedback")
    assert not school.page.get_by_text("side by side").count()
