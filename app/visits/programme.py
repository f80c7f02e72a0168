"""The two-year commitment and what today's capacity makes of it.

Every section 11 agency is visited within two years: two years after its last visit, or before the end of
the two years that began with the commitment. Whoever is due first is planned first, which loses no deadline
that any other order would keep.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Final

from app.core.working_days import school_year

COMMITMENT_MONTHS: Final = 24
# Six weeks for the framework, and time to endorse and to write: nothing new is held sooner.
LEAD_MONTHS: Final = 2


@dataclass(frozen=True, slots=True)
class Capacity:
    """What the partnership can do: visits in a month and on a day, and days of its scrutiny officers."""

    visits_a_month: int = 2
    pso_days_a_year: int = 50
    pso_days_a_visit: int = 3
    visits_a_day: int = 1


def capacity_from(stored: dict[str, int]) -> Capacity:
    """Return the partnership's capacity; what it has not set is the default."""
    known = {each.name for each in fields(Capacity)}
    return Capacity(**{name: value for name, value in stored.items() if name in known})


def first_of_month(day: date, months: int = 0) -> date:
    """Return the first day of the month that is some months after a day's."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def commitment_from(today: date) -> date:
    """Return when the two years began that an agency never visited is due in: 1 September of last year."""
    return date(school_year(today) - 1, 9, 1)


def due_by(last_visit: date | None, today: date) -> date:
    """Return by when an agency is to be visited."""
    if last_visit is not None:
        return _two_years_after(last_visit)
    return _two_years_after(commitment_from(today)) - timedelta(days=1)


def _two_years_after(day: date) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return date(day.year + 2, 3, 1) if leap_day else day.replace(year=day.year + 2)


@dataclass(frozen=True, slots=True)
class Owed:
    """An organisation that a visit is owed to; `due` is None for one that the commitment does not cover."""

    organisation_id: int
    name: str
    due: date | None
    points: int = 0


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a simulated programme."""

    first: date
    room: int
    visits: tuple[Owed, ...]


@dataclass(frozen=True, slots=True)
class Simulation:
    """The next two years with today's capacity: what is held when, and who would be late or left out."""

    months: tuple[Month, ...]
    late: tuple[Owed, ...]
    left_out: tuple[Owed, ...]
    pso_days: int


def room_by_month(capacity: Capacity, today: date, planned: Iterable[date] = ()) -> list[tuple[date, int]]:
    """Return how many more visits fit into each month; the days of the officers run by calendar year."""
    taken = [first_of_month(day) for day in planned]
    days_left: dict[int, int] = {}
    for month in taken:
        left = days_left.setdefault(month.year, capacity.pso_days_a_year)
        days_left[month.year] = left - capacity.pso_days_a_visit
    rooms = []
    for number in range(COMMITMENT_MONTHS):
        month = first_of_month(today, number)
        left = days_left.setdefault(month.year, capacity.pso_days_a_year)
        by_days = max(left, 0) // capacity.pso_days_a_visit if capacity.pso_days_a_visit else 10_000
        room = max(min(capacity.visits_a_month - taken.count(month), by_days), 0)
        # Schools, and most who would be met, are away in August.
        if number < LEAD_MONTHS or month.month == 8:
            room = 0
        days_left[month.year] = left - room * capacity.pso_days_a_visit
        rooms.append((month, room))
    return rooms


def simulate(
    owed: Sequence[Owed], capacity: Capacity, today: date, planned: Iterable[date] = ()
) -> Simulation:
    """Return what the next two years look like; whoever is due first goes first, then by points."""
    queue = sorted(owed, key=lambda each: (each.due or date.max, -each.points, each.organisation_id))
    months, late = [], []
    for first, room in room_by_month(capacity, today, planned):
        visits, queue = tuple(queue[:room]), queue[room:]
        late += [each for each in visits if each.due is not None and each.due < first]
        months.append(Month(first, room, visits))
    held = sum(len(month.visits) for month in months)
    return Simulation(tuple(months), tuple(late), tuple(queue), held * capacity.pso_days_a_visit)
