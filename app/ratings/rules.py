"""How answers become a domain's colour, and the sentence that says why.

The rules, in order, over n applicable and a answered rated standards; all arithmetic is on whole
numbers and every threshold comes from the questionnaire's rating rule:

0. no applicable standard → not rated;
1. 100·a < answered_percent·n → insufficient, no colour;
2. a critical standard is red, or 100·points < red_below_percent·possible → red;
3. 100·points ≥ green_from_percent·possible, no red, no critical amber → green;
4. otherwise → amber.

Generalisation to other scales: `possible` is a times the most points that a level of the scale has
(2a on red, amber, green), and wherever a rule speaks of a red or an amber answer, the level's `rag`
decides. So a 0 to 3 or a 1 to 5 scale runs through the same rules, because the checker makes sure
that the lowest level has no points and that points never run against the colours.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

from app.questionnaires.rules import Level, RatingRule

Outcome = Literal["red", "amber", "green", "insufficient", "not_rated"]
Fired = Literal[
    "no_applicable_standard", "not_enough_answers", "critical_red", "low_share", "high_share", "in_between"
]

# Worst first. A domain with too few answers ranks below amber, because it may hide a red.
WORST_FIRST: Final[tuple[Outcome, ...]] = ("red", "insufficient", "amber", "green", "not_rated")
COLOURS: Final[tuple[Outcome, ...]] = ("red", "amber", "green")
OUTCOME_WORDS: Final[Mapping[Outcome, str]] = {
    "red": "Red",
    "amber": "Amber",
    "green": "Green",
    "insufficient": "Not enough answers",
    "not_rated": "Not rated",
}


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """One standard with its answer; no level and not `not_applicable` means not answered.

    ValueError if an answer has a level and is not applicable at once.
    """

    standard_key: str
    title: str
    critical: bool = False
    level: Level | None = None
    not_applicable: bool = False
    evidenced: bool = False

    def __post_init__(self) -> None:
        if self.not_applicable and self.level is not None:
            message = f"{self.standard_key} is not applicable and has a level"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class DomainRating:
    """A domain's colour with its reasons as data.

    `rule` is the rule that fired, `deciding` the standards that made it fire, in the order of the
    questionnaire. `reds`, `ambers` and `greens` count answers by the colour of their level;
    `unevidenced` counts green answers without evidence. `share_percent` is points of possible,
    rounded down, 0 while nothing is answered. The thresholds are kept so that the sentence can be
    said long after the rule has changed.
    """

    domain_key: str
    outcome: Outcome
    rule: Fired
    applicable: int
    answered: int
    points: int
    possible: int
    share_percent: int
    reds: int
    ambers: int
    greens: int
    critical_reds: int
    unevidenced: int
    deciding: tuple[str, ...]
    thresholds: RatingRule

    @property
    def needed(self) -> int:
        """How many answers the domain needs before it gets a colour."""
        return -(-self.thresholds.answered_percent * self.applicable // 100)


class Rated(Protocol):
    """What comparisons read of a rating, whether it was just made or stored last year."""

    @property
    def domain_key(self) -> str:
        """The domain."""

    @property
    def outcome(self) -> Outcome:
        """Its colour, or why it has none."""

    @property
    def points(self) -> int:
        """Points reached."""

    @property
    def possible(self) -> int:
        """Points that the answered standards could reach."""

    @property
    def critical_reds(self) -> int:
        """Critical standards that are red."""


AnyRated = TypeVar("AnyRated", bound=Rated)


def rate_domain(
    domain_key: str, answers: Sequence[RatedAnswer], rule: RatingRule, scale: Sequence[Level]
) -> DomainRating:
    """Return the rating of one domain; ValueError if an answer's level is not of the scale."""
    applicable = [answer for answer in answers if not answer.not_applicable]
    levels = [(answer, answer.level) for answer in applicable if answer.level is not None]
    if any(level not in scale for _, level in levels):
        message = f"An answer of {domain_key} has a level that is not of the scale"
        raise ValueError(message)
    points = sum(level.points for _, level in levels)
    possible = len(levels) * max(level.points for level in scale)
    reds = [answer for answer, level in levels if level.rag == "red"]
    ambers = [answer for answer, level in levels if level.rag == "amber"]
    greens = [answer for answer, level in levels if level.rag == "green"]
    outcome, fired = _fired(_Tally(len(applicable), len(levels), points, possible, reds, ambers), rule)
    short = 100 * points < rule.green_from_percent * possible
    return DomainRating(
        domain_key=domain_key,
        outcome=outcome,
        rule=fired,
        applicable=len(applicable),
        answered=len(levels),
        points=points,
        possible=possible,
        share_percent=100 * points // possible if possible else 0,
        reds=len(reds),
        ambers=len(ambers),
        greens=len(greens),
        critical_reds=sum(answer.critical for answer in reds),
        unevidenced=sum(not answer.evidenced for answer in greens),
        deciding=tuple(each.standard_key for each in applicable if _decides(each, fired, reds, short=short)),
        thresholds=rule,
    )


