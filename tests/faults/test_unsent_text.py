"""QUALITY 7: a session ends with 3,000 unsaved words on the page; they stay, and save themselves later."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, Route
from playwright.sync_api import TimeoutError as NotThere

from app.core.access import OrganisationRole, Work
from app.core.static_files import STATIC
from app.people.queries import DEMO_DOMAIN
from app.returns import queries
from tests import builders
from tests.conftest import MovableClock
from tests.faults.scale import figures
from tests.journeys.conftest import NewVisitor, Visitor

pytestmark = [pytest.mark.faults, pytest.mark.journey]
DOMAIN = "leadership-and-governance"
BOX = "How do you know?"
WORDS = " ".join(f"word{number}" for number in range(1_200))
THREE_BOXES = ("How do you know?", "Comment", "What will you do?")
Break = Callable[[str], str]


@pytest.fixture
def school(work: Work, clock: MovableClock) -> queries.ReturnHead:
    """A school with two people and a return just issued."""
    place = builders.organisation(work, f"Ashgrove Primary School {clock().timestamp():.0f}")
    for who, name in (("lead", "Robin Marsh"), ("head", "Alex Okafor")):
        builders.contact(
            work,
            place,
            f"{who}-{place}@{DEMO_DOMAIN}",
            name=f"{name} {place}",
            rights=(OrganisationRole.LEAD, OrganisationRole.SIGNATORY),
        )
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    return this


def broken_script(visitor: Visitor, script: str, change: Break) -> None:
    """Serve this visitor a script with one fault planted in it."""
    plain = (STATIC / script).read_text("utf-8")
    altered = change(plain)
    assert altered != plain, "the fault has to be planted somewhere"

    def serve(route: Route) -> None:
        route.fulfill(body=altered, content_type="text/javascript")

    visitor.context.route(f"**/static/{script}", serve)


def type_three_thousand_words(lead: Visitor) -> None:
    """Fill three boxes of one standard with 1,200 words each."""
    standard = lead.page.locator(".standard").first
    for details in standard.locator("summary").all():
        details.click()
    for number, label in enumerate(THREE_BOXES):
        standard.get_by_label(label, exact=True).fill(f"{number} {WORDS}")


def signed_out_while_typing(lead: Visitor, school: queries.ReturnHead, clock: MovableClock) -> None:
    """Open the page, let the session end, type, and see the page say so."""
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    clock.move(hours=2)
    type_three_thousand_words(lead)
    lead.page.get_by_text("you have been signed out").first.wait_for()


def sign_in_elsewhere(lead: Visitor, name: str) -> None:
    """Follow the link that the page offers, and sign in in the new tab."""
    with lead.context.expect_page() as opened:
        lead.page.get_by_role("link", name="Sign in again in a new tab").first.click()
    opened.value.get_by_role("button", name=name, exact=True).click()
    opened.value.get_by_role("heading", level=1).wait_for()
    assert re.search(rf"/returns/\d+/{DOMAIN}$", opened.value.url), "the link returns to the page"
    opened.value.close()


def stored_words(work: Work, school: queries.ReturnHead) -> int:
    """Count the words that are stored of the first standard."""
    work.session.rollback()
    lines = queries.answers(work.session, work.actor, school.id).values()
    texts = [
        text
        for line in lines
        for text in (line.values.evidence, line.values.comment, line.values.action_what)
    ]
    return sum(len(text.split()) for text in texts)


def words_in_the_end(lead: Visitor, work: Work, school: queries.ReturnHead) -> int:
    """Count the stored words once all are there, or after ten seconds: boxes may be saved one by one."""
    for _ in range(100):
        if stored_words(work, school) >= 3 * 1_201:
            break
        lead.page.wait_for_timeout(100)
    return stored_words(work, school)


def test_text_saves_itself_after_signing_in_again(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work
) -> None:
    name = f"Robin Marsh {school.organisation_id}"
    lead = visitor(name)
    signed_out_while_typing(lead, school, clock)
    lead.look("signed out with unsent text")
    assert stored_words(work, school) == 0
    sign_in_elsewhere(lead, name)
    words = words_in_the_end(lead, work, school)
    figures("7 session ends while typing", words=words, lost=3 * 1_201 - words)
    assert words == 3 * 1_201


def test_a_page_that_gives_up_is_caught(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work
) -> None:
    name = f"Robin Marsh {school.organisation_id}"
    lead = visitor(name)
    broken_script(
        lead, "autosave.js", lambda text: text.replace("reply.status === 401", "reply.status === 499")
    )
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    clock.move(hours=2)
    type_three_thousand_words(lead)
    lead.page.get_by_text("you have been signed out").first.wait_for()
    lead.context.on("page", lambda _page: None)
    lead.page.evaluate("window.dispatchEvent = () => true")
    with pytest.raises(NotThere):
        lead.page.get_by_text("Saved at").first.wait_for(timeout=4_000)
    figures("7 control: page gives up", words=stored_words(work, school))
    assert stored_words(work, school) == 0


def test_unsent_text_outlives_a_reload_of_the_tab(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work
) -> None:
    name = f"Robin Marsh {school.organisation_id}"
    lead = visitor(name)
    signed_out_while_typing(lead, school, clock)
    lead.page.wait_for_timeout(500)
    lead.page.on("dialog", lambda dialog: dialog.accept())
    lead.page.reload()
    lead.page.get_by_role("button", name=name, exact=True).click()
    assert words_in_the_end(lead, work, school) == 3 * 1_201
    lead.page.get_by_text("Saved at").first.wait_for()
    assert kept_here(lead.page) == 0


def kept_here(page: Page) -> int:
    """Count the texts that this tab keeps."""
    return int(
        page.evaluate("Object.keys(sessionStorage).filter((k) => k.startsWith('eleven-unsent:')).length")
    )


def kept_in_the_end(page: Page, count: int) -> int:
    """Count the texts that this tab keeps once it is so many, or after ten seconds."""
    for _ in range(100):
        if kept_here(page) == count:
            break
        page.wait_for_timeout(100)
    return kept_here(page)


def shows_or_keeps(page: Page) -> bool:
    """Say whether a page, or what its tab keeps, lets somebody read the first person's words."""
    seen = page.evaluate(
        "JSON.stringify(Object.values(sessionStorage)) + document.documentElement.innerHTML "
        "+ [...document.querySelectorAll('textarea, input')].map((box) => box.value).join(' ')"
    )
    return "word77" in seen


