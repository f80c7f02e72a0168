"""How small the type must be for a year to fit one side of A4, landscape. Pure: an estimate of lines.

Sizes are in points; the styles of print in app/core/styles/planner.css have a class for each of `SIZES`.
"""

from collections.abc import Sequence
from datetime import date
from math import ceil
from typing import Final

from app.planner.year import VISITS, Activity, Cells, PlanYear

SIZES: Final = (9.0, 8.25, 7.5, 6.75, 6.0, 5.25, 4.5)
# A4 landscape within margins of 8 mm, less the title and the heads of the columns.
_WIDTH: Final = 795
_HEIGHT: Final = 500
_MONTH: Final = 48
_VISITS_SHARE: Final = 0.24
# A character of a wide typeface, and a line, for each point of its size; room round a cell.
_CHARACTER: Final = 0.6
_LINE: Final = 1.15
_PADDING: Final = 6


def size_for(year: PlanYear, columns: Sequence[Activity], cells: Cells) -> int:
    """Return the number of the largest size in which a year fits one side; the smallest if none does."""
    for number, size in enumerate(SIZES):
        if height(year, columns, cells, size) <= _HEIGHT:
            return number
    return len(SIZES) - 1


def height(year: PlanYear, columns: Sequence[Activity], cells: Cells, size: float) -> float:
    """Return how high the table of a year is about, in points."""
    total = 0.0
    for month in year.months:
        lines = [_lines(columns, cells, (month, column.key), size) for column in columns]
        total += max([1, *lines]) * size * _LINE + _PADDING
    return total


def _lines(columns: Sequence[Activity], cells: Cells, key: tuple[date, str], size: float) -> int:
    across = _width(columns, key[1]) / (size * _CHARACTER)
    return sum(ceil((len(mark.when()) + 3 + len(mark.words)) / across) for mark in cells.get(key, ()))


def _width(columns: Sequence[Activity], key: str) -> float:
    if key == VISITS:
        return _WIDTH * _VISITS_SHARE
    return (_WIDTH * (1 - _VISITS_SHARE) - _MONTH) / max(len(columns) - 1, 1) - _PADDING
