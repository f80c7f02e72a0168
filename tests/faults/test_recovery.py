"""Restoring: what was backed up comes back whole, into an empty place only (QUALITY 10)."""

import os
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app.core.migrate import alembic_config
from app.core.recovery import archive, backup, restore
from app.core.recovery.archive import RecoveryError
from tests.conftest import NOW
from tests.faults.filled import contents, new_database, run, schema
from tests.faults.scale import figures

pytestmark = [pytest.mark.faults, pytest.mark.files]


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
    figures(
        "10 backup and restore",
        rows=restored.rows,
        tables=sum(1 for rows, _ in before.values() if rows),
        files=len(files_of(tmp_path)),
        wrong=sum(before[name] != after.get(name) for name in before),
    )
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
    changed = {name for name in before if before[name] != after[name]}
    figures("10 control: one letter changed", noticed=len(changed))
    assert changed == {"organisation"}


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


@pytest.mark.parametrize(
    "step", ["restore._compare", "restore.set_sequences", "copied_files._IntoFolder.put_in_place"]
)
def test_a_restore_that_fails_leaves_database_and_folder_empty(
    small: bytes, empty: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path, place = tmp_path / "small.tar", tmp_path / "data"
    path.write_bytes(small)

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"app.core.recovery.{step}", broken)
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
