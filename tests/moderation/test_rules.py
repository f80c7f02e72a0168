"""Rules of moderation by examples and properties: what counts, and that stored is computed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.moderation.rules import (
    Conflict,
    Progress,
    Thread,
    conflict,
    mark_of,
    needs_second_opinion,
    obstacles,
    problem_of,
    progress_of,
    thread_state,
    validated_rating,
)
from app.questionnaires.definition import Questionnaire, from_content
from app.ratings.models import NOT_ANSWERED, NOT_APPLICABLE, Opinion
from app.ratings.validated import Judged
from app.returns.rules import AnswerValues
from app.returns.signing import domain_ratings
from tests import builders

pytestmark = pytest.mark.visits

ASKED: Questionnaire = from_content(builders.content())
DOMAIN = ASKED.domains[0]
LEVELS = [level.key for level in ASKED.scale]
MARKS = st.sampled_from([*LEVELS, NOT_APPLICABLE, NOT_ANSWERED])


def answer(mark: str) -> AnswerValues:
    if mark == NOT_APPLICABLE:
        return AnswerValues(not_applicable=True, not_applicable_reason="We have none")
    return AnswerValues(level=mark or None)


def judgement(key: str, own: str, judged: str, **more: object) -> Judged:
    values: dict[str, object] = {
        "opinion": Opinion.NOT_NEEDED,
        "outdated": False,
        **more,
    }
    return Judged(
        standard_key=key,
        domain_key=DOMAIN.key,
        edition=1,
        version=1,
        own=own,
        judged=judged,
        comment="",
        judged_by=1,
        judged_by_name="Sam",
        judged_at=datetime(2026, 11, 16, tzinfo=UTC),
        opinion_by_name="",
        opinion_comment="",
        opinion_at=None,
        **values,  # type: ignore[arg-type]
    )


ANSWERS = st.fixed_dictionaries({standard.key: MARKS.map(answer) for standard in DOMAIN.rated})


@given(ANSWERS)
def test_a_domain_that_is_validated_as_it_is_has_the_rating_that_it_gave_itself(
    answers: dict[str, AnswerValues],
) -> None:
    judged = {
        key: judgement(key, mark_of(values), mark_of(values))
        for key, values in answers.items()
        if mark_of(values) != NOT_ANSWERED
    }
    own = next(each for each in domain_ratings(ASKED, answers) if each.domain_key == DOMAIN.key)
    found = validated_rating(DOMAIN, answers, judged, ASKED)
    assert found == (own if judged else None)


@given(ANSWERS, st.data())
def test_one_missing_unconfirmed_or_outdated_judgement_leaves_the_domain_blank(
    answers: dict[str, AnswerValues], data: st.DataObject
) -> None:
    judged = {
        key: judgement(key, mark_of(values), mark_of(values))
        for key, values in answers.items()
        if mark_of(values) != NOT_ANSWERED
    }
    if not judged:
        return
    key = data.draw(st.sampled_from(sorted(judged)))
    how = data.draw(st.sampled_from(["missing", Opinion.WAITING, Opinion.REFUSED, "outdated"]))
    if how == "missing":
        del judged[key]
    elif how == "outdated":
        judged[key] = judgement(key, judged[key].own, judged[key].judged, outdated=True)
    else:
        judged[key] = judgement(key, judged[key].own, judged[key].judged, opinion=how)
    assert validated_rating(DOMAIN, answers, judged, ASKED) is None
    assert not progress_of(DOMAIN, answers, judged).complete


@given(MARKS, st.sampled_from([*LEVELS, NOT_APPLICABLE]))
def test_a_second_opinion_is_for_red_to_green_and_green_to_red_only(own: str, judged: str) -> None:
    assert needs_second_opinion(own, judged, ASKED) is ({own, judged} == {"red", "green"})
    if own in LEVELS:
        assert needs_second_opinion(judged, own, ASKED) is needs_second_opinion(own, judged, ASKED)


@given(MARKS, st.sampled_from([*LEVELS, NOT_APPLICABLE]))
def test_a_judgement_without_words_is_right_only_when_it_agrees(own: str, judged: str) -> None:
    problem = problem_of(DOMAIN.rated[0], own, judged, " ", LEVELS)
    assert bool(problem) is (own != judged)
    assert problem_of(DOMAIN.rated[0], own, "purple", "Why", LEVELS)


def test_what_must_apply_to_everybody_is_not_set_aside() -> None:
    must = next(each for each in ASKED.rated if not each.not_applicable)
    may = next(each for each in ASKED.rated if each.not_applicable)
    assert "applies to everybody" in problem_of(must, "green", NOT_APPLICABLE, "Why", LEVELS)
    assert not problem_of(may, "green", NOT_APPLICABLE, "They have no boarders", LEVELS)


def test_a_conflict_is_a_role_or_a_declared_interest() -> None:
    assert conflict(holds_a_role=False, declared=False) is None
    assert conflict(holds_a_role=True, declared=True) is Conflict.OWN
    assert conflict(holds_a_role=False, declared=True) is Conflict.DECLARED


def test_a_thread_is_the_turn_of_whoever_did_not_speak_last() -> None:
    assert [thread_state(each) for each in ([], [True], [True, False], [True, False, True])] == [
        Thread.NONE,
        Thread.ASKED,
        Thread.ANSWERED,
        Thread.ASKED,
    ]


def progress(**more: int) -> Progress:
    values = {"total": 9, "done": 9, "changed": 0, "waiting": 0, "refused": 0, "outdated": 0, **more}
    return Progress("leadership", "Leadership", **values)


def test_what_is_begun_has_to_be_finished_before_a_release() -> None:
    assert obstacles([progress(), progress(done=0)], 0) == ()
    assert obstacles([progress(), progress(done=5, waiting=1, refused=1)], 2) == (
        "Leadership: 2 standards to look at, 1 second opinion to wait for, 1 change not confirmed.",
        "2 questions to the organisation not answered yet.",
    )
    assert obstacles([progress(done=0)], 0) == ("No domain is reviewed yet.",)
    assert obstacles([progress(), progress(done=8, outdated=1)], 0)


def test_a_domain_of_nothing_but_unanswered_standards_is_never_reviewed() -> None:
    assert validated_rating(DOMAIN, {}, {}, ASKED) is None
    assert not progress_of(DOMAIN, {}, {}).begun
