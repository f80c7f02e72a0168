"""Who has not answered, and whom to ring first: states of a return, and reasons in words.

Days are calendar days in London: a return due on a day is in time until the end of that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.core.clock import london_date


class ChaseState(StrEnum):
    """How far a return is, as a caller sees it; each return is in exactly one state."""

    NO_CONTACT = "no_contact"
    NOT_OPENED = "not_opened"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    STALLED = "stalled"
    WAITING = "waiting"
    SENT_BACK = "sent_back"
    SIGNED = "signed"
    SIGNED_LATE = "signed_late"


STATE_WORDS: Final[Mapping[ChaseState, str]] = {
    ChaseState.NO_CONTACT: "No working address",
    ChaseState.NOT_OPENED: "Never opened",
    ChaseState.NOT_STARTED: "Opened, not started",
    ChaseState.IN_PROGRESS: "In progress",
    ChaseState.STALLED: "Stalled",
    ChaseState.WAITING: "Waiting for signature",
    ChaseState.SENT_BACK: "Sent back",
    ChaseState.SIGNED: "Signed",
    ChaseState.SIGNED_LATE: "Signed late",
}
ANSWERED: Final = frozenset({ChaseState.SIGNED, ChaseState.SIGNED_LATE})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is stored about how far a return is; `state` is the stored state of the return."""

    state: str
    due_on: date
    total: int
    answered: int
    has_contact: bool
    started_at: datetime | None = None
    last_saved_at: datetime | None = None
    ready_at: datetime | None = None
    signed_at: datetime | None = None
    sent_back_at: datetime | None = None

    @property
    def touched_on(self) -> date | None:
        """The last day on which the organisation did something to its answers."""
        moment = self.last_saved_at or self.started_at
        return london_date(moment) if moment else None


def chase_state(standing: Standing, today: date, stalled_after_days: int) -> ChaseState:
    """Return the state of a return on a day.

    The order matters: a signature ends all chasing; a return that was sent back stays 'sent back' until
    it is complete again; 'no contact' is said only while nobody has opened the return, because afterwards
    somebody there is at work; a return is stalled when nothing was saved for that many days or more.
    """
    if standing.state == "signed":
        late = standing.signed_at is not None and london_date(standing.signed_at) > standing.due_on
        return ChaseState.SIGNED_LATE if late else ChaseState.SIGNED
    if standing.state == "ready":
        return ChaseState.WAITING
    if standing.sent_back_at is not None:
        return ChaseState.SENT_BACK
    if standing.state == "in_progress":
        touched = standing.touched_on
        stalled = touched is not None and (today - touched).days >= stalled_after_days
        return ChaseState.STALLED if stalled else ChaseState.IN_PROGRESS
    if standing.state == "opened":
        return ChaseState.NOT_STARTED
    return ChaseState.NOT_OPENED if standing.has_contact else ChaseState.NO_CONTACT


def days_overdue(standing: Standing, today: date) -> int:
    """Return for how many days a return without a signature is overdue; 0 when it is not."""
    if standing.state == "signed":
        return 0
    return max(0, (today - standing.due_on).days)


# --- whom to ring first ---------------------------------------------------------------------------

LARGE_FROM_PUPILS: Final = 1_000
NEARLY_DONE_PERCENT: Final = 80
# After talking or leaving a message, give people these days before ringing again without a date agreed.
PATIENCE_DAYS: Final[Mapping[str, int]] = {"spoke": 3, "message": 3, "no_answer": 1, "wrong_number": 1}

WEIGHTS: Final[Mapping[str, int]] = {
    "overdue": 4,
    "to_be_rung": 5,
    "silent_last_year": 4,
    "large": 3,
    "nearly_done": 3,
    "red_last_year": 2,
    "red_last_year_most": 6,
}
STATE_WEIGHTS: Final[Mapping[ChaseState, int]] = {
    ChaseState.NO_CONTACT: 3,
    ChaseState.NOT_OPENED: 3,
    ChaseState.STALLED: 3,
    ChaseState.NOT_STARTED: 2,
    ChaseState.WAITING: 2,
    ChaseState.SENT_BACK: 2,
    ChaseState.IN_PROGRESS: 0,
    ChaseState.SIGNED: 0,
    ChaseState.SIGNED_LATE: 0,
}


class Turn(StrEnum):
    """When an organisation's turn to be rung comes, first to last."""

    PROMISED = "0 promised"
    NOW = "1 now"
    LATER = "2 later"
    NEVER = "3 never"


