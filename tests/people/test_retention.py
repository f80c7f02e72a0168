"""Retention: what is due goes, what is not stays, and nothing of an open round is ever deleted."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlmodel import Session

from app import cli
from app.core import embedded
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.database import build_engine
from app.core.scope import Scope
from app.core.settings import settings
from app.people import keeping, retention, service
from app.people.keeping import Unit
from app.people.retention_rules import RULES, Rule, Sweep
from tests import builders
from tests.conftest import NOW, MovableClock, fresh_database

pytestmark = pytest.mark.access


@pytest.fixture
def database(server: URL, template: str) -> Iterator[URL]:
    """A database for each test: retention looks at all of it."""
    yield from fresh_database(server, template)


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    """The test's connection pool."""
    engine = build_engine(database, scope=Scope.SYSTEM)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> MovableClock:
    """The test's clock."""
    return MovableClock(NOW)


def rule(key: str) -> Rule:
    return next(each for each in RULES if each.key == key)


def number(engine: Engine, query: str, **bound: Any) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query), bound).scalar_one())


def rows_of(engine: Engine, table: str) -> int:
    return number(engine, f'SELECT count(*) FROM "{table}"')


def events(engine: Engine, event: str) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT detail FROM audit_event WHERE event = :event ORDER BY id"), {"event": event}
        )
        return [row[0] for row in found]


def run(engine: Engine, clock: MovableClock, *keys: str) -> dict[str, int]:
    chosen = [each for each in RULES if each.key in keys] if keys else RULES
    done = retention.run(engine, clock(), rules=chosen)
    assert not [each for each in done if each.failed]
    return {each.rule.key: each.count for each in done}


def person(work: Work, address: str = "robin@ashgrove.example.org") -> int:
    return service.ensure_users(work, [(address, "Robin Marsh")])[address]


# --- small rules, each by a row that is due and one that is not -----------------------------------

Made = Callable[[Session, int, datetime], None]
MADE: dict[str, Made] = {}


def made(key: str) -> Callable[[Made], Made]:
    """Keep a function that makes rows which ended at a moment, for a rule."""

    def keep(function: Made) -> Made:
        MADE[key] = function
        return function

    return keep


def put(session: Session, table: str, **values: Any) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f":{name}" for name in values)
    session.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})'), values)


@made("links")
def _link(session: Session, user: int, ended: datetime) -> None:
    put(
        session,
        "sign_in_link",
        user_id=user,
        token_hash=str(ended),
        created_at=ended - timedelta(minutes=10),
        expires_at=ended,
        return_to="/",
        tries=0,
    )
    put(
        session,
        "sign_in_request",
        user_id=user,
        browser_mark=str(ended),
        code_mark="x",
        expires_at=ended,
        return_to="/",
    )


@made("sessions")
def _session(session: Session, user: int, ended: datetime) -> None:
    common = {
        "user_id": user,
        "browser": "Firefox",
        "factor_tries": 0,
        "created_at": ended,
        "last_seen_at": ended,
    }
    put(session, "login_session", token_hash=f"a{ended}", ended_at=ended, expires_at=NOW, **common)
    put(session, "login_session", token_hash=f"b{ended}", ended_at=None, expires_at=ended, **common)


def _mail(session: Session, ended: datetime, kind: str) -> None:
    put(
        session,
        "outbox_message",
        dedupe_key=f"{kind}{ended}",
        kind=kind,
        recipient="robin@ashgrove.example.org",
        subject="Something",
        body="Something more",
        state="sent",
        created_at=ended,
        due_at=ended,
        sent_at=ended,
        attempts=1,
        message_id=f"{kind}{ended}",
    )


@made("readings")
def _reading(session: Session, user: int, ended: datetime) -> None:
    put(
        session,
        "reading",
        at=ended,
        hour=ended,
        user_id=user,
        subject="return",
        subject_id=1,
        what="pages",
    )


@made("sign_in_mails")
def _sign_in_mail(session: Session, _user: int, ended: datetime) -> None:
    _mail(session, ended, "sign-in")


