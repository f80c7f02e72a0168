"""Validating, changing, asking, second opinions, release: what counts, and what is refused."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.models import AuditEvent, OutboxMessage
from app.moderation import asking, interests, queries, releasing, service, sharing
from app.moderation.rules import Thread
from app.ratings.models import Opinion, RatingSource
from app.ratings.queries import ratings_of
from app.returns import queries as returns
from app.returns import signoff
from app.returns.validated import released
from app.scrutiny.consolidated import answered_returns
from app.visits.enquiry import drafts
from app.visits.models import Visit
from app.visits.sources import material, selection_facts
from tests import builders
from tests.moderation import scenes
from tests.moderation.scenes import judge, judged, validated
from tests.visits.scenes import staff

pytestmark = pytest.mark.visits

GREEN, RED, AMBER = 0, 1, 2


def test_a_domain_is_validated_once_every_standard_is_judged_and_not_before(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    judge(who, scene, GREEN, "green")
    assert validated(work, scene) == {}, "blank: not reviewed"
    left = service.validate_rest(who, scene.return_id, scene.domain)
    assert left == len(scene.keys) - 1
    own = ratings_of(work.session, scene.return_id)
    assert validated(work, scene) == {scene.domain: own[scene.domain].outcome}


def test_a_change_needs_a_reason_and_recomputes_the_domain_with_reasons(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    with pytest.raises(RefusedError) as refused:
        judge(who, scene, GREEN, "amber")
    assert list(refused.value.problems) == [f"comment-{scene.keys[GREEN]}"]
    judge(who, scene, GREEN, "amber", "The plan is not signed yet")
    service.validate_rest(who, scene.return_id, scene.domain)
    own = ratings_of(work.session, scene.return_id)[scene.domain]
    checked = ratings_of(work.session, scene.return_id, RatingSource.VALIDATED)[scene.domain]
    assert (checked.ambers, checked.greens) == (own.ambers + 1, own.greens - 1)
    assert checked.thresholds == own.thresholds
    events = work.session.execute(
        select(col(AuditEvent.detail)).where(
            col(AuditEvent.event) == "moderation.judged", col(AuditEvent.subject_id) == scene.return_id
        )
    ).scalars()
    assert [each["after"] for each in events] == ["amber"]


@pytest.mark.parametrize(("place", "to"), [(GREEN, "red"), (RED, "green")])
def test_from_red_to_green_and_back_counts_once_another_officer_confirms(
    work: Work, place: int, to: str
) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    judge(who, scene, place, to, "Seen on a visit")
    service.validate_rest(who, scene.return_id, scene.domain)
    assert validated(work, scene) == {}
    key = scene.keys[place]
    with pytest.raises(RefusedError, match="another officer"):
        service.second_opinion(who, scene.return_id, key, yes=True)
    other = scenes.officer(work, "Ola Second")
    service.second_opinion(other, scene.return_id, key, yes=True)
    assert judged(work, scene)[key].opinion is Opinion.CONFIRMED
    assert set(validated(work, scene)) == {scene.domain}


def test_a_refused_change_needs_a_reason_and_does_not_count(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    judge(who, scene, GREEN, "red", "Nobody knew it")
    service.validate_rest(who, scene.return_id, scene.domain)
    other, key = scenes.officer(work, "Ola Second"), scene.keys[GREEN]
    with pytest.raises(RefusedError):
        service.second_opinion(other, scene.return_id, key, yes=False)
    service.second_opinion(other, scene.return_id, key, yes=False, comment="Amber would be fair")
    assert validated(work, scene) == {}
    judge(who, scene, GREEN, "amber", "As Ola says")
    assert set(validated(work, scene)) == {scene.domain}


def test_two_officers_do_not_overwrite_each_other(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    judge(who, scene, GREEN, "amber", "First")
    stale = service.Verdict("green", "", 0)
    with pytest.raises(RefusedError, match="after you opened the page"):
        service.judge(who, scene.return_id, scene.domain, scene.keys[GREEN], stale)
    other = scenes.officer(work, "Ola Second")
    with pytest.raises(RefusedError, match="not with you"):
        judge(other, scene, GREEN, "green")
    with pytest.raises(RefusedError, match="Another officer has this domain"):
        sharing.take(other, scene.return_id, scene.domain)


def test_nobody_moderates_where_they_hold_a_role_or_declared_an_interest(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    interests.declare(who, scene.place, "My partner teaches there")
    assert queries.holders(work.session, scene.return_id) == {}, "what they had goes back"
    with pytest.raises(RefusedError, match="declared an interest"):
        judge(who, scene, GREEN, "green")
    with pytest.raises(RefusedError):
        sharing.take(who, scene.return_id)
    given = sharing.share(work, [scene.return_id], who.actor.user_id)
    assert (given.done, given.conflicts) == (0, 1)
    interests.end(who, interests.declared(work.session, who.actor.user_id)[0].id)
    sharing.take(who, scene.return_id)
    judge(who, scene, GREEN, "green")
    own = builders.as_person(work, scene.place, OrganisationRole.LEAD, address="sam@partnership.example.org")
    both = Work(work.session, _with_role(who, own), work.now)
    with pytest.raises(RefusedError, match="hold a role"):
        judge(both, scene, AMBER, "amber")
    assert sharing.share(work, [scene.return_id], who.actor.user_id).conflicts == 1


def _with_role(who: Work, own: Work) -> Actor:
    return replace(who.actor, organisations=own.actor.organisations)


@pytest.mark.parametrize(
    "role",
    [role for role in PartnershipRole if role is not PartnershipRole.PSO],
)
def test_only_officers_judge(work: Work, role: PartnershipRole) -> None:
    scene = scenes.signed(work)
    scenes.taken(work, scene)
    who = staff(work, role, f"{role.value}@partnership.example.org", "Not An Officer")
    with pytest.raises((RefusedError, NotFoundError)):
        judge(who, scene, GREEN, "green")
    assert judged(work, scene) == {}


def test_a_question_goes_to_the_organisation_and_its_answer_comes_back(work: Work) -> None:
    scene = scenes.signed(work)
    builders.contact(work, scene.place, "lead@ashgrove.example.org")
    who, key = scenes.taken(work, scene), scene.keys[GREEN]
    asking.ask(who, scene.return_id, scene.domain, key, "Who checks this?")
    with pytest.raises(RefusedError):
        asking.ask(who, scene.return_id, scene.domain, key, "And when?")
    service.validate_rest(who, scene.return_id, scene.domain)
    assert key not in judged(work, scene), "what is asked about is not waved through"
    lead = builders.as_person(work, scene.place, OrganisationRole.LEAD)
    assert [each.count for each in queries.open_questions(work.session, lead.actor)] == [1]
    this = returns.head(work.session, lead.actor, scene.return_id)
    asking.answer(lead, this, key, "Our governors do")
    assert queries.thread_states(work.session, scene.return_id) == {key: Thread.ANSWERED}
    kinds = work.session.execute(
        select(col(OutboxMessage.kind), col(OutboxMessage.recipient)).where(
            col(OutboxMessage.kind).startswith("moderation-")
        )
    ).all()
    assert ("moderation-question", "lead@ashgrove.example.org") in kinds
    assert ("moderation-answer", "sam@partnership.example.org") in kinds
    with pytest.raises(RefusedError):
        asking.answer(lead, this, key, "Twice")


def test_a_release_waits_for_what_is_open_and_shows_both_side_by_side(work: Work) -> None:
    scene = scenes.signed(work)
    who, key = scenes.taken(work, scene), scene.keys[GREEN]
    judge(who, scene, GREEN, "red", "Nobody knew it")
    with pytest.raises(RefusedError, match="1 second opinion to wait for"):
        releasing.release(who, scene.return_id)
    service.second_opinion(scenes.officer(work, "Ola Second"), scene.return_id, key, yes=True)
    service.validate_rest(who, scene.return_id, scene.domain)
    this = returns.head(work.session, work.actor, scene.return_id)
    asked = returns.questionnaire_of(work.session, this)
    own = ratings_of(work.session, scene.return_id)
    assert released(work.session, this, asked, own) is None
    releasing.release(who, scene.return_id)
    seen = released(work.session, this, asked, own)
    assert seen is not None
    assert [(each.own_word, each.word) for each in seen.remarks] == [
        (asked.level("green").word, asked.level("red").word)
    ]
    assert [each.validated is None for each in seen.domains].count(False) == 1, "the others: not reviewed"
    with pytest.raises(RefusedError, match="released"):
        judge(who, scene, AMBER, "red", "Changed my mind")
    with pytest.raises(RefusedError):
        releasing.take_back(who, scene.return_id, " ")
    releasing.take_back(who, scene.return_id, "A typing error")
    assert released(work.session, this, asked, own) is None


def test_a_return_signed_again_says_what_changed_and_keeps_the_rest(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.finished(work, scene)
    releasing.release(who, scene.return_id)
    signoff.send_back(work, scene.return_id, "Look at the first standard")
    assert validated(work, scene) == {}, "while it is open no rating is in force"
    with pytest.raises(RefusedError, match="not signed"):
        judge(who, scene, GREEN, "green")
    key = scene.keys[GREEN]
    person = builders.as_person(work, scene.place, address=f"signs-{scene.place}@example.org")
    builders.save(person, scene.return_id, key, builders.AMBER, version=1)
    head = returns.head(work.session, work.actor, scene.return_id)
    signoff.sign(person, head, declared=True)
    this = returns.head(work.session, work.actor, scene.return_id)
    assert queries.changed_since(work.session, work.actor, this, 1) == (key,)
    assert released(work.session, this, returns.questionnaire_of(work.session, this), {}) is None
    with pytest.raises(RefusedError, match="signed again"):
        judge(who, scene, RED, "red")
    assert releasing.take_in(who, scene.return_id) == (key,)
    assert judged(work, scene)[key].outdated
    assert scene.domain not in validated(work, scene)
    assert len(validated(work, scene)) > 0, "what did not change is in force again"
    judge(who, scene, GREEN, "amber")
    assert scene.domain in validated(work, scene)


def test_a_validated_rating_below_the_own_one_is_a_reason_for_a_visit(work: Work) -> None:
    scene = scenes.signed(work)
    who = scenes.taken(work, scene)
    service.validate_rest(who, scene.return_id, scene.domain)
    today = work.now.date()
    assert selection_facts(work.session, today)[scene.place].validated_below == ()
    for place in (GREEN, *range(3, len(scene.keys))):
        judge(who, scene, place, "amber", "Not shown")
    title = selection_facts(work.session, today)[scene.place].validated_below
    own = ratings_of(work.session, scene.return_id)[scene.domain].outcome
    assert (own, validated(work, scene)[scene.domain], len(title)) == ("amber", "red", 1)


def test_the_workbook_and_a_visits_questions_use_what_counts(work: Work) -> None:
    scene = scenes.signed(work)
    scenes.signed(work, "Nobody Moderates")
    who = scenes.taken(work, scene)
    judge(who, scene, GREEN, "amber", "The plan is not signed yet")
    judge(who, scene, RED, "green", "Seen on a visit")
    (row,) = answered_returns(work.session, work.actor, scene.round_id)
    assert row.validated == {scene.keys[GREEN]: "amber"}, "what waits for a second opinion does not count"
    visit = Visit(organisation_id=scene.place, selected_at=work.now, return_id=scene.return_id)
    found = material(work.session, work.actor, visit, work.now.date())
    facts = {each.key: each for each in found.standards}
    assert (facts[scene.keys[GREEN]].said, facts[scene.keys[GREEN]].rag) == ("green", "amber")
    assert (facts[scene.keys[RED]].said, facts[scene.keys[RED]].rag) == ("", "red")
    words = [each.why for each in drafts(found) if each.key == f"amber:{scene.keys[GREEN]}"]
    assert words[0].startswith("They said green; an officer validated this")
