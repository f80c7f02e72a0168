"""How long things are kept, as pure rules: periods, the moment before which something is due, old rounds."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

SCHOOL_YEAR_ENDS = (8, 31)


class Unit(StrEnum):
    """What a period is counted in."""

    DAYS = "day"
    MONTHS = "month"
    YEARS = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """How long something is kept."""

    count: int
    unit: Unit

    @property
    def words(self) -> str:
        """Write the period for people: 24 months."""
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"


def _back(day: date, months: int) -> date:
    total = day.year * 12 + day.month - 1 - months
    year, month = divmod(total, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def before(period: Period, now: datetime) -> datetime:
    """Return the moment before which something must have ended to be due now.

    A month earlier is the same day of the earlier month, or its last day where it is shorter.
    """
    if period.unit is Unit.DAYS:
        return now - timedelta(days=period.count)
    months = period.count * (12 if period.unit is Unit.YEARS else 1)
    return datetime.combine(_back(now.date(), months), now.timetz())


def school_year_end(day: date) -> date:
    """Return the last day of the school year that a day is in: 31 August."""
    end = date(day.year, *SCHOOL_YEAR_ENDS)
    return end if day <= end else date(day.year + 1, *SCHOOL_YEAR_ENDS)


def kept_until(closed_on: date, years: int) -> date:
    """Return the last day on which the returns of a round are kept: its school year, and so many more."""
    end = school_year_end(closed_on)
    return end.replace(year=end.year + years)


@dataclass(frozen=True, slots=True)
class RoundFact:
    """What decides whether the returns of a round are due."""

    id: int
    closed: bool
    closed_on: date | None


def rounds_due(rounds: Iterable[RoundFact], years: int, today: date) -> frozenset[int]:
    """Return the rounds whose returns are due: closed, and their last day of keeping is over.

    A round that is open, being prepared or was reopened is never due, however old it is.
    """
    return frozenset(
        each.id
        for each in rounds
        if each.closed and each.closed_on is not None and kept_until(each.closed_on, years) < today
    )
