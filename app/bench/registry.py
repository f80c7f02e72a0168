"""The measures by name, and what each of them is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from app.bench.readings import Reading
from app.bench.stage import Stage

QUICK_PAIRS: Final = 2


@dataclass(frozen=True, slots=True)
class Bench:
    """What a measure is given: where it runs, how many pairs it takes, and whether a first look will do."""

    stage: Stage
    pairs: int
    quick: bool = False

    def size(self, whole: int, quick: int) -> int:
        """Return a size for a whole measure, or for a first look."""
        return quick if self.quick else whole


Measure = Callable[[Bench], Iterable[Reading]]
REGISTRY: Final[dict[str, Measure]] = {}


def measures(name: str) -> Callable[[Measure], Measure]:
    """Register a measure under its name."""

    def register(measure: Measure) -> Measure:
        REGISTRY[name] = measure
        return measure

    return register
