"""Changes of the planner's entries: added, changed, taken away; one occurrence, or it and all that follow."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import col

from app.chasing.schedule import terms
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.errors import NotFoundError, RefusedError
from app.planner.entry_rules import NewEntry, Which, problems_of, series_of
from app.planner.models import PlannerEntry, PlannerException
from app.planner.recurrence import Occurrence, Repeat, Series, occurrence, occurrences, said, same_rhythm
from app.planner.year import EntryKind, activity_of
from app.planner.year_queries import entry_marks, known_kind, own_kinds, stored_series

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Which occurrence of which entry somebody looked at, and in which edition."""

    entry_id: int
    number: int
    edition: int | None = None


def add(work: Work, new: NewEntry) -> int:
    """Put an entry into the year and return its id. Raises RefusedError with each field at fault."""
    _may_write(work)
    new = _checked(work, new)
    if _stands(work, new):
        raise RefusedError("Nothing was added.", {"title": "This stands in the year already, on that day"})
    made = _new_entry(work, new, series_of(new))
    audit.record(work, "planner.added", ("planner_entry", made.id or 0), **_facts(made))
    return made.id or 0


def change(work: Work, at: Place, new: NewEntry, which: Which | None) -> int:
    """Change an occurrence, or it and all that follow, and return the entry in which it now stands.

    Raises NotFoundError when there is no such occurrence, RefusedError with each field at fault.
    """
    entry, this = _locked(work, at)
    which = _which(entry, which)
    before = _facts(entry)
    if which is Which.ONE:
        new = _checked(work, replace(new, repeat=Repeat.ONCE, until=None), alone=True)
        target = _new_entry(work, new, series_of(new))
        _except(work, at, target.id)
    else:
        new = _checked(work, new)
        target = _go_on(work, entry, this, new)
    _remove_if_empty(work, entry)
    audit.record(
        work,
        "planner.changed",
        ("planner_entry", target.id or 0),
        which=which.value,
        before=_lines(before),
        after=_lines(_facts(target)),
    )
    return target.id or 0


def remove(work: Work, at: Place, which: Which | None) -> None:
    """Take an occurrence out of the year, or it and all that follow, those changed on their own included."""
    entry, this = _locked(work, at)
    which = _which(entry, which)
    facts = _facts(entry)
    if entry.repeats is Repeat.ONCE:
        work.session.delete(entry)
    elif which is Which.ONE:
        _except(work, at, None)
        _remove_if_empty(work, entry)
    else:
        _remove_replacements(work, at)
        _end_before(work, entry, this)
        _remove_if_empty(work, entry)
    work.session.flush()
    audit.record(
        work,
        "planner.removed",
        ("planner_entry", at.entry_id),
        which=which.value,
        day_on=this.first,
        before=_lines(facts),
    )


def _stands(work: Work, new: NewEntry) -> bool:
    """Say whether the same thing begins on the same day already: a form sent twice adds one entry."""
    if new.first is None or new.kind is None:
        return False
    activity = activity_of(new.kind, new.own_kind)
    return any(
        (mark.first, mark.title, mark.activity) == (new.first, new.title, activity)
        for mark in entry_marks(work.session, new.first, new.first)
    )


# --- what stands there ------------------------------------------------------------------------------


def _may_write(work: Work) -> None:
    if not work.actor.has(*REGISTER):
        raise NotFoundError


def _locked(work: Work, at: Place) -> tuple[PlannerEntry, Occurrence]:
    """Return an entry that nobody else changes meanwhile, and the occurrence that it is about."""
    _may_write(work)
    found = select(PlannerEntry).where(col(PlannerEntry.id) == at.entry_id).with_for_update()
    entry = work.session.execute(found.execution_options(populate_existing=True)).scalar()
    if entry is None or at.number in _exceptions(work, entry):
        raise NotFoundError
    this = occurrence(stored_series(entry), at.number, terms(work.session))
    if this is None:
        raise NotFoundError
    if at.edition is not None and at.edition != entry.edition:
        raise RefusedError(
            "Nothing was changed: somebody else changed this entry after you opened it. "
            "Open it again from the planner and look at what it says now."
        )
    return entry, this


def _which(entry: PlannerEntry, which: Which | None) -> Which:
    if entry.repeats is Repeat.ONCE:
        return Which.FOLLOWING
    if which is None:
        problem = "Choose whether you mean this one only, or all following ones too"
        raise RefusedError("Nothing was changed.", {"which": problem})
    return which


def _exceptions(work: Work, entry: PlannerEntry) -> set[int]:
    rows = work.session.execute(
        select(col(PlannerException.number)).where(col(PlannerException.entry_id) == entry.id)
    )
    return set(rows.scalars())


def _checked(work: Work, new: NewEntry, *, alone: bool = False) -> NewEntry:
    """Return an entry that can be kept; its own kind is written as it stands in the year already."""
    kinds = own_kinds(work.session)
    own = known_kind(new.own_kind, kinds) if new.kind is EntryKind.OWN else ""
    new = replace(new, own_kind=own)
    problems = problems_of(new, kinds, alone=alone)
    if problems:
        raise RefusedError("Nothing was changed.", problems)
    return new


