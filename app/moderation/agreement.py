"""How far officers agree with self-ratings: weighted kappa, and the sentence that says it plainly.

Kappa counts agreement beyond what chance would bring, so a round in which nearly everybody says green
cannot look better than it is. With linear weights a step from green to amber counts half of a step from
green to red (Cohen 1968; equal spacing as in Cicchetti and Allison 1971). Bands: Landis and Koch 1977.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.ratings.rules import named

# Below this kappa swings by a whole band with one standard more or less.
FEWEST: Final = 20
_BANDS: Final = (
    (0.0, "no better than chance"),
    (0.2, "slight"),
    (0.4, "fair"),
    (0.6, "moderate"),
    (0.8, "substantial"),
    (1.0, "almost perfect"),
)
_MOST_NAMED: Final = 3
Table = Sequence[Sequence[int]]


def weighted_kappa(table: Table) -> float | None:
    """Return Cohen's kappa with linear weights of a square table of counts, rows by one judge.

    Rows and columns stand in the order of the scale. 1 is full agreement, 0 what chance brings, below 0
    less than that. None when there is nothing to compare: no counts, or both judges used one and the same
    level throughout. ValueError for a table that is not square, has one level only, or a negative count.
    """
    size = len(table)
    if size < 2 or any(len(row) != size for row in table):
        raise ValueError("Kappa needs a square table of at least two levels")
    if any(count < 0 for row in table for count in row):
        raise ValueError("Kappa needs counts, and counts are not negative")
    total = sum(map(sum, table))
    rows = [sum(row) for row in table]
    columns = [sum(row[index] for row in table) for index in range(size)]
    # Disagreement in steps, seen and expected; whole numbers, so that equal tables give equal answers.
    seen = sum(abs(i - j) * table[i][j] for i in range(size) for j in range(size)) * total
    expected = sum(abs(i - j) * rows[i] * columns[j] for i in range(size) for j in range(size))
    return 1 - seen / expected if expected else None


def band(kappa: float) -> str:
    """Return the usual word for a kappa (Landis and Koch 1977)."""
    return next((word for most, word in _BANDS if kappa <= most), _BANDS[-1][1])


@dataclass(frozen=True, slots=True)
class Pair:
    """How often one standard was rated `own` by organisations and `judged` by officers."""

    domain_key: str
    standard_key: str
    own: str
    judged: str
    count: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement in one domain, or over all: counts, kappa where there is enough, and a sentence.

    `own_higher` counts standards that organisations rated above the officer, `own_lower` below.
    """

    total: int
    agreed: int
    own_higher: int
    own_lower: int
    kappa: float | None
    sentence: str
    table: tuple[tuple[int, ...], ...]

    @property
    def strength(self) -> str:
        """Say the strength of agreement in words."""
        if self.total < FEWEST:
            return f"Too few to say: fewer than {FEWEST}"
        if self.kappa is None:
            return "Cannot be said: all have the same level"
        return f"{band(self.kappa).capitalize()} ({self.kappa:.2f})"


def agreement(
    pairs: Sequence[Pair], levels: Sequence[str], titles: Mapping[str, str], who: str = "organisations"
) -> Agreement:
    """Return the agreement of some pairs; `levels` is the scale, worst first, and `titles` the standards'.

    Pairs with a level that is not of the scale (not applicable, not answered) are left out.
    """
    place = {level: index for index, level in enumerate(levels)}
    known = [pair for pair in pairs if pair.own in place and pair.judged in place]
    table = [[0] * len(levels) for _ in levels]
    higher: dict[str, int] = {}
    lower: dict[str, int] = {}
    for pair in known:
        own, judged = place[pair.own], place[pair.judged]
        table[own][judged] += pair.count
        if own != judged:
            side = higher if own > judged else lower
            side[pair.standard_key] = side.get(pair.standard_key, 0) + pair.count
    total = sum(map(sum, table))
    agreed = sum(table[index][index] for index in range(len(levels)))
    return Agreement(
        total=total,
        agreed=agreed,
        own_higher=sum(higher.values()),
        own_lower=sum(lower.values()),
        kappa=weighted_kappa(table) if total >= FEWEST else None,
        sentence=_sentence(total, agreed, who, _often(higher, titles), _often(lower, titles)),
        table=tuple(map(tuple, table)),
    )


def _often(counts: Mapping[str, int], titles: Mapping[str, str]) -> str:
    """Return where judges differ: in all of a few standards, or most often in some of many."""
    order = {key: number for number, key in enumerate(titles)}
    keys = sorted(counts, key=lambda key: (-counts[key], order.get(key, len(order)), key))
    if not keys:
        return ""
    return f"{'in' if len(keys) <= _MOST_NAMED else 'most often in'} {named(keys[:_MOST_NAMED], titles)}"


def _sentence(total: int, agreed: int, who: str, higher: str, lower: str) -> str:
    if not total:
        return "No standard has been moderated yet."
    begun = f"In {agreed:,} of {total:,} {'standard' if total == 1 else 'standards'} the officer agreed"
    parts = []
    if higher:
        parts.append(f"{who} rate themselves higher {higher}")
    if lower:
        parts.append(f"{who} rate themselves lower {lower}")
    return "; ".join([begun, *parts]) + "."
