"""The overview of a round: headline, steps, groups and lines by day, ready to be shown."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.chasing.listing import OVERDUE
from app.chasing.progress import (
    DayLines,
    Group,
    Headline,
    Line,
    Step,
    day_lines,
    funnel,
    groups,
    headline,
    reached,
)
from app.chasing.queries import ReturnLine, round_days
from app.chasing.rules import STATE_WORDS, ChaseState, chase_state, days_overdue
from app.core.clock import short_date
from app.core.settings import settings
from app.core.working_days import working_days_between
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine

_TICKS: Final = 4
# What a board manager may have to do something about, most pressing first.
_PRESSING: Final = (
    ChaseState.WAITING,
    ChaseState.SENT_BACK,
    ChaseState.STALLED,
    ChaseState.IN_PROGRESS,
    ChaseState.NOT_STARTED,
    ChaseState.NOT_OPENED,
    ChaseState.NO_CONTACT,
)


@dataclass(frozen=True, slots=True)
class Pressing:
    """A number of returns in a state that somebody may chase; `state` is the list's filter."""

    state: str
    words: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the overview of a round shows."""

    headline: Headline
    due: str
    steps: tuple[Step, ...]
    pressing: tuple[Pressing, ...]
    by_kind: tuple[Group, ...]
    by_phase: tuple[Group, ...]
    by_district: tuple[Group, ...]
    by_trust: tuple[Group, ...]
    needed: str
    lines: DayLines
    labels: tuple[str, ...]
    ticks: tuple[int, ...]
    description: str


def overview_of(
    line: RoundLine,
    returns: list[ReturnLine],
    before: RoundLine | None,
    returns_before: list[ReturnLine],
    *,
    today: date,
) -> Overview:
    """Return the overview of a round beside the round before, as of a day."""
    closed = line.state is RoundState.CLOSED
    this = round_days(line, returns, today)
    last = round_days(before, returns_before, today) if before else None
    stalled = settings().stalled_after_days
    states = [chase_state(each.standing, this.known_to, stalled) for each in returns]
    late = [days_overdue(each.standing, this.known_to) for each in returns]
    same_day = (last.known_to if closed else last.due_on + (this.known_to - this.due_on)) if last else None

    def by(name: str) -> tuple[Group, ...]:
        now = [
            Line(getattr(each, name), state, overdue)
            for each, state, overdue in zip(returns, states, late, strict=True)
        ]
        then = [
            (getattr(each, name), each.signed_on is not None and each.signed_on <= same_day)
            for each in returns_before
            if same_day is not None
        ]
        return groups(now, then)

    lines = day_lines(this, last)
    top = headline(this, last, closed=closed)
    return Overview(
        headline=top,
        due=days_left(line.due_on, today),
        steps=funnel(
            reached(each.standing.state, each.standing.answered, each.standing.total) for each in returns
        ),
        pressing=_pressing(states, late),
        by_kind=by("kind"),
        by_phase=by("phase"),
        by_district=tuple(each for each in by("district") if each.key),
        # A trust with one school says no more than the school's own row on the chase list.
        by_trust=tuple(each for each in by("trust") if each.key and each.asked > 1),
        needed=needed(top.asked - top.answered, line.due_on, today) if not closed else "",
        lines=lines,
        # A round lasts less than a year, so days need no year.
        labels=tuple(f"{day.day} {day:%b}" for day in lines.days),
        ticks=_ticks(len(lines.days)),
        description=_description(top, this.known_to),
    )


def _pressing(states: list[ChaseState], late: list[int]) -> tuple[Pressing, ...]:
    counted = [(state.value, STATE_WORDS[state], states.count(state)) for state in _PRESSING]
    found = [(OVERDUE, "Overdue", sum(days > 0 for days in late)), *counted]
    return tuple(Pressing(*each) for each in found if each[2])


def _ticks(count: int) -> tuple[int, ...]:
    """Return which of the days are written under the axis: the ends and some between."""
    return tuple(sorted({(count - 1) * number // (_TICKS - 1) for number in range(_TICKS)}))


def _description(top: Headline, day: date) -> str:
    answered = f"{top.share}% had answered by {short_date(day)}"
    return f"{answered}, {top.comparison}." if top.comparison else f"{answered}."


def needed(missing: int, due_on: date, today: date) -> str:
    """Say how many must answer on each working day from now on, so that all have by the due date."""
    days = working_days_between(today, due_on)
    if not missing or not days:
        return ""
    each_day = -(-missing // days)
    return f"To reach the target, {each_day:,} must sign on each of the {days} working days that are left."


def days_left(due_on: date, today: date) -> str:
    """Say how far off a due date is: due today, 12 days left, 3 days ago."""
    left = due_on - today
    if left == timedelta():
        return "due today"
    count = abs(left.days)
    noun = "day" if count == 1 else "days"
    return f"{count} {noun} {'left' if left > timedelta() else 'ago'}"
