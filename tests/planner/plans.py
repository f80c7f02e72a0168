"""Entries of the planner to begin a test from."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from app.core.access import Work
from app.planner import entries
from app.planner.entries import Place
from app.planner.entry_rules import NewEntry
from app.planner.models import PlannerEntry
from app.planner.recurrence import Repeat
from app.planner.year import EntryKind, Mark
from app.planner.year_queries import entry_marks

JANUARY_END = date(2027, 1, 31)
UNTIL = date(2027, 6, 30)


def new(title: str = "Deep dive: neglect", day: date = JANUARY_END, **more: Any) -> NewEntry:
    """Return an entry of one day that comes every month until June, unless told otherwise."""
    values = {
        "kind": EntryKind.DEEP_DIVE,
        "own_kind": "",
        "note": "",
        "last": day,
        "repeat": Repeat.MONTHLY,
        "until": UNTIL,
        **more,
    }
    if values["repeat"] is Repeat.ONCE:
        values["until"] = None
    return NewEntry(title=title, first=day, **values)


def monthly(work: Work, **more: Any) -> int:
    """Put an entry into the year that comes at every month's end from January to May."""
    made = entries.add(work, new(**more))
    work.session.commit()
    return made


def marks(work: Work) -> list[Mark]:
    """Return what stands in the year 2027."""
    work.session.expire_all()
    return entry_marks(work.session, date(2027, 1, 1), date(2027, 12, 31))


def standing(work: Work) -> list[tuple[str, str]]:
    """Return what stands in the year 2027: days and titles."""
    return [(f"{mark.first:%d %b}", mark.title) for mark in marks(work)]


def days(work: Work, title: str | None = None) -> list[str]:
    """Return the days on which something stands."""
    return [day for day, named in standing(work) if title in {None, named}]


def series(work: Work) -> list[PlannerEntry]:
    """Return the stored entries."""
    work.session.expire_all()
    return list(work.session.execute(select(PlannerEntry).order_by(col(PlannerEntry.id))).scalars())


def at(entry_id: int, number: int) -> Place:
    """Return an occurrence of an entry, in whatever edition."""
    return Place(entry_id, number)