def another_person_in_the_tab(lead: Visitor, school: queries.ReturnHead, clock: MovableClock) -> list[bool]:
    """Leave unsent words in a tab; a colleague signs in there. Return whether each step showed the words."""
    signed_out_while_typing(lead, school, clock)
    lead.page.wait_for_timeout(500)
    lead.page.on("dialog", lambda dialog: dialog.accept())
    lead.page.reload()
    found = [shows_or_keeps(lead.page)]
    lead.page.get_by_role("button", name=f"Alex Okafor {school.organisation_id}", exact=True).click()
    lead.page.locator(".standard").first.wait_for()
    lead.page.wait_for_timeout(1_500)
    return [*found, shows_or_keeps(lead.page)]


def test_the_next_person_in_the_tab_never_sees_it(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    assert another_person_in_the_tab(lead, school, clock) == [False, False]
    assert kept_here(lead.page) == 0
    assert stored_words(work, school) == 0


def test_a_page_that_keeps_text_in_the_open_is_caught(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    broken_script(
        lead,
        "unsent.js",
        lambda text: text.replace(
            "if (turns.get(standard) !== turn) return;", "sessionStorage.setItem('open', text);"
        ),
    )
    assert any(another_person_in_the_tab(lead, school, clock))


def test_a_colleague_in_another_tab_does_not_send_my_text_as_theirs(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    signed_out_while_typing(lead, school, clock)
    sign_in_elsewhere(lead, f"Alex Okafor {school.organisation_id}")
    lead.page.get_by_text("Somebody else has signed in in this browser").first.wait_for()
    assert stored_words(work, school) == 0
    assert lead.page.locator(".standard").first.get_by_label(BOX).input_value().endswith("word1199")


def test_signing_out_leaves_nothing_behind_and_asks_first(
    visitor: NewVisitor, school: queries.ReturnHead
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    lead.page.on("dialog", leave)
    lead.page.route(f"**/{DOMAIN}/*", lambda route: route.abort())
    lead.page.locator(".standard").first.get_by_label(BOX).fill("Never sent")
    lead.page.get_by_text("Not saved yet: no connection").first.wait_for()
    assert kept_in_the_end(lead.page, 1) == 1
    lead.press("Sign out")
    lead.page.get_by_role("heading", name="Sign in").wait_for()
    assert asked == ["beforeunload"]
    assert kept_here(lead.page) == 0
    lead.complaints.clear()


def test_nobody_is_asked_when_everything_is_saved(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    asked: list[str] = []
    lead.page.on("dialog", lambda dialog: asked.append(dialog.type))
    lead.page.locator(".standard").first.get_by_label(BOX).fill("Sent at once")
    lead.page.get_by_text("Saved at").first.wait_for()
    assert kept_here(lead.page) == 0
    lead.go(f"/returns/{school.id}")
    assert not asked


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_the_form_comes_back_and_saves(
    visitor: NewVisitor, school: queries.ReturnHead, clock: MovableClock, work: Work, scripts: bool
) -> None:
    name = f"Robin Marsh {school.organisation_id}"
    lead = visitor(name, scripts=scripts)
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    clock.move(hours=2)
    lead.page.locator(".standard").first.get_by_label(BOX).fill(WORDS)
    lead.press("Save and continue")
    lead.sees("You have been signed out")
    if scripts:
        lead.look("signed out, with the form's text")
    sign_in_elsewhere(lead, name)
    lead.press("Save again")
    lead.page.get_by_role("heading", level=1, name="Performance and outcomes").wait_for()
    assert stored_words(work, school) == 1_200


def test_text_that_came_too_late_is_shown_to_be_copied(
    visitor: NewVisitor, school: queries.ReturnHead, work: Work
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    lead.page.route(f"**/{DOMAIN}/*", lambda route: route.abort())
    lead.page.locator(".standard").first.get_by_label(BOX).fill("Typed on the train, too late")
    lead.page.get_by_text("Not saved yet: no connection").first.wait_for()
    assert kept_in_the_end(lead.page, 1) == 1
    builders.signed_return(work, school.round_id, school.organisation_id)
    work.session.commit()
    lead.page.on("dialog", lambda dialog: dialog.accept())
    lead.page.unroute(f"**/{DOMAIN}/*")
    lead.page.reload()
    lead.sees("What you wrote and could not save")
    lead.sees("Typed on the train, too late")
    lead.look("text that came too late")
    lead.press("I have copied it: throw it away")
    assert kept_here(lead.page) == 0
    lead.complaints.clear()
