"""The partnership's year: twelve months by activities, and which cells something fills. Pure.

The framework's appendix 1 lists month by month what is done and what is reported; so do we.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.clock import short_date


class YearKind(StrEnum):
    """Which twelve months a year has."""

    SCHOOL = "school"
    FINANCIAL = "financial"


# The school year turns on 1 September (Education Act 1996, section 579), public bodies' books on 1 April.
_FIRST_MONTH: Final[Mapping[YearKind, int]] = MappingProxyType({YearKind.SCHOOL: 9, YearKind.FINANCIAL: 4})
YEAR_WORDS: Final[Mapping[YearKind, str]] = MappingProxyType(
    {YearKind.SCHOOL: "School year", YearKind.FINANCIAL: "Financial year"}
)
RETURNS, VISITS = "returns", "visits"
OWN: Final = "own:"


class EntryKind(StrEnum):
    """What an entry of the planner is (framework section 3, and its appendix 1)."""

    DEEP_DIVE = "deep_dive"
    LINE_OF_SIGHT = "line_of_sight"
    STAFF_EVENT = "staff_event"
    BOARD_REPORT = "board_report"
    OWN = "own"


KIND_WORDS: Final[Mapping[EntryKind, str]] = MappingProxyType(
    {
        EntryKind.DEEP_DIVE: "Deep dives",
        EntryKind.LINE_OF_SIGHT: "Line of sight events",
        EntryKind.STAFF_EVENT: "Staff events",
        EntryKind.BOARD_REPORT: "Reports to the board",
    }
)


@dataclass(frozen=True, slots=True)
class PlanYear:
    """Twelve months in a row; `begins` is the calendar year of the first one."""

    kind: YearKind
    begins: int

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.begins, _FIRST_MONTH[self.kind], 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.begins + 1, _FIRST_MONTH[self.kind], 1) - timedelta(days=1)

    @property
    def months(self) -> tuple[date, ...]:
        """The first day of each of its months."""
        return months_between(self.first, self.last)

    @property
    def title(self) -> str:
        """What it is called: School year 2026 to 2027."""
        return f"{YEAR_WORDS[self.kind]} {self.begins} to {self.begins + 1}"


def year_of(day: date, kind: YearKind) -> PlanYear:
    """Return the year of a kind that a day belongs to."""
    return PlanYear(kind, day.year if day.month >= _FIRST_MONTH[kind] else day.year - 1)


def months_between(first: date, last: date) -> tuple[date, ...]:
    """Return the first day of every month from a first to a last day, both included; none if it is before."""
    begin, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return tuple(date(count // 12, count % 12 + 1, 1) for count in range(begin, end + 1))


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that stands in the planner: in which activity's column, from when to when, what, and where.

    `what` is its kind in a word ("Visit", "Framework out"); `note` is what somebody wrote about it; `key`
    stays the same for as long as it is the same thing.
    """

    key: str
    activity: str
    first: date
    last: date
    title: str
    what: str = ""
    href: str = ""
    note: str = ""
    repeats: bool = False
    for_agencies: bool = False

    @property
    def words(self) -> str:
        """What it says in a line."""
        return f"{self.what}: {self.title}" if self.what else self.title

    def when(self) -> str:
        """Say its days for a cell: one day, two days of a month, or two days with their months."""
        if self.first == self.last:
            return str(self.first.day)
        if (self.first.year, self.first.month) == (self.last.year, self.last.month):
            return f"{self.first.day}–{self.last.day}"
        return f"{self.first.day} {self.first:%b} – {self.last.day} {self.last:%b}"

    def days(self) -> str:
        """Say its days in full: 12 Nov 2026, or from a first to a last one."""
        if self.first == self.last:
            return short_date(self.first)
        return f"{short_date(self.first)} to {short_date(self.last)}"


@dataclass(frozen=True, slots=True)
class Activity:
    """A column of the planner."""

    key: str
    words: str


Cells = Mapping[tuple[date, str], Sequence[Mark]]


def activities(own_kinds: Iterable[str]) -> tuple[Activity, ...]:
    """Return the columns: what the program knows, then entries by kind, reports to the board last."""
    entries = [Activity(kind.value, words) for kind, words in KIND_WORDS.items()]
    own = [Activity(OWN + name, name) for name in sorted(own_kinds, key=str.casefold)]
    return (
        Activity(RETURNS, "Returns"),
        Activity(VISITS, "Assurance visits"),
        *entries[:-1],
        *own,
        entries[-1],
    )


def activity_of(kind: EntryKind, own_kind: str) -> str:
    """Return the key of the column in which an entry stands."""
    return OWN + own_kind if kind is EntryKind.OWN else kind.value


def in_order(marks: Iterable[Mark]) -> list[Mark]:
    """Return marks by their days, then by what they say."""
    return sorted(marks, key=lambda mark: (mark.first, mark.last, mark.words.casefold(), mark.key))


def cells(year: PlanYear, marks: Iterable[Mark]) -> Cells:
    """Return what stands in each cell: a mark fills its activity's cell of every month that it touches."""
    filled: dict[tuple[date, str], list[Mark]] = {}
    for mark in in_order(marks):
        for month in months_between(max(mark.first, year.first), min(mark.last, year.last)):
            filled.setdefault((month, mark.activity), []).append(mark)
    return filled