# --- writing ----------------------------------------------------------------------------------------


def _new_entry(work: Work, new: NewEntry, series: Series) -> PlannerEntry:
    made = PlannerEntry(
        **_words(new),
        **_days(series),
        made_at=work.now,
        made_by=work.actor.user_id,
        changed_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    return made


def _words(new: NewEntry) -> dict[str, Any]:
    return {
        "kind": new.kind,
        "own_kind": new.own_kind,
        "title": new.title,
        "note": new.note,
        "for_agencies": new.for_agencies,
    }


def _days(series: Series) -> dict[str, Any]:
    return {
        "first_on": series.first,
        "last_on": series.last,
        "repeats": series.repeat,
        "same_weekday": series.same_weekday,
        "repeats_until": series.until,
        "from_number": series.from_number,
    }


def _except(work: Work, at: Place, replaced_by: int | None) -> None:
    work.session.add(PlannerException(entry_id=at.entry_id, number=at.number, replaced_by=replaced_by))
    # Two people who look at one series must not undo each other unseen.
    work.session.execute(
        update(PlannerEntry)
        .where(col(PlannerEntry.id) == at.entry_id)
        .values(edition=col(PlannerEntry.edition) + 1, changed_at=work.now)
    )
    work.session.flush()


def _go_on(work: Work, entry: PlannerEntry, this: Occurrence, new: NewEntry) -> PlannerEntry:
    """Let a series go on differently from an occurrence: in place from its first, else as a new entry.

    When neither its rhythm nor the day of this occurrence changes it keeps counting from the same first day,
    or what comes on the 31st would stay on the 28th from February on.
    """
    old, typed = stored_series(entry), series_of(new)
    shift = this.number
    if same_rhythm(old, typed) and typed.first == this.first:
        length = typed.more_days
        typed = replace(typed, first=old.first, last=old.first + length, from_number=this.number)
        shift = 0
    if this.number == old.from_number:
        target = entry
        for name, value in {**_words(new), **_days(typed)}.items():
            setattr(entry, name, value)
        entry.edition += 1
        entry.changed_at = work.now
        work.session.flush()
    else:
        target = _new_entry(work, new, typed)
    _move_exceptions(work, entry, target, this.number, shift if same_rhythm(old, typed) else None)
    if target is not entry:
        _end_before(work, entry, this)
    return target


def _move_exceptions(
    work: Work, entry: PlannerEntry, target: PlannerEntry, number: int, shift: int | None
) -> None:
    """Keep what is different from a number on, or let go of it (None) where numbers mean other days now."""
    later = col(PlannerException.entry_id) == entry.id, col(PlannerException.number) >= number
    rows = work.session.execute(
        delete(PlannerException)
        .where(*later)
        .returning(col(PlannerException.number), col(PlannerException.replaced_by))
    ).all()
    if shift is None:
        return
    for old_number, replaced_by in rows:
        work.session.add(
            PlannerException(entry_id=target.id or 0, number=old_number - shift, replaced_by=replaced_by)
        )
    work.session.flush()


def _end_before(work: Work, entry: PlannerEntry, this: Occurrence) -> None:
    """Let a series end before an occurrence."""
    if this.number == entry.from_number:
        work.session.delete(entry)
        work.session.flush()
        return
    entry.repeats_until = this.first - _DAY
    entry.edition += 1
    entry.changed_at = work.now
    work.session.execute(
        delete(PlannerException).where(
            col(PlannerException.entry_id) == entry.id, col(PlannerException.number) >= this.number
        )
    )
    work.session.flush()


def _remove_replacements(work: Work, at: Place) -> None:
    which = select(col(PlannerException.replaced_by)).where(
        col(PlannerException.entry_id) == at.entry_id,
        col(PlannerException.number) >= at.number,
        col(PlannerException.replaced_by).is_not(None),
    )
    work.session.execute(delete(PlannerEntry).where(col(PlannerEntry.id).in_(which)))


def _remove_if_empty(work: Work, entry: PlannerEntry) -> None:
    """Remove a series of which no occurrence is left: nobody could find it any more."""
    if entry not in work.session or entry.repeats is Repeat.ONCE:
        return
    gone = _exceptions(work, entry)
    series = stored_series(entry)
    days = occurrences(series, series.until or series.first, terms(work.session))
    if all(each.number in gone for each in days):
        work.session.delete(entry)
        work.session.flush()


def _facts(entry: PlannerEntry) -> dict[str, Any]:
    """Return what the audit trail says about an entry."""
    return {
        "title": entry.title,
        "kind": entry.own_kind or entry.kind.value,
        "first_on": entry.first_on,
        "last_on": entry.last_on,
        "repeats": said(stored_series(entry)),
        "for_agencies": "yes" if entry.for_agencies else "",
        "note": entry.note,
    }


def _lines(facts: dict[str, Any]) -> list[str]:
    return [f"{name.replace('_', ' ')}: {value}" for name, value in facts.items() if value != ""]