@made("mails")
def _other_mail(session: Session, _user: int, ended: datetime) -> None:
    _mail(session, ended, "receipt")
    round_id = _round(session, ended)
    statement = text('SELECT id, organisation_id FROM "return" WHERE round_id = :round')
    return_id, place = session.execute(statement, {"round": round_id}).one()
    put(
        session,
        "chase_message",
        dedupe_key=str(ended),
        round_id=round_id,
        return_id=return_id,
        organisation_id=place,
        stage_key="now",
        kind="reminder",
        due_on=ended.date(),
        state_then="not_opened",
        address="robin@ashgrove.example.org",
        queued_at=ended,
        settled_at=ended,
        outcome="sent",
        why_not="",
    )


@made("schedules")
def _schedule(session: Session, user: int, ended: datetime) -> None:
    round_id = _round(session, ended)
    put(
        session,
        "chase_plan",
        round_id=round_id,
        send_from=time(8),
        send_until=time(18),
        named_person="Cordelia Fairholme",
        named_address="chair@example.org",
        changed_at=ended,
    )
    put(session, "chase_pause", round_id=round_id, reason="Flood", begun_at=ended, begun_by=user)
    closed = text("UPDATE round SET state = 'closed', closed_at = :at WHERE id = :id")
    session.execute(closed, {"at": ended, "id": round_id})


