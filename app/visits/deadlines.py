"""When the framework goes out and comes back, and why on that day.

Framework out no later than six weeks before the visit, return back no later than three weeks before, both
inclusive: exactly 42 and 21 days before is in time. A day on which nobody is at work moves the deadline
earlier, never later, so that the weeks are always full. Where holidays would push both to one day, as for a
school visited just after the summer, the framework goes out before it: nobody answers what is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.core.clock import long_date
from app.core.working_days import (
    Term,
    bank_holidays,
    earlier_working_day,
    in_term,
    is_working_day,
    working_days_between,
)

FRAMEWORK_DAYS: Final = 42
RETURN_DAYS: Final = 21
# Three weeks between the two deadlines have fifteen working days; with fewer than this, warn.
_FULL_WINDOW: Final = 15
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Deadline:
    """A computed day with the sentence that says why it is this one."""

    day: date
    exact: date
    why: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Both deadlines of a visit; `warning` is empty when the return window holds no holidays."""

    visit_on: date
    framework: Deadline
    back: Deadline
    warning: str

    def missed(self, today: date, *, issued: bool, returned: bool) -> tuple[str, ...]:
        """Say which deadlines are already missed on a day."""
        late = []
        if not issued and today > self.framework.day:
            late.append(f"The framework was to go out by {long_date(self.framework.day)}.")
        if not returned and today > self.back.day:
            late.append(f"The return was to be back by {long_date(self.back.day)}.")
        return tuple(late)


def deadlines(visit_on: date, terms: Sequence[Term] | None = None) -> Deadlines:
    """Return the deadlines of a visit on a day; for schools, say when their terms are."""
    back = _deadline(visit_on, RETURN_DAYS, "three weeks", terms)
    framework = _before(_deadline(visit_on, FRAMEWORK_DAYS, "six weeks", terms), back, terms)
    return Deadlines(visit_on, framework, back, _warning(framework.day, back.day, terms))


def visit_day_problem(visit_on: date, today: date, terms: Sequence[Term] | None = None) -> str:
    """Return why no visit can be on a day, or an empty string."""
    if visit_on <= today:
        return "Choose a day that is still to come"
    if not is_working_day(visit_on, terms):
        reason = _reason(visit_on, terms)
        return f"{long_date(visit_on)} {reason}. Choose a day on which people are at work"
    return ""


def _deadline(visit_on: date, days: int, words: str, terms: Sequence[Term] | None) -> Deadline:
    exact = visit_on - timedelta(days=days)
    day = earlier_working_day(exact, terms)
    why = f"{words.capitalize()} before {long_date(visit_on)} is {long_date(exact)}."
    if day != exact:
        why += f" That {_reason(exact, terms)}, so the last working day before it counts."
    return Deadline(day, exact, why)


def _before(framework: Deadline, back: Deadline, terms: Sequence[Term] | None) -> Deadline:
    """Return the framework's deadline, on a working day before the return's if it is not so already."""
    if framework.day < back.day:
        return framework
    day = earlier_working_day(back.day - timedelta(days=1), terms)
    why = (
        f"{framework.why} The return is due back that day, so the framework goes out the working day before."
    )
    return Deadline(day, framework.exact, why)


def _reason(day: date, terms: Sequence[Term] | None) -> str:
    if day.weekday() >= _SATURDAY:
        return "is a weekend"
    if day in bank_holidays(day.year):
        return "is a bank holiday in England"
    if terms is not None and not in_term(day, terms):
        return "is in the school holidays"
    return "is a working day"


def _warning(first: date, last: date, terms: Sequence[Term] | None) -> str:
    days = working_days_between(first + timedelta(days=1), last, terms)
    if days >= _FULL_WINDOW:
        return ""
    count = f"{days} working day{'' if days == 1 else 's'}"
    return (
        f"Holidays fall into the time in which the agency answers: it has {count}, "
        f"not {_FULL_WINDOW}. Think about issuing the framework earlier."
    )
