"""From the emailed link to the first answer: the presses of a finger, counted in a real browser."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from app.chasing import holding
from app.chasing.models import ExemptionKind
from app.core.access import Work
from app.core.clock import london_date
from app.planner import entries
from app.planner.entry_rules import NewEntry
from app.planner.year import EntryKind
from app.returns import queries
from tests import builders
from tests.journeys.conftest import NewVisitor, Visitor
from tests.people.steps import newest_link

pytestmark = [pytest.mark.journey, pytest.mark.access]
# Each press of a button of the mouse or a finger is one, whatever the page makes of it.
COUNTING = "addEventListener('pointerdown', () => window.pressed(), true)"
ANSWER = "input[type=radio][value=green]"


class Counted:
    """A visitor whose presses are counted by the browser itself."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page, self.presses = visitor, visitor.page, 0
        self.page.context.expose_binding("pressed", lambda _source: self._press())
        self.page.add_init_script(COUNTING)

    def _press(self) -> None:
        self.presses += 1

    def opens_the_link(self, engine: Engine, address: str) -> None:
        """Ask for a link, and open it from the mail: the count begins there."""
        self.visitor.go("/sign-in")
        self.page.get_by_label("Your email address").fill(address)
        self.visitor.press("Send me a link")
        self.visitor.sees("Check your email")
        self.visitor.go(newest_link(engine, address))
        self.page.get_by_role("button", name="Continue", exact=True).wait_for()
        self.presses = 0

    def answers_first(self) -> None:
        """Choose green at the first question of the page that is open."""
        with self.page.expect_response(
            lambda reply: reply.request.method == "POST" and reply.ok and not reply.url.endswith("/opened")
        ):
            self.page.locator(ANSWER).first.click()


def school(work: Work, name: str, address: str) -> queries.ReturnHead:
    """Let a school be asked, with one contact."""
    place = builders.organisation(work, name)
    builders.contact(work, place, address)
    round_id = builders.open_round(work, [place], title=f"Section 175 of {name}")
    return builders.return_of(work, round_id, place)


def green(work: Work, this: queries.ReturnHead) -> bool:
    """Say whether some answer of a return is stored as green."""
    work.session.rollback()
    stored = queries.answers(work.session, work.actor, this.id).values()
    return any(each.values.level == "green" for each in stored)


def test_the_third_press_after_the_mail_is_an_answer(work: Work, visitor: NewVisitor, engine: Engine) -> None:
    alone, several = "robin@alone.example.org", "sam@several.example.org"
    only, one, two = (
        school(work, name, address)
        for name, address in (("Ash School", alone), ("Elm School", several), ("Fir School", several))
    )
    work.session.commit()
    # One open return and nothing else: the person lands on it.
    person = Counted(visitor())
    person.opens_the_link(engine, alone)
    person.visitor.press("Continue")
    person.page.wait_for_url(f"**/returns/{only.id}")
    person.visitor.follow("Start now")
    person.answers_first()
    assert (person.presses, green(work, only)) == (3, True)
    # A date of the partnership is ahead, and a colleague has begun: the person lands on home.
    day = london_date(work.now) + timedelta(days=20)
    entries.add(work, NewEntry(EntryKind.STAFF_EVENT, "", "Conference", "", day, day, for_agencies=True))
    work.session.commit()
    colleague = Counted(visitor())
    colleague.opens_the_link(engine, alone)
    colleague.visitor.press("Continue")
    colleague.visitor.sees("Conference")
    colleague.visitor.follow("Continue where you left off")
    colleague.page.locator(ANSWER).nth(1).wait_for(state="attached")
    assert colleague.presses == 2
    # At two organisations home asks which: it costs no press more.
    both = Counted(visitor())
    both.opens_the_link(engine, several)
    both.visitor.press("Continue")
    both.visitor.sees("Conference")
    both.page.locator("section", has_text="Fir School").get_by_role("link", name="Start now").click()
    both.answers_first()
    assert (both.presses, green(work, two), green(work, one)) == (3, True, False)


def test_control_a_longer_way_is_counted_as_longer_and_nothing_leads_to_what_is_not_owed(
    work: Work, visitor: NewVisitor, engine: Engine
) -> None:
    address = "kim@spared.example.org"
    this = school(work, "Oak School", address)
    holding.exempt(work, this.round_id, [this.id], ExemptionKind.OTHER, "Too small")
    work.session.commit()
    person = Counted(visitor())
    person.opens_the_link(engine, address)
    person.visitor.press("Continue")
    person.visitor.sees("needs no answer from you")
    assert person.page.get_by_role("link", name="Start now").count() == 0
    person.visitor.look("home of an exempt organisation")
    person.visitor.follow("Oak School")
    person.visitor.follow("Start now")
    person.answers_first()
    assert person.presses == 4
