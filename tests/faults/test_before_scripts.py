"""QUALITY 7: who answers before the page's scripts have come is saved all the same."""

import pytest
from playwright.sync_api import Route, expect

from app.core.access import Work
from app.core.static_files import STATIC
from app.returns import queries
from tests.faults.scale import figures
from tests.faults.test_unsent_text import BOX, DOMAIN, school
from tests.journeys.conftest import NewVisitor, Visitor

__all__ = ["school"]
pytestmark = [pytest.mark.faults, pytest.mark.journey]
TYPED = "Typed before the script was there"


def saved(this: queries.ReturnHead, work: Work) -> list[str]:
    """Return what is stored of a return: its texts and levels, in the order of its standards."""
    work.session.rollback()
    lines = queries.answers(work.session, work.actor, this.id)
    keys = [each.key for each in queries.questionnaire_of(work.session, this).rated]
    return [lines[key].values.evidence or lines[key].values.level or "" for key in keys if key in lines]


def answer_on_a_slow_page(lead: Visitor, this: queries.ReturnHead, script: str) -> None:
    """Type and choose while the script is still on its way; then it comes, and a third answer after it."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    lead.context.route("**/static/autosave.js", hold)
    with lead.page.expect_request("**/static/autosave.js"):
        lead.page.goto(f"{lead.address}/returns/{this.id}/{DOMAIN}", wait_until="commit")
    first, second, third = (lead.page.locator(".standard").nth(number) for number in (0, 1, 3))
    first.get_by_label(BOX).fill(TYPED)
    second.locator("input[value=green]").check()
    assert len(waiting) == 1
    waiting[0].fulfill(body=script, content_type="text/javascript")
    lead.context.unroute("**/static/autosave.js", hold)
    lead.page.wait_for_load_state("load")
    third.locator("input[value=amber]").check()
    expect(third.get_by_text("Saved at")).to_be_visible()


def test_what_was_answered_before_the_script_came_is_saved(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    answer_on_a_slow_page(lead, school, (STATIC / "autosave.js").read_text("utf-8"))
    for number in range(2):
        expect(lead.page.locator(".standard").nth(number).get_by_text("Saved at")).to_be_visible()
    stored = saved(school, work)
    figures("7 answered before the scripts", answers=2, lost=2 - len(stored[:2]))
    assert stored == [TYPED, "green", "amber"]
    lead.page.reload()
    expect(lead.page.locator(".standard").first.get_by_label(BOX)).to_have_value(TYPED)


def test_control_a_page_that_only_listens_loses_it(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    plain = (STATIC / "autosave.js").read_text("utf-8")
    deaf = plain.replace("begunBefore(standard.section) &&", "false &&")
    assert deaf != plain
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    answer_on_a_slow_page(lead, school, deaf)
    stored = saved(school, work)
    figures("7 control: only listens", lost=3 - len(stored))
    assert stored == ["amber"]