@dataclass(frozen=True, slots=True)
class _Tally:
    applicable: int
    answered: int
    points: int
    possible: int
    reds: Sequence[RatedAnswer]
    ambers: Sequence[RatedAnswer]


def _fired(tally: _Tally, rule: RatingRule) -> tuple[Outcome, Fired]:
    if not tally.applicable:
        return "not_rated", "no_applicable_standard"
    if 100 * tally.answered < rule.answered_percent * tally.applicable:
        return "insufficient", "not_enough_answers"
    if any(answer.critical for answer in tally.reds):
        return "red", "critical_red"
    if 100 * tally.points < rule.red_below_percent * tally.possible:
        return "red", "low_share"
    critical_amber = any(answer.critical for answer in tally.ambers)
    enough = 100 * tally.points >= rule.green_from_percent * tally.possible
    if enough and not tally.reds and not critical_amber:
        return "green", "high_share"
    return "amber", "in_between"


def _decides(answer: RatedAnswer, fired: Fired, reds: Sequence[RatedAnswer], *, short: bool) -> bool:
    """Tell whether an applicable answer is among the reasons of the rule that fired."""
    if answer.level is None:
        return fired == "not_enough_answers"
    rag = answer.level.rag
    if fired == "critical_red":
        return answer.critical and rag == "red"
    if fired == "low_share":
        return rag == "red" if reds else rag == "amber"
    if fired == "in_between":
        return rag == "red" or (rag == "amber" and (short or answer.critical))
    return False


def what_if(
    answers_by_domain: Mapping[str, Sequence[RatedAnswer]], rule: RatingRule, scale: Sequence[Level]
) -> dict[str, DomainRating]:
    """Return each domain's rating under other thresholds; nothing is stored."""
    return {key: rate_domain(key, answers, rule, scale) for key, answers in answers_by_domain.items()}


# --- an organisation's domains together ---------------------------------------------------------


def headline(ratings: Iterable[AnyRated]) -> AnyRated | None:
    """Return the worst domain: there is no averaged grade. Equal colours: the lowest share.

    None if there is no rating at all.
    """
    return min(ratings, key=lambda rating: (WORST_FIRST.index(rating.outcome), _share(rating)), default=None)


def sort_key(ratings: Iterable[Rated]) -> tuple[int, int, int, int]:
    """Return the key that puts the organisation with the gravest profile first.

    Critical reds, red domains, amber domains (more is graver), then the lowest share of a coloured
    domain (in hundredths of a percent); an organisation without any colour comes last.
    """
    profile = list(ratings)
    outcomes = [rating.outcome for rating in profile]
    return (
        -sum(rating.critical_reds for rating in profile),
        -outcomes.count("red"),
        -outcomes.count("amber"),
        min((_share(rating) for rating in profile if rating.outcome in COLOURS), default=_NO_SHARE),
    )


_NO_SHARE: Final = 10_001


