"""The rating rule by example: each rule, each boundary, each sentence."""

from dataclasses import FrozenInstanceError

import pytest

from app.questionnaires.rules import Level, RatingRule
from app.ratings.rules import RatedAnswer, explain, headline, rate_domain, sort_key, what_if
from tests.ratings.builders import (
    AMBER,
    FOUR,
    GREEN,
    NOUGHT_TO_THREE,
    ONE_TO_FIVE,
    RED,
    RULE,
    SCALE,
    answers,
    rated,
    titles,
)


@pytest.mark.parametrize(
    ("letters", "outcome", "rule"),
    [
        ("", "not_rated", "no_applicable_standard"),
        ("n n* n", "not_rated", "no_applicable_standard"),
        ("- - -", "insufficient", "not_enough_answers"),
        ("R* - - -", "insufficient", "not_enough_answers"),
        ("G G G G G G G G R*", "red", "critical_red"),
        ("R R G", "red", "low_share"),
        ("A A A A", "amber", "in_between"),
        ("G G G G G G G G R", "amber", "in_between"),
        ("G G G G G G G G A*", "amber", "in_between"),
        ("G G G", "green", "high_share"),
        ("G* G n -", "insufficient", "not_enough_answers"),
        ("G* G G G n -", "green", "high_share"),
    ],
)
def test_each_rule_fires_in_its_place(letters: str, outcome: str, rule: str) -> None:
    rating = rated(letters)
    assert (rating.outcome, rating.rule) == (outcome, rule)


@pytest.mark.parametrize(
    ("letters", "outcome"),
    [
        ("G G G G -", "green"),  # exactly 80 % answered
        ("G G G G G G G - -", "insufficient"),  # 77 %
        ("R G", "amber"),  # exactly 50 % of the points
        ("R R A A A A A A G", "red"),  # 8 of 18 points
        ("R A A A G", "amber"),  # 5 of 10 points
        ("R R R A A G G G", "amber"),  # 8 of 16 points
        ("G G G G G G G A A A", "green"),  # exactly 85 % of the points
        ("G G G G G G A A A A", "amber"),  # 80 %
    ],
)
def test_boundaries_are_exact(letters: str, outcome: str) -> None:
    assert rated(letters).outcome == outcome


def test_a_mean_would_be_green_while_a_critical_standard_is_red() -> None:
    rating = rated("G G G G G G G G R*")
    assert rating.share_percent == 88
    assert rating.share_percent >= RULE.green_from_percent
    assert rating.outcome == "red"


def test_one_red_among_greens_does_not_paint_the_domain_red() -> None:
    assert rated("G G G G G G G G R").outcome == "amber"


def test_a_rating_carries_its_counts_and_what_decided() -> None:
    rating = rated("G Ge R* R* A n - G G G")
    assert (rating.applicable, rating.answered) == (9, 8)
    assert (rating.reds, rating.ambers, rating.greens) == (2, 1, 5)
    assert (rating.points, rating.possible, rating.share_percent) == (11, 16, 68)
    assert rating.critical_reds == 2
    assert rating.unevidenced == 4
    assert rating.deciding == ("s3", "s4")
    assert rating.thresholds == RULE


@pytest.mark.parametrize(
    ("letters", "deciding"),
    [
        ("G - - n", ("s2", "s3")),
        ("R R A G", ("s1", "s2")),
        ("G G G G G G G G R", ("s9",)),
        ("G G G G G G G A A*", ("s9",)),
        ("G G A A A", ("s3", "s4", "s5")),
        ("G G G", ()),
        ("n n", ()),
    ],
)
def test_the_deciding_standards_are_those_that_made_the_rule_fire(
    letters: str, deciding: tuple[str, ...]
) -> None:
    assert rated(letters).deciding == deciding


def test_a_low_share_without_any_red_is_decided_by_the_ambers() -> None:
    rating = rated("A A A G", RatingRule(red_below_percent=70))
    assert (rating.outcome, rating.rule, rating.deciding) == ("red", "low_share", ("s1", "s2", "s3"))


def test_thresholds_come_from_the_rule_of_the_questionnaire() -> None:
    strict = RatingRule(answered_percent=100, red_below_percent=90, green_from_percent=100)
    assert rated("G G G G -", strict).outcome == "insufficient"
    assert rated("G G G A A", strict).outcome == "red"
    assert rated("G G G G G G G G G A", strict).outcome == "amber"
    assert rated("G G", strict).outcome == "green"


@pytest.mark.parametrize(
    ("scale", "keys", "outcome"),
    [
        (FOUR, ["outstanding", "outstanding", "good", "outstanding"], "green"),
        (FOUR, ["good", "good", "good", "good"], "amber"),  # 66 % of the most points
        (FOUR, ["inadequate", "improving", "good", "good"], "red"),  # 5 of 12
        (FOUR, ["improving", "improving", "good", "good"], "amber"),  # 6 of 12
        (NOUGHT_TO_THREE, ["3", "3", "3", "3", "3", "3", "3", "1"], "amber"),
        (ONE_TO_FIVE, ["5", "5", "5", "4"], "green"),
        (ONE_TO_FIVE, ["5", "5", "5", "5", "5", "5", "2"], "amber"),
        (ONE_TO_FIVE, ["1", "2", "3", "4"], "red"),
    ],
)
def test_other_scales_run_through_the_same_rules(
    scale: tuple[Level, ...], keys: list[str], outcome: str
) -> None:
    by_key = {each.key: each for each in scale}
    given = [RatedAnswer(f"s{index}", "S", level=by_key[key]) for index, key in enumerate(keys)]
    assert rate_domain("leadership", given, RULE, scale).outcome == outcome


