"""What does not go together in a year: plainly said, never prevented. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.clock import long_date
from app.core.working_days import Term, bank_holidays, in_term
from app.planner.year import RETURNS, VISITS, Mark
from app.visits.programme import Capacity, first_of_month

VISIT, DUE = "Visit", "Due"
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Conflict:
    """A sentence that says what does not go together, and the keys of the marks that it is about."""

    text: str
    keys: frozenset[str]


def conflicts(
    marks: Iterable[Mark], capacity: Capacity, terms: Sequence[Term], today: date
) -> tuple[Conflict, ...]:
    """Return what does not go together from today on, the earliest first."""
    every = sorted(marks, key=lambda mark: (mark.first, mark.key))
    ahead = [mark for mark in every if mark.last >= today]
    found = [
        *_free_days(ahead),
        *_holidays(_visits(ahead), terms),
        *_crowded_days(_visits(ahead), capacity),
        # Visits held earlier this month count, too.
        *_crowded_months(_visits(every), capacity, today),
    ]
    return tuple(conflict for _, conflict in sorted(found, key=lambda pair: (pair[0], pair[1].text)))


def _visits(marks: Iterable[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.activity == VISITS and mark.what == VISIT]


Dated = tuple[date, Conflict]


def _about(day: date, text: str, *marks: Mark) -> Dated:
    return day, Conflict(text, frozenset(mark.key for mark in marks))


def _free_days(marks: Iterable[Mark]) -> Iterator[Dated]:
    """Find what is to be done on a day on which nobody is at work: visits, due dates, own entries."""
    for mark in marks:
        if mark.activity in {VISITS, RETURNS} and mark.what not in {VISIT, DUE}:
            continue
        for day in {mark.first, mark.last}:
            why = _free(day)
            if why:
                yield _about(day, f"{mark.words}: {long_date(day)} is {why}.", mark)


def _free(day: date) -> str:
    if day.weekday() >= _SATURDAY:
        return "a weekend"
    return "a bank holiday in England" if day in bank_holidays(day.year) else ""


def _holidays(visits: Iterable[Mark], terms: Sequence[Term]) -> Iterator[Dated]:
    for mark in visits:
        if not in_term(mark.first, terms) and not _free(mark.first):
            text = (
                f"{mark.words}: {long_date(mark.first)} is in the school holidays. "
                "Families and young scrutineers may be away."
            )
            yield _about(mark.first, text, mark)


def _crowded_days(visits: Iterable[Mark], capacity: Capacity) -> Iterator[Dated]:
    by_day = defaultdict(list)
    for mark in visits:
        by_day[mark.first].append(mark)
    for day, those in by_day.items():
        if len(those) > capacity.visits_a_day:
            names = ", ".join(mark.title for mark in those)
            text = (
                f"{len(those)} visits on {long_date(day)}: {names}. You can do {capacity.visits_a_day} a day."
            )
            yield _about(day, text, *those)


def _crowded_months(visits: Iterable[Mark], capacity: Capacity, today: date) -> Iterator[Dated]:
    by_month = defaultdict(list)
    for mark in visits:
        by_month[first_of_month(mark.first)].append(mark)
    for month, those in by_month.items():
        if len(those) > capacity.visits_a_month and those[-1].first >= today:
            count = f"{len(those)} {'visit' if len(those) == 1 else 'visits'}"
            text = f"{count} in {month:%B %Y}. You can do {capacity.visits_a_month} a month."
            yield _about(month, text, *those)
