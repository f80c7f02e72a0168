"""A round from its invitation through reminders and escalation to the last answer, day by day."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from app.chasing.worker import Worker
from app.core.access import OrganisationRole, Work
from app.core.transports import SmtpTransport
from app.people import service as people
from app.people.queries import DEMO_DOMAIN
from app.rounds import service as rounds
from app.rounds.models import Round
from app.rounds.rules import Audience
from tests import builders
from tests.chasing.post_office import PostOffice
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor, Visitor

pytestmark = [pytest.mark.journey, pytest.mark.chasing]
NAMES = ("Ash Primary School", "Birch Primary School", "Cedar Academy", "Dogwood Academy")


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server."""
    office = PostOffice()
    office.open()
    yield office
    office.close()


@dataclass
class Story:
    """The round, its people, and the worker that goes round each day."""

    work: Work
    clock: MovableClock
    office: PostOffice
    worker: Worker
    places: dict[str, int]
    round_id: int

    @property
    def here(self) -> str:
        """The round's address."""
        return f"/rounds/{self.round_id}"

    def until(self, day: date) -> Counter[str]:
        """Let the days go by, up to nine in the morning of a day, and return who got how many mails."""
        self.office.mails.clear()
        while self.clock.moment.date() < day:
            self.clock.moment = (self.clock.moment + timedelta(days=1)).replace(hour=9, minute=0)
            while self.worker.step(self.clock()):
                pass
        return self.office.got

    def signs(self, name: str) -> Counter[str]:
        """Let a school answer everything and sign; return who gets a receipt."""
        work = Work(self.work.session, self.work.actor, self.clock())
        builders.signed_return(work, self.round_id, self.places[name])
        self.work.session.commit()
        lead = mailbox(name) if name in NAMES[:2] else f"trust@{DEMO_DOMAIN}"
        return Counter([lead, f"signs-{self.places[name]}@example.org"])


def mailbox(name: str) -> str:
    return f"{name.split(' ', 1)[0].lower()}@{DEMO_DOMAIN}"


@pytest.fixture
def story(work: Work, engine: Engine, clock: MovableClock, office: PostOffice, address: str) -> Story:
    """Four schools, two of them in one person's hands, and a round that nobody has been asked in yet."""
    manager = people.ensure_users(work, [(f"manager@{DEMO_DOMAIN}", "Morgan Ellery")])
    for user_id in manager.values():
        people.grant_partnership_role(work, user_id=user_id, role=next(iter(work.actor.roles)))
    places = {name: builders.organisation(work, name) for name in NAMES}
    for name in NAMES[:2]:
        builders.contact(work, places[name], mailbox(name), name=f"Lead of {name}")
    for name in NAMES[2:]:
        builders.contact(
            work, places[name], f"trust@{DEMO_DOMAIN}", name="Tess Trust", role="trust_safeguarding_lead"
        )
    ash = places[NAMES[0]]
    signs = (OrganisationRole.SIGNATORY,)
    builders.contact(work, ash, f"head@{DEMO_DOMAIN}", name="Hera Head", role="head_teacher", rights=signs)
    builders.contact(
        work, ash, f"chair@{DEMO_DOMAIN}", name="Cora Chair", role="chair_of_governors", rights=()
    )
    this = Round(
        title="Section 175, 2026 to 2027",
        version_id=builders.published(work),
        school_year="2026 to 2027",
        opens_on=date(2026, 11, 16),
        due_on=date(2027, 1, 29),
        created_at=work.now,
    )
    work.session.add(this)
    work.session.flush()
    rounds.set_audience(work, this.id or 0, Audience(included=frozenset(places.values())))
    work.session.commit()
    config = office.settings(public_address=address)
    worker = Worker(engine, SmtpTransport(config), config)
    return Story(work, clock, office, worker, places, this.id or 0)


def come_back(manager: Visitor, path: str) -> None:
    """Sign in again on another day, and go somewhere."""
    manager.sign_in("Morgan Ellery")
    manager.go(path)


def invite(manager: Visitor, lead: Visitor, story: Story) -> None:
    manager.go(f"{story.here}/issue")
    manager.press("Issue to 4 organisations")
    manager.sees("4 organisations asked, 5 invitations queued")
    story.worker.step(story.clock())
    assert story.office.got == {
        mailbox(NAMES[0]): 1, mailbox(NAMES[1]): 1, f"trust@{DEMO_DOMAIN}": 2, f"head@{DEMO_DOMAIN}": 1
    }  # fmt: skip
    link = re.search(r"http://\S+/invitation/\S+", story.office.text_to(mailbox(NAMES[0])))
    assert link is not None
    lead.page.goto(link[0])
    lead.sees(f"{NAMES[0][0].lower()}•••@{DEMO_DOMAIN}")


