"""The trail in the database: sealing, and every attack that somebody with the owner's rights can make."""

import threading
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.core import audit, audit_commands, audit_sealing
from app.core.access import Actor, Work
from app.core.audit_chain import EventText, Head, Link, Walk, link_hash, sealed
from app.core.audit_sealing import Sealer, end_of_chain, seal, verify
from tests.conftest import NOW, MovableClock

pytestmark = pytest.mark.access

NOBODY = Actor(0, "Eleven", "")
FROZEN = ("questionnaire_version", "signed_return", "audit_event", "answer_version", "audit_seal")


@pytest.fixture
def owner(database: URL) -> Iterator[Engine]:
    """Somebody with every right in the database."""
    engine = create_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def _ten_events(owner: Engine, engine: Engine, clock: MovableClock) -> None:
    """Begin each test with a trail of ten events, sealed."""
    clock.moment = NOW
    with owner.begin() as connection:
        without_triggers(connection)
        for table in ("audit_seal", "audit_event"):
            connection.execute(text(f"DELETE FROM {table}"))
        connection.execute(text("ALTER SEQUENCE audit_event_id_seq RESTART"))
    write(engine, clock, 10)
    assert seal(engine, clock()) == 10


def write(engine: Engine, clock: MovableClock, count: int) -> None:
    with Session(engine) as session:
        work = Work(session, NOBODY, clock())
        audit.record_many(
            work, [audit.Event("return.opened", ("return", each), each, {"n": each}) for each in range(count)]
        )
        session.commit()


def without_triggers(connection: Connection) -> None:
    connection.execute(text("SET LOCAL session_replication_role = replica"))


def attack(owner: Engine, *statements: str) -> None:
    with owner.begin() as connection:
        without_triggers(connection)
        for statement in statements:
            assert connection.execute(text(statement)).rowcount, statement


def found(engine: Engine, *kept: Head) -> str:
    problem, _, _ = verify(engine, kept)
    return problem.sentence if problem else ""


def head(engine: Engine) -> Head:
    with engine.connect() as connection:
        return end_of_chain(connection)


