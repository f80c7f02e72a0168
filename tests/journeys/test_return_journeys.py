"""People answering a return in a real browser: together, interrupted, without scripts."""

import pytest

from app.core.access import OrganisationRole, Work
from app.people.queries import DEMO_DOMAIN
from app.returns import queries
from tests import builders
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor

pytestmark = pytest.mark.journey


@pytest.fixture
def school(work: Work, clock: MovableClock) -> queries.ReturnHead:
    """A school with a lead and a head teacher, and a return just issued."""
    place = builders.organisation(work, f"Ashgrove Primary School {clock().timestamp():.0f}")
    for address, name, right in (
        (f"lead-{place}@{DEMO_DOMAIN}", f"Robin Marsh {place}", OrganisationRole.LEAD),
        (f"head-{place}@{DEMO_DOMAIN}", f"Alex Okafor {place}", OrganisationRole.SIGNATORY),
    ):
        builders.contact(work, place, address, name=name, rights=(right,))
    round_id = builders.open_round(work, [place])
    this = builders.return_of(work, round_id, place)
    work.session.commit()
    return this


def test_answers_save_themselves(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    lead.sees("Start now")
    lead.look("task list")
    lead.follow("Start now")
    standard = lead.page.locator(".standard").first
    standard.get_by_label("Amber: partly in place").check()
    standard.get_by_text("Saved at").wait_for()
    standard.get_by_label("How do you know?").fill("Minutes of 4 October")
    standard.get_by_text("Action: what, who, by when").click()
    standard.get_by_label("What will you do?").fill("Train the new governor")
    standard.get_by_label("By when?").fill("31/3/2027")
    standard.get_by_label("By when?").blur()
    standard.get_by_text("Saved at").wait_for()
    lead.page.wait_for_timeout(300)
    lead.look("domain with an answer")
    lead.page.reload()
    again = lead.page.locator(".standard").first
    assert again.get_by_label("Amber: partly in place").is_checked()
    assert again.get_by_label("How do you know?").input_value() == "Minutes of 4 October"
    assert again.get_by_label("By when?").input_value() == "31 Mar 2027"


def test_two_colleagues_see_both_texts(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    head = visitor(f"Alex Okafor {school.organisation_id}")
    for person in (lead, head):
        person.go(f"/returns/{school.id}/leadership-and-governance")
    mine = lead.page.locator(".standard").first
    mine.get_by_label("How do you know?").fill("What Robin knows")
    mine.get_by_label("How do you know?").blur()
    mine.get_by_text("Saved at").wait_for()
    theirs = head.page.locator(".standard").first
    theirs.get_by_label("Green: in place and working").check()
    theirs.get_by_text("changed another part of this answer").wait_for()
    assert theirs.get_by_label("How do you know?").input_value() == "What Robin knows"
    mine.get_by_label("How do you know?").fill("What Robin knows now")
    mine.get_by_label("How do you know?").blur()
    mine.get_by_text("Saved at").wait_for()
    theirs.get_by_label("How do you know?").fill("What Alex knows")
    theirs.get_by_label("How do you know?").blur()
    theirs.get_by_text("while you did").wait_for()
    theirs.get_by_text("What Robin knows now").wait_for()
    head.look("conflict")
    theirs.get_by_role("button", name="Keep mine").click()
    theirs.get_by_text("Saved at").wait_for()
    head.follow("Earlier versions")
    head.sees("What Robin knows now")
    head.sees("Not taken")
    head.look("history")


def test_text_survives_a_broken_connection(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    lead.go(f"/returns/{school.id}/leadership-and-governance")
    standard = lead.page.locator(".standard").first
    lead.context.set_offline(True)
    standard.get_by_label("How do you know?").fill("Typed on the train")
    standard.get_by_label("How do you know?").blur()
    standard.get_by_text("Not saved yet: no connection").wait_for()
    lead.context.set_offline(False)
    standard.get_by_text("Saved at").wait_for()
    lead.complaints.clear()
    lead.page.reload()
    assert standard.get_by_label("How do you know?").input_value() == "Typed on the train"


def test_a_return_without_scripts(visitor: NewVisitor, school: queries.ReturnHead) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}", scripts=False)
    lead.follow("Start now")
    lead.page.get_by_label("Red: not in place").first.check()
    lead.page.get_by_text("Action: what, who, by when").first.click()
    lead.page.get_by_label("What will you do?").first.fill("Name a governor")
    lead.page.get_by_label("By when?").first.fill("the day after tomorrow")
    lead.press("Save and continue")
    lead.sees("Some answers are not saved yet")
    assert lead.page.get_by_label("What will you do?").first.input_value() == "Name a governor"
    lead.page.get_by_label("By when?").first.fill("31 March 2027")
    lead.page.get_by_label("Who sees to it?").first.fill("Chair")
    lead.press("Save and continue")
    lead.page.get_by_role("heading", level=1, name="Performance and outcomes").wait_for()
    lead.go(f"/returns/{school.id}/leadership-and-governance")
    assert lead.page.get_by_label("Red: not in place").first.is_checked()
    assert lead.page.get_by_label("By when?").first.input_value() == "31 Mar 2027"


def test_signing_gives_feedback_at_once(visitor: NewVisitor, school: queries.ReturnHead, work: Work) -> None:
    person = builders.as_person(
        work, school.organisation_id, address=f"lead-{school.organisation_id}@{DEMO_DOMAIN}"
    )
    key = queries.questionnaire_of(work.session, school).rated[0].key
    builders.answer_all(person, school, **{key.replace("-", "_"): builders.RED})
    work.session.commit()
    head = visitor(f"Alex Okafor {school.organisation_id}")
    head.go(f"/returns/{school.id}/check")
    head.sees("Everything is answered")
    head.look("check your answers")
    head.follow("Go on to sign")
    head.look("sign")
    head.press("Sign")
    head.sees("Tick the box to say that this is a true account")
    head.look("sign with an error")
    head.page.get_by_label("I have read this self-assessment").check()
    head.press("Sign")
    head.sees("Signed")
    head.sees("Your quickest gains")
    head.look("feedback")
    head.follow("One page for your governors or board")
    head.look("page for governors")
    head.go(f"/returns/{school.id}/receipt")
    head.sees("Fingerprint")
    head.look("receipt")
    assert head.page.get_by_role("button", name="Print").is_visible()
    plain = visitor(f"Alex Okafor {school.organisation_id}", scripts=False)
    plain.go(f"/returns/{school.id}/receipt")
    plain.sees("Fingerprint")
    assert not plain.page.get_by_text("Print", exact=True).is_visible(), "this button needs scripts"


@pytest.mark.access
@pytest.mark.faults
def test_somebody_is_removed_while_they_write_and_keeps_their_text(
    visitor: NewVisitor, school: queries.ReturnHead
) -> None:
    lead = visitor(f"Robin Marsh {school.organisation_id}")
    head = visitor(f"Alex Okafor {school.organisation_id}")
    head.go(f"/returns/{school.id}/leadership-and-governance")
    lead.go(f"/returns/{school.id}/team")
    lead.follow("Remove")
    lead.sees("can no longer sign in for")
    lead.look("removing a colleague")
    lead.press(f"Remove Alex Okafor {school.organisation_id}")
    lead.sees("Your colleague can no longer sign in")
    writing = head.page.locator(".standard").first.get_by_label("How do you know?")
    writing.fill("Written while the right to write was taken")
    writing.blur()
    head.sees("Not saved. Your text is still on this page")
    head.press("Save and continue")
    head.sees("If you were saving something, it was not saved")
    given_back = head.page.get_by_label("how we know")
    assert given_back.first.input_value() == "Written while the right to write was taken"
    head.look("a page that is not there any more, with the text")
