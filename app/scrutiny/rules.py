"""Ratings under other thresholds, worked out from what is stored of a rating.

The rule is the one of ratings; a stored rating holds its counts and points but not its answers. The one
thing that the counts do not tell is whether a critical standard is amber, which forbids green. A rating's
own reasons tell it in every case but one: a domain that had too few answers to be coloured.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from app.questionnaires.rules import RatingRule
from app.ratings.rules import DomainRating, Fired, Outcome, explain

LEAST_PERCENT: Final = 1
MOST_PERCENT: Final = 100


def critical_amber(rating: DomainRating, critical: Collection[str]) -> bool | None:
    """Say whether a critical standard of a rated domain is amber; None when the rating cannot tell.

    `critical` are the keys of the critical standards. Where a red answer forbids green anyway, the
    answer is not needed and may be None.
    """
    if not rating.ambers or rating.rule in {"high_share", "no_applicable_standard"}:
        return False
    # Between red and green every critical amber is among the deciding standards, and no critical red can be;
    # below the red line the ambers decide where there is no red.
    if rating.rule == "in_between" or (rating.rule == "low_share" and not rating.reds):
        return any(key in critical for key in rating.deciding)
    return None


def needs_answers(rating: DomainRating, rule: RatingRule, critical: Collection[str]) -> bool:
    """Say whether the colour under another rule depends on answers that the stored rating does not tell."""
    return (
        critical_amber(rating, critical) is None
        and recoloured(rating, rule, has_critical_amber=False).outcome == "green"
    )


def recoloured(rating: DomainRating, rule: RatingRule, *, has_critical_amber: bool) -> DomainRating:
    """Return a stored rating as another rule's thresholds would colour it; its counts stay."""
    outcome, fired = _fired(rating, rule, has_critical_amber=has_critical_amber)
    return replace(rating, outcome=outcome, rule=fired, thresholds=rule)


def _fired(rating: DomainRating, rule: RatingRule, *, has_critical_amber: bool) -> tuple[Outcome, Fired]:
    if not rating.applicable:
        return "not_rated", "no_applicable_standard"
    if 100 * rating.answered < rule.answered_percent * rating.applicable:
        return "insufficient", "not_enough_answers"
    if rating.critical_reds:
        return "red", "critical_red"
    if 100 * rating.points < rule.red_below_percent * rating.possible:
        return "red", "low_share"
    enough = 100 * rating.points >= rule.green_from_percent * rating.possible
    if enough and not rating.reds and not has_critical_amber:
        return "green", "high_share"
    return "amber", "in_between"


def why_then(rating: DomainRating) -> str:
    """Say why a domain would have its colour under other thresholds.

    Critical standards are counted, not named: a stored rating does not know them all.
    """
    if rating.rule == "critical_red":
        count = rating.critical_reds
        noun = "critical standard is" if count == 1 else "critical standards are"
        return f"Red: {count} {noun} red."
    enough = 100 * rating.points >= rating.thresholds.green_from_percent * rating.possible
    if rating.rule == "in_between" and enough and not rating.reds:
        return "Amber: a critical standard is amber."
    return explain(rating, {})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Thresholds as somebody typed them, with what is wrong in each field."""

    typed: Mapping[str, str]
    rule: RatingRule | None
    problems: Mapping[str, str]


FIELDS: Final[Mapping[str, str]] = {
    "answered": "answered_percent",
    "red": "red_below_percent",
    "green": "green_from_percent",
}


def thresholds_from(typed: Mapping[str, str], usual: RatingRule) -> Thresholds:
    """Read other thresholds; a field that is not given keeps the questionnaire's own."""
    shown = {field: typed.get(field, str(getattr(usual, name))).strip() for field, name in FIELDS.items()}
    problems = {
        field: f"Enter a whole number from {LEAST_PERCENT} to {MOST_PERCENT}"
        for field, text in shown.items()
        if not _is_percent(text)
    }
    if not problems and int(shown["red"]) >= int(shown["green"]):
        problems["green"] = (
            f"Green must begin above {shown['red']}%, where red ends. Raise green or lower the limit for red"
        )
    if problems:
        return Thresholds(shown, None, problems)
    return Thresholds(shown, RatingRule(**{FIELDS[field]: int(text) for field, text in shown.items()}), {})


def _is_percent(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and LEAST_PERCENT <= int(text) <= MOST_PERCENT


@dataclass(frozen=True, slots=True)
class Shift:
    """How many organisations have one outcome in a domain, before and after."""

    outcome: Outcome
    before: int
    after: int