@dataclass(frozen=True, slots=True)
class LastYear:
    """What the round before knows of an organisation; no red domains where ratings may not be read."""

    asked: bool = False
    signed: bool = False
    red_domains: int = 0


@dataclass(frozen=True, slots=True)
class LastCall:
    """The newest call to an organisation about this return; `outcome` as it is stored."""

    called_on: date
    outcome: str
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ringing:
    """Whether to ring an organisation now, and why, most telling reason first."""

    turn: Turn
    weight: int
    reasons: tuple[str, ...]

    @property
    def order(self) -> tuple[str, int]:
        """The sort key: promised calls first, then the weightiest reasons."""
        return (self.turn.value, -self.weight)


def ringing(
    standing: Standing,
    state: ChaseState,
    today: date,
    *,
    pupils: int | None = None,
    last_year: LastYear | None = None,
    last_call: LastCall | None = None,
    call_since: date | None = None,
) -> Ringing:
    """Return how urgent a call to an organisation is, with the reasons in words.

    The weights order a list of calls; they are no rating of anybody.
    """
    before = last_year or LastYear()
    found = [(STATE_WEIGHTS[state], _state_reason(standing, state, today))]
    if state not in ANSWERED:
        found += _more_reasons(standing, state, today, pupils, before)
        if call_since is not None:
            since = f"mails had no effect, on the call list since {call_since.day} {call_since:%B}"
            found.append((WEIGHTS["to_be_rung"], since))
    turn, about_calls = _turn(state, last_call, today)
    weighty = sorted(found, key=lambda each: -each[0])
    reasons = [*about_calls, *(words for _, words in weighty if words)]
    return Ringing(turn, sum(weight for weight, _ in found), tuple(reasons))


def _more_reasons(
    standing: Standing, state: ChaseState, today: date, pupils: int | None, before: LastYear
) -> list[tuple[int, str]]:
    found = []
    overdue = days_overdue(standing, today)
    if overdue:
        found.append((WEIGHTS["overdue"], f"overdue by {days(overdue)}"))
    if state is ChaseState.STALLED and 100 * standing.answered >= NEARLY_DONE_PERCENT * standing.total > 0:
        found.append((WEIGHTS["nearly_done"], f"only {standing.total - standing.answered} left to answer"))
    if before.asked and not before.signed:
        found.append((WEIGHTS["silent_last_year"], "did not answer last year"))
    if before.red_domains:
        weight = min(WEIGHTS["red_last_year"] * before.red_domains, WEIGHTS["red_last_year_most"])
        noun = "domain" if before.red_domains == 1 else "domains"
        found.append((weight, f"{before.red_domains} red {noun} last year"))
    if pupils is not None and pupils >= LARGE_FROM_PUPILS:
        found.append((WEIGHTS["large"], f"{pupils:,} pupils"))
    return found


def _turn(state: ChaseState, call: LastCall | None, today: date) -> tuple[Turn, list[str]]:
    if state in ANSWERED:
        return Turn.NEVER, []
    if call is None:
        return Turn.NOW, []
    if call.next_on is not None:
        if call.next_on > today:
            return Turn.LATER, [f"next call on {call.next_on.day} {call.next_on:%B}"]
        since = (today - call.next_on).days
        return Turn.PROMISED, ["call promised for today" if not since else f"call promised {ago(since)}"]
    since = (today - call.called_on).days
    if since < PATIENCE_DAYS.get(call.outcome, 0):
        return Turn.LATER, [f"rung {ago(since)}"]
    return Turn.NOW, []


def _state_reason(standing: Standing, state: ChaseState, today: date) -> str:
    """Return what there is to say about a state beyond its name."""
    if state is ChaseState.NO_CONTACT:
        return "ask whom we should invite"
    if state is ChaseState.STALLED and standing.touched_on:
        return f"nothing saved for {days((today - standing.touched_on).days)}"
    if state is ChaseState.WAITING and standing.ready_at:
        waited = (today - london_date(standing.ready_at)).days
        return f"complete {f'for {days(waited)}' if waited else 'since today'}, lacks only the signature"
    if state is ChaseState.SENT_BACK and standing.sent_back_at:
        return f"sent back {ago((today - london_date(standing.sent_back_at)).days)}"
    return ""


def days(count: int) -> str:
    """Write a number of days: 1 day, 12 days."""
    return f"{count} day" if count == 1 else f"{count} days"


def ago(count: int) -> str:
    """Write how long ago a day was: today, yesterday, 12 days ago."""
    return {0: "today", 1: "yesterday"}.get(count, f"{count} days ago")
