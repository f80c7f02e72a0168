"""The restore drill: what was backed up comes back whole, and nothing else ever does (QUALITY 10)."""

import argparse
import gzip
import io
import json
import os
import tarfile
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app import cli
from app.core import archive, backup, copied_tables, restore
from app.core import recovery_commands as commands
from app.core.archive import DamagedError, RecoveryError
from app.core.migrate import alembic_config, migrate
from app.core.settings import settings
from tests.faults.filled import NOW, contents, new_database, run, schema

pytestmark = [pytest.mark.faults, pytest.mark.files]


@pytest.fixture
def empty(server: URL) -> Iterator[URL]:
    """A database without tables."""
    with new_database(server) as address:
        yield address


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with files of evidence, one of them empty, and one that is still being written."""
    place = tmp_path_factory.mktemp("data")
    (place / "evidence" / "ab").mkdir(parents=True)
    (place / "evidence" / "ab" / "abcdef0123").write_bytes(os.urandom(3_000_001))
    (place / "evidence" / "empty").write_bytes(b"")
    (place / "evidence" / "half.part").write_bytes(b"half")
    (place / "postgres").mkdir()
    (place / "postgres" / "PG_VERSION").write_text("18")
    return place


@pytest.fixture(scope="module")
def made(server: URL, filled: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the demo partnership."""
    path = tmp_path_factory.mktemp("backups") / "whole.tar"
    backup.backup(server.set(database=filled), data / "evidence", str(path), now=NOW)
    return path


@pytest.fixture(scope="module")
def small(server: URL, template: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small backup, of which every kind of byte can be spoiled."""
    place = tmp_path_factory.mktemp("small")
    (place / "evidence").mkdir()
    (place / "evidence" / "minutes").write_bytes(b"Minutes of 4 October " * 400)
    with new_database(server, template) as address:
        run(address, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ö', '{NOW}')")
        backup.backup(address, place / "evidence", str(place / "small.tar"), now=NOW)
    return (place / "small.tar").read_bytes()


def files_of(place: Path) -> dict[str, bytes]:
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in (place / "evidence").rglob("*")
        if path.is_file()
    }


def test_every_row_and_every_file_comes_back_and_the_database_works_on(
    server: URL, filled: str, made: Path, data: Path, empty: URL, tmp_path: Path
) -> None:
    source = server.set(database=filled)
    restored = restore.restore(empty, tmp_path / "evidence", made)
    before, after = contents(source), contents(empty)
    assert after == before
    assert sum(1 for rows, _ in before.values() if rows) >= 20
    assert restored.rows == sum(rows for rows, _ in before.values()) - before["alembic_version"][0]
    assert schema(empty) == schema(source)
    command.check(alembic_config(empty))
    kept = files_of(data)
    del kept["evidence/half.part"]
    assert files_of(tmp_path) == kept
    _works_on(empty)


def _works_on(address: URL) -> None:
    """New rows get new ids, and what was signed still cannot change."""
    engine = create_engine(address, connect_args={"options": "-c eleven.scope=system"})
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO user_account (email, name, created_at) VALUES ('new@b.cd', 'New', now())")
        )
    for frozen in ("signed_return", "answer_version", "audit_event"):
        with engine.connect() as connection, pytest.raises(DBAPIError):
            connection.execute(text(f"DELETE FROM {frozen}"))
    engine.dispose()


def test_the_comparison_of_contents_notices_one_changed_letter(server: URL, filled: str) -> None:
    # The control of the drill: its own oracle must not be blind.
    with new_database(server, filled) as copy:
        run(copy, "UPDATE organisation SET name = name || '.' WHERE id = 7")
        before, after = contents(server.set(database=filled)), contents(copy)
    assert {name for name in before if before[name] != after[name]} == {"organisation"}


# --- while people work ----------------------------------------------------------------------------


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
    assert counted(tmp_path / "moment.tar") == (0, 0)


def test_without_one_snapshot_the_same_backup_would_be_torn(
    server: URL, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: table by table without a snapshot, events and mails come from different moments.
    monkeypatch.setattr(backup, "_SNAPSHOT", "SET TRANSACTION READ ONLY")
    with new_database(server, template) as address:
        counted = _event_and_mail_between_tables(address, monkeypatch)
        backup.backup(address, tmp_path / "evidence", str(tmp_path / "torn.tar"), now=NOW)
    events, mails = counted(tmp_path / "torn.tar")
    assert events != mails


def test_a_backup_never_holds_a_table_in_memory(server: URL, filled: str, tmp_path: Path) -> None:
    tracemalloc.start()
    made = backup.backup(server.set(database=filled), tmp_path / "evidence", str(tmp_path / "b.tar"), now=NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    largest = max(len(table["parts"]) for table in made.manifest.tables.values()) * archive.PART_BYTES
    assert largest > 5 * archive.PART_BYTES
    assert peak < 4 * archive.PART_BYTES


# --- damage ---------------------------------------------------------------------------------------


def spoiled(small: bytes, places: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    """Yield the small backup with one bit turned, then with its end cut off or something behind it."""
    for place in sorted(places):
        bad = bytearray(small)
        bad[place] ^= 1 << place % 8
        yield f"bit at {place}", bytes(bad)
    for keep in (0, 1, 64, 511, 512, 5_000, len(small) - 66, len(small) - 65, len(small) - 1):
        yield f"cut after {keep}", small[:keep]
    yield "something behind it", small + b"\n"
    yield "twice", small + small


def not_noticed(small: bytes, tmp_path: Path, places: Iterable[int]) -> list[str]:
    path = tmp_path / "spoiled.tar"
    missed = []
    for what, content in spoiled(small, places):
        path.write_bytes(content)
        try:
            restore.checked(path)
        except DamagedError:
            continue
        missed.append(what)
    return missed


def test_every_turned_bit_and_every_cut_is_noticed(small: bytes, tmp_path: Path) -> None:
    (tmp_path / "good.tar").write_bytes(small)
    restore.checked(tmp_path / "good.tar")
    # Headers, parts and padding, the list of contents, the seal.
    places = {*range(0, len(small), len(small) // 300), *range(300), *range(len(small) - 400, len(small))}
    assert not_noticed(small, tmp_path, places) == []


def test_without_the_seal_some_turned_bits_would_go_unnoticed(
    small: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive._Unsealing, "check_seal", lambda _self: None)
    assert not_noticed(small, tmp_path, range(len(small) - 600, len(small) - 60, 20))


def rewritten(
    small: bytes, change: Callable[[str, bytes], bytes | None], *, renamed: tuple[str, str] = ("", "")
) -> bytes:
    """Return the backup with parts changed, renamed or left out (None), under a seal that fits."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(small[:-65])) as tar,
        tarfile.open(mode="w|", fileobj=out, format=tarfile.PAX_FORMAT) as stream,
    ):
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None
            data = change(entry.name, content.read())
            if data is not None:
                entry.name, entry.size = entry.name.replace(*renamed), len(data)
                stream.addfile(entry, io.BytesIO(data))
    return out.getvalue() + f"{sha256(out.getvalue()).hexdigest()}\n".encode()


