"""The measures by name, and what each of them is given."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.bench.readings import Reading
from app.bench.stage import Stage

QUICK_PAIRS: Final = 2
_MODULES: Final = (
    "saving", "question_page", "workbook", "boards", "growth", "collisions", "first_visit", "timings",
)  # fmt: skip


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
_REGISTRY: Final[dict[str, Measure]] = {}


def measures(name: str) -> Callable[[Measure], Measure]:
    """Register a measure under its name."""

    def register(measure: Measure) -> Measure:
        _REGISTRY[name] = measure
        return measure

    return register


def every_measure() -> Mapping[str, Measure]:
    """Return all measures by name."""
    for module in _MODULES:
        importlib.import_module(f"app.bench.{module}")
    return _REGISTRY
