"""The demo's year: what the framework's example planner has, put in by the board manager."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import Actor, PartnershipRole, Work
from app.core.clock import LONDON, london_date
from app.core.working_days import next_working_day
from app.people.models import PartnershipMember, User
from app.planner import entries
from app.planner.entries import Place
from app.planner.entry_rules import NewEntry, Which
from app.planner.models import PlannerEntry
from app.planner.recurrence import Repeat
from app.planner.year import EntryKind, YearKind, year_of

_K, _R = EntryKind, Repeat
_HALL = "Town hall, 1pm to 4pm. Say by the week before how many of you come."


def add_planner(engine: Engine, now: datetime) -> None:
    """Add the demo's entries in one transaction, once its partnership is loaded; again it does nothing."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        if session.execute(select(col(PlannerEntry.id)).limit(1)).first() is not None:
            return
        begins = year_of(london_date(now), YearKind.SCHOOL).first
        last_year = begins - relativedelta(years=1)
        work = _manager(session, datetime.combine(last_year, time(9, 0), LONDON))
        for new in _entries(last_year, begins + relativedelta(years=2, days=-1)):
            entry_id = entries.add(work, new)
            if new.title == "Partnership board meets":
                _as_it_went(work, entry_id, new)
        session.commit()


def _manager(session: Session, at: datetime) -> Work:
    row = session.execute(
        select(col(User.id), col(User.name), col(User.email))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(col(PartnershipMember.role) == PartnershipRole.BOARD_MANAGER)
        .order_by(col(User.id))
        .limit(1)
    ).one()
    return Work(session, Actor(row[0], row[1], row[2], roles=frozenset({PartnershipRole.BOARD_MANAGER})), at)


def _as_it_went(work: Work, entry_id: int, board: NewEntry) -> None:
    """Let one meeting have been cancelled, and another be a week later than usual."""
    entries.remove(work, Place(entry_id, 2), Which.ONE)
    assert board.first is not None  # noqa: S101 - it is written below
    usual = board.first + relativedelta(months=15)
    day = next_working_day(usual.replace(day=20))
    alone = NewEntry(_K.BOARD_REPORT, "", f"{board.title} (a week later)", "Room 2", day, day)
    entries.change(work, Place(entry_id, 5), alone, Which.ONE)


def _entries(first: date, until: date) -> Iterator[NewEntry]:
    """Yield the entries, counted from the September in which the first year begins."""

    def day(month: int, of_month: int) -> date:
        year = first.year if month >= first.month else first.year + 1
        return next_working_day(date(year, month, of_month))

    def comes(
        kind: EntryKind, title: str, begins: date, repeat: Repeat, days: int = 1, note: str = ""
    ) -> NewEntry:
        last = begins + timedelta(days=days - 1)
        end = None if repeat is _R.ONCE else until
        return NewEntry(kind, "", title, note, begins, last, repeat, same_weekday=True, until=end)

    reports, dives = _K.BOARD_REPORT, _K.DEEP_DIVE
    yield comes(reports, "Partnership board meets", day(9, 14), _R.QUARTERLY)
    yield comes(reports, "Complaints report", day(9, 21), _R.TERMLY)
    yield comes(reports, "Staff feedback report", day(10, 12), _R.TERMLY)
    yield comes(reports, "SAFER boards report, autumn", day(10, 19), _R.YEARLY)
    yield comes(reports, "SAFER boards report, spring", day(4, 20), _R.YEARLY)
    yield comes(reports, "Yearly report is published", day(7, 6), _R.YEARLY)
    yield comes(_K.LINE_OF_SIGHT, "Practice learning event", day(10, 8), _R.TERMLY)
    staff = comes(_K.STAFF_EVENT, "Staff engagement event", day(12, 3), _R.TERMLY, note=_HALL)
    yield replace(staff, for_agencies=True)
    yield comes(
        dives, "Deep dive: neglect", day(1, 18), _R.ONCE, 19, "Three agencies' files, then a table top"
    )
    next_spring = next_working_day(date(first.year + 2, 2, 1))
    yield comes(dives, "Deep dive: children missing education", next_spring, _R.ONCE, 26)
    yield comes(dives, "Benchmarking against neighbours", day(9, 28), _R.YEARLY, 5)
    for title, begins in (
        ("Self-evaluation brought up to date", day(11, 9)),
        ("Self-evaluation, second time", day(5, 11)),
        ("Outcomes and the nine themes", day(9, 23)),
    ):
        yield replace(comes(_K.OWN, title, begins, _R.YEARLY), own_kind="Reviews")
