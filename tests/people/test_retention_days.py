"""Retention day by day: in batches, once a day, with several workers, and by the command."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlmodel import Session

from app import cli
from app.core import embedded
from app.core.access import Work
from app.people import retention
from app.people.keeping import Unit
from app.people.retention_rules import Rule, Sweep
from tests.conftest import NOW, MovableClock
from tests.people import alone
from tests.people.old_rows import MADE, events, person, rows_of, rule, session_of

pytestmark = pytest.mark.access
database, engine, clock = alone.database, alone.engine, alone.clock


def test_a_batch_at_a_time_and_one_event_for_the_day(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person(work)
    for each in range(25):
        session_of(work.session, user, NOW - timedelta(days=100 + each))
    work.session.commit()
    sizes: list[int] = []
    whole = Sweep.take

    def noted(self: Sweep, session: Session, moment: datetime, most: int) -> int:
        sizes.append(whole(self, session, moment, most))
        return sizes[-1]

    monkeypatch.setattr(Sweep, "take", noted)
    small = Rule(**{**{name: getattr(rule("sessions"), name) for name in Rule.__slots__}, "batch": 8})
    assert retention.run(engine, clock(), rules=[small])[0].count == 50
    assert sizes == [8, 8, 8, 8, 8, 8, 2]
    assert [each["count"] for each in events(engine, "retention.done")] == [50]


def test_a_worker_that_is_stopped_halfway_loses_no_count(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person(work)
    for each in range(6):
        session_of(work.session, user, NOW - timedelta(days=100 + each))
    work.session.commit()
    small = Rule(**{**{name: getattr(rule("sessions"), name) for name in Rule.__slots__}, "batch": 5})
    whole, taken = Sweep.take, list[int]()

    def stopped(self: Sweep, session: Session, moment: datetime, most: int) -> int:
        if taken:
            raise KeyboardInterrupt
        taken.append(whole(self, session, moment, most))
        return taken[-1]

    monkeypatch.setattr(Sweep, "take", stopped)
    with pytest.raises(KeyboardInterrupt):
        retention.run(engine, clock(), rules=[small])
    monkeypatch.setattr(Sweep, "take", whole)
    assert not events(engine, "retention.done")
    clock.move(days=1)
    assert retention.run(engine, clock(), rules=[small])[0].count == 7
    assert [each["count"] for each in events(engine, "retention.done")] == [5, 7]


def test_two_workers_do_a_days_work_once(engine: Engine, work: Work, clock: MovableClock) -> None:
    user = person(work)
    for each in range(40):
        session_of(work.session, user, NOW - timedelta(days=100 + each))
    work.session.commit()
    counts: list[int] = []
    workers = [
        threading.Thread(
            target=lambda: counts.append(retention.run(engine, clock(), rules=[rule("sessions")])[0].count)
        )
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 80
    assert [each["count"] for each in events(engine, "retention.done")] == [80]


def test_a_rule_that_fails_is_told_and_the_others_go_on(
    engine: Engine, work: Work, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    MADE["limits"](work.session, 0, NOW - timedelta(days=9))
    work.session.commit()
    broken = Rule("broken", "x", "x", "keep_limit_days", Unit.DAYS, sweeps=(Sweep("no_such_table", "x"),))
    done = retention.run(engine, clock(), rules=[broken, rule("limits")])
    assert [(each.failed, each.count) for each in done] == [(True, 0), (False, 1)]
    assert "broken could not be finished" in caplog.text


def test_the_command_says_what_is_due_and_then_does_it(
    engine: Engine,
    work: Work,
    database: URL,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session_of(work.session, person(work), datetime(2020, 1, 1, tzinfo=UTC))
    work.session.commit()
    monkeypatch.setattr(embedded, "database_address", lambda: database)
    for words, arguments, left in (
        ("2 would be deleted", ["retention", "--dry-run"], 2),
        ("2 deleted", ["retention"], 0),
    ):
        monkeypatch.setattr("sys.argv", ["eleven", *arguments])
        assert cli.main() == 0
        assert (
            f"where and when people were signed in: {words} (90 days after signing out)"
            in capsys.readouterr().out
        )
        assert rows_of(engine, "login_session") == left


def test_the_worker_does_it_once_a_day(engine: Engine, work: Work, clock: MovableClock) -> None:
    daily = retention.Daily(engine)
    clock.moment = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
    daily(clock())
    MADE["limits"](work.session, 0, NOW - timedelta(days=9))
    work.session.commit()
    clock.move(minutes=20)
    daily(clock())
    assert rows_of(engine, "rate_limit") == 1
    clock.move(minutes=20)
    daily(clock())
    assert rows_of(engine, "rate_limit") == 0
