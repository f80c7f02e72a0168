"""What holds for every answer, rule and scale; each property has a control that it catches.

A property is a function of the rating function. The test hands in the real one, its control a
deliberately broken one, and expects to be told.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.questionnaires.rules import Level, RatingRule
from app.ratings.rules import OUTCOME_WORDS, DomainRating, RatedAnswer, explain, rate_domain
from tests.ratings.builders import GREEN, RED, RULE, SCALE, SCALES, titles

Rate = Callable[[str, Sequence[RatedAnswer], RatingRule, Sequence[Level]], DomainRating]

explore = settings(max_examples=300, deadline=None, database=None, report_multiple_bugs=False)
controlled = settings(
    max_examples=2_000, deadline=None, database=None, report_multiple_bugs=False, derandomize=True
)


@dataclass(frozen=True)
class Case:
    """Answers with the rule and the scale that judge them."""

    answers: tuple[RatedAnswer, ...]
    rule: RatingRule
    scale: tuple[Level, ...]

    def by(self, rate: Rate, answers: Sequence[RatedAnswer] | None = None) -> DomainRating:
        """Rate this case, or other answers under its rule and scale."""
        return rate("leadership", self.answers if answers is None else answers, self.rule, self.scale)


@st.composite
def rules(draw: st.DrawFn) -> RatingRule:
    if draw(st.booleans()):
        return RULE
    red = draw(st.integers(1, 99))
    return RatingRule(draw(st.integers(1, 100)), red, draw(st.integers(red + 1, 100)))


@st.composite
def cases(draw: st.DrawFn, scales: Sequence[tuple[Level, ...]] = SCALES) -> Case:
    scale = draw(st.sampled_from(scales))
    # None is not answered, the text is not applicable.
    given_ = draw(st.lists(st.sampled_from([*scale, *scale, None, "n/a"]), max_size=12))
    return Case(
        tuple(
            RatedAnswer(
                f"s{number}",
                f"Standard {number}",
                critical=draw(st.integers(0, 4)) == 0,
                level=level if isinstance(level, Level) else None,
                not_applicable=level == "n/a",
                evidenced=draw(st.booleans()),
            )
            for number, level in enumerate(given_)
        ),
        draw(rules()),
        scale,
    )


_RANK = {"not_rated": 0, "insufficient": 0, "red": 1, "amber": 2, "green": 3}


def improving_never_worsens(rate: Rate, case: Case, data: st.DataObject) -> None:
    rising = sorted(case.scale, key=lambda level: level.points)
    below = [each for each in case.answers if each.level not in (None, rising[-1])]
    if not below:
        return
    chosen = data.draw(st.sampled_from(below))
    assert chosen.level is not None
    higher = data.draw(st.sampled_from(rising[rising.index(chosen.level) + 1 :]))
    better = [replace(each, level=higher) if each is chosen else each for each in case.answers]
    assert _RANK[case.by(rate, better).outcome] >= _RANK[case.by(rate).outcome]


def order_does_not_count(rate: Rate, case: Case, data: st.DataObject) -> None:
    first = case.by(rate)
    second = case.by(rate, data.draw(st.permutations(case.answers)))
    assert sorted(first.deciding) == sorted(second.deciding)
    assert replace(first, deciding=()) == replace(second, deciding=())


def not_answered_is_never_red_or_nought(rate: Rate, case: Case, _: st.DataObject) -> None:
    before = case.by(rate)
    after = case.by(rate, [*case.answers, RatedAnswer("new", "New", critical=True)])
    assert after.outcome in (before.outcome, "insufficient")
    assert (after.points, after.possible, after.reds) == (before.points, before.possible, before.reds)
    assert after.applicable == before.applicable + 1
    assert after.critical_reds == before.critical_reds


def not_applicable_leaves_the_sum(rate: Rate, case: Case, _: st.DataObject) -> None:
    new = RatedAnswer("new", "New", critical=True, not_applicable=True)
    assert case.by(rate, [*case.answers, new]) == case.by(rate)


def equals_the_oracle(rate: Rate, case: Case, _: st.DataObject) -> None:
    assert case.by(rate).outcome == oracle(case)


def oracle(case: Case) -> str:
    """Find the colour in fractions: begin at green and mark down, instead of going through rules."""
    asked = [each for each in case.answers if not each.not_applicable]
    if not asked:
        return "not_rated"
    shares = [
        (
            Fraction(each.level.points, max(level.points for level in case.scale)),
            each.level.rag,
            each.critical,
        )
        for each in asked
        if each.level is not None
    ]
    if Fraction(len(shares), len(asked)) < Fraction(case.rule.answered_percent, 100):
        return "insufficient"
    share = sum((part for part, _, _ in shares), Fraction()) / len(shares)
    colour = "green"
    for _, rag, critical in shares:
        if rag == "red" or (rag == "amber" and critical):
            colour = "amber"
    if share < Fraction(case.rule.green_from_percent, 100):
        colour = "amber"
    if share < Fraction(case.rule.red_below_percent, 100):
        colour = "red"
    return "red" if any(rag == "red" and critical for _, rag, critical in shares) else colour


def counts_agree(rate: Rate, case: Case, _: st.DataObject) -> None:
    rating = case.by(rate)
    assert rating.reds + rating.ambers + rating.greens == rating.answered <= rating.applicable
    assert rating.critical_reds <= rating.reds
    assert rating.unevidenced <= rating.greens
    assert rating.points <= rating.possible
    assert rating.share_percent == (int(Fraction(100 * rating.points, rating.possible or 1)))
    assert set(rating.deciding) <= {each.standard_key for each in case.answers if not each.not_applicable}


def deciding_standards_decide(rate: Rate, case: Case, _: st.DataObject) -> None:
    """With the usual scale and rule: were all deciding standards green, another rule would fire."""
    case = Case(case.answers, RULE, SCALE)
    before = case.by(rate)
    mended = [
        replace(each, level=GREEN) if each.standard_key in before.deciding else each for each in case.answers
    ]
    after = case.by(rate, mended)
    if before.outcome in ("green", "not_rated"):
        assert before.deciding == ()
    else:
        assert before.deciding
        assert (after.outcome, after.rule) != (before.outcome, before.rule)


_WRONG_NUMBER = re.compile(
    r"\b1 of \d+ (answered )?standards? are|\b([02-9]|\d\d+) of \d+ (answered )?standards? is"
    r"|\b1 (answered |green )?standards|\b1 are|\b([2-9]|\d\d+) is\b"
)


def the_sentence_is_plain(rate: Rate, case: Case, _: st.DataObject) -> None:
    rating = case.by(rate)
    sentence = explain(rating, titles(case.answers))
    assert sentence.startswith(f"{OUTCOME_WORDS[rating.outcome]}: ")
    assert sentence.endswith(".")
    assert not re.search(r"\b1 (\w+ )?standards are|of 1 standards|\b1 are|\b[02-9] is\b|[{}]|None", sentence)


PROPERTIES = [
    improving_never_worsens,
    order_does_not_count,
    not_answered_is_never_red_or_nought,
    not_applicable_leaves_the_sum,
    equals_the_oracle,
    counts_agree,
    deciding_standards_decide,
    the_sentence_is_plain,
]

Check = Callable[[Rate, Case, st.DataObject], None]


def run(check: Check, rate: Rate, how: settings) -> None:
    scales = (SCALE,) if check is deciding_standards_decide else SCALES

    @how
    @given(case=cases(scales), data=st.data())
    def holds(case: Case, data: st.DataObject) -> None:
        check(rate, case, data)

    holds()


@pytest.mark.parametrize("check", PROPERTIES, ids=lambda check: check.__name__)
def test_the_property_holds(check: Check) -> None:
    run(check, rate_domain, explore)


# --- controls: each broken variant is one that somebody has really shipped -----------------------


def amber_counts_more_than_green(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Give points in the order of a list that begins with the best."""
    turned = {level: replace(other, rag=level.rag) for level, other in zip(scale, scale[::-1], strict=True)}
    swapped = [replace(each, level=turned[each.level]) if each.level else each for each in answers]
    return rate_domain(key, swapped, rule, list(turned.values()))