def test_a_level_of_another_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="not of the scale"):
        rate_domain("leadership", [RatedAnswer("s", "S", level=FOUR[0])], RULE, SCALE)


def test_an_answer_is_either_not_applicable_or_has_a_level() -> None:
    with pytest.raises(ValueError, match="not applicable and has a level"):
        RatedAnswer("s", "S", level=RED, not_applicable=True)


def test_a_rating_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        rated("G").outcome = "red"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        ("n", "Not rated: no standard of this domain applies."),
        (
            "G G G G G - - - -",
            "Not enough answers: 5 of 9 standards are answered; 8 are needed.",
        ),
        ("G - -", "Not enough answers: 1 of 3 standards is answered; 3 are needed."),
        ("- -", "Not enough answers: none of 2 standards is answered; 2 are needed."),
        ("-", "Not enough answers: none of 1 standard is answered; 1 is needed."),
        ("G G G R*", "Red: “Standard 4” is critical and red."),
        ("G G R* R*", "Red: “Standard 3” and “Standard 4” are critical and red."),
        (
            "R* R R G",
            (
                "Red: “Standard 1” is critical and red. "
                "Also, 25% of the points are reached; less than 50% is red."
            ),
        ),
        (
            "R R A G",
            (
                "Red: 37% of the points are reached; less than 50% is red. "
                "2 of 4 standards are red and 1 is amber."
            ),
        ),
        (
            "G G G G G G A A A",
            "Amber: 3 of 9 standards are amber; none is red. 83% of the points are reached; green needs 85%.",
        ),
        (
            "G G G G G G G A A*",
            "Amber: 2 of 9 standards are amber; none is red. “Standard 9” is critical and amber.",
        ),
        (
            "G G G G G G G G R",
            "Amber: 1 of 9 standards is red; none is amber. Green needs no red at all.",
        ),
        (
            "G G G G A* -",
            "Amber: 1 of 5 answered standards is amber; none is red. “Standard 5” is critical and amber.",
        ),
        ("Ge Ge Ge", "Green: all 3 standards are green."),
        ("Ge", "Green: 1 standard is green."),
        ("Ge Ge Ge Ge Ge Ge Ge A A", "Green: 7 of 9 standards are green; none is red."),
        ("Ge G", "Green: all 2 standards are green. 1 green standard has no evidence yet."),
        ("G G", "Green: all 2 standards are green. 2 green standards have no evidence yet."),
    ],
)
def test_every_colour_explains_itself(letters: str, sentence: str) -> None:
    assert explain(rated(letters), titles(answers(letters))) == sentence


def test_many_deciding_standards_are_counted_and_an_unknown_one_keeps_its_key() -> None:
    assert explain(rated("R* R* R* R* R* G G G G G G G"), {"s1": "Policy"}) == (
        "Red: “Policy”, “s2”, “s3” and 2 more are critical and red."
    )


def test_the_headline_is_the_worst_domain_and_there_is_no_average() -> None:
    green, amber, red = rated("G G"), rated("A A"), rated("R R")
    assert headline([green, amber, red]) is red
    assert headline([green, amber]) is amber
    assert headline([green, green]) is green
    assert headline([green, rated("n")]) is green
    assert headline([]) is None


def test_too_few_answers_may_hide_a_red_and_so_rank_below_amber() -> None:
    unknown = rated("- -")
    assert headline([rated("A A"), unknown, rated("G")]) is unknown
    assert headline([rated("R R"), unknown]) is not unknown


def test_equal_colours_are_decided_by_the_lowest_share() -> None:
    low, high = rated("A A A"), rated("G G A A")
    assert headline([high, low]) is low


def test_organisations_sort_by_critical_reds_then_reds_then_ambers_then_share() -> None:
    profiles = {
        "critical": [rated("G G G R*"), rated("G")],
        "two reds": [rated("R R"), rated("R R")],
        "red and amber": [rated("R R"), rated("A A")],
        "red": [rated("R R"), rated("G")],
        "low amber": [rated("A A"), rated("G")],
        "high amber": [rated("G G A A"), rated("G")],
        "green": [rated("G"), rated("G")],
        "nothing yet": [rated("- -"), rated("n")],
    }
    turned = dict(reversed(profiles.items()))
    assert sorted(turned, key=lambda name: sort_key(turned[name])) == list(profiles)


def test_a_critical_red_counts_for_sorting_even_before_there_is_a_colour() -> None:
    assert sort_key([rated("R* - -")]) < sort_key([rated("R R")])


def test_what_if_rates_under_other_thresholds_and_leaves_the_answers_alone() -> None:
    given = {"a": answers("G G G G A"), "b": answers("A A")}
    strict = what_if(given, RatingRule(green_from_percent=95), SCALE)
    assert {key: rating.outcome for key, rating in strict.items()} == {"a": "amber", "b": "amber"}
    assert what_if(given, RULE, SCALE)["a"].outcome == "green"
    assert given["a"][0].level == GREEN
    assert given["b"][0].level == AMBER