def _other_manifest(**changes: Any) -> Callable[[str, bytes], bytes]:
    def change(name: str, data: bytes) -> bytes:
        if name != archive.MANIFEST:
            return data
        return json.dumps({**json.loads(data), **changes}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            lambda name, data: None if "user_account" in name else data,
            "user_account",
            id="a part is missing",
        ),
        pytest.param(
            lambda name, data: gzip.compress(b"") if "user_account" in name else data,
            "user_account",
            id="a part is another",
        ),
        pytest.param(
            lambda name, data: None if name == archive.MANIFEST else data, "list of contents", id="no list"
        ),
        pytest.param(_other_manifest(revision="9999"), "9999", id="a revision of the future"),
        pytest.param(_other_manifest(format=2), "format 2", id="a format of the future"),
        pytest.param(_other_manifest(tables={}), "not listed", id="an empty list"),
    ],
)
def test_a_backup_with_a_fitting_seal_but_other_parts_is_refused(
    small: bytes, tmp_path: Path, empty: URL, change: Callable[[str, bytes], bytes | None], words: str
) -> None:
    path = tmp_path / "other.tar"
    path.write_bytes(rewritten(small, change))
    with pytest.raises(RecoveryError, match=words):
        restore.restore(empty, tmp_path / "data", path)
    assert contents(empty) == {}


def test_a_part_that_would_leave_the_data_directory_is_refused(
    small: bytes, tmp_path: Path, empty: URL
) -> None:
    old, new = "files/evidence/minutes", "files/evidence/../../x"
    path = tmp_path / "odd.tar"
    path.write_bytes(
        rewritten(small, lambda _, data: data.replace(old.encode(), new.encode()), renamed=(old, new))
    )
    with pytest.raises(DamagedError, match="no place for files"):
        restore.restore(empty, tmp_path / "data", path)
    assert not (tmp_path / "x").exists()


# --- into empty only, all or nothing --------------------------------------------------------------