# --- append-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", FROZEN)
def test_what_is_frozen_refuses_to_be_emptied(engine: Engine, owner: Engine, table: str) -> None:
    for each in (engine, owner):
        with each.connect() as connection, pytest.raises(Exception, match=r"append-only|permission denied"):
            connection.execute(text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("table", ["audit_event", "audit_seal"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_events_and_links_refuse_changes(owner: Engine, table: str, change: str) -> None:
    column = "event" if table == "audit_event" else "hash"
    with owner.connect() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(change.format(table, column)))


def test_control_without_the_triggers_the_same_changes_go_through(owner: Engine) -> None:
    attack(owner, "UPDATE audit_event SET event = event", "DELETE FROM audit_seal")


# --- sealing --------------------------------------------------------------------------------------


def test_a_whole_trail_is_whole(engine: Engine) -> None:
    problem, end, waiting = verify(engine, (head(engine),))
    assert (problem, end.position, waiting) == (None, 10, 0)


def test_an_event_that_is_committed_late_is_sealed_when_it_is_seen(
    engine: Engine, clock: MovableClock
) -> None:
    with Session(engine) as slow:
        audit.record(Work(slow, NOBODY, clock()), "return.opened", ("return", 77))
        write(engine, clock, 2)
        assert seal(engine, clock()) == 2
        slow.commit()
    assert seal(engine, clock(), everything=False) == 1
    with engine.connect() as connection:
        order = connection.execute(text("SELECT event_id FROM audit_seal ORDER BY position")).scalars().all()
    assert order[-3:] == [12, 13, 11]
    assert found(engine) == ""


def test_the_worker_looks_near_the_end_and_now_and_then_at_everything(
    engine: Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_sealing, "NEAR", 5)
    sealer = Sealer(engine)
    assert sealer(clock()) == 0
    clock.move(seconds=2)
    with Session(engine) as slow:
        audit.record(Work(slow, NOBODY, clock()), "return.opened", ("return", 77))
        write(engine, clock, 20)
        assert sealer(clock()) == 20
        slow.commit()
    assert sealer(clock()) == 0, "too far from the end for a quick look"
    clock.move(minutes=10)
    assert sealer(clock()) == 1
    assert found(engine) == ""


def test_sealing_goes_on_in_batches(
    engine: Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_sealing, "BATCH", 7)
    write(engine, clock, 40)
    assert seal(engine, clock()) == 40
    with engine.connect() as connection:
        walk = Walk()
        assert [walk.step(link) for link in audit_sealing.links(connection, 7)] == [None] * 50


def test_sealers_at_once_seal_each_event_once(engine: Engine, clock: MovableClock) -> None:
    write(engine, clock, 300)
    counts: list[int] = []

    def run(*, wait: bool) -> None:
        counts.append(seal(engine, clock(), wait=wait))

    threads = [threading.Thread(target=run, kwargs={"wait": number % 2 == 0}) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 300
    assert found(engine) == ""


def test_control_without_the_lock_sealers_stand_in_each_others_way(
    engine: Engine, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = threading.Barrier(2, timeout=10)

    def both_at_once(_connection: Connection, *, wait: bool) -> bool:
        assert wait
        return True

    def together(events: Iterable[EventText], end: Head, sealed_at: str) -> Iterator[Link]:
        met.wait()  # both have read the chain's end, and what waits
        return sealed(events, end, sealed_at)

    monkeypatch.setattr(audit_sealing, "_alone", both_at_once)
    monkeypatch.setattr(audit_sealing, "sealed", together)
    write(engine, clock, 5)
    failed: list[Exception] = []

    def run() -> None:
        try:
            seal(engine, clock())
        except IntegrityError as problem:
            failed.append(problem)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1


# --- attacks --------------------------------------------------------------------------------------

EDITS = {
    "id": "id + 100000",
    "at": "at + interval '1 microsecond'",
    "actor_id": "4",
    "actor_name": "'Somebody else'",
    "event": "'return.signed'",
    "subject": "'round'",
    "subject_id": "subject_id + 1",
    "organisation_id": "NULL",
    "detail": "'{\"n\": 4.0}'",
}


@pytest.mark.parametrize("column", sorted(EDITS))
def test_an_edit_of_any_column_is_found(engine: Engine, owner: Engine, column: str) -> None:
    attack(owner, f"UPDATE audit_event SET {column} = {EDITS[column]} WHERE id = 5")
    words = "is missing" if column == "id" else "is not the one that was sealed"
    assert found(engine).startswith(f"At position 5 the event {words}")


def test_a_moment_beyond_every_calendar_is_an_edit_like_others(engine: Engine, owner: Engine) -> None:
    attack(owner, "UPDATE audit_event SET at = 'infinity' WHERE id = 5")
    assert "At position 5" in found(engine)


def test_control_a_verifier_that_does_not_read_the_events_misses_an_edit(
    owner: Engine, engine: Engine
) -> None:
    attack(owner, "UPDATE audit_event SET actor_name = 'Somebody else' WHERE id = 5")
    with engine.connect() as connection:
        links = list(audit_sealing.links(connection))
    assert all(link.previous == before.hash for before, link in pairwise(links))


def test_a_deleted_event_is_found(engine: Engine, owner: Engine) -> None:
    attack(owner, "DELETE FROM audit_event WHERE id = 5")
    assert found(engine).startswith("At position 5 the event is missing: event 5 was deleted")


def test_a_deleted_event_with_its_link_is_found(engine: Engine, owner: Engine) -> None:
    attack(owner, "DELETE FROM audit_event WHERE id = 5", "DELETE FROM audit_seal WHERE position = 5")
    assert found(engine).startswith("At position 5 the chain is broken: the link is missing")


def test_closing_the_gap_does_not_hide_it(engine: Engine, owner: Engine) -> None:
    attack(
        owner,
        "DELETE FROM audit_event WHERE id = 5",
        "DELETE FROM audit_seal WHERE position = 5",
        "UPDATE audit_seal SET position = -position WHERE position > 5",
        "UPDATE audit_seal SET position = -position - 1 WHERE position < 0",
    )
    assert found(engine).startswith("At position 5 the chain is broken: the link does not follow")


def test_control_a_verifier_that_looks_at_events_alone_misses_a_deletion(
    engine: Engine, owner: Engine
) -> None:
    attack(owner, "DELETE FROM audit_event WHERE id = 5", "DELETE FROM audit_seal WHERE position = 5")
    with engine.connect() as connection:
        links = list(audit_sealing.links(connection))
    assert all(each.event and own_hash(each) == each.hash for each in links)


def own_hash(link: Link) -> str:
    event: EventText | None = link.event
    assert event is not None
    return link_hash(link.position, link.sealed_at, link.previous, event)


def test_events_that_change_places_are_found(engine: Engine, owner: Engine) -> None:
    attack(
        owner,
        "UPDATE audit_event SET id = -1 WHERE id = 4",
        "UPDATE audit_event SET id = 4 WHERE id = 7",
        "UPDATE audit_event SET id = 7 WHERE id = -1",
    )
    assert found(engine).startswith("At position 4 the event is not the one that was sealed")


def test_links_that_change_places_are_found(engine: Engine, owner: Engine) -> None:
    attack(
        owner,
        "UPDATE audit_seal SET position = -1 WHERE position = 4",
        "UPDATE audit_seal SET position = 4 WHERE position = 7",
        "UPDATE audit_seal SET position = 7 WHERE position = -1",
    )
    assert found(engine).startswith("At position 4 the chain is broken: the link does not follow")


def test_control_a_verifier_that_only_counts_misses_a_swap(engine: Engine, owner: Engine) -> None:
    before = counted(owner)
    test_events_that_change_places_are_found(engine, owner)
    assert counted(owner) == before


def counted(owner: Engine) -> tuple[int, ...]:
    with owner.connect() as connection:
        counts = "SELECT count(*), count(DISTINCT s.event_id), max(s.position) FROM audit_seal AS s JOIN audit_event AS e ON e.id = s.event_id"  # fmt: skip # noqa: E501
        return tuple(connection.execute(text(counts)).one())


def test_an_event_that_is_put_into_the_chain_is_found(engine: Engine, owner: Engine) -> None:
    attack(
        owner,
        "INSERT INTO audit_event SELECT 999, at, actor_id, actor_name, event, subject, subject_id, "
        "organisation_id, detail FROM audit_event WHERE id = 5",
        "UPDATE audit_seal SET position = -position WHERE position > 5",
        "UPDATE audit_seal SET position = 1 - position WHERE position < 0",
        "INSERT INTO audit_seal SELECT 6, 999, sealed_at, hash, repeat('a', 64) FROM audit_seal "
        "WHERE position = 5",
    )
    assert found(engine).startswith("At position 6 the event is not the one that was sealed")


def test_an_event_that_is_put_in_with_an_old_date_is_found(
    engine: Engine, owner: Engine, clock: MovableClock
) -> None:
    clock.move(hours=5)
    write(engine, clock, 1)
    seal(engine, clock())
    attack(
        owner,
        "INSERT INTO audit_event SELECT 999, at + interval '1 hour', actor_id, actor_name, event, subject, "
        "subject_id, organisation_id, detail FROM audit_event WHERE id = 5",
    )
    assert seal(engine, clock() + timedelta(seconds=2)) == 1
    assert found(engine).startswith("At position 12 an event was put in afterwards: event 999 says")


def test_a_tail_that_is_cut_off_is_found_against_a_kept_head(engine: Engine, owner: Engine) -> None:
    kept = head(engine)
    attack(owner, "DELETE FROM audit_event WHERE id > 8", "DELETE FROM audit_seal WHERE position > 8")
    assert found(engine) == "", "the control: a verifier without the head misses it"
    assert found(engine, kept).startswith("From position 9 the end of the trail is cut off")


def test_a_tail_that_grew_again_is_found_against_a_kept_head(
    engine: Engine, owner: Engine, clock: MovableClock
) -> None:
    kept = head(engine)
    attack(owner, "DELETE FROM audit_event WHERE id > 8", "DELETE FROM audit_seal WHERE position > 8")
    write(engine, clock, 5)
    seal(engine, clock())
    assert found(engine) == "", "the control: a verifier without the head misses it"
    assert found(engine, kept).startswith("At position 10 the trail is another than the one whose head")


def test_a_tail_without_its_links_is_found_against_a_kept_head(
    engine: Engine, owner: Engine, clock: MovableClock
) -> None:
    kept = head(engine)
    attack(
        owner, "DELETE FROM audit_seal WHERE position > 8", "UPDATE audit_event SET event = 'x' WHERE id = 9"
    )
    clock.move(seconds=3)
    seal(engine, clock())
    assert found(engine) == ""
    assert "it was written anew" in found(engine, kept)


def test_a_chain_that_was_hashed_anew_is_found_against_a_kept_head(
    engine: Engine, owner: Engine, clock: MovableClock
) -> None:
    kept = head(engine)
    attack(owner, "DELETE FROM audit_seal", "UPDATE audit_event SET actor_name = 'x' WHERE id = 5")
    clock.move(seconds=3)
    assert seal(engine, clock()) == 10
    assert found(engine) == "", "the control: whoever writes all hashes anew needs a head to be found"
    assert found(engine, kept).startswith("At position 10 the trail is another")


# --- the command ----------------------------------------------------------------------------------


def command(engine: Engine, clock: MovableClock, what: str, *heads: Path) -> int:
    return audit_commands.run(Namespace(what=what, head=[str(each) for each in heads]), engine, clock)


def test_the_command_seals_says_the_head_and_verifies(
    engine: Engine, clock: MovableClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(engine, clock, 3)
    assert command(engine, clock, "seal") == 0
    assert "3 events were sealed" in capsys.readouterr().out
    write(engine, clock, 1)
    assert command(engine, clock, "head") == 0
    kept = tmp_path / "head.json"
    kept.write_text(capsys.readouterr().out)
    assert command(engine, clock, "verify", kept) == 0
    told = capsys.readouterr().out
    assert "whole: 14 events from the first to the last, and holds the head that was kept" in told
    assert command(engine, clock, "verify") == 0
    assert "No kept head was given" in capsys.readouterr().out


def test_the_command_tells_the_first_bad_place(
    engine: Engine,
    owner: Engine,
    clock: MovableClock,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    attack(owner, "UPDATE audit_event SET actor_name = 'x' WHERE id IN (6, 3)")
    assert command(engine, clock, "verify") == 1
    assert "The audit trail is not whole. At position 3 the event" in capsys.readouterr().out
    damaged = tmp_path / "head.json"
    damaged.write_text("{}")
    assert command(engine, clock, "verify", damaged) == 2
    assert command(engine, clock, "verify", tmp_path / "none.json") == 2
    assert "eleven audit head" in capsys.readouterr().err
