"""Reminders about visits: what a deadline needs, a week before it and when it is missed.

A pass of the worker queues them on their day, so that nothing that was done meanwhile is asked for.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core import audit
from app.core.access import Actor, Work
from app.core.clock import london_date, long_date
from app.visits import mails, queries
from app.visits.lifecycle import VisitState
from app.visits.models import Visit, VisitReminder
from app.visits.queries import VisitHead

_BEFORE: Final = timedelta(days=7)
NOBODY: Final = Actor(0, "Eleven", "")


def due_reminders(this: VisitHead, today: date) -> tuple[str, ...]:
    """Return which reminders a visit needs today, as the keys under which each goes once for its date."""
    visit = this.visit
    if visit.framework_due is None or visit.return_due is None:
        return ()
    found = []
    if this.state in {VisitState.DATED, VisitState.ANNOUNCED} and today >= visit.framework_due - _BEFORE:
        found.append(f"framework:{visit.framework_due}")
    if this.state is VisitState.ISSUED and not this.returned:
        if today > visit.return_due:
            found.append(f"overdue:{visit.return_due}")
        elif today >= visit.return_due - _BEFORE:
            found.append(f"return:{visit.return_due}")
    return tuple(found)


_passed: dict[str, datetime] = {}
_EVERY: Final = timedelta(minutes=10)


def pass_over(engine: Engine, now: datetime) -> None:
    """Queue what is due, at most every ten minutes in one process: the worker passes by more often."""
    if now - _passed.get("last", now - _EVERY) < _EVERY:
        return
    _passed["last"] = now
    with Session(engine, expire_on_commit=False) as session:
        remind(session, now)


def remind(session: Session, now: datetime) -> int:
    """Queue the reminders that are due and not queued yet; commit; return how many visits they are about."""
    work, today, count = Work(session, NOBODY, now), london_date(now), 0
    for this in queries.visits(session):
        sent = set(
            session.execute(
                select(col(VisitReminder.key)).where(col(VisitReminder.visit_id) == this.id)
            ).scalars()
        )
        for key in due_reminders(this, today):
            if key in sent:
                continue
            # Two workers: the second waits here, and finds the row.
            session.execute(select(col(Visit.id)).where(col(Visit.id) == this.id).with_for_update())
            if session.get(VisitReminder, (this.id, key)) is not None:
                continue
            session.add(
                VisitReminder(visit_id=this.id, key=key, organisation_id=this.organisation_id, queued_at=now)
            )
            session.flush()
            _write(work, this, key.partition(":")[0])
            count += 1
    session.commit()
    return count


def _write(work: Work, this: VisitHead, kind: str) -> None:
    out, back = this.visit.framework_due, this.visit.return_due
    assert out is not None  # noqa: S101 - due_reminders looked
    assert back is not None  # noqa: S101
    if kind == "framework":
        what = f"The framework for the visit has to go out by {long_date(out)}."
        mails.to_board_managers(work, this, "Framework to go out", what)
    elif kind == "return":
        mails.to_agency(work, this, "visit-return-due", "Due soon", back=long_date(back))
    else:
        mails.to_agency(work, this, "visit-return-overdue", "Overdue", back=long_date(back))
        what = f"The return before the visit was due on {long_date(back)} and is not signed."
        mails.to_board_managers(work, this, "Return before a visit overdue", what)
    audit.record(work, "visit.reminded", ("visit", this.id), organisation_id=this.organisation_id, kind=kind)