def test_nothing_is_restored_over_tables_or_files(
    server: URL, template: str, made: Path, tmp_path: Path
) -> None:
    with new_database(server, template) as address:
        before = contents(address)
        with pytest.raises(RecoveryError, match="not empty"):
            restore.restore(address, tmp_path / "evidence", made)
        assert contents(address) == before
    with new_database(server) as address:
        (tmp_path / "evidence").mkdir()
        (tmp_path / "evidence" / "theirs").write_text("keep")
        with pytest.raises(RecoveryError, match="not empty"):
            restore.restore(address, tmp_path / "evidence", made)
        assert (tmp_path / "evidence" / "theirs").read_text() == "keep"
        assert contents(address) == {}


@pytest.mark.parametrize("step", ["_compare", "set_sequences", "_put_in_place"])
def test_a_restore_that_fails_leaves_database_and_folder_empty(
    small: bytes, empty: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path, place = tmp_path / "small.tar", tmp_path / "data"
    path.write_bytes(small)

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(restore, step, broken)
        with pytest.raises(OSError, match="No space"):
            restore.restore(empty, place / "evidence", path)
    assert contents(empty) == {}
    assert list(place.rglob("*")) in ([], [place / "evidence"])
    restore.restore(empty, place / "evidence", path)
    assert contents(empty)["user_account"][0] == 1


def test_rows_that_do_not_fit_their_hash_are_not_kept(
    small: bytes, empty: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control of the comparison afterwards: a restore that loses a letter on the way.
    path = tmp_path / "small.tar"
    path.write_bytes(small)
    monkeypatch.setattr(restore, "rows_of", lambda data: archive.rows_of(data).replace("Ö".encode(), b"O"))
    with pytest.raises(RecoveryError, match="user_account is not what the backup holds"):
        restore.restore(empty, tmp_path / "data", path)
    assert contents(empty) == {}


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(
    server: URL, empty: URL, tmp_path: Path
) -> None:
    with new_database(server) as old:
        command.upgrade(alembic_config(old), "0001")
        run(old, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ana', '{NOW}')")
        backup.backup(old, tmp_path / "evidence", str(tmp_path / "old.tar"), now=NOW)
    restored = restore.restore(empty, tmp_path / "data", tmp_path / "old.tar")
    assert restored.revision == "0001"
    command.check(alembic_config(empty))
    assert contents(empty, {"user_account": ["email", "name"]})["user_account"][0] == 1


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


# --- encryption, and who may see every row --------------------------------------------------------


def test_an_encrypted_backup_opens_with_its_key_only(
    server: URL, template: str, empty: URL, tmp_path: Path
) -> None:
    key = pyrage.x25519.Identity.generate()
    path, key_file = tmp_path / "locked.tar.age", tmp_path / "key"
    key_file.write_text(f"# created for a test\n{key}\n")
    with new_database(server, template) as address:
        run(address, f"INSERT INTO user_account (email, name, created_at) VALUES ('a@b.cd', 'Ana', '{NOW}')")
        backup.backup(address, tmp_path / "evidence", str(path), now=NOW, recipient=key.to_public())
    assert path.read_bytes().startswith(b"age-encryption.org/v1")
    assert b"manifest.json" not in path.read_bytes()
    with pytest.raises(RecoveryError, match="--identity"):
        restore.restore(empty, tmp_path / "data", path)
    with pytest.raises(RecoveryError, match="another key"):
        restore.checked(path, pyrage.x25519.Identity.generate())
    restore.restore(empty, tmp_path / "data", path, identity=archive.identity_from(key_file))
    assert contents(empty)["user_account"][0] == 1
    for place in (0, 30, 150, 400, path.stat().st_size // 2, path.stat().st_size - 1):
        bad = bytearray(path.read_bytes())
        bad[place] ^= 1
        (tmp_path / "bad.age").write_bytes(bad)
        with pytest.raises(RecoveryError):
            restore.checked(tmp_path / "bad.age", key)


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


def test_a_file_that_rows_name_and_the_folder_lost_is_told(
    server: URL, template: str, tmp_path: Path
) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "kept").write_bytes(b"Minutes")
    with new_database(server, template) as address:
        run(
            address,
            "DROP TABLE IF EXISTS evidence_file CASCADE",
            "CREATE TABLE evidence_file (stored_as text, sha256 text, removed_at timestamptz)",
            f"INSERT INTO evidence_file VALUES ('kept', '{sha256(b'Minutes').hexdigest()}', NULL), "
            f"('lost', '{sha256(b'Notes').hexdigest()}', NULL), ('removed', 'x', now())",
        )
        made = backup.backup(address, tmp_path / "evidence", str(tmp_path / "b.tar"), now=NOW)
    assert made.manifest.missing == ["lost"]
