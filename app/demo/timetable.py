"""The rounds of two years, and how returns come in: slowly, after reminders, and in a rush at the end."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from app.core.clock import LONDON, london_date

_MONDAY, _FRIDAY = 0, 4
# The hours at which people work on returns, and how often: after lessons most of all, some at night.
_HOURS = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)
_HOUR_WEIGHTS = (2, 5, 8, 9, 9, 5, 6, 9, 12, 12, 6, 2, 3, 4, 3, 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """The days of one round; `closed_on` is None while it collects returns."""

    opens_on: date
    due_on: date
    closed_on: date | None = None

    @property
    def issued_at(self) -> datetime:
        """The moment at which the round was issued: half past nine on the day on which it opens."""
        return datetime.combine(self.opens_on, time(9, 30), LONDON).astimezone(UTC)

    @property
    def closed_at(self) -> datetime | None:
        """The moment at which the round was closed."""
        if self.closed_on is None:
            return None
        return datetime.combine(self.closed_on, time(17, 0), LONDON).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Timetable:
    """The four rounds: section 175/157 and section 11, last year's closed, this year's open."""

    schools_last: Dates
    schools_now: Dates
    agencies_last: Dates
    agencies_now: Dates


def school_year_start(day: date) -> date:
    """Return 1 September of the school year of a day."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)


def _to_weekday(day: date, weekday: int) -> date:
    """Return the last such weekday on or before a day."""
    return day - timedelta(days=(day.weekday() - weekday) % 7)


def _round(opens: date, due: date, closed: date | None = None) -> Dates:
    return Dates(_to_weekday(opens, _MONDAY), _to_weekday(due, _FRIDAY), closed)


def _in_term(day: date) -> date:
    """Return a due date that does not fall into the Christmas holidays: nobody would choose one that does."""
    if (day.month, day.day) >= (12, 19):
        return date(day.year + 1, 1, 15)
    return date(day.year, 1, 15) if (day.month, day.day) < (1, 15) else day


def timetable(now: datetime) -> Timetable:
    """Return the rounds as they stand at a moment.

    Schools answer in the winter: last year's were due in January; this year's are due in five weeks.
    Agencies answer in the autumn: this year's returns were due two weeks ago, so some are overdue.
    """
    today = london_date(now)
    january = date(school_year_start(today).year, 1, 31)
    agencies_due = today - timedelta(days=11)
    return Timetable(
        schools_last=_round(january - timedelta(days=86), january, january + timedelta(days=62)),
        schools_now=_round(today - timedelta(days=49), _in_term(today + timedelta(days=37))),
        agencies_last=_round(
            agencies_due - timedelta(days=364 + 72),
            agencies_due - timedelta(days=364),
            agencies_due - timedelta(days=364 - 56),
        ),
        agencies_now=_round(agencies_due - timedelta(days=72), agencies_due),
    )


def at_work(rng: random.Random, day: date) -> datetime:
    """Return a moment of a day at which somebody works on a return."""
    hour = rng.choices(_HOURS, _HOUR_WEIGHTS)[0]
    moment = datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), LONDON)
    return moment.astimezone(UTC)


def _weight(day: date, dates: Dates) -> float:
    length = (dates.due_on - dates.opens_on).days
    gone = (day - dates.opens_on).days
    left = length - gone
    if left < 0:
        weight = 1.6 * math.exp(left / 9)
    else:
        reminded = (gone - round(length * share) for share in (0.3, 0.55, 0.8))
        bumps = sum(2.0 * math.exp(-since / 2) for since in reminded if since >= 0)
        weight = 0.35 + 2 * (gone / length) ** 2 + bumps + 9 * math.exp(-left / 2)
    # Hardly anybody works on it at the weekend, and fewer still at Christmas.
    christmas = (day.month, day.day) >= (12, 20) or (day.month, day.day) <= (1, 3)
    return weight * (0.08 if day.weekday() > _FRIDAY else 1.0) * (0.12 if christmas else 1.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """The days on which returns of a round were signed, each with its weight."""

    days: Sequence[date]
    cumulated: Sequence[float]

    def draw(self, rng: random.Random) -> date:
        """Return a day on which somebody signed."""
        return rng.choices(self.days, cum_weights=self.cumulated)[0]


def curve(dates: Dates, until: date) -> Curve:
    """Return how likely each day is, from the third day on until the round closed or today came."""
    last = min(until, dates.closed_on or until)
    days = [dates.opens_on + timedelta(days=each) for each in range(2, (last - dates.opens_on).days)]
    return Curve(days, list(accumulate(_weight(day, dates) for day in days)))
