"""Retention: once a day, what has been kept for long enough is taken away, in small batches.

What a rule did on a day is counted in its row of `retention_run`, batch by batch; when nothing more is due,
one audit event tells the count of the day. The audit trail itself is never touched.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from app.core import audit
from app.core.access import Work
from app.core.clock import london_date
from app.core.settings import Settings, settings
from app.people.keeping import Period
from app.people.models import RetentionRun
from app.people.retention_rules import RULES, Rule
from app.people.service import NOBODY

LOG = logging.getLogger("eleven")
RUNS_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a rule on a day; `failed` says that it could not be finished."""

    rule: Rule
    period: Period
    count: int = 0
    failed: bool = False


def due(session: Session, now: datetime, config: Settings, rules: Sequence[Rule] = RULES) -> Iterator[Done]:
    """Yield for each rule how much is due now, and change nothing."""
    for rule in rules:
        period = rule.period(config)
        yield Done(rule, period, rule.count(session, now, period))


def run(engine: Engine, now: datetime, *, rules: Sequence[Rule] = RULES) -> tuple[Done, ...]:
    """Do a day's retention; a rule that is done for the day rests until tomorrow, whoever calls.

    A rule that fails is told to the log and tried again the next time; the others go on.
    """
    done = []
    for rule in rules:
        period = rule.period(settings())
        try:
            count = _one_rule(engine, rule, period, now)
            done.append(Done(rule, period, count))
        except DBAPIError as problem:
            # Only what kind of fault it was: a trace could show what rows hold.
            LOG.warning("retention: %s could not be finished: %s", rule.key, type(problem.orig).__name__)
            done.append(Done(rule, period, failed=True))
    return tuple(done)


def _one_rule(engine: Engine, rule: Rule, period: Period, now: datetime) -> int:
    """Work a rule off, each batch in a transaction of its own, and return how much was taken away."""
    count = 0
    while True:
        with Session(engine) as session:
            work = Work(session, NOBODY, now)
            _finish_earlier(work, rule)
            today = _claim(session, rule, london_date(now))
            if today is None:
                return count
            taken = rule.take(work, period)
            count += taken
            last = taken < rule.batch
            _note(work, today, taken, last=last)
            session.commit()
            if last:
                return count


def _claim(session: Session, rule: Rule, day: date) -> RetentionRun | None:
    """Return the rule's row of the day, held; None when it is finished or another worker holds it."""
    session.execute(insert(RetentionRun).values(rule=rule.key, day=day, removed=0).on_conflict_do_nothing())
    row: RetentionRun | None = session.execute(
        select(RetentionRun)
        .where(
            col(RetentionRun.rule) == rule.key,
            col(RetentionRun.day) == day,
            col(RetentionRun.finished_at).is_(None),
        )
        .with_for_update(skip_locked=True)
    ).scalar()
    return row


def _note(work: Work, row: RetentionRun, taken: int, *, last: bool) -> None:
    values: dict[str, Any] = {"removed": col(RetentionRun.removed) + taken}
    if last:
        values["finished_at"] = work.now
        _tell(work, row, row.removed + taken)
        old = delete(RetentionRun).where(
            col(RetentionRun.rule) == row.rule, col(RetentionRun.day) < london_date(work.now - RUNS_KEPT)
        )
        work.session.execute(old)
    work.session.execute(
        update(RetentionRun)
        .where(col(RetentionRun.rule) == row.rule, col(RetentionRun.day) == row.day)
        .values(**values)
    )


def _tell(work: Work, row: RetentionRun, count: int) -> None:
    """Write the one audit event of a rule and a day; a day without anything due is not worth one."""
    if count:
        audit.record(work, "retention.done", ("retention", 0), rule=row.rule, day=row.day, count=count)


def _finish_earlier(work: Work, rule: Rule) -> None:
    """Write the event of an earlier day on which the worker was stopped in the middle of a rule."""
    earlier = work.session.execute(
        select(RetentionRun)
        .where(
            col(RetentionRun.rule) == rule.key,
            col(RetentionRun.day) < london_date(work.now),
            col(RetentionRun.finished_at).is_(None),
        )
        .with_for_update(skip_locked=True)
    ).scalars()
    for row in earlier.all():
        _note(work, row, 0, last=True)


class Daily:
    """The worker's reminder: does the day's retention when a new day has begun in London."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._done: date | None = None

    def __call__(self, now: datetime) -> None:
        """Do it if it was not done today by this process; another process's work is left alone."""
        today = london_date(now)
        if today != self._done:
            run(self._engine, now)
            self._done = today
