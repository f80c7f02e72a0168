"""Mails from officer to officer: a second opinion that waits, and one that was refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import Work
from app.core.models import OutboxMessage
from app.moderation import interests, service
from tests.moderation import scenes
from tests.moderation.scenes import judge

pytestmark = pytest.mark.visits

GREEN, RED, AMBER = 0, 1, 2
WHY = "Nobody on the ward knew of it"


def _mails(work: Work, kind: str) -> list[OutboxMessage]:
    return list(
        work.session.execute(
            select(OutboxMessage)
            .where(col(OutboxMessage.kind) == kind)
            .order_by(col(OutboxMessage.recipient), col(OutboxMessage.id))
        ).scalars()
    )


def _told(work: Work, kind: str = "second-opinion-wanted") -> list[str]:
    return [each.recipient.split("@")[0] for each in _mails(work, kind)]


def test_every_other_officer_without_an_interest_hears_that_a_second_opinion_waits(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    scenes.officer(work, "Ola Second")
    scenes.officer(work, "Pat Third")
    interests.declare(scenes.officer(work, "Quin Concerned"), scene.place, "My partner teaches there")
    judge(who, scene, AMBER, "green", "The plan is signed by now")
    assert _told(work) == [], "one step needs nobody else"
    judge(who, scene, GREEN, "red", WHY)
    assert _told(work) == ["ola", "pat"], "neither the officer who changed it nor who has an interest"
    mail = _mails(work, "second-opinion-wanted")[0]
    assert "Ashgrove Primary School" in mail.subject
    assert "Sam Whitlock has changed a rating" in mail.body
    assert f"/moderation/{scene.return_id}/{scene.domain}#standard-{scene.keys[GREEN]}\n" in mail.body
    assert WHY not in mail.body, "what officers make of it stays on the page"


def test_an_officers_changes_of_one_return_send_one_mail_until_all_are_answered(work: Work) -> None:
    scene = scenes.signed(work)
    who, other = scenes.taken(work, scene), scenes.officer(work, "Ola Second")
    judge(who, scene, GREEN, "red", WHY)
    judge(who, scene, RED, "green", "We have seen the minutes")
    judge(who, scene, GREEN, "red", "Said in better words")
    assert _told(work) == ["ola"]
    for place in (GREEN, RED):
        service.second_opinion(other, scene.return_id, scene.keys[place], yes=True)
    later = replace(who, now=who.now + timedelta(minutes=5))
    judge(later, scene, GREEN, "red", "Looked at once more")
    assert _told(work) == ["ola", "ola"]


def test_who_changed_a_rating_hears_that_it_was_not_confirmed(work: Work) -> None:
    scene = scenes.signed(work)
    who, other = scenes.taken(work, scene), scenes.officer(work, "Ola Second")
    judge(who, scene, GREEN, "red", WHY)
    key = scene.keys[GREEN]
    service.second_opinion(other, scene.return_id, key, yes=False, comment="Amber would be fair")
    assert _told(work, "second-opinion-refused") == ["sam"]
    mail = _mails(work, "second-opinion-refused")[0]
    assert "Ola Second does not confirm" in mail.body
    assert "Amber would be fair" not in mail.body
    judge(who, scene, GREEN, "red", "I still see it so")
    service.second_opinion(other, scene.return_id, scene.keys[GREEN], yes=True)
    assert _told(work, "second-opinion-refused") == ["sam"], "a change that is confirmed asks nothing of them"
