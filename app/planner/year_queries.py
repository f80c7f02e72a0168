"""Reads for the partnership's year: what the program knows, and the partnership's own entries."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.schedule import terms
from app.core.access import RATINGS, REGISTER, Actor
from app.core.clock import london_date
from app.core.errors import NotFoundError
from app.core.working_days import Term
from app.planner.conflicts import DUE, VISIT
from app.planner.models import PlannerEntry, PlannerException
from app.planner.recurrence import Occurrence, Repeat, Series, occurrence, occurrences, said
from app.planner.year import RETURNS, VISITS, EntryKind, Mark, activity_of, in_order
from app.rounds.models import RoundState
from app.rounds.queries import rounds
from app.visits.lifecycle import VisitState
from app.visits.models import Visit, VisitReport
from app.visits.queries import framework_rounds, visits


def stored_series(entry: PlannerEntry) -> Series:
    """Return the days of an entry."""
    return Series(
        entry.first_on,
        entry.last_on,
        entry.repeats,
        entry.same_weekday,
        entry.repeats_until,
        entry.from_number,
    )


def own_kinds(session: Session) -> frozenset[str]:
    """Return the kinds that the partnership has made up for itself: those of its entries."""
    rows = session.execute(
        select(col(PlannerEntry.own_kind)).where(col(PlannerEntry.kind) == EntryKind.OWN).distinct()
    )
    return frozenset(rows.scalars())


def known_kind(typed: str, kinds: Collection[str]) -> str:
    """Return an own kind as it stands in the year already, however its letters were typed."""
    return next((kind for kind in kinds if kind.casefold() == typed.casefold()), typed)


# --- own entries ------------------------------------------------------------------------------------


def _exceptions(session: Session) -> Mapping[int, Collection[int]]:
    rows = session.execute(select(col(PlannerException.entry_id), col(PlannerException.number)))
    found: dict[int, set[int]] = defaultdict(set)
    for entry_id, number in rows:
        found[entry_id].add(number)
    return found


def entry_marks(
    session: Session, first: date, last: date, known_terms: Sequence[Term] | None = None
) -> list[Mark]:
    """Return the partnership's own entries that touch the days from a first to a last one.

    The database shows people of organisations only what is for agencies.
    """
    in_time = select(PlannerEntry).where(col(PlannerEntry.first_on) <= last)
    entries = session.execute(in_time).scalars().all()
    if not entries:
        return []
    known_terms = terms(session) if known_terms is None else known_terms
    different = _exceptions(session)
    return in_order(
        _mark(entry, this)
        for entry in entries
        for this in occurrences(stored_series(entry), last, known_terms)
        if this.last >= first and this.number not in different.get(entry.id or 0, ())
    )


def _mark(entry: PlannerEntry, this: Occurrence) -> Mark:
    return Mark(
        f"entry-{entry.id}-{this.number}",
        activity_of(entry.kind, entry.own_kind),
        this.first,
        this.last,
        entry.title,
        href=f"/planner/entries/{entry.id}/{this.number}",
        note=entry.note,
        repeats=entry.repeats is not Repeat.ONCE,
        for_agencies=entry.for_agencies,
    )


def agency_dates(session: Session, actor: Actor, first: date, last: date) -> list[Mark]:
    """Return the entries that agencies see; none for whoever works at none any more."""
    if not actor.organisations:
        return []
    return [mark for mark in entry_marks(session, first, last) if mark.for_agencies]


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry at one of its occurrences, for its page."""

    entry: PlannerEntry
    series: Series
    this: Occurrence
    rhythm: str
    different: int

    @property
    def repeats(self) -> bool:
        """Say whether it comes more than once."""
        return self.entry.repeats is not Repeat.ONCE


def entry_line(session: Session, entry_id: int, number: int) -> EntryLine:
    """Return an entry at an occurrence. Raises NotFoundError for one that does not come."""
    entry = session.get(PlannerEntry, entry_id)
    if entry is None:
        raise NotFoundError
    series = stored_series(entry)
    this = occurrence(series, number, terms(session))
    different = _exceptions(session).get(entry_id, ())
    if this is None or number in different:
        raise NotFoundError
    return EntryLine(entry, series, this, said(series), sum(each >= number for each in different))


# --- what the program knows -------------------------------------------------------------------------


def round_marks(session: Session) -> Iterator[Mark]:
    """Yield when rounds open, are due and were closed; the framework of a visit stands with its visit."""
    of_visits = framework_rounds(session)
    for line in rounds(session):
        if line.id in of_visits:
            continue
        title = f"{line.title} (draft)" if line.state is RoundState.DRAFT else line.title
        closed = line.closed_at if line.state is RoundState.CLOSED else None
        days = (
            ("opens", "Opens", line.opens_on),
            ("due", DUE, line.due_on),
            ("closed", "Closed", london_date(closed) if closed else None),
        )
        for key, what, day in days:
            if day is not None:
                yield Mark(
                    f"round-{line.id}-{key}", RETURNS, day, day, title, what, href=f"/rounds/{line.id}"
                )


def visit_marks(session: Session) -> Iterator[Mark]:
    """Yield the days of the visits that have a date: framework out, return back, visit, report released."""
    released = _released(session)
    for head in visits(session):
        if head.visit.visit_on is None or head.state is VisitState.DROPPED:
            continue
        for key, what, day in _days_of(head.visit, released.get(head.id)):
            if day is not None:
                yield Mark(
                    f"visit-{head.id}-{key}", VISITS, day, day, head.organisation, what, f"/visits/{head.id}"
                )


def _days_of(visit: Visit, released: date | None) -> tuple[tuple[str, str, date | None], ...]:
    # A visit that goes on with the last return needs no framework: its two deadlines mean nothing then.
    by_framework = visit.return_id is None or visit.framework_issued_at is not None
    return (
        ("framework", "Framework out", visit.framework_due if by_framework else None),
        ("return", "Return back", visit.return_due if by_framework else None),
        ("visit", VISIT, visit.visit_on),
        ("report", "Report released", released),
    )


def _released(session: Session) -> dict[int, date]:
    """Return on which day the report of each visit was released."""
    rows = session.execute(
        select(col(VisitReport.visit_id), col(VisitReport.released_at)).where(
            col(VisitReport.released_at).is_not(None)
        )
    )
    return {visit_id: london_date(moment) for visit_id, moment in rows}


def year_marks(
    session: Session, actor: Actor, first: date, last: date, known_terms: Sequence[Term]
) -> list[Mark]:
    """Return everything in a year that a person of the partnership sees; visits, if they read ratings."""
    known = [*round_marks(session), *(visit_marks(session) if actor.has(*RATINGS) else ())]
    return in_order(
        [
            *(mark for mark in known if mark.last >= first and mark.first <= last),
            *entry_marks(session, first, last, known_terms),
        ]
    )


def undated_visits(session: Session) -> int:
    """Return how many visits under way have no date yet."""
    none_yet = {VisitState.SELECTED, VisitState.ENDORSED}
    return sum(head.visit.visit_on is None and head.state in none_yet for head in visits(session))


def may_write(actor: Actor) -> bool:
    """Say whether a person may change the planner."""
    return actor.has(*REGISTER)
