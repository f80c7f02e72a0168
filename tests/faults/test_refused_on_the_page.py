"""A save that is too large, or counts as coming from elsewhere: the page says so and keeps the text."""

import pytest
from playwright.sync_api import Locator, Route

from app.core.access import Work
from app.core.forms import MOST_BYTES
from app.returns import queries
from tests.faults.test_unsent_text import DOMAIN, broken_script, school
from tests.journeys.conftest import NewVisitor, Visitor

__all__ = ["school"]
pytestmark = [pytest.mark.faults, pytest.mark.journey]
BOX = "How do you know?"
PASTE = (
    "(box, count) => { box.value = 'What we know. '.repeat(count / 14);"
    " box.dispatchEvent(new Event('input', {bubbles: true})); }"
)


def hidden(route: Route) -> None:
    """Send a request on as a browser does that hides where it comes from."""
    if route.request.method == "POST":
        away = {"origin": "null", "sec-fetch-site": "same-origin"}
        route.fulfill(response=route.fetch(headers={**route.request.headers, **away}))
    else:
        route.fallback()


def saves(lead: Visitor) -> list[str]:
    """Note each save that the page sends from now on."""
    sent: list[str] = []
    lead.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    return sent


def stored(work: Work, this: queries.ReturnHead) -> list[str]:
    """Return the stored texts of the return."""
    work.session.rollback()
    return [line.values.evidence for line in queries.answers(work.session, work.actor, this.id).values()]


def box_of(lead: Visitor, this: queries.ReturnHead) -> tuple[Locator, Locator]:
    """Open the page and return the first standard, and its first box."""
    lead.go(f"/returns/{this.id}/{DOMAIN}")
    standard = lead.page.locator(".standard").first
    return standard, standard.get_by_label(BOX)


def test_the_page_with_scripts_says_so_keeps_the_text_and_does_not_try_for_ever(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    standard, box = box_of(lead, school)
    sent = saves(lead)
    box.evaluate(PASTE, MOST_BYTES + 14_000)
    standard.get_by_text("Not saved: Shorten “").wait_for()
    lead.page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert len(box.input_value()) > MOST_BYTES
    box.fill("Short enough")
    standard.get_by_text("Saved at").wait_for()
    assert len(sent) == 2, "what is too large is not sent again before it is changed"
    assert stored(work, school) == ["Short enough"]
    lead.context.route(f"**/{DOMAIN}/*", hidden)
    box.fill("Typed where the browser hides the page")
    standard.get_by_text("Not saved: this page was not opened at Eleven’s own address").wait_for()
    assert box.input_value() == "Typed where the browser hides the page"
    assert stored(work, school) == ["Short enough"]
    lead.context.unroute(f"**/{DOMAIN}/*")
    lead.page.evaluate("window.dispatchEvent(new Event('focus'))")
    standard.get_by_text("Saved at").wait_for()
    assert stored(work, school) == ["Typed where the browser hides the page"]


def test_a_page_that_tries_for_ever_is_caught(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    broken_script(lead, "autosave.js", lambda text: text.replace("status !== 413", "true"))
    standard, box = box_of(lead, school)
    box.evaluate(PASTE, MOST_BYTES + 14_000)
    standard.get_by_text("Not saved: Shorten “").wait_for()
    with lead.page.expect_request(lambda request: request.method == "POST"):
        lead.page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_both_pages_give_the_form_back_and_can_be_used_by_everybody(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    _, box = box_of(lead, school)
    lead.context.route(f"**/{DOMAIN}", hidden)
    box.fill("Typed where the browser hides the page")
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1, name="Nothing was changed").wait_for()
    assert lead.page.get_by_label("how we know").first.input_value().startswith("Typed where")
    lead.look("refused as coming from elsewhere")
    lead.context.unroute(f"**/{DOMAIN}")
    _, box = box_of(lead, school)
    box.evaluate("(box, count) => { box.value = 'What we know. '.repeat(count / 14); }", MOST_BYTES + 14_000)
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1, name="That was too large").wait_for()
    kept = lead.page.get_by_label("how we know").first
    assert len(kept.input_value()) > MOST_BYTES
    kept.fill("Short enough")
    lead.look("refused as too large")
    lead.press("Save again")
    lead.page.get_by_role("heading", level=1, name="Performance and outcomes").wait_for()
    assert stored(work, school) == ["Short enough"]
