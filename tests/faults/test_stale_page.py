"""QUALITY 8: the browser's Back button, or an old tab, sends a stale page: a conflict, never an overwrite."""

import re
from urllib.parse import parse_qsl, urlencode

import pytest
from playwright.sync_api import Route, expect

from app.core.access import Work
from app.returns import queries
from app.returns.rules import AnswerValues
from tests import builders
from tests.faults.scale import figures
from tests.faults.test_unsent_text import BOX, DOMAIN, school
from tests.journeys.conftest import NewVisitor, Visitor

__all__ = ["school"]
pytestmark = [pytest.mark.faults, pytest.mark.journey]


DANAS = "Dana went on from there"
OLD = "The lead's text from the page before"


def dana_goes_on(this: queries.ReturnHead, work: Work) -> None:
    """Let a colleague save a text of her own over the lead's first one."""
    key = queries.questionnaire_of(work.session, this).rated[0].key
    dana = builders.as_person(work, this.organisation_id, address="dana@example.org", name="Dana Hughes")
    builders.save(dana, this.id, key, AnswerValues(evidence=DANAS), version=1)
    work.session.commit()


def stands_now(this: queries.ReturnHead, work: Work) -> str:
    """Return the text that stands."""
    work.session.rollback()
    (line,) = queries.answers(work.session, work.actor, this.id).values()
    return line.values.evidence


def save_a_first_text(lead: Visitor, this: queries.ReturnHead) -> None:
    """Save a page and go on to the next."""
    lead.go(f"/returns/{this.id}/{DOMAIN}")
    lead.page.locator(".standard").first.get_by_label(BOX).fill("The lead's first text")
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1, name="Performance and outcomes").wait_for()


def send_a_stale_page(lead: Visitor, this: queries.ReturnHead, work: Work) -> str:
    """Send a page that was opened before a colleague went on, as Back sends it where pages are kept."""
    save_a_first_text(lead, this)
    lead.go(f"/returns/{this.id}/{DOMAIN}")
    dana_goes_on(this, work)
    lead.page.locator(".standard").first.get_by_label(BOX).fill(OLD)
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1).wait_for()
    return stands_now(this, work)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_the_back_button_shows_the_newest_answer(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work, scripts: bool
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}", scripts=scripts)
    save_a_first_text(lead, school)
    dana_goes_on(school, work)
    lead.page.go_back()
    expect(lead.page.locator(".standard").first.get_by_label(BOX)).to_have_value(DANAS, timeout=8_000)
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1, name="Performance and outcomes").wait_for()
    assert stands_now(school, work) == DANAS


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_page_from_before_makes_a_conflict(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work, scripts: bool
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}", scripts=scripts)
    stands = send_a_stale_page(lead, school, work)
    figures("8 stale page", overwritten=int(stands != DANAS))
    assert stands == DANAS
    lead.sees("A colleague changed the same answers")
    lead.sees(DANAS)
    assert lead.page.locator(".standard").first.get_by_label(BOX).input_value().startswith("The lead's text")
    if scripts:
        lead.look("conflict on a whole page")
    lead.press("Put both together to edit")
    lead.sees("Make one text of them")
    box = lead.page.locator(".standard").first.get_by_label(BOX)
    assert DANAS in box.input_value()
    if scripts:
        lead.look("conflict, both texts together")
    box.fill("One text of both")
    lead.press("Save what is in the boxes")
    lead.sees("Saved at" if scripts else "Last saved by")
    lead.follow("Earlier versions")
    for text in ("One text of both", DANAS, OLD):
        lead.sees(text)
    if scripts:
        lead.look("history with versions to restore")
    refused = lead.page.locator(".history__item--refused").first
    refused.get_by_role("button", name="Restore this version").click()
    assert lead.page.locator(".standard").first.get_by_label(BOX).input_value().startswith("The lead's text")


def test_a_program_without_a_version_check_is_caught(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    """The control: each version that the browser sends is replaced by the newest on its way."""
    lead = visitor(f"Robin Marsh {school.organisation_id}", scripts=False)

    def newest(route: Route) -> None:
        fields = parse_qsl(route.request.post_data or "", keep_blank_values=True)
        with work.session.no_autoflush:
            work.session.rollback()
            lines = queries.answers(work.session, work.actor, school.id)
        newer = {f"{key}.version": str(line.version) for key, line in lines.items()}
        route.continue_(post_data=urlencode([(name, newer.get(name, value)) for name, value in fields]))

    lead.context.route(
        re.compile(rf"/returns/\d+/{DOMAIN}$"),
        lambda route: newest(route) if route.request.method == "POST" else route.continue_(),
    )
    stands = send_a_stale_page(lead, school, work)
    figures("8 control: no version check", overwritten=int(stands != DANAS))
    assert stands != DANAS
