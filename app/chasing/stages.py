"""The schedule of a round: which reminder is due for whom on which day. Pure: days and hours are arguments.

Days are working days in London, for schools inside term. What is due before the due date moves earlier to a
working day, what is due on or after it moves later; one return hears at most one thing a day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import LONDON
from app.core.working_days import Term, earlier_working_day, is_working_day, london_moment, next_working_day

# A reminder whose day went by unsent (worker or mail server away) may still leave for so many days.
GRACE_DAYS: Final = 4
_DAY: Final = timedelta(days=1)


class StageKind(StrEnum):
    """To whom a stage speaks: those at work, who is above them, who is above those, or the board's desk."""

    REMINDER = "reminder"
    HEAD = "head"
    CHAIR = "chair"
    CALL = "call"


KIND_WORDS: Final[Mapping[StageKind, str]] = {
    StageKind.REMINDER: "Reminder to those who answer",
    StageKind.HEAD: "Mail to the head teacher or chief officer",
    StageKind.CHAIR: "Mail to the chair of governors, or the person you name",
    StageKind.CALL: "Put on the list for a call",
}


class Standing4(StrEnum):
    """How far a return is, as reminders tell it apart; each has a text of its own."""

    NOT_OPENED = "not_opened"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"


STANDING_WORDS: Final[Mapping[Standing4, str]] = {
    Standing4.NOT_OPENED: "Never opened",
    Standing4.NOT_STARTED: "Opened, not started",
    Standing4.IN_PROGRESS: "In progress",
    Standing4.WAITING: "Waiting for signature",
}
ALL_STANDINGS: Final = frozenset(Standing4)
_FROM_STATE: Final[Mapping[str, Standing4]] = {
    "issued": Standing4.NOT_OPENED,
    "opened": Standing4.NOT_STARTED,
    "in_progress": Standing4.IN_PROGRESS,
    "ready": Standing4.WAITING,
}


def standing_of(state: str) -> Standing4 | None:
    """Return how far a return is from its stored state; None when it is signed."""
    return _FROM_STATE.get(state)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: so many days from the due date (negative: before), to whom, for returns how far along."""

    key: str
    days: int
    kind: StageKind
    standings: frozenset[Standing4] = ALL_STANDINGS

    @property
    def words(self) -> str:
        """Say when the stage is: 7 days before, on the due date, 1 day after."""
        if not self.days:
            return "on the due date"
        count = abs(self.days)
        return f"{count} day{'' if count == 1 else 's'} {'before' if self.days < 0 else 'after'}"


DEFAULT_STAGES: Final = (
    *(
        Stage(f"{'before' if days < 0 else 'after'}-{abs(days)}", days, StageKind.REMINDER)
        for days in (-21, -7, -1, 1, 7, 14)
    ),
    Stage("head-10", 10, StageKind.HEAD),
    Stage("chair-21", 21, StageKind.CHAIR),
    Stage("call-28", 28, StageKind.CALL),
)
DEFAULT_FROM: Final = time(8, 30)
DEFAULT_UNTIL: Final = time(16, 30)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round sends when: its stages, its hours, and whom it names when there is no chair."""

    stages: tuple[Stage, ...] = DEFAULT_STAGES
    send_from: time = DEFAULT_FROM
    send_until: time = DEFAULT_UNTIL
    named_person: str = ""
    named_address: str = ""
    own: bool = False

    def stage(self, key: str) -> Stage | None:
        """Return a stage by its key."""
        return next((each for each in self.stages if each.key == key), None)


def stage_day(stage: Stage, due_on: date, terms: Sequence[Term] | None) -> date:
    """Return the day of a stage: moved to the working day before it, or after it once the return is due."""
    day = due_on + timedelta(days=stage.days)
    return earlier_working_day(day, terms) if stage.days < 0 else next_working_day(day, terms)


@dataclass(frozen=True, slots=True)
class Course:
    """What the schedule needs to know of a return: how far it is, its due date, since when it counts.

    `since` is the last day that changed everything: of issue, of an extension, of the end of a pause. What
    was planned for that day or before it is not made up for.
    """

    standing: Standing4
    due_on: date
    since: date
    is_school: bool = True