def plan(manager: Visitor, story: Story) -> None:
    manager.go(f"{story.here}/schedule")
    manager.look("schedule")
    manager.page.get_by_label("Where there is no chair of governors, write to").fill("Sam Hart")
    manager.page.get_by_label("Their email address").fill(f"named@{DEMO_DOMAIN}")
    manager.press("Save the schedule")
    manager.sees("The schedule was saved")
    manager.go("/terms")
    manager.look("terms")
    manager.go("/mail-texts/not-opened")
    manager.look("mail text")
    manager.page.get_by_label("Subject").fill("Please open ((title))")
    manager.press("Save")
    manager.sees("Saved. Mails that leave from now on read like this.")


def send_by_hand(manager: Visitor, story: Story) -> None:
    """Three clicks from the list: tick, send, send."""
    story.office.mails.clear()
    come_back(manager, f"{story.here}/chase")
    manager.look("chase list with a selection")
    manager.page.get_by_label("Choose Birch Primary School").check()
    manager.press("Send a reminder now")
    manager.sees("1 mail about 1 organisation would leave at once")
    manager.look("preview of a sending")
    manager.press("Send 1 mail now")
    manager.sees("0 of 1 done")
    manager.look("sending under way")
    story.worker.step(story.clock())
    manager.page.reload()
    manager.sees("1 of 1 done")
    assert story.office.got == {mailbox(NAMES[1]): 1}


def test_a_round_from_invitation_to_the_last_answer(story: Story, visitor: NewVisitor) -> None:
    manager = visitor("Morgan Ellery")
    ash, birch, trust = mailbox(NAMES[0]), mailbox(NAMES[1]), f"trust@{DEMO_DOMAIN}"
    invite(manager, visitor(), story)
    come_back(manager, story.here)
    plan(manager, story)
    assert story.until(date(2027, 1, 7)) == {}
    come_back(manager, "/")
    manager.sees("about 4 organisations")
    manager.look("the board manager's home page")
    manager.follow("See who gets what")
    manager.sees("Friday 8 January 2027: 3 mails")
    manager.look("what goes out next")
    # Three weeks before: one mail each, and one for both schools of the trust, in the partnership's words.
    assert story.until(date(2027, 1, 8)) == {ash: 1, birch: 1, trust: 1}
    assert str(story.office.mails[0]["Subject"]) == "Please open Section 175, 2026 to 2027"
    assert "- Cedar Academy: never opened" in story.office.text_to(trust)
    receipts = story.signs(NAMES[2])
    assert story.until(date(2027, 1, 22)) == Counter([ash, birch, trust]) + receipts
    assert "Cedar" not in story.office.text_to(trust)
    come_back(manager, f"{story.here}/chase")
    manager.page.get_by_label("Choose Dogwood Academy").check()
    manager.press("Give more time")
    manager.page.get_by_label("New due date").fill("31/3/2027")
    manager.page.get_by_label("Reason").fill("The building is flooded")
    manager.look("more time")
    manager.press("Give more time")
    manager.sees("1 organisation given more time")
    manager.look("left alone")
    # The trust is told of the new day, once, and hears nothing else until then.
    assert story.until(date(2027, 1, 26)) == {trust: 1}
    assert "Now due: Wednesday 31 March 2027" in story.office.text_to(trust)
    assert story.until(date(2027, 2, 1)) == {ash: 2, birch: 2}
    send_by_hand(manager, story)
    receipts = story.signs(NAMES[1])
    # One and two weeks after the due date, with the head between them, and then the chair of governors.
    above = [f"head@{DEMO_DOMAIN}", f"chair@{DEMO_DOMAIN}"]
    assert story.until(date(2027, 2, 19)) == Counter([ash, ash, *above]) + receipts
    assert story.until(date(2027, 2, 26)) == {}
    come_back(manager, f"{story.here}/chase")
    manager.sees("on the call list since 26 February")
    manager.look("call list")
    receipts = story.signs(NAMES[0]) + Counter([f"head@{DEMO_DOMAIN}"])
    assert story.until(date(2027, 3, 10)) == Counter([trust]) + receipts
    assert "Wednesday 31 March 2027" in story.office.text_to(trust)
    receipts = story.signs(NAMES[3])
    assert story.until(date(2027, 4, 30)) == receipts
    come_back(manager, story.here)
    manager.sees("100% answered")
    manager.look("a round that everybody has answered")
    manager.go(f"{story.here}/worked")
    manager.look("what worked")
    assert story.clock() == datetime(2027, 4, 30, 9, 0, tzinfo=UTC)
