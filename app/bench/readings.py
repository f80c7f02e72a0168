"""What a measure found, how it is judged, and how it is told."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from app.bench.arguments import FEWEST_PAIRS
from app.bench.clocks import Ours, disturbance

DISTURBED_FROM: Final = 0.20
MOST_DISTURBED_PAIRS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure of one goal, from several pairs.

    `must` and `stretch` are the goal's two columns (None: a figure without a goal); `at_least` says that
    more is better. `disturbed` counts the pairs in which others took over a fifth of the machine.
    """

    goal: str
    what: str
    values: tuple[float, ...]
    must: float | None = None
    stretch: float | None = None
    at_least: bool = False
    disturbed: int = 0
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The figure that is judged."""
        return median(self.values)

    @property
    def meets(self) -> str:
        """Say which column the figure reaches: stretch, must, no, or nothing where there is no goal."""
        if self.must is None:
            return ""
        for name, bound in (("stretch", self.stretch), ("must", self.must)):
            if bound is not None and (self.median >= bound if self.at_least else self.median <= bound):
                return name
        return "no"

    @property
    def conclusive(self) -> bool:
        """Say whether the machine was quiet enough for the figure to count; few pairs bear no disturbance."""
        return self.disturbed <= (MOST_DISTURBED_PAIRS if len(self.values) >= FEWEST_PAIRS else 0)

    def as_json(self) -> str:
        """Return the reading as one line of JSON."""
        return json.dumps(
            {
                "goal": self.goal,
                "what": self.what,
                "must": self.must,
                "stretch": self.stretch,
                "better": "more" if self.at_least else "less",
                "median": rounded(self.median),
                "min": rounded(min(self.values)),
                "max": rounded(max(self.values)),
                "pairs": len(self.values),
                "meets": self.meets,
                "conclusive": self.conclusive,
                "disturbed_pairs": self.disturbed,
                "detail": self.detail,
            },
            ensure_ascii=False,
        )


def rounded(value: float) -> float:
    """Return a figure with four significant digits; counts stay whole."""
    return int(value) if value == int(value) else float(f"{value:.4g}")


def milliseconds(seconds: float) -> float:
    """Return seconds as milliseconds, for details."""
    return rounded(seconds * 1_000)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The two sides of interleaved pairs, each in its own unit, and how many pairs were disturbed."""

    ours: tuple[float, ...]
    floor: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours against the floor, pair by pair."""
        return tuple(one / other for one, other in zip(self.ours, self.floor, strict=True))

    @property
    def disturbed(self) -> int:
        """How many pairs ran while others took over a fifth of the machine."""
        return disturbed(self.shares)

    @property
    def others_percent(self) -> list[int]:
        """What others took of the machine in each pair, in whole percent."""
        return percents(self.shares)


def disturbed(shares: Sequence[float]) -> int:
    """Count the shares that are too large for a figure to be trusted."""
    return sum(share > DISTURBED_FROM for share in shares)


def percents(shares: Sequence[float]) -> list[int]:
    """Return shares in whole percent."""
    return [round(share * 100) for share in shares]


def interleaved(count: int, ours: Ours, measure: Callable[[], float], floor: Callable[[], float]) -> Pairs:
    """Measure pairs A B A B ..., so that whatever slows the machine slows both sides."""
    taken, floors, shares = [], [], []
    for _ in range(count):
        with disturbance(ours) as found:
            taken.append(measure())
            floors.append(floor())
        shares.append(found.share)
    return Pairs(tuple(taken), tuple(floors), tuple(shares))


def repeated(
    count: int, ours: Ours, measure: Callable[[], float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure a figure that is its own ratio several times; return the figures and others' shares."""
    taken, shares = [], []
    for _ in range(count):
        with disturbance(ours) as found:
            taken.append(measure())
        shares.append(found.share)
    return tuple(taken), tuple(shares)


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the exponent b of cost = a * size ** b: the slope through the logarithms."""
    across = [math.log(size) for size in sizes]
    along = [math.log(cost) for cost in costs]
    middle, height = sum(across) / len(across), sum(along) / len(along)
    slope = sum((x - middle) * (y - height) for x, y in zip(across, along, strict=True))
    return slope / sum((x - middle) ** 2 for x in across)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