def live_stage(stages: Iterable[Stage], course: Course, today: date, terms: Sequence[Term]) -> Stage | None:
    """Return what is due for a return on a day, or None.

    Of several stages whose day has come the latest counts, so that two that holidays push together make one
    mail. It stays due for four days; nothing that is meant for before the due date is sent after it; nothing
    leaves on a day off.
    """
    respected = terms if course.is_school else None
    if not is_working_day(today, respected):
        return None
    come = [
        (stage_day(stage, course.due_on, respected), stage.days, stage.key, stage)
        for stage in stages
        if stage.kind is not StageKind.CALL and course.standing in stage.standings
    ]
    come = [each for each in come if course.since < each[0] <= today]
    if not come:
        return None
    day, days, _, stage = max(come, key=lambda each: each[:3])
    too_late = (today - day).days > GRACE_DAYS or (days < 0 and today > course.due_on)
    return None if too_late else stage


def call_since(stages: Iterable[Stage], course: Course, today: date, terms: Sequence[Term]) -> date | None:
    """Return the day since which a return is on the board's list for a call, or None."""
    respected = terms if course.is_school else None
    days = [
        stage_day(stage, course.due_on, respected)
        for stage in stages
        if stage.kind is StageKind.CALL and course.standing in stage.standings
    ]
    return min((day for day in days if day <= today), default=None)


# --- quiet hours ----------------------------------------------------------------------------------


def may_send(now: datetime, send_from: time, send_until: time) -> bool:
    """Say whether mails may leave at a moment: a working day in London, within the hours."""
    local = now.astimezone(LONDON)
    if not is_working_day(local.date()):
        return False
    return london_moment(local.date(), send_from) <= now < london_moment(local.date(), send_until)


def next_opening(now: datetime, send_from: time, send_until: time) -> datetime:
    """Return the first moment from now on at which mails may leave."""
    if may_send(now, send_from, send_until):
        return now.astimezone(UTC)
    day = now.astimezone(LONDON).date()
    if now >= london_moment(day, send_from):
        day += _DAY
    return london_moment(next_working_day(day), send_from)


# --- whom to write to -----------------------------------------------------------------------------

_ANSWERING: Final = (
    "designated_safeguarding_lead",
    "agency_lead",
    "deputy_safeguarding_lead",
    "trust_safeguarding_lead",
)
_ABOVE: Final = ("head_teacher", "chief_officer")
_CHAIR: Final = ("chair_of_governors",)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who can be written to about a return; `may_sign_in` decides whether a link helps them."""

    user_id: int
    name: str
    address: str
    role: str
    may_sign_in: bool = True


def order_of_roles(kind: StageKind, standing: Standing4) -> tuple[str, ...]:
    """Return which roles are written to at a stage, the first one that has a working address wins."""
    if kind is StageKind.HEAD:
        return (*_ABOVE, *_CHAIR, *_ANSWERING)
    if kind is StageKind.CHAIR:
        return _CHAIR
    if standing is Standing4.WAITING:
        return (*_ABOVE, *_ANSWERING)
    return (*_ANSWERING, *_ABOVE)


def addressee(
    people: Iterable[Addressee], kind: StageKind, standing: Standing4, plan: Plan
) -> Addressee | None:
    """Return who is written to at a stage, or None when nobody there can be reached.

    Reminders ask for work, so they go to those who may sign in. Where there is no chair of governors the
    person whom the partnership named takes the place.
    """
    able = [each for each in people if each.may_sign_in or kind is not StageKind.REMINDER]
    order = order_of_roles(kind, standing)
    found = sorted(
        (each for each in able if each.role in order),
        key=lambda each: (order.index(each.role), each.name, each.user_id),
    )
    if found:
        return found[0]
    if kind is StageKind.CHAIR and plan.named_address:
        return Addressee(0, plan.named_person, plan.named_address, "named_person", may_sign_in=False)
    return None