def last_answer_wins(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Overwrite the critical flag in a loop."""
    *others, last = answers or (RatedAnswer("none", "None", not_applicable=True),)
    return rate_domain(key, [*(replace(each, critical=False) for each in others), last], rule, scale)


def unanswered_is_nought(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Count a blank as the lowest level, as today's market leader does."""
    lowest = min(scale, key=lambda level: level.points)
    filled = [each if each.level or each.not_applicable else replace(each, level=lowest) for each in answers]
    return rate_domain(key, filled, rule, scale)


def not_applicable_is_green(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Give full points to what does not apply, as a spreadsheet does."""
    best = max(scale, key=lambda level: level.points)
    filled = [
        replace(each, not_applicable=False, level=best) if each.not_applicable else each for each in answers
    ]
    return rate_domain(key, filled, rule, scale)


def share_is_rounded(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Judge 84.6 % as the 85 % that is shown."""
    rating = rate_domain(key, answers, rule, scale)
    nearly = rating.possible and round(100 * rating.points / rating.possible) >= rule.green_from_percent
    blocked = rating.reds or rating.outcome not in ("amber", "green")
    return replace(rating, outcome="green") if nearly and not blocked else rating


def mean_only(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Average, and so call a domain green although a critical standard is red."""
    return rate_domain(key, [replace(each, critical=False) for each in answers], rule, scale)


def counts_what_does_not_apply(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Count answers over everything, applicable standards over the rest."""
    rating = rate_domain(key, answers, rule, scale)
    return replace(rating, answered=sum(each.level is not None or each.not_applicable for each in answers))


def every_red_decides(
    key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Name the reds as the reason, whatever rule fired."""
    rating = rate_domain(key, answers, rule, scale)
    reds = tuple(each.standard_key for each in answers if each.level == RED)
    return replace(rating, deciding=reds)


CONTROLS: list[tuple[Check, Rate]] = [
    (improving_never_worsens, amber_counts_more_than_green),
    (order_does_not_count, last_answer_wins),
    (not_answered_is_never_red_or_nought, unanswered_is_nought),
    (not_applicable_leaves_the_sum, not_applicable_is_green),
    (equals_the_oracle, share_is_rounded),
    (equals_the_oracle, mean_only),
    (equals_the_oracle, unanswered_is_nought),
    (counts_agree, counts_what_does_not_apply),
    (deciding_standards_decide, every_red_decides),
]


@pytest.mark.parametrize(("check", "broken"), CONTROLS, ids=lambda each: each.__name__)
def test_the_property_catches_a_broken_variant(check: Check, broken: Rate) -> None:
    with pytest.raises(AssertionError):
        run(check, broken, controlled)


def test_the_property_of_sentences_catches_a_verb_in_the_wrong_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.ratings.rules.are", lambda _: "are")
    with pytest.raises(AssertionError):
        run(the_sentence_is_plain, rate_domain, controlled)
