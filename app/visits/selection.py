"""Which organisations to visit first, by reasons that anyone can read.

Each reason has points that the partnership can set. The sum only ranks: people add or drop with a reason,
and the choice is theirs. A random tenth of the all-green returns is added as calibration.
"""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Final

from app.core.clock import long_date
from app.ratings.rules import counted

NEVER_VISITED_MONTHS: Final = 24
UNEVIDENCED_PERCENT: Final = 25
CALIBRATION_SHARE: Final = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """Points for each reason; the defaults are the design's."""

    critical_red: int = 5
    critical_most: int = 15
    red_domain: int = 4
    level_down: int = 3
    validated_below: int = 3
    unevidenced: int = 3
    voices_below: int = 3
    overdue_actions: int = 2
    late: int = 1
    not_returned: int = 6
    long_since_visit: int = 3


WEIGHT_WORDS: Final[Mapping[str, str]] = {
    "critical_red": "For each critical standard that is red",
    "critical_most": "At most, for all critical reds together",
    "red_domain": "For each red domain",
    "level_down": "For each domain that is a level down since last year",
    "validated_below": "When a validated rating is below the self-rating",
    "unevidenced": "When more than a quarter of the greens have no evidence",
    "voices_below": "When staff voices are 20 points or more below the leaders",
    "overdue_actions": "When actions are overdue",
    "late": "When the return came late",
    "not_returned": "When there is no return",
    "long_since_visit": "When never visited, or over two years ago",
}


def weights_from(stored: Mapping[str, int]) -> Weights:
    """Return the partnership's weights; what it has not set is the default."""
    known = {each.name for each in fields(Weights)}
    return Weights(**{name: value for name, value in stored.items() if name in known})


@dataclass(frozen=True, slots=True)
class Noticed:
    """A signal that adds points: its kind, its weight, and its sentence."""

    key: str
    points: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about an organisation on the day of the selection."""

    organisation_id: int
    critical_reds: int = 0
    red_domains: tuple[str, ...] = ()
    domains_down: tuple[str, ...] = ()
    validated_below: tuple[str, ...] = ()
    greens: int = 0
    unevidenced: int = 0
    voices_below: tuple[str, ...] = ()
    overdue_actions: int = 0
    late: bool = False
    not_returned: bool = False
    last_visit: date | None = None
    all_green: bool = False
    noticed: tuple[Noticed, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a visit with its points."""

    key: str
    points: int
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """An organisation's place in the ranking, explained."""

    organisation_id: int
    points: int
    reasons: tuple[Reason, ...] = field(default=())

    @property
    def sentence(self) -> str:
        """All reasons in one sentence."""
        return "; ".join(f"{each.text} ({each.points})" for each in self.reasons) or "No reason stands out"


def months_between(first: date, last: date) -> int:
    """Return the whole months from one day to a later one."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (last.day < first.day)


def score(facts: Facts, weights: Weights, today: date) -> Score:
    """Return the explained score of one organisation."""
    found = [*_rating_reasons(facts, weights), *_other_reasons(facts, weights, today)]
    kept = tuple(reason for reason in found if reason.points)
    return Score(facts.organisation_id, sum(reason.points for reason in kept), kept)


def _rating_reasons(facts: Facts, weights: Weights) -> Iterable[Reason]:
    if facts.critical_reds:
        points = min(weights.critical_most, weights.critical_red * facts.critical_reds)
        yield Reason("critical_red", points, f"{counted(facts.critical_reds, 'critical standard')} red")
    if facts.red_domains:
        points = weights.red_domain * len(facts.red_domains)
        yield Reason("red_domain", points, f"red: {', '.join(facts.red_domains)}")
    if facts.domains_down:
        points = weights.level_down * len(facts.domains_down)
        yield Reason("level_down", points, f"down since last year: {', '.join(facts.domains_down)}")
    if facts.validated_below:
        text = f"validated below their own rating: {', '.join(facts.validated_below)}"
        yield Reason("validated_below", weights.validated_below, text)
    if 100 * facts.unevidenced > UNEVIDENCED_PERCENT * facts.greens:
        text = f"{facts.unevidenced} of {counted(facts.greens, 'green')} without evidence"
        yield Reason("unevidenced", weights.unevidenced, text)


def _other_reasons(facts: Facts, weights: Weights, today: date) -> Iterable[Reason]:
    if facts.voices_below:
        text = f"staff see it otherwise: {', '.join(facts.voices_below)}"
        yield Reason("voices_below", weights.voices_below, text)
    if facts.overdue_actions:
        text = f"{counted(facts.overdue_actions, 'action')} overdue"
        yield Reason("overdue_actions", weights.overdue_actions, text)
    if facts.not_returned:
        yield Reason("not_returned", weights.not_returned, "no return, though it was due")
    elif facts.late:
        yield Reason("late", weights.late, "the last return came late")
    if facts.last_visit is None:
        yield Reason("long_since_visit", weights.long_since_visit, "never visited")
    elif months_between(facts.last_visit, today) >= NEVER_VISITED_MONTHS:
        text = f"last visited {long_date(facts.last_visit)}"
        yield Reason("long_since_visit", weights.long_since_visit, text)
    for each in facts.noticed:
        yield Reason(f"signal:{each.key}", each.points, each.text[:1].lower() + each.text[1:])


def ranked(every: Iterable[Facts], weights: Weights, today: date) -> tuple[Score, ...]:
    """Return all organisations, the most points first; equal points in the order of their numbers."""
    scores = [score(facts, weights, today) for facts in every]
    return tuple(sorted(scores, key=lambda each: (-each.points, each.organisation_id)))


@dataclass(frozen=True, slots=True)
class Draw:
    """A random draw that anybody can repeat: the same pool and seed choose the same organisations."""

    seed: int
    pool: tuple[int, ...]
    chosen: tuple[int, ...]


def calibration_draw(all_green: Sequence[int], seed: int) -> Draw:
    """Draw a tenth, rounded up, of the organisations whose returns are all green."""
    pool = tuple(sorted(set(all_green)))
    size = -(-len(pool) // CALIBRATION_SHARE)
    chosen = random.Random(seed).sample(pool, size)  # noqa: S311 - to be repeated, not to be secret
    return Draw(seed, pool, tuple(sorted(chosen)))
