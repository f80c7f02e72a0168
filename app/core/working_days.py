"""Working days in England: Monday to Friday, no bank holiday and, where terms are given, inside term.

Days are calendar days in London. Bank holidays come from the library `holidays`, held by a test against a
list and a calculation of its own; one-off holidays that are proclaimed later come with a newer library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final

import holidays

from app.core.clock import LONDON

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
# The school year turns on 1 September (Education Act 1996, section 579).
_FIRST_MONTH: Final = 9
# Further than any holiday: terms that leave no working day within it cannot be meant.
_FURTHEST: Final = 120


@dataclass(frozen=True, slots=True)
class Term:
    """A stretch of school days, first and last included; half-term holidays lie between two of them."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a term that ends before it begins."""
        if self.last < self.first:
            raise ValueError(f"a term cannot end on {self.last} and begin on {self.first}")


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """Return the bank holidays of England in a calendar year, days in lieu included."""
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def school_year(day: date) -> int:
    """Return the calendar year in which a day's school year began."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def in_term(day: date, terms: Sequence[Term]) -> bool:
    """Say whether schools are in session on a day, weekends and bank holidays aside.

    A school year of which no term is known counts as term throughout: dates that nobody has entered yet
    must not stop anything.
    """
    if any(term.first <= day <= term.last for term in terms):
        return True
    this = school_year(day)
    return not any(school_year(term.first) <= this <= school_year(term.last) for term in terms)


def is_working_day(day: date, terms: Sequence[Term] | None = None) -> bool:
    """Say whether people are at work on a day; for schools, say when their terms are."""
    if day.weekday() >= _SATURDAY or day in bank_holidays(day.year):
        return False
    return terms is None or in_term(day, terms)


def _nearest(day: date, step: timedelta, terms: Sequence[Term] | None) -> date:
    for wanted in (terms, None):
        found = day
        for _ in range(_FURTHEST):
            if is_working_day(found, wanted):
                return found
            found += step
    raise ValueError(f"no working day near {day}")


def earlier_working_day(day: date, terms: Sequence[Term] | None = None) -> date:
    """Return a day itself if it is a working day, or the last working day before it.

    If the terms leave none in the four months before, the nearest earlier working day outside term.
    """
    return _nearest(day, -_DAY, terms)


def next_working_day(day: date, terms: Sequence[Term] | None = None) -> date:
    """Return a day itself if it is a working day, or the first working day after it.

    If the terms leave none in the four months after, the nearest later working day outside term.
    """
    return _nearest(day, _DAY, terms)


def working_days_between(first: date, last: date, terms: Sequence[Term] | None = None) -> int:
    """Count the working days from a first to a last day, both included; 0 when the last comes first."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return sum(is_working_day(day, terms) for day in days)


def london_moment(day: date, at: time) -> datetime:
    """Return the instant at which clocks in London show a time on a day.

    Where clocks show it twice it is the first of the two; a time that they skip is as many minutes later as
    they skip.
    """
    return datetime.combine(day, at, LONDON).astimezone(UTC)
