"""What to improve first, what changed since last time, and how peers stand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.questionnaires.rules import Level
from app.ratings.comparison import Gain, change_since, missing_for_a_colour, peers, quickest_gains
from app.ratings.rules import Outcome, RatedAnswer, rate_domain
from tests.ratings.builders import ONE_TO_FIVE, RULE, SCALE, answers, rated

NAMES = {"leadership": "Leadership", "culture": "Culture", "outcomes": "Outcomes"}


def gains(n: int = 3, **domains: str) -> tuple[Gain, ...]:
    given_ = {key: answers(letters) for key, letters in domains.items()}
    ratings = [rate_domain(key, each, RULE, SCALE) for key, each in given_.items()]
    return quickest_gains(ratings, given_, SCALE, titles=NAMES, n=n)


def test_a_step_that_changes_the_colour_comes_first_and_says_so() -> None:
    (first, *_) = gains(leadership="G G G G G G G A A*", culture="R R A A A A G")
    assert first.changes_colour
    assert (first.domain_key, first.standard_key) == ("culture", "s1")
    assert first.sentence == "Moving “Standard 1” from red to amber would turn Culture from red to amber."


def test_a_domain_whose_colour_changes_gives_no_second_gain() -> None:
    found = gains(leadership="G G G G G G G A A*", culture="R R A A A A G")
    assert [each.domain_key for each in found] == ["culture", "leadership"]
    assert found[1].sentence == (
        "Moving “Standard 9” from amber to green would turn Leadership from amber to green."
    )


def test_critical_standards_come_before_others_in_the_same_domain() -> None:
    (first, second) = gains(n=2, leadership="G G G G G G R R* R*")
    assert {first.standard_key, second.standard_key} == {"s8", "s9"}
    assert first.sentence == (
        "Moving “Standard 8” from red to amber would remove an answer that by itself keeps Leadership red."
    )


def test_where_only_points_are_missing_the_sentence_counts_them() -> None:
    (first, *_) = gains(leadership="G G A A A A")
    assert first.sentence == (
        "Moving “Standard 3” from amber to green would bring Leadership from 66% to 75% of the points; "
        "85% is needed for green."
    )
    (red, *_) = gains(leadership="R R R R G")
    assert red.sentence.endswith("from 20% to 30% of the points; 50% is needed for amber.")


def test_green_and_unrated_domains_give_no_gain_and_n_is_kept() -> None:
    assert gains(leadership="G G G", culture="- -", outcomes="n") == ()
    assert len(gains(n=1, leadership="A A A A A A A")) == 1
    assert len(gains(n=5, leadership="A A A A A A A")) == 5


def test_one_step_is_one_level_of_the_scale_in_hand() -> None:
    two, three = ONE_TO_FIVE[1], ONE_TO_FIVE[2]
    given_ = {"leadership": [RatedAnswer("a", "Policy", level=two)]}
    rating = rate_domain("leadership", given_["leadership"], RULE, ONE_TO_FIVE)
    (gain,) = quickest_gains([rating], given_, ONE_TO_FIVE[::-1], titles=NAMES)
    assert (gain.from_level, gain.to_level) == (two, three)
    assert (gain.before, gain.after) == ("red", "amber")


LEVELS: st.SearchStrategy[Level] = st.sampled_from(SCALE)


def promises_hold(find: Callable[..., tuple[Gain, ...]]) -> None:
    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(st.lists(st.tuples(LEVELS, st.booleans()), min_size=1, max_size=9))
    def check(drawn: list[tuple[Level, bool]]) -> None:
        given_ = [
            RatedAnswer(f"s{number}", f"Standard {number}", critical=critical, level=level)
            for number, (level, critical) in enumerate(drawn)
        ]
        rating = rate_domain("leadership", given_, RULE, SCALE)
        for gain in find([rating], {"leadership": given_}, SCALE, titles=NAMES):
            moved = [
                replace(each, level=gain.to_level) if each.standard_key == gain.standard_key else each
                for each in given_
            ]
            assert rate_domain("leadership", moved, RULE, SCALE).outcome == gain.after
            assert gain.changes_colour == ("would turn" in gain.sentence)

    check()


def test_what_a_gain_promises_is_what_the_rule_then_says() -> None:
    promises_hold(quickest_gains)


def test_a_gain_that_promises_too_much_is_caught() -> None:
    def boastful(*given_: Any, **more: Any) -> tuple[Gain, ...]:
        return tuple(replace(gain, after="green") for gain in quickest_gains(*given_, **more))

    with pytest.raises(AssertionError):
        promises_hold(boastful)


# --- since last time ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "this", "direction", "sentence"),
    [
        ("A A", "G G", "better", "Up from amber to green."),
        ("R R", "G G", "better", "Up from red to green."),
        ("G G", "R R", "worse", "Down from green to red."),
        ("A A", "G A A", "same", "Still amber."),
        ("- -", "G G", "not_comparable", "Green; not enough answers last time."),
        ("G G", "- -", "not_comparable", "Not enough answers; green last time."),
        ("n", "A", "not_comparable", "Amber; not rated last time."),
    ],
)
def test_a_change_of_colour_has_a_direction(last: str, this: str, direction: str, sentence: str) -> None:
    change = change_since([rated(last)], [rated(this)])["leadership"]
    assert (change.direction, change.sentence) == (direction, sentence)


def test_domains_that_came_and_went_are_told_apart() -> None:
    last = [rated("A", domain_key="old"), rated("A", domain_key="kept")]
    this = [rated("G", domain_key="kept"), rated("R", domain_key="new")]
    found = change_since(last, this)
    assert list(found) == ["kept", "new", "old"]
    assert [each.direction for each in found.values()] == ["better", "new", "gone"]
    assert found["new"].sentence == "Red; not asked last time."
    assert found["old"].sentence == "Not asked this time; amber last time."
    assert (found["new"].before, found["old"].after) == (None, None)


# --- peers -------------------------------------------------------------------------------------


def test_peers_are_counted_by_colour() -> None:
    found = peers({"leadership": ["red", "amber", "amber", "green", "green", "green", "insufficient"]})
    leadership = found["leadership"]
    assert leadership is not None
    assert (leadership.organisations, leadership.red, leadership.amber, leadership.green) == (6, 1, 2, 3)
    assert leadership.sentence == "Of 6 organisations like yours, 1 red, 2 amber, 3 green."


def test_fewer_than_five_peers_with_a_colour_are_not_shown() -> None:
    four: list[Outcome] = ["red", "amber", "green", "green"]
    found = peers({"a": four, "b": [*four, "insufficient", "not_rated"], "c": [*four, "green"]})
    assert found["a"] is None
    assert found["b"] is None
    assert found["c"] is not None
    assert peers({"c": [*four, "green"]}, minimum=6) == {"c": None}


def test_nobody_can_lower_the_smallest_group_under_five() -> None:
    with pytest.raises(ValueError, match="at least 5 organisations, not 4"):
        peers({}, minimum=4)


def test_a_domain_with_too_few_answers_says_how_many_give_it_a_colour() -> None:
    given_ = {
        "leadership": answers("G G - - - - - - - -"),
        "culture": answers("G A"),
        "outcomes": answers("n"),
    }
    ratings = [rate_domain(key, each, RULE, SCALE) for key, each in given_.items()]
    assert missing_for_a_colour(ratings, NAMES) == (
        "Answering 6 more standards in Leadership would give it a colour.",
    )


@given(st.integers(1, 30), st.integers(0, 30))
def test_exactly_as_many_answers_as_promised_give_a_colour(standards: int, answered: int) -> None:
    def outcome(count: int) -> Outcome:
        letters = " ".join("G" if number < count else "-" for number in range(standards))
        return rate_domain("leadership", answers(letters), RULE, SCALE).outcome

    answered = min(answered, standards)
    letters = " ".join("G" if number < answered else "-" for number in range(standards))
    rating = rate_domain("leadership", answers(letters), RULE, SCALE)
    said = missing_for_a_colour([rating], NAMES)
    if rating.outcome != "insufficient":
        assert said == ()
        return
    more = int(said[0].split()[1])
    assert outcome(answered + more) != "insufficient"
    assert outcome(answered + more - 1) == "insufficient"
