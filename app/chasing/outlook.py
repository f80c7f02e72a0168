"""What leaves next in a round, for the home page: how many mails, when, and whether all of it is paused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.chasing.deciding import Desk, Open, Told, addressed, desk_of, mails_of, told_before, was_told
from app.chasing.models import ChaseMessage, MessageOutcome
from app.chasing.stages import Stage
from app.core.clock import clock_time, london_date
from app.core.working_days import london_moment

DAYS_AHEAD: Final = 14
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NextMails:
    """What a round sends next by itself; no day: nothing in the next 14 days.

    `waiting` are mails that are leaving now. `paused` says that the whole round is sent nothing today, until
    `paused_until` (its last day; none: until somebody ends it).
    """

    day: date | None = None
    starts: str = ""
    mails: int = 0
    returns: int = 0
    unreachable: int = 0
    waiting: int = 0
    paused: bool = False
    paused_until: date | None = None


def next_mails(session: Session, round_id: int, now: datetime) -> NextMails:
    """Return what leaves next in an open round if nobody does anything."""
    desk = desk_of(session, round_id)
    today = london_date(now)
    pauses = [rest for rest in desk.sparing.rests.get(None, ()) if rest.covers(today)]
    ends = [rest.last for rest in pauses]
    waiting = _waiting(session, round_id)
    until = None if None in ends else max((last for last in ends if last), default=None)
    paused = bool(pauses)
    first = today if now < london_moment(today, desk.plan.send_until) else today + _DAY
    told: Mapping[int, list[Told]] | None = None
    alike = _one_of_each_kind(desk)
    for number in range(DAYS_AHEAD):
        day = first + number * _DAY
        if next(alike.due_on(day), None) is None:
            continue
        # What was told is read once, and only when something is due.
        told = told_before(session, round_id, today) if told is None else told
        due = addressed(session, desk.plan, _untold(desk, day, told), told)
        mails = len(mails_of(due))
        if not mails:
            continue
        return NextMails(
            day=day,
            starts=clock_time(london_moment(day, desk.plan.send_from)),
            mails=mails,
            returns=sum(each.to is not None for each in due),
            unreachable=sum(each.to is None for each in due),
            waiting=waiting,
            paused=paused,
            paused_until=until,
        )
    return NextMails(waiting=waiting, paused=paused, paused_until=until)


def _one_of_each_kind(desk: Desk) -> Desk:
    """Return a desk with one return for all that the schedule cannot tell apart: most are alike."""
    spared = desk.sparing
    found = {
        (
            each.standing,
            each.due_on,
            each.asked_on,
            each.is_school,
            spared.extended_on.get(each.return_id),
            spared.rests_of(each.organisation_id),
        ): each
        for each in desk.returns
    }
    return replace(desk, returns=list(found.values()))


def _untold(desk: Desk, day: date, told: Mapping[int, list[Told]]) -> list[tuple[date, Open, Stage]]:
    """Return what is due on a day and was not told yet."""
    return [
        (day, each, stage)
        for each, stage in desk.due_on(day)
        if not was_told(told.get(each.return_id, ()), stage.key, each.due_on, day)
    ]


def _waiting(session: Session, round_id: int) -> int:
    """Count the mails of a round that were queued and have not left."""
    return int(
        session.execute(
            select(func.count(col(ChaseMessage.outbox_id).distinct())).where(
                col(ChaseMessage.round_id) == round_id, col(ChaseMessage.outcome) == MessageOutcome.WAITING
            )
        ).scalar_one()
    )
