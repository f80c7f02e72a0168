"""Response progress: how many of how many, by step, by group and by day, beside the round before."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.chasing.rules import ANSWERED, ChaseState

# A line by day goes on for this long after the due date; later signatures only move its last point.
MOST_DAYS_AFTER_DUE: Final = 60


def percent(part: int, whole: int) -> int:
    """Return a whole percentage, rounded down so that 100 means all; 0 of nothing."""
    return part * 100 // whole if whole else 0


# --- steps and groups -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a signature, and how many returns have come at least that far."""

    title: str
    count: int
    share: int


# How many steps a stored state has behind it; each step includes those before it.
_REACHED: Final = {"issued": 1, "opened": 2, "in_progress": 3, "ready": 5, "signed": 6}
_STEPS: Final = ("Asked", "Opened", "Started", "Half answered", "Complete", "Signed")


def reached(state: str, answered: int = 0, total: int = 0) -> int:
    """Return how many steps a return has behind it, from what is stored of it."""
    half = state == "in_progress" and 0 < total <= 2 * answered
    return _REACHED[state] + half


def funnel(steps: Iterable[int]) -> tuple[Step, ...]:
    """Return how many returns have come how far, from the steps that each has behind it."""
    come = list(steps)
    return tuple(
        Step(title, count, percent(count, len(come)))
        for number, title in enumerate(_STEPS, start=1)
        for count in [sum(each >= number for each in come)]
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One return in the counts: its group, its state as a caller sees it, days overdue."""

    group: str
    state: ChaseState
    days_overdue: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Progress of one kind or phase; `last_share` is the round before at the same distance."""

    key: str
    asked: int
    answered: int
    share: int
    overdue: int
    not_opened: int
    last_share: int | None = None


def groups(lines: Iterable[Line], last: Iterable[tuple[str, bool]] = ()) -> tuple[Group, ...]:
    """Return progress by group, the largest first; `last` is (group, answered) of the round before."""
    by_group: dict[str, list[Line]] = {}
    for line in lines:
        by_group.setdefault(line.group, []).append(line)
    before: dict[str, list[bool]] = {}
    for key, answered in last:
        before.setdefault(key, []).append(answered)
    made = [_group(key, members, before.get(key)) for key, members in by_group.items()]
    return tuple(sorted(made, key=lambda group: (-group.asked, group.key)))


def _group(key: str, members: Sequence[Line], before: Sequence[bool] | None) -> Group:
    answered = sum(line.state in ANSWERED for line in members)
    return Group(
        key=key,
        asked=len(members),
        answered=answered,
        share=percent(answered, len(members)),
        overdue=sum(line.days_overdue > 0 for line in members),
        # The same returns as the count "Never opened" above the table: who has no contact is counted there.
        not_opened=sum(line.state is ChaseState.NOT_OPENED for line in members),
        last_share=percent(sum(before), len(before)) if before else None,
    )


# --- day by day -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RoundDays:
    """What the lines by day need of a round; `known_to` is today, or the day on which it was closed."""

    opens_on: date
    due_on: date
    known_to: date
    asked: int
    signed_on: tuple[date, ...]

    def answered_by(self, day: date) -> int:
        """Count the signatures up to and including a day."""
        return bisect_right(sorted(self.signed_on), day)

    def share_on(self, day: date) -> int:
        """Return the share answered up to and including a day, in whole percent."""
        return percent(self.answered_by(day), self.asked)


@dataclass(frozen=True, slots=True)
class DayLines:
    """Shares answered by day, in percent; None where there is no such day (yet).

    `last` is the round before, moved so that the due dates fall on the same day.
    """

    days: tuple[date, ...]
    this: tuple[int | None, ...]
    last: tuple[int | None, ...]
    target: tuple[int, ...]


def day_lines(this: RoundDays, last: RoundDays | None = None) -> DayLines:
    """Return the share answered on each day from opening, this round beside the one before.

    A day without a signature keeps the share of the day before. The target rises evenly from nothing
    on the opening day to everybody on the due date, and stays there.
    """
    first = min([this.opens_on, *this.signed_on])
    end = this.due_on + timedelta(days=max(0, min(MOST_DAYS_AFTER_DUE, (this.known_to - this.due_on).days)))
    days = tuple(first + timedelta(days=number) for number in range((end - first).days + 1))
    shift = last.due_on - this.due_on if last else timedelta()
    return DayLines(
        days=days,
        this=_shares(this, days),
        last=_shares(last, tuple(day + shift for day in days)) if last else (),
        target=tuple(_target(this, day) for day in days),
    )


def _shares(of: RoundDays, days: Sequence[date]) -> tuple[int | None, ...]:
    ordered = sorted(of.signed_on)
    first = min([of.opens_on, *ordered])
    return tuple(
        percent(bisect_right(ordered, day), of.asked) if first <= day <= of.known_to else None for day in days
    )


def _target(this: RoundDays, day: date) -> int:
    whole = max(1, (this.due_on - this.opens_on).days)
    gone = max(0, (day - this.opens_on).days)
    return min(100, 100 * gone // whole)


@dataclass(frozen=True, slots=True)
class Headline:
    """How many of how many, and how that compares with the round before on the same day."""

    answered: int
    asked: int
    share: int
    last_share: int | None
    final: bool
    days_to_go: int = 0

    @property
    def comparison(self) -> str:
        """Say the difference in percentage points, or nothing when there is no round before."""
        if self.last_share is None:
            return ""
        then = "last year" if self.final else f"last year {self._then}"
        points = self.share - self.last_share
        if not points:
            return f"the same as {then}"
        noun = "point" if abs(points) == 1 else "points"
        return f"{abs(points)} {noun} {'above' if points > 0 else 'below'} {then}"

    @property
    def _then(self) -> str:
        """Say which day of last year it is: not the same date, but as far from the due date."""
        if not self.days_to_go:
            return "on the day it was due"
        count = abs(self.days_to_go)
        days = "1 day" if count == 1 else f"{count} days"
        return f"with {days} to go" if self.days_to_go > 0 else f"{days} after it was due"


def headline(this: RoundDays, last: RoundDays | None, *, closed: bool) -> Headline:
    """Return the headline of a round as far as it is known.

    The same day last year is the one as many days before or after the due date; a closed round is
    compared with all of the round before.
    """
    last_share = None
    if last is not None and last.asked:
        same_day = last.known_to if closed else last.due_on + (this.known_to - this.due_on)
        last_share = last.share_on(same_day)
    return Headline(
        answered=len(this.signed_on),
        asked=this.asked,
        share=percent(len(this.signed_on), this.asked),
        last_share=last_share,
        final=closed,
        days_to_go=(this.due_on - this.known_to).days,
    )
