"""What an entry of the planner must be before it is kept: pure checks of what somebody typed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from dateutil.relativedelta import relativedelta

from app.planner.recurrence import MOST_YEARS, Repeat, Series
from app.planner.year import KIND_WORDS, EntryKind

LONGEST_TITLE: Final = 120
LONGEST_KIND: Final = 30
LONGEST_NOTE: Final = 1_000
MOST_DAYS: Final = 366
MOST_OWN_KINDS: Final = 4


class Which(StrEnum):
    """How much of a series a change is about."""

    ONE = "one"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry as somebody typed it; what could not be read is None."""

    kind: EntryKind | None
    own_kind: str
    title: str
    note: str
    first: date | None
    last: date | None
    repeat: Repeat | None = Repeat.ONCE
    same_weekday: bool = False
    until: date | None = None
    for_agencies: bool = False


def problems_of(new: NewEntry, own_kinds: Collection[str], *, alone: bool = False) -> dict[str, str]:
    """Return what is wrong with an entry, by form field; `alone` leaves out how it repeats."""
    found = {} if new.title else {"title": "Enter what it is, like Annual report to the board"}
    found |= _problems_of_kind(new, own_kinds) | _problems_of_days(new)
    return found if alone else found | _problems_of_repeat(new)


def _problems_of_kind(new: NewEntry, own_kinds: Collection[str]) -> dict[str, str]:
    if new.kind is None:
        return {"kind": "Choose what kind it is"}
    if new.kind is not EntryKind.OWN:
        return {}
    if not new.own_kind:
        return {"own_kind": "Enter the name of your own kind, like Training"}
    if new.own_kind.casefold() in {words.casefold() for words in KIND_WORDS.values()}:
        return {"own_kind": "This kind is there already: choose it above"}
    if new.own_kind not in own_kinds and len(own_kinds) >= MOST_OWN_KINDS:
        names = ", ".join(sorted(own_kinds))
        return {"own_kind": f"{MOST_OWN_KINDS} kinds of your own are the most. Use one of these: {names}"}
    return {}


def _problems_of_days(new: NewEntry) -> dict[str, str]:
    if new.first is None:
        return {"first_on": "Enter the day, like 24/11/2026"}
    if new.last is None:
        return {"last_on": "Enter the last day like 27/11/2026, or leave it empty for one day"}
    if new.last < new.first:
        return {"last_on": "The last day must not be before the first"}
    if (new.last - new.first).days > MOST_DAYS:
        return {"last_on": "This is longer than a year. Check the year"}
    return {}


def _problems_of_repeat(new: NewEntry) -> dict[str, str]:
    if new.repeat is None:
        return {"repeats": "Choose whether it comes again"}
    if new.repeat is Repeat.ONCE or new.first is None:
        return {}
    if new.until is None:
        return {"repeats_until": "Enter until when it comes again, like 31/8/2028"}
    if new.until < new.first:
        return {"repeats_until": "This is before its first day"}
    if new.until > new.first + relativedelta(years=MOST_YEARS):
        return {"repeats_until": f"Choose a day at most {MOST_YEARS} years after the first"}
    return {}


def series_of(new: NewEntry) -> Series:
    """Return the days of a checked entry."""
    if new.first is None or new.last is None or new.repeat is None:
        raise ValueError("the entry was not checked")
    if new.repeat is Repeat.ONCE:
        return Series(new.first, new.last)
    return Series(new.first, new.last, new.repeat, new.same_weekday, new.until)