def _share(rating: Rated) -> int:
    return 10_000 * rating.points // rating.possible if rating.possible else _NO_SHARE


# --- the sentence -------------------------------------------------------------------------------

MOST_NAMES: Final = 3


def explain(rating: DomainRating, titles: Mapping[str, str]) -> str:
    """Return why a domain has its colour, in a sentence or two; titles by standard key."""
    return f"{OUTCOME_WORDS[rating.outcome]}: {_REASONS[rating.rule](rating, titles)}"


def _nothing_applies(_rating: DomainRating, _titles: Mapping[str, str]) -> str:
    return "no standard of this domain applies."


def _not_enough(rating: DomainRating, _titles: Mapping[str, str]) -> str:
    total = counted(rating.applicable, "standard")
    answered = (
        f"{rating.answered} of {total} {are(rating.answered)} answered"
        if rating.answered
        else f"none of {total} is answered"
    )
    return f"{answered}; {rating.needed} {are(rating.needed)} needed."


def _critical_red(rating: DomainRating, titles: Mapping[str, str]) -> str:
    low = 100 * rating.points < rating.thresholds.red_below_percent * rating.possible
    reason = f"{named(rating.deciding, titles)} {are(len(rating.deciding))} critical and red."
    return f"{reason} Also, {_low_share(rating)}" if low else reason


def _low(rating: DomainRating, _titles: Mapping[str, str]) -> str:
    return f"{_low_share(rating)} {_counts(rating)}."


def _low_share(rating: DomainRating) -> str:
    least = rating.thresholds.red_below_percent
    return f"{rating.share_percent}% of the points are reached; less than {least}% is red."


def _high(rating: DomainRating, _titles: Mapping[str, str]) -> str:
    total = _total(rating)
    if rating.greens == rating.answered:
        reason = f"all {total} are green." if rating.answered > 1 else f"{total} is green."
    else:
        reason = f"{rating.greens} of {total} {are(rating.greens)} green; none is red."
    if not rating.unevidenced:
        return reason
    has = "has" if rating.unevidenced == 1 else "have"
    return f"{reason} {counted(rating.unevidenced, 'green standard')} {has} no evidence yet."


def _between(rating: DomainRating, titles: Mapping[str, str]) -> str:
    reason = f"{_counts(rating)}."
    green_from = rating.thresholds.green_from_percent
    if 100 * rating.points < green_from * rating.possible:
        return f"{reason} {rating.share_percent}% of the points are reached; green needs {green_from}%."
    if rating.reds:
        return f"{reason} Green needs no red at all."
    return f"{reason} {named(rating.deciding, titles)} {are(len(rating.deciding))} critical and amber."


_REASONS: Final[Mapping[Fired, Callable[[DomainRating, Mapping[str, str]], str]]] = {
    "no_applicable_standard": _nothing_applies,
    "not_enough_answers": _not_enough,
    "critical_red": _critical_red,
    "low_share": _low,
    "high_share": _high,
    "in_between": _between,
}


def _counts(rating: DomainRating) -> str:
    total, reds, ambers = _total(rating), rating.reds, rating.ambers
    if not reds:
        return f"{ambers} of {total} {are(ambers)} amber; none is red"
    others = f" and {ambers} {are(ambers)} amber" if ambers else "; none is amber"
    return f"{reds} of {total} {are(reds)} red{others}"


def _total(rating: DomainRating) -> str:
    noun = "standard" if rating.answered == rating.applicable else "answered standard"
    return counted(rating.answered, noun)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 standard, 9 standards."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def are(count: int) -> str:
    """Return the verb for a count: 1 is, 9 are."""
    return "is" if count == 1 else "are"


def named(keys: Sequence[str], titles: Mapping[str, str]) -> str:
    """Return titles as a list in words: “A”, “B” and 2 more; an unknown key stands for itself."""
    words = [f"“{titles.get(key, key)}”" for key in keys[:MOST_NAMES]]
    if len(keys) > MOST_NAMES:
        words.append(f"{len(keys) - MOST_NAMES} more")
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
