"""Making a backup: one moment, all of it, seen whole by whoever makes it (QUALITY 10)."""

import argparse
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from app import cli
from app.core.migrate import migrate
from app.core.recovery import archive, backup, commands, copied_tables, restore
from app.core.recovery.archive import RecoveryError
from app.core.settings import settings
from tests.conftest import NOW
from tests.faults.filled import contents, new_database, run
from tests.faults.scale import figures

pytestmark = [pytest.mark.faults, pytest.mark.files]


def _event_and_mail_between_tables(
    address: URL, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], tuple[int, int]]:
    """Let somebody commit an event and its mail after each table that is copied; return how to count both."""
    copied = backup._add_table

    def interrupted(writer: Any, driver: Any, table: Any) -> dict[str, Any]:
        found = copied(writer, driver, table)
        engine = create_engine(address, connect_args={"options": "-c eleven.scope=system"})
        with engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO audit_event (at, actor_name, event, subject, subject_id, detail) "
                    "VALUES (now(), 'Robin', 'drill.pair', 'drill', 1, '{}')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO outbox_message (dedupe_key, kind, recipient, subject, body, state, "
                    "created_at, due_at, attempts, message_id) VALUES (:key, 'drill', 'a@b.cd', 'Pair', '', "
                    "'waiting', now(), now(), 0, :key)"
                ),
                {"key": f"drill-{table.name}"},
            )
        engine.dispose()
        return found

    monkeypatch.setattr(backup, "_add_table", interrupted)

    def counted(path: Path) -> tuple[int, int]:
        with archive.opened(path, None) as source:
            rows = {
                name: archive.rows_of(content.read())
                for name, content in archive.each_member(source)
                if name.startswith("tables/")
            }
        joined = {
            kind: b"".join(data for name, data in rows.items() if f"/{kind}/" in name)
            for kind in ("audit_event", "outbox_message")
        }
        return joined["audit_event"].count(b"drill.pair"), joined["outbox_message"].count(b"Pair")

    return counted


