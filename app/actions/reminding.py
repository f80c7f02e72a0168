"""Reminders of actions: a week before the day, and once it has passed; one mail for each organisation.

A pass of the worker queues them on a working day in the hours of other reminders, so that nothing that was
done meanwhile is asked for. What was reminded of stands on the action, and a new day reminds anew.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy import Engine, func, select, update
from sqlmodel import Session, col

from app.actions import mails
from app.actions.models import Action
from app.actions.rules import LIVE, LOOK_AHEAD, ActionStatus, may_send, reminder_due
from app.core import audit
from app.core.access import Actor, Work
from app.core.clock import london_date
from app.core.working_days import Term
from app.organisations.models import Organisation, OrganisationStatus
from app.organisations.rules import KINDS

NOBODY: Final = Actor(0, "Eleven", "")
_EVERY: Final = timedelta(minutes=10)
_passed: dict[str, datetime] = {}

# School terms come from a room below this one: whoever runs the job hands the read in.
TermsOf = Callable[[Session], Sequence[Term]]


@dataclass(frozen=True, slots=True)
class Due:
    """An action for which a reminder may be due."""

    id: int
    organisation_id: int
    organisation: str
    kind: str
    what: str
    owner: str
    due_on: date
    status: ActionStatus
    reminded: str


def pass_over(engine: Engine, now: datetime, terms_of: TermsOf) -> None:
    """Queue what is due, at most every ten minutes in one process: the worker passes by more often."""
    if not may_send(now) or now - _passed.get("last", now - _EVERY) < _EVERY:
        return
    _passed["last"] = now
    with Session(engine, expire_on_commit=False) as session:
        remind(session, now, terms_of(session))


def remind(session: Session, now: datetime, terms: Sequence[Term]) -> int:
    """Queue the reminders that are due and not queued yet; commit; return how many organisations get one."""
    if not may_send(now):
        return 0
    work, today, count = Work(session, NOBODY, now), london_date(now), 0
    for organisation_id, some in groupby(_candidates(session, today), key=lambda each: each.organisation_id):
        due = [(each, key) for each in some if (key := _key(each, today, terms)) not in {"", each.reminded}]
        claimed = [(each, key) for each, key in due if _claim(session, each.id, key)]
        if claimed:
            _write(work, organisation_id, claimed)
            count += 1
        # What one organisation is told stands or falls by itself.
        session.commit()
    return count


def _candidates(session: Session, today: date) -> list[Due]:
    rows = session.execute(
        select(
            col(Action.id),
            col(Action.organisation_id),
            col(Organisation.name),
            col(Organisation.kind),
            col(Action.what),
            col(Action.owner),
            col(Action.due_on),
            col(Action.status),
            col(Action.reminded),
        )
        .join(Organisation, col(Organisation.id) == col(Action.organisation_id))
        .where(
            col(Action.status).in_(LIVE),
            col(Action.due_on) <= today + LOOK_AHEAD,
            col(Action.reminded) != func.concat("overdue:", col(Action.due_on)),
            col(Organisation.status) != OrganisationStatus.GONE,
        )
        .order_by(col(Action.organisation_id), col(Action.due_on), col(Action.id))
    )
    return [Due(*row) for row in rows]


def _key(each: Due, today: date, terms: Sequence[Term]) -> str:
    is_school = each.kind in KINDS and KINDS[each.kind].group != "agency"
    return reminder_due(each.status, each.due_on, today, terms if is_school else None)


def _claim(session: Session, action_id: int, key: str) -> bool:
    """Note that an action is reminded of; False when another worker did so a moment before."""
    return bool(
        session.execute(
            update(Action)
            .where(col(Action.id) == action_id, col(Action.reminded) != key, col(Action.status).in_(LIVE))
            .values(reminded=key),
            execution_options={"synchronize_session": False},
        ).rowcount  # type: ignore[attr-defined]
    )


def _once(claimed: Sequence[tuple[Due, str]]) -> str:
    """Return a short text that stands for just these reminders: the outbox takes it once."""
    told = ",".join(f"{each.id}:{key}" for each, key in claimed)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _write(work: Work, organisation_id: int, claimed: Sequence[tuple[Due, str]]) -> None:
    overdue = [each for each, key in claimed if key.startswith("overdue:")]
    soon = [each for each, key in claimed if key.startswith("soon:")]
    name = claimed[0][0].organisation
    told = mails.write(
        work,
        organisation_id,
        "actions-due",
        key=f"{organisation_id}:{_once(claimed)}",
        subject=f"{'Overdue: actions' if overdue else 'Actions due soon'} of {name}",
        path="/our-actions",
        organisation=name,
        overdue=overdue,
        soon=soon,
    )
    audit.record(
        work,
        "action.reminded",
        ("organisation", organisation_id),
        organisation_id=organisation_id,
        mails=told,
        actions=[each.id for each, _ in claimed],
    )
