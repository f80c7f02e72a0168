"""What people do with actions: who may, what is refused, what is written and told."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.actions import queries, service
from app.actions.models import Action, ActionNote, ActionSource, NoteKind
from app.actions.rules import ActionStatus, Outcome
from app.actions.service import NewAction, Promise, Terms
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.models import AuditEvent, OutboxMessage
from tests import builders
from tests.actions import scenes

pytestmark = pytest.mark.visits
_S = ActionStatus


@pytest.fixture
def place(work: Work) -> int:
    """A school without any return, with a lead who can be written to."""
    made = builders.organisation(work)
    builders.contact(work, made, "lead@ashgrove.example.org")
    return made


def events(work: Work, number: int) -> list[str]:
    rows = work.session.execute(
        select(col(AuditEvent.event))
        .where(col(AuditEvent.subject) == "action", col(AuditEvent.subject_id) == number)
        .order_by(col(AuditEvent.id))
    )
    return list(rows.scalars())


def mails(work: Work, place: int) -> int:
    counted = select(func.count()).where(
        col(OutboxMessage.kind) == "action-said", col(OutboxMessage.organisation_id) == place
    )
    return int(work.session.execute(counted).scalar_one())


def test_an_action_goes_from_moderation_to_saigs_acceptance(work: Work, place: int) -> None:
    number = service.add(
        work,
        NewAction(
            source=ActionSource.MODERATION,
            source_id=7,
            organisation_id=place,
            domain_key="culture-and-challenge",
            domain_title="Culture and challenge",
            standard_key="low-level",
            standard_title="Low-level concerns",
            what="Write the policy",
            owner="Head",
            due_on=scenes.DUE,
        ),
    )
    lead, officer = builders.as_person(work, place), scenes.officer(work)
    service.say(scenes.later(lead, 1), number, service.Said(_S.UNDER_WAY, "", owner="Deputy head"))
    service.say(scenes.later(lead, 2), number, scenes.said(_S.DONE, "Staff know it"))
    service.review(scenes.later(officer, 3), number, Outcome.MORE_TO_DO, "What do files show?")
    again = scenes.by_id(work, number)
    assert (again.status, again.closed_at, again.owner) == (_S.UNDER_WAY, None, "Deputy head")
    service.say(scenes.later(lead, 4), number, scenes.said(_S.DONE, "Six files show it"))
    service.review(scenes.later(officer, 5), number, Outcome.ACCEPTED, "", seen=_S.DONE)
    ended = scenes.by_id(work, number)
    assert (ended.status, ended.progress) == (_S.ACCEPTED, "Six files show it")
    assert ended.closed_at == ended.reviewed_at == scenes.later(work, 5).now
    said = queries.notes(work.session, work.actor, number)
    assert [(each.kind, each.status) for each in said] == [
        (NoteKind.REVIEW, _S.ACCEPTED),
        (NoteKind.PROGRESS, _S.DONE),
        (NoteKind.REVIEW, _S.UNDER_WAY),
        (NoteKind.PROGRESS, _S.DONE),
        (NoteKind.PROGRESS, _S.UNDER_WAY),
    ]
    steps = ["progress", "progress", "reviewed", "progress", "reviewed"]
    assert events(work, number) == ["action.from_moderation", *(f"action.{step}" for step in steps)]
    assert mails(work, place) == 2, "the lead hears of each review"


Deed = Callable[[Work, int], None]


def refused(work: Work, number: int, deed: Deed) -> dict[str, str]:
    before = (scenes.by_id(work, number).status, len(events(work, number)))
    with pytest.raises(RefusedError) as problem:
        deed(work, number)
    assert (scenes.by_id(work, number).status, len(events(work, number))) == before, "nothing was written"
    return dict(problem.value.problems)


@pytest.mark.parametrize(
    ("status", "words", "field"),
    [(None, "", "status"), (_S.DONE, " ", "words"), (_S.DROPPED, "", "words")],
)
def test_an_answer_without_what_it_needs_is_refused(
    work: Work, place: int, status: ActionStatus | None, words: str, field: str
) -> None:
    number = scenes.action(work, place).id or 0
    lead = builders.as_person(work, place)
    problems = refused(work, number, lambda _, n: service.say(lead, n, scenes.said(status, words)))
    assert set(problems) == {field}


def test_a_review_needs_an_outcome_and_words_and_what_was_seen(work: Work, place: int) -> None:
    number = scenes.action(work, place).id or 0
    officer = scenes.officer(work)
    assert set(refused(work, number, lambda _, n: service.review(officer, n, None, "x"))) == {"outcome"}
    assert set(refused(work, number, lambda _, n: service.review(officer, n, Outcome.CLOSED, ""))) == {
        "review"
    }
    # Nobody accepts what nobody said to be done, and nobody reviews what has changed meanwhile.
    refused(work, number, lambda _, n: service.review(officer, n, Outcome.ACCEPTED, "Fine"))
    service.say(builders.as_person(work, place), number, scenes.said(_S.DROPPED, "Moved to the trust"))
    refused(work, number, lambda _, n: service.review(officer, n, Outcome.CLOSED, "Fine", seen=_S.OPEN))
    service.review(officer, number, Outcome.CLOSED, "Fine", seen=_S.DROPPED)
    refused(work, number, lambda _, n: service.review(officer, n, Outcome.CLOSED, "Again"))
    lead = builders.as_person(work, place)
    refused(work, number, lambda _, n: service.say(lead, n, scenes.said(_S.DONE)))


def test_nobody_reviews_the_actions_of_their_own_organisation(work: Work, place: int) -> None:
    number = scenes.action(work, place).id or 0
    both = scenes.officer(work)
    at_home = Actor(
        both.actor.user_id,
        both.actor.name,
        both.actor.email,
        roles=both.actor.roles,
        organisations={place: frozenset({OrganisationRole.LEAD})},
    )
    own = Work(work.session, at_home, work.now)
    refused(work, number, lambda _, n: service.review(own, n, Outcome.CLOSED, "We agree with ourselves"))
    refused(work, number, lambda _, n: service.change(own, n, Terms("Head", date(2028, 1, 1), "Later")))
    service.review(both, number, Outcome.CLOSED, "The control: with another organisation they may")


@pytest.mark.access
def test_strangers_find_nothing_and_the_scrutineer_writes_nothing(work: Work, place: int) -> None:
    number = scenes.action(work, place).id or 0
    other = builders.organisation(work, "Another School")
    stranger = builders.as_person(work, other, address="stranger@example.org")
    deeds: list[Callable[[Work], None]] = [
        lambda who: service.say(who, number, scenes.said(_S.DONE)),
        lambda who: service.comment(who, number, "Hello"),
        lambda who: service.review(who, number, Outcome.CLOSED, "x"),
        lambda who: service.change(who, number, Terms("Head", date(2028, 1, 1), "Later")),
    ]
    for deed in deeds:
        with pytest.raises(NotFoundError):
            deed(stranger)
    role = frozenset({PartnershipRole.INDEPENDENT_SCRUTINEER})
    scrutineer = Work(work.session, Actor(work.actor.user_id, "Dr Wain", "", roles=role), work.now)
    for deed in deeds:
        with pytest.raises((NotFoundError, RefusedError)):
            deed(scrutineer)
    assert scenes.by_id(work, number).status is _S.OPEN
    assert queries.action(work.session, scrutineer.actor, number).id == number, "they read it"


def test_another_day_is_agreed_with_a_reason_and_told(work: Work, place: int) -> None:
    number, officer = scenes.action(work, place).id or 0, scenes.officer(work)
    wrong = Terms("", date(2020, 1, 1), "")
    assert set(refused(work, number, lambda _, n: service.change(officer, n, wrong))) == {
        "owner",
        "due_on",
        "why",
    }
    service.change(officer, number, Terms("Chair", date(2027, 6, 30), "The post is vacant"))
    action = scenes.by_id(work, number)
    assert (action.owner, action.due_on, action.status) == ("Chair", date(2027, 6, 30), _S.OPEN)
    assert queries.notes(work.session, work.actor, number)[0].words.startswith("The post is vacant")
    assert mails(work, place) == 1
    # Another owner alone does not need a day in the future.
    service.change(scenes.later(officer, 400), number, Terms("Head", date(2027, 6, 30), "Left"))


def test_comments_are_read_by_both_sides_and_the_partnerships_are_mailed(work: Work, place: int) -> None:
    number = scenes.action(work, place).id or 0
    service.comment(builders.as_person(work, place), number, "When do you visit?")
    assert mails(work, place) == 0
    service.comment(scenes.officer(work), number, "In May")
    assert mails(work, place) == 1
    assert refused(work, number, lambda w, n: service.comment(w, n, " ")) == {
        "comment": "Write what you want to say"
    }
    notes = work.session.execute(select(func.count()).where(col(ActionNote.action_id) == number)).scalar_one()
    assert notes == 2


def test_signing_again_leaves_alone_what_came_from_elsewhere_or_has_ended(work: Work) -> None:
    _, old, _ = scenes.two_years(work)
    stored = work.session.execute(select(Action).where(col(Action.return_id) == old.id)).scalar_one()
    assert (stored.domain_title, stored.standard_title) == (
        "Leadership and governance",
        stored.standard_title,
    )
    assert stored.standard_title
    where: dict[str, Any] = {
        "organisation_id": old.organisation_id,
        "return_id": old.id,
        "round_id": old.round_id,
    }
    other = service.add(
        work,
        NewAction(
            source=ActionSource.VISIT,
            source_id=3,
            domain_key="x",
            what="Other",
            owner="",
            due_on=None,
            **where,
        ),
    )
    for _ in range(8):  # a statement that is sent often is prepared: it must find its index then, too
        promise = Promise("d", "board-lead", "red", "New words", "Head", None)
        service.take_over(work, promises=[promise], **where)
    assert scenes.by_id(work, stored.id or 0).what == "New words"
    service.take_over(work, promises=[], **where)
    assert scenes.by_id(work, stored.id or 0).status is _S.DROPPED
    assert scenes.by_id(work, other).status is _S.OPEN
