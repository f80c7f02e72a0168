"""Reminders of actions: on their day, one mail for each organisation, once, and never for what is done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.actions import reminding, service
from app.actions.rules import ActionStatus
from app.actions.service import Terms
from app.core.access import Work
from app.core.models import OutboxMessage
from app.core.working_days import Term
from tests import builders
from tests.actions import scenes

pytestmark = pytest.mark.visits
WEDNESDAY = datetime(2027, 3, 24, 10, 0, tzinfo=UTC)


@pytest.fixture
def place(work: Work) -> int:
    """An agency with a lead."""
    made = builders.organisation(
        work, "Emberwick Youth Justice", kind="youth_justice", phase="not_applicable"
    )
    builders.contact(work, made, f"lead-{made}@example.org")
    return made


def lead_of(work: Work, place: int) -> Work:
    return builders.as_person(work, place, address=f"lead-{place}@example.org")


def mails(session: Session, place: int) -> list[OutboxMessage]:
    rows = session.execute(
        select(OutboxMessage)
        .where(col(OutboxMessage.kind) == "actions-due", col(OutboxMessage.organisation_id) == place)
        .order_by(col(OutboxMessage.id))
    )
    return list(rows.scalars())


def told(work: Work, place: int, now: datetime, terms: tuple[Term, ...] = ()) -> int:
    """Let the worker pass twice at a moment, and return how many mails there are."""
    for _ in range(2):
        reminding.remind(work.session, now, terms)
    return len(mails(work.session, place))


def test_one_mail_names_what_is_due_soon_and_what_is_overdue_and_comes_once(work: Work, place: int) -> None:
    scenes.action(work, place, what="Train everybody")
    scenes.action(work, place, what="Write the plan", due_on=date(2027, 3, 1))
    scenes.action(work, place, what="Some day", due_on=None)
    work.session.commit()
    assert told(work, place, WEDNESDAY - timedelta(hours=3)) == 0, "not before half past eight"
    assert told(work, place, datetime(2027, 3, 21, 10, 0, tzinfo=UTC)) == 0, "not on a Sunday"
    assert told(work, place, WEDNESDAY) == 1
    body = mails(work.session, place)[0].body
    assert body.index("has passed") < body.index("Write the plan") < body.index("due soon")
    assert body.index("due soon") < body.index("Train everybody")
    assert "Some day" not in body
    assert told(work, place, WEDNESDAY + timedelta(days=1)) == 1
    assert told(work, place, WEDNESDAY + timedelta(days=8)) == 2, "the first has passed, too"
    assert told(work, place, WEDNESDAY + timedelta(days=30)) == 2


def test_nobody_is_reminded_of_what_is_done_and_a_new_day_reminds_anew(work: Work, place: int) -> None:
    done, moved = scenes.action(work, place).id or 0, scenes.action(work, place).id or 0
    service.say(lead_of(work, place), done, scenes.said(ActionStatus.DONE))
    work.session.commit()
    assert told(work, place, WEDNESDAY) == 1
    assert mails(work.session, place)[0].body.count("Write the plan") == 1
    service.change(scenes.officer(work), moved, Terms("Head", date(2027, 5, 28), "Ill"))
    work.session.commit()
    assert told(work, place, WEDNESDAY + timedelta(days=14)) == 1
    assert told(work, place, datetime(2027, 5, 21, 10, 0, tzinfo=UTC)) == 2


def test_schools_are_left_in_peace_outside_their_terms(work: Work) -> None:
    school = builders.organisation(work, "Ashgrove Primary School")
    builders.contact(work, school, "ashgrove@example.org")
    scenes.action(work, school, due_on=date(2027, 4, 1))
    work.session.commit()
    terms = (Term(date(2027, 1, 4), date(2027, 3, 19)), Term(date(2027, 4, 12), date(2027, 7, 20)))
    assert told(work, school, WEDNESDAY, terms) == 0
    assert told(work, school, datetime(2027, 4, 12, 10, 0, tzinfo=UTC), terms) == 1
    assert "has passed" in mails(work.session, school)[0].body


def test_two_workers_at_once_remind_once(work: Work, place: int, engine: Engine) -> None:
    number = scenes.action(work, place).id or 0
    work.session.commit()
    with Session(engine) as one, Session(engine) as other:
        # Both have read that a reminder is due; the second claims after the first has committed.
        both = reminding._candidates(one, WEDNESDAY.date()), reminding._candidates(other, WEDNESDAY.date())
        assert all(any(each.id == number for each in some) for some in both)
        assert reminding._claim(one, number, "soon:2027-03-31")
        one.commit()
        assert not reminding._claim(other, number, "soon:2027-03-31")
    assert told(work, place, WEDNESDAY) == 0, "the control: it is claimed"


def test_control_without_the_claim_it_would_be_told_again(
    work: Work, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes.action(work, place)
    work.session.commit()
    assert told(work, place, WEDNESDAY) == 1
    candidates = reminding._candidates
    monkeypatch.setattr(reminding, "_claim", lambda *_: True)
    monkeypatch.setattr(
        reminding, "_candidates", lambda *some: [replace(each, reminded="") for each in candidates(*some)]
    )
    monkeypatch.setattr(reminding, "_once", lambda _: "another key")
    assert told(work, place, WEDNESDAY) == 2
