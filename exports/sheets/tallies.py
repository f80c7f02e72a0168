"""The summary's four tables as rows of figures, from counts: no sheet, no database."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.core.clock import london_date
from app.core.rendering import percent
from app.questionnaires.definition import Questionnaire
from app.ratings.comparison import Direction, change_since
from app.ratings.models import RatingSource
from app.ratings.rules import Outcome
from app.returns.models import ReturnState
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine
from app.scrutiny.consolidated import DomainLine
from app.scrutiny.counts import ChangeCount, OutcomeCount, Signatures, TypeCount

MOST_WEEKS_AFTER_DUE: Final = 26
STATES: Final = (ReturnState.READY, ReturnState.IN_PROGRESS, ReturnState.OPENED, ReturnState.ISSUED)
OUTCOMES: Final[tuple[Outcome, ...]] = ("red", "amber", "green", "insufficient", "not_rated")


def share(part: int, whole: int) -> float | None:
    """Return a share in whole percent, rounded down so that 100 % means all; None of nothing."""
    return percent(part, whole) / 100 if whole else None


@dataclass(frozen=True, slots=True)
class TypeRow:
    """How far the returns of one kind or phase are; `others` in the order of STATES."""

    key: str
    asked: int
    signed: int
    others: tuple[int, ...]


def type_rows(counts: Iterable[TypeCount], *, by_phase: bool) -> tuple[TypeRow, ...]:
    """Return one row for each kind (or phase), the largest first."""
    found: dict[str, Counter[ReturnState]] = {}
    for each in counts:
        key = each.phase if by_phase else each.kind
        found.setdefault(key, Counter())[each.state] += each.count
    rows = [_type_row(key, states) for key, states in found.items()]
    return tuple(sorted(rows, key=lambda row: (-row.asked, row.key)))


def total_row(rows: Sequence[TypeRow]) -> TypeRow:
    """Return the sum of rows."""
    others = tuple(sum(row.others[index] for row in rows) for index in range(len(STATES)))
    return TypeRow("", sum(row.asked for row in rows), sum(row.signed for row in rows), others)


def _type_row(key: str, states: Counter[ReturnState]) -> TypeRow:
    return TypeRow(key, states.total(), states[ReturnState.SIGNED], tuple(states[state] for state in STATES))


@dataclass(frozen=True, slots=True)
class RatingRow:
    """How many signed returns have which rating in one domain; counts in the order of OUTCOMES."""

    domain_key: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All signed returns that have this domain."""
        return sum(self.counts)


def rating_rows(
    questionnaire: Questionnaire, counts: Iterable[OutcomeCount], source: RatingSource
) -> tuple[RatingRow, ...]:
    """Return one row for each domain, in the questionnaire's order."""
    found: dict[str, Counter[Outcome]] = {domain.key: Counter() for domain in questionnaire.domains}
    for each in counts:
        if each.source is source:
            found.setdefault(each.domain_key, Counter())[each.outcome] += each.count
    return tuple(RatingRow(key, tuple(tally[each] for each in OUTCOMES)) for key, tally in found.items())


@dataclass(frozen=True, slots=True)
class WeekRow:
    """Returns signed by the end of a week, in this round and the one before; None: not known yet."""

    week: int
    ends_on: date
    this: int | None
    last: int | None


def week_rows(
    line: RoundLine,
    signed: Signatures,
    before: RoundLine | None,
    signed_before: Signatures | None,
    today: date,
) -> tuple[WeekRow, ...]:
    """Return the weeks of a round, counted from its due date, beside those of the round before."""
    this = _Trend(line, signed, today)
    last = _Trend(before, signed_before, today) if before and signed_before else None
    first = -((line.due_on - line.opens_on).days // 7)
    weeks = [this.last_week, *([last.last_week] if last else [])]
    end = max(0, min(MOST_WEEKS_AFTER_DUE, max(weeks)))
    return tuple(
        WeekRow(
            week,
            line.due_on + timedelta(weeks=week),
            this.by(week, final=week == end),
            last.by(week, final=week == end) if last else None,
        )
        for week in range(first, end + 1)
    )


class _Trend:
    """A round's signatures by week."""

    def __init__(self, line: RoundLine, signed: Signatures, today: date) -> None:
        closed = line.state is RoundState.CLOSED and line.closed_at is not None
        self._due_on = line.due_on
        self._known_to = london_date(line.closed_at) if closed and line.closed_at else today
        self._by_day = signed.by_day
        latest = max([*signed.by_day, line.due_on])
        # A round's last week is the one of its last signature: nothing happens after it.
        self.last_week = -(-(min(self._known_to, latest) - line.due_on).days // 7)

    def by(self, week: int, *, final: bool) -> int | None:
        """Return how many were signed by the end of a week; the final one holds whatever came later."""
        ends_on = self._due_on + timedelta(weeks=week)
        if ends_on - timedelta(days=6) > self._known_to:
            return None
        return sum(count for day, count in self._by_day.items() if day <= ends_on or final)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """How the organisations' colours changed in one domain."""

    domain_key: str
    better: int
    same: int
    worse: int
    not_comparable: int
    new: int


def change_rows(
    questionnaire: Questionnaire, changes: Iterable[ChangeCount], signed: Mapping[str, int]
) -> tuple[ChangeRow, ...]:
    """Return one row for each domain; `signed` is how many rated it this time."""
    found: dict[str, Counter[Direction]] = {domain.key: Counter() for domain in questionnaire.domains}
    for each in changes:
        found.setdefault(each.domain_key, Counter())[_direction(each)] += each.count
    return tuple(
        ChangeRow(
            key,
            tally["better"],
            tally["same"],
            tally["worse"],
            tally["not_comparable"],
            max(0, signed.get(key, 0) - tally.total()),
        )
        for key, tally in found.items()
    )


def _direction(change: ChangeCount) -> Direction:
    before, after = (
        DomainLine(change.domain_key, outcome, 0, 0, 0, 0) for outcome in (change.before, change.after)
    )
    return change_since([before], [after])[change.domain_key].direction
