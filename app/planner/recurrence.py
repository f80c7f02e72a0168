"""When an entry of the planner comes back: pure dates, with today and the terms handed in.

A month that has no such day takes its last one: what begins on 31 January comes on 28 February and on 31
March again, because every occurrence is counted from the first, never from the one before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from dateutil.relativedelta import FR, MO, SA, SU, TH, TU, WE, relativedelta

from app.core.clock import long_date
from app.core.working_days import Term, earlier_working_day, in_term

MOST_YEARS: Final = 10
# Once a month for ten years, and some.
MOST_OCCURRENCES: Final = 12 * MOST_YEARS + 1


class Repeat(StrEnum):
    """How often an entry comes back."""

    ONCE = "once"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    TERMLY = "termly"
    YEARLY = "yearly"


# A school year has three terms, and four months lie between the same days of two of them.
_MONTHS: Final[Mapping[Repeat, int]] = MappingProxyType(
    {Repeat.MONTHLY: 1, Repeat.QUARTERLY: 3, Repeat.TERMLY: 4, Repeat.YEARLY: 12}
)
REPEAT_WORDS: Final[Mapping[Repeat, str]] = MappingProxyType(
    {
        Repeat.ONCE: "Once",
        Repeat.MONTHLY: "Every month",
        Repeat.QUARTERLY: "Every three months",
        Repeat.TERMLY: "Every term",
        Repeat.YEARLY: "Every year",
    }
)
_WEEKDAYS: Final = (MO, TU, WE, TH, FR, SA, SU)
_ORDINALS: Final = ("first", "second", "third", "fourth", "last")


@dataclass(frozen=True, slots=True)
class Series:
    """An entry's days: `first` and `last` are those of occurrence 0, from which all others are counted.

    Occurrences before `from_number` are no part of it (they belong to the series that this one goes on
    from). `until` is the last day on which one may begin; None only for what comes once.
    """

    first: date
    last: date
    repeat: Repeat = Repeat.ONCE
    same_weekday: bool = False
    until: date | None = None
    from_number: int = 0

    @property
    def more_days(self) -> timedelta:
        """How long it goes on after its first day: none for a single day."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an entry comes: its number in the series, first and last day."""

    number: int
    first: date
    last: date


def occurrence(series: Series, number: int, terms: Sequence[Term] = ()) -> Occurrence | None:
    """Return an occurrence by its number, or None when the series has none of that number."""
    if not 0 <= number - series.from_number < MOST_OCCURRENCES:
        return None
    if series.repeat is Repeat.ONCE:
        return Occurrence(0, series.first, series.last) if number == 0 else None
    day = _begins(series, number, terms)
    if series.until is not None and day > series.until:
        return None
    return Occurrence(number, day, day + series.more_days)


def occurrences(series: Series, until: date, terms: Sequence[Term] = ()) -> Iterator[Occurrence]:
    """Yield the occurrences that begin on or before a day, in order."""
    for number in range(series.from_number, series.from_number + MOST_OCCURRENCES):
        found = occurrence(series, number, terms)
        if found is None or found.first > until:
            return
        yield found


def _begins(series: Series, number: int, terms: Sequence[Term]) -> date:
    if number == 0:
        return series.first
    day: date = series.first + relativedelta(months=_MONTHS[series.repeat] * number)
    if series.same_weekday:
        day = _same_weekday(series.first, day)
    # What comes every term comes in term: in the holidays, on the last school day before them.
    if series.repeat is Repeat.TERMLY and not in_term(day, terms):
        day = earlier_working_day(day, terms)
    return day


def week_of_month(day: date) -> int:
    """Return which of its weekdays in the month a day is: 0 for the first to 4, which counts as the last."""
    return (day.day - 1) // 7


def _same_weekday(first: date, month: date) -> date:
    """Return the day of a month that is the same weekday as the first: second Tuesday, last Friday."""
    week = week_of_month(first)
    weekday = _WEEKDAYS[first.weekday()]
    if week == len(_ORDINALS) - 1:
        last: date = month + relativedelta(day=31, weekday=weekday(-1))
        return last
    found: date = month + relativedelta(day=1, weekday=weekday(week + 1))
    return found


def said(series: Series) -> str:
    """Say how often it comes: "Every month on the second Tuesday, until Friday 30 July 2027"."""
    words = REPEAT_WORDS[series.repeat]
    if series.repeat is Repeat.ONCE or series.until is None:
        return words
    if series.same_weekday:
        words += f" on the {_ORDINALS[week_of_month(series.first)]} {series.first:%A} of the month"
    return f"{words}, until {long_date(series.until)}"


def same_rhythm(one: Series, other: Series) -> bool:
    """Say whether two series come equally often, so that occurrences of both can be told by their numbers."""
    return (one.repeat, one.same_weekday) == (other.repeat, other.same_weekday)