def _round(session: Session, ended: datetime) -> int:
    manager = Actor(0, "", "", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
    return builders.open_round(Work(session, manager, NOW), [_place(session, str(ended))])


@made("limits")
def _limit(session: Session, _user: int, ended: datetime) -> None:
    put(session, "rate_limit", key=str(ended), ready_at=ended)


@made("imports")
def _import(session: Session, user: int, ended: datetime) -> None:
    for state, applied in (("applied", ended), ("preview", None)):
        put(
            session,
            "register_import",
            kind="contacts",
            file_name="contacts.csv",
            la_code="",
            uploaded_by=user,
            uploaded_at=ended,
            state=state,
            applied_at=applied,
            rows='[{"email": "robin@ashgrove.example.org"}]',
            preview='{"file": {}, "plan": {"new": []}, "applied": {"added": 1}}',
        )


@made("contacts")
def _contact(session: Session, user: int, ended: datetime) -> None:
    place = _place(session, str(ended))
    put(
        session,
        "contact",
        organisation_id=place,
        user_id=user,
        role="dsl",
        telephone="",
        created_at=ended,
        ended_at=ended,
    )
    put(
        session,
        "hand_over",
        organisation_id=place,
        leaver_id=user,
        name="Jo",
        email="jo@example.org",
        note="",
        asked_at=ended,
        state="confirmed",
        decided_at=ended,
        reason="",
    )


@made("heads")
def _head(session: Session, _user: int, ended: datetime) -> None:
    place = _place(session, str(ended))
    session.execute(
        text("UPDATE organisation SET status = 'gone', head_name = 'H', updated_at = :at WHERE id = :id"),
        {"at": ended, "id": place},
    )


@made("actions")
def _action(session: Session, _user: int, ended: datetime) -> None:
    put(
        session,
        "action",
        organisation_id=_place(session, str(ended)),
        source="visit",
        status="closed",
        created_at=ended,
        closed_at=ended,
        **dict.fromkeys(
            ("domain_key", "domain_title", "standard_key", "standard_title", "level", "what", "owner"), ""
        ),
        **dict.fromkeys(("progress", "reminded"), ""),
    )


@made("visits")
def _visit(session: Session, _user: int, ended: datetime) -> None:
    place = _place(session, str(ended))
    put(
        session,
        "visit",
        organisation_id=place,
        state="dropped",
        calibration=False,
        points=0,
        selected_at=ended,
        closed_at=ended,
        **dict.fromkeys(("reasons", "why", "waiver", "highlights", "young_comment", "closed_why"), ""),
    )
    visit = session.execute(text("SELECT max(id) FROM visit")).scalar_one()
    put(
        session,
        "visit_reminder",
        visit_id=visit,
        key="return",
        organisation_id=place,
        queued_at=ended,
    )


def _place(session: Session, name: str) -> int:
    return builders.organisation(Work(session, service.NOBODY, NOW), name)


def due_count(engine: Engine, clock: MovableClock, key: str) -> int:
    with Session(engine) as session:
        return next(each.count for each in retention.due(session, clock(), settings(), [rule(key)]))


@pytest.mark.parametrize("key", sorted({each.key for each in RULES} - {"people", "returns"}))
def test_each_rule_takes_what_is_due_and_nothing_else(
    engine: Engine, work: Work, clock: MovableClock, key: str
) -> None:
    this = rule(key)
    period = this.period(settings())
    cut = keeping.before(period, clock())
    user = person(work)
    for ended in (cut - timedelta(seconds=1), cut, cut + timedelta(days=1)):
        MADE[key](work.session, user, ended)
    work.session.commit()
    one = due_count(engine, clock, key)
    assert one >= 1
    assert run(engine, clock, key) == {key: one}
    assert due_count(engine, clock, key) == 0
    clock.move(days=2)
    assert run(engine, clock, key) == {key: 2 * one}, "the other two are due two days later"
    assert run(engine, clock, key) == {key: 0}
    told = events(engine, "retention.done")
    assert [each["count"] for each in told] == [one, 2 * one]
    assert {each["rule"] for each in told} == {key}


def test_what_is_emptied_leaves_its_skeleton(engine: Engine, work: Work, clock: MovableClock) -> None:
    long_ago = NOW - timedelta(days=900)
    user = person(work)
    for key in ("mails", "sign_in_mails", "imports"):
        MADE[key](work.session, user, long_ago)
    work.session.commit()
    run(engine, clock)
    assert rows_of(engine, "outbox_message") == 2
    assert number(engine, "SELECT count(*) FROM outbox_message WHERE body || subject || recipient <> ''") == 0
    assert number(engine, "SELECT count(*) FROM outbox_message WHERE dedupe_key <> ''") == 2
    assert number(engine, "SELECT count(*) FROM register_import WHERE rows = '[]'") == 2
    assert (
        number(engine, "SELECT count(*) FROM register_import WHERE state = 'discarded' AND preview = '{}'")
        == 1
    )
    assert (
        number(engine, 'SELECT count(*) FROM register_import WHERE preview = \'{"applied": {"added": 1}}\'')
        == 1
    )


def test_a_mail_that_waits_keeps_its_text(engine: Engine, work: Work, clock: MovableClock) -> None:
    _mail(work.session, NOW - timedelta(days=900), "sign-in")
    work.session.execute(text("UPDATE outbox_message SET state = 'waiting', sent_at = NULL"))
    work.session.commit()
    assert sum(run(engine, clock).values()) == 0


# --- people who have left -------------------------------------------------------------------------


def erased_in(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id FROM user_account WHERE email LIKE '%@erased.invalid'"))
        return set(found.scalars())


def test_people_who_left_long_ago_are_erased_and_nobody_else(
    engine: Engine, work: Work, clock: MovableClock
) -> None:
    long_ago, lately = NOW - timedelta(days=800), NOW - timedelta(days=30)
    then = Work(work.session, service.NOBODY, long_ago)
    people = {
        name: service.ensure_users(then, [(f"{name}@example.org", name)])[f"{name}@example.org"]
        for name in ("off", "off-lately", "nowhere", "seen", "contact", "member", "ended-lately")
    }
    place = _place(work.session, "Ashgrove")
    for name, when in (("off", long_ago), ("off-lately", lately)):
        work.session.execute(
            text("UPDATE user_account SET disabled_at = :when WHERE id = :id"),
            {"when": when, "id": people[name]},
        )
    service.grant_membership(
        work, user_id=people["member"], organisation_id=place, role=OrganisationRole.LEAD
    )
    service.grant_membership(work, user_id=people["off"], organisation_id=place, role=OrganisationRole.LEAD)
    for name, ended in (("contact", None), ("ended-lately", lately)):
        put(
            work.session,
            "contact",
            organisation_id=place,
            user_id=people[name],
            role="dsl",
            telephone="",
            created_at=long_ago,
            ended_at=ended,
        )
    _session(work.session, people["seen"], lately)
    work.session.commit()
    assert run(engine, clock, "people") == {"people": 2}
    assert erased_in(engine) == {people["off"], people["nowhere"]}
    clock.move(days=1)
    assert run(engine, clock, "people") == {"people": 0}, "nobody is erased twice"


# --- once a day -----------------------------------------------------------------------------------


def test_a_batch_at_a_time_and_one_event_for_the_day(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = person(work)
    for each in range(25):
        _session(work.session, user, NOW - timedelta(days=100 + each))
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
        _session(work.session, user, NOW - timedelta(days=100 + each))
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
        _session(work.session, user, NOW - timedelta(days=100 + each))
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
    _session(work.session, person(work), datetime(2020, 1, 1, tzinfo=UTC))
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