def test_a_backup_taken_while_people_work_is_one_moment(
    server: URL, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_database(server, template) as address:
        counted = _event_and_mail_between_tables(address, monkeypatch)
        backup.backup(address, tmp_path / "evidence", str(tmp_path / "moment.tar"), now=NOW)
    found = counted(tmp_path / "moment.tar")
    figures("10 backup while people work", backups=1, wrong=sum(found))
    assert found == (0, 0)


def test_without_one_snapshot_the_same_backup_would_be_torn(
    server: URL, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: table by table without a snapshot, events and mails come from different moments.
    monkeypatch.setattr(backup, "_SNAPSHOT", "SET TRANSACTION READ ONLY")
    with new_database(server, template) as address:
        counted = _event_and_mail_between_tables(address, monkeypatch)
        backup.backup(address, tmp_path / "evidence", str(tmp_path / "torn.tar"), now=NOW)
    events, mails = counted(tmp_path / "torn.tar")
    figures("10 control: no snapshot", noticed=abs(events - mails))
    assert events != mails


def test_a_backup_never_holds_a_table_in_memory(server: URL, filled: str, tmp_path: Path) -> None:
    tracemalloc.start()
    made = backup.backup(server.set(database=filled), tmp_path / "evidence", str(tmp_path / "b.tar"), now=NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    largest = max(len(table["parts"]) for table in made.manifest.tables.values()) * archive.PART_BYTES
    assert largest > 5 * archive.PART_BYTES
    assert peak < 4 * archive.PART_BYTES


def test_a_target_is_written_whole_or_not_at_all_and_never_over_another(
    server: URL, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_database(server, template) as address:
        made = backup.backup(address, tmp_path / "evidence", str(tmp_path), now=NOW)
        assert made.path == tmp_path / "eleven-2026-11-16T103000Z.tar"
        assert made.path.stat().st_mode & 0o077 == 0
        with pytest.raises(RecoveryError, match="there already"):
            backup.backup(address, tmp_path / "evidence", str(tmp_path), now=NOW)

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(RecoveryError, match="No space left"):
            backup.backup(address, tmp_path / "evidence", str(tmp_path / "full.tar"), now=NOW)
    assert [path.name for path in tmp_path.iterdir()] == [made.path.name]


@pytest.fixture
def plain_owner(server: URL) -> Iterator[tuple[URL, URL]]:
    """Two databases of an owner who is no superuser, as in production."""
    name = f"keeper_{os.getpid()}_{threading.get_ident() % 10_000}"
    run(server, f'CREATE ROLE "{name}" LOGIN CREATEROLE')
    with new_database(server) as one, new_database(server) as two:
        for address in (one, two):
            run(server, f'ALTER DATABASE "{address.database}" OWNER TO "{name}"')
            run(address, f'ALTER SCHEMA public OWNER TO "{name}"')
        yield one.set(username=name), two.set(username=name)
    run(server, f'DROP ROLE "{name}"')


_KEEP_APART = """
ALTER TABLE user_account ENABLE ROW LEVEL SECURITY; ALTER TABLE user_account FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON user_account USING ((SELECT current_setting('eleven.scope', true) IN ('system')))
"""


def test_row_level_security_hides_nothing_from_a_backup(
    plain_owner: tuple[URL, URL], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = plain_owner
    migrate(source)
    run(source, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ana', '{NOW}')")
    run(source, *_KEEP_APART.split(";"))
    backup.backup(source, tmp_path, str(tmp_path / "all.tar"), now=NOW)
    restored = restore.restore(target, tmp_path / "data", tmp_path / "all.tar")
    assert restored.tables["user_account"]["rows"] == 1
    assert contents(target)["user_account"][0] == 1
    # The control: in any other scope the row would be missing, without a word from the database.
    monkeypatch.setattr(copied_tables, "_OPTIONS", "-c eleven.scope=organisation")
    blind = backup.backup(source, tmp_path, str(tmp_path / "blind.tar"), now=NOW)
    assert blind.manifest.tables["user_account"]["rows"] == 0


def test_a_policy_that_knows_no_scope_stops_the_backup(plain_owner: tuple[URL, URL], tmp_path: Path) -> None:
    source, _ = plain_owner
    migrate(source)
    run(source, *_KEEP_APART.replace("eleven.scope", "other.scope").split(";"))
    with pytest.raises(RecoveryError, match="user_account"):
        backup.backup(source, tmp_path, str(tmp_path / "blind.tar"), now=NOW)
    assert list(tmp_path.iterdir()) == []


def test_the_database_user_of_the_tests_is_heard_at_all(plain_owner: tuple[URL, URL]) -> None:
    source, _ = plain_owner
    with psycopg.connect(
        source.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False,)


# --- the commands ---------------------------------------------------------------------------------


def _command(*words: str) -> argparse.Namespace:
    return cli.parser().parse_args(words)


def test_the_commands_say_what_they_did_and_what_is_missing(
    server: URL,
    template: str,
    empty: URL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(settings(), "evidence_dir", tmp_path / "data" / "evidence")
    target, key = tmp_path / "b.tar.age", pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    made = _command("backup", str(target), "--recipient", str(key.to_public()))
    with new_database(server, template) as address:
        assert commands.run_backup(made, address, NOW) == 0
        assert "tables" in capsys.readouterr().err
        assert commands.run_backup(made, address, NOW) == 1
        assert "there already" in capsys.readouterr().err
        wrong = _command("backup", str(tmp_path / "x"), "--recipient", "no key")
        assert commands.run_backup(wrong, address, NOW) == 1
        monkeypatch.setattr(backup, "_missing", lambda *_: ["0123"])
        assert commands.run_backup(_command("backup", str(tmp_path / "m.tar")), address, NOW) == 3
        assert "0123" in capsys.readouterr().err
    assert commands.run_restore(_command("restore", str(target), "--check"), None) == 1
    identity = ("--identity", str(tmp_path / "key"))
    assert commands.run_restore(_command("restore", str(target), "--check", *identity), None) == 0
    assert commands.run_restore(_command("restore", str(target), *identity), empty) == 0
    assert commands.run_restore(_command("restore", str(target), *identity), empty) == 1
    assert "not empty" in capsys.readouterr().err
    assert commands.run_restore(_command("restore", str(tmp_path / "none")), empty) == 1
