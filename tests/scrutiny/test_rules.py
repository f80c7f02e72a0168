"""Other thresholds on stored ratings, held against rating the answers themselves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questionnaires.rules import Level, RatingRule
from app.ratings.rules import RatedAnswer, rate_domain
from app.scrutiny.rules import (
    critical_amber,
    needs_answers,
    recoloured,
    thresholds_from,
    why_then,
)
from tests.ratings.builders import RULE, SCALES, rated


@st.composite
def rules(draw: st.DrawFn) -> RatingRule:
    red = draw(st.integers(1, 99))
    return RatingRule(draw(st.integers(1, 100)), red, draw(st.integers(red + 1, 100)))


@st.composite
def answered(draw: st.DrawFn) -> tuple[tuple[Level, ...], list[RatedAnswer]]:
    scale = draw(st.sampled_from(SCALES))
    answers = []
    for number in range(draw(st.integers(0, 12))):
        not_applicable = draw(st.integers(0, 5)) == 0
        answers.append(
            RatedAnswer(
                standard_key=f"s{number}",
                title=f"Standard {number}",
                critical=draw(st.booleans()),
                level=None if not_applicable else draw(st.none() | st.sampled_from(scale)),
                not_applicable=not_applicable,
            )
        )
    return tuple(scale), answers


@given(answered(), rules(), rules())
def test_a_stored_rating_under_another_rule_equals_rating_the_answers(
    given_answers: tuple[tuple[Level, ...], list[RatedAnswer]], then: RatingRule, now: RatingRule
) -> None:
    scale, answers = given_answers
    stored = rate_domain("leadership", answers, then, scale)
    critical = {each.standard_key for each in answers if each.critical}
    is_amber = any(each.critical and each.level is not None and each.level.rag == "amber" for each in answers)
    known = critical_amber(stored, critical)
    has_critical_amber = is_amber if known is None and needs_answers(stored, now, critical) else bool(known)
    expected = rate_domain("leadership", answers, now, scale)
    found = recoloured(stored, now, has_critical_amber=has_critical_amber)
    assert (found.outcome, found.rule) == (expected.outcome, expected.rule)
    assert found.thresholds == now


@given(answered(), rules())
def test_a_rating_never_claims_a_critical_amber_that_is_not_there(
    given_answers: tuple[tuple[Level, ...], list[RatedAnswer]], then: RatingRule
) -> None:
    scale, answers = given_answers
    stored = rate_domain("leadership", answers, then, scale)
    critical = {each.standard_key for each in answers if each.critical}
    known = critical_amber(stored, critical)
    if known is not None:
        is_amber = any(
            each.critical and each.level is not None and each.level.rag == "amber" for each in answers
        )
        assert known is is_amber


def test_only_a_domain_that_was_not_coloured_needs_its_answers() -> None:
    unclear = rated("G G A* - - -")
    assert unclear.outcome == "insufficient"
    assert needs_answers(unclear, replace(RULE, answered_percent=50, green_from_percent=80), {"s3"})
    # With the rule as it is the domain stays without a colour, so nothing depends on the answers.
    assert not needs_answers(unclear, RULE, {"s3"})
    assert not needs_answers(rated("G G G - - -"), replace(RULE, answered_percent=50), {"s3"})


@pytest.mark.parametrize(
    ("letters", "rule", "sentence"),
    [
        ("R* R* G G", RULE, "Red: 2 critical standards are red."),
        ("R* G G G", RULE, "Red: 1 critical standard is red."),
        ("A* G G G G G G", RULE, "Amber: a critical standard is amber."),
        (
            "A A G G",
            RULE,
            "Amber: 2 of 4 standards are amber; none is red. 75% of the points are reached; green needs 85%.",
        ),
    ],
)
def test_the_reason_counts_critical_standards_without_naming_them(
    letters: str, rule: RatingRule, sentence: str
) -> None:
    stored = rated(letters)
    assert why_then(recoloured(stored, rule, has_critical_amber="A*" in letters)) == sentence


def test_thresholds_that_are_not_given_are_the_questionnaires_own() -> None:
    assert thresholds_from({}, RULE).rule == RULE
    tried = thresholds_from({"red": " 60 "}, RULE)
    assert tried.rule == replace(RULE, red_below_percent=60)


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"red": "85"}, {"green"}),
        ({"red": "90", "green": "60"}, {"green"}),
        ({"answered": "0"}, {"answered"}),
        ({"answered": "101", "red": "-1", "green": "9" * 50}, {"answered", "red", "green"}),
        ({"red": "half", "green": ""}, {"red", "green"}),
        ({"red": "٥"}, {"red"}),
        ({"red": "50.5"}, {"red"}),
    ],
)
def test_thresholds_out_of_bounds_are_said_field_by_field(typed: dict[str, str], fields: set[str]) -> None:
    tried = thresholds_from(typed, RULE)
    assert tried.rule is None
    assert set(tried.problems) == fields
    assert {field: tried.typed[field] for field in typed} == {
        field: text.strip() for field, text in typed.items()
    }
