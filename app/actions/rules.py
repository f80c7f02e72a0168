"""The rules of actions: how one moves on, who may move it, what is said with it, when to remind.

An organisation says how far it is; the Safeguarding Assurance and Improvement Group (SAIG) looks at what is
said to be done or dropped, and ends it or asks for more (framework section 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import LONDON
from app.core.working_days import Term, earlier_working_day, is_working_day, london_moment, next_working_day


class ActionStatus(StrEnum):
    """How far an action is. The first four are the organisation's word, the last two SAIG's."""

    OPEN = "open"
    UNDER_WAY = "under_way"
    DONE = "done"
    DROPPED = "dropped"
    ACCEPTED = "accepted"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What SAIG says about an action."""

    ACCEPTED = "accepted"
    MORE_TO_DO = "more_to_do"
    CLOSED = "closed"


_S = ActionStatus
STATUS_WORDS: Final[Mapping[ActionStatus, str]] = {
    _S.OPEN: "Not started",
    _S.UNDER_WAY: "Under way",
    _S.DONE: "Done, not reviewed yet",
    _S.DROPPED: "Dropped, not reviewed yet",
    _S.ACCEPTED: "Done, accepted",
    _S.CLOSED: "Closed",
}
OUTCOME_WORDS: Final[Mapping[Outcome, str]] = {
    Outcome.ACCEPTED: "Accepted: it is done",
    Outcome.MORE_TO_DO: "More to do",
    Outcome.CLOSED: "Closed: no longer followed up",
}
# Still to be done; what the organisation says has ended; what SAIG has ended.
LIVE: Final = (_S.OPEN, _S.UNDER_WAY)
TO_REVIEW: Final = (_S.DONE, _S.DROPPED)
ENDED: Final = (_S.ACCEPTED, _S.CLOSED)
DONE: Final = (_S.DONE, _S.ACCEPTED)
# What an organisation can say, in the order in which it is offered.
ANSWERS: Final[Mapping[ActionStatus, str]] = {
    _S.UNDER_WAY: "Under way",
    _S.DONE: "Done",
    _S.DROPPED: "Dropped: we will not do it",
}


class IllegalMoveError(ValueError):
    """An action cannot go from where it is to where somebody wants it."""


def after_answer(now: ActionStatus, said: ActionStatus) -> ActionStatus:
    """Return how far an action is once its organisation has said so.

    What SAIG has ended stays as it is, and nothing goes back to "not started". Raises IllegalMoveError.
    """
    if now in ENDED:
        raise IllegalMoveError(f"an action that is {now} is not followed up any more")
    if said not in ANSWERS:
        raise IllegalMoveError(f"an organisation cannot say {said}")
    return said


def after_review(now: ActionStatus, outcome: Outcome) -> ActionStatus:
    """Return how far an action is once SAIG has looked at it. Raises IllegalMoveError.

    Only what is said to be done can be accepted. What is done or dropped can have more to do. Anything that
    is not ended can be closed.
    """
    if outcome not in outcomes(now):
        raise IllegalMoveError(f"an action that is {now} cannot be {outcome}")
    return {
        Outcome.ACCEPTED: _S.ACCEPTED,
        Outcome.MORE_TO_DO: _S.UNDER_WAY,
        Outcome.CLOSED: _S.CLOSED,
    }[outcome]


def outcomes(now: ActionStatus) -> tuple[Outcome, ...]:
    """Return what SAIG can say about an action."""
    if now in ENDED:
        return ()
    if now is _S.DONE:
        return (Outcome.ACCEPTED, Outcome.MORE_TO_DO, Outcome.CLOSED)
    return (Outcome.MORE_TO_DO, Outcome.CLOSED) if now is _S.DROPPED else (Outcome.CLOSED,)


def missing_words(said: ActionStatus | Outcome) -> str:
    """Return what somebody must say with their choice, or nothing when words are welcome but not needed."""
    return {
        _S.DONE: "Say how you know that it is done, for example what children or staff notice now",
        _S.DROPPED: "Say why you will not do it",
        Outcome.MORE_TO_DO: "Say what is still to be done",
        Outcome.CLOSED: "Say why it is no longer followed up",
    }.get(said, "")


def is_overdue(status: ActionStatus, due_on: date | None, today: date) -> bool:
    """Say whether an action is still to be done after its day; on the day itself it is in time."""
    return status in LIVE and due_on is not None and due_on < today


# --- next year's return ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether a return asks about an action: how far it is, and since when."""

    status: ActionStatus
    created_at: datetime
    said_at: datetime | None
    return_id: int | None


def is_asked(action: Standing, return_id: int, issued_at: datetime) -> bool:
    """Say whether a return asks what has become of an action: an older one that was open when it went out."""
    if action.return_id == return_id or action.created_at >= issued_at:
        return False
    return action.status in LIVE or is_answered(action, issued_at)


def is_answered(action: Standing, issued_at: datetime) -> bool:
    """Say whether the organisation has said how far an action is since a return went out."""
    return action.said_at is not None and action.said_at >= issued_at


# --- reminders --------------------------------------------------------------------------------------

SOON: Final = timedelta(days=7)
SEND_FROM: Final = time(8, 30)
SEND_UNTIL: Final = time(16, 30)
# Over the summer the last working day in term lies this far before a day in September, and more.
LOOK_AHEAD: Final = timedelta(days=65)


def may_send(now: datetime) -> bool:
    """Say whether reminders may leave: on a working day in London, within the hours of other reminders."""
    day = now.astimezone(LONDON).date()
    if not is_working_day(day):
        return False
    return london_moment(day, SEND_FROM) <= now < london_moment(day, SEND_UNTIL)


def reminder_due(
    status: ActionStatus, due_on: date | None, today: date, terms: Sequence[Term] | None = None
) -> str:
    """Return which reminder an action needs today, as a key that stands for it once; empty for none.

    "soon" from a week before its day, moved earlier to a working day (for schools: in term); "overdue" from
    the first working day after it. Never on a day on which nobody is at work there.
    """
    if status not in LIVE or due_on is None or not is_working_day(today, terms):
        return ""
    if today > due_on:
        first = next_working_day(due_on + timedelta(days=1), terms)
        return f"overdue:{due_on}" if today >= first else ""
    return f"soon:{due_on}" if today >= earlier_working_day(due_on - SOON, terms) else ""
