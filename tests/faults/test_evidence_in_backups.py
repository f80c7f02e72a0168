"""Files of evidence in backups, from a folder and from object storage (QUALITY 10)."""

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from app.core.access import Work
from app.core.object_storage import Bucket, ObjectStorage
from app.core.recovery import backup, commands, copied_files, restore
from app.core.recovery.archive import RecoveryError
from app.core.settings import settings
from app.core.storage import LocalFolder, Storage
from app.questionnaires.queries import questionnaire
from app.returns import evidence
from tests import builders
from tests.conftest import NOW
from tests.faults.filled import contents, new_database
from tests.faults.scale import figures

pytestmark = [pytest.mark.faults, pytest.mark.files]


@dataclass(frozen=True)
class Uploaded:
    """A store with four files that rows name, and their names there."""

    store: Storage
    plain: str
    signed: str
    removed: str
    infected: str


@pytest.fixture
def upload(work: Work) -> Callable[[Storage], Uploaded]:
    """Return how to upload four files: one stays, one was signed, two are removed or have a virus."""

    def upload(store: Storage) -> Uploaded:
        work.session.execute(text("DELETE FROM evidence_file"))
        place = builders.organisation(work)
        this = builders.return_of(work, builders.open_round(work, [place]), place)
        key = questionnaire(work.session, this.version_id).rated[0].key
        person = builders.as_person(work, place)
        for number in range(4):
            content = f"{number} minutes of a meeting\n".encode() * 9_000
            given = evidence.Upload(f"{number}.txt", io.BytesIO(content), len(content))
            evidence.add(person, this, key, given, evidence.Place(store, scanned=False))
        rows = work.session.execute(text("SELECT id, stored_as FROM evidence_file ORDER BY id")).all()
        gone = "removed_at = uploaded_at, removed_by = uploaded_by"
        for number, change in ((1, f"{gone}, signed_edition = 1"), (2, gone), (3, "scan_state = 'infected'")):
            work.session.execute(
                text(f"UPDATE evidence_file SET {change} WHERE id = :id"), {"id": rows[number][0]}
            )
        work.session.commit()
        store.remove(rows[3][1])
        return Uploaded(store, *(row[1] for row in rows))

    return upload


def test_files_in_object_storage_are_in_the_backup_and_come_back_anywhere(
    upload: Callable[[Storage], Uploaded], database: URL, empty: URL, bucket: Bucket, tmp_path: Path
) -> None:
    store = ObjectStorage(bucket, prefix="before/")
    there = upload(store)
    store.put(io.BytesIO(b"no row names this"))
    made = backup.backup(database, store, str(tmp_path / "b.tar"), now=NOW)
    names = {there.plain, there.signed, there.removed}
    assert {each["name"].rpartition("/")[2] for each in made.manifest.files} == names
    assert made.manifest.missing == []
    again = ObjectStorage(bucket, prefix="after/")
    restore.restore(empty, again, tmp_path / "b.tar")
    same = contents(empty) == contents(database) and {item.name for item in again.items()} == names
    figures("10 files in object storage", files=len(names), wrong=int(not same))
    assert contents(empty) == contents(database)
    assert {item.name for item in again.items()} == names
    assert all(b"".join(again.open(name)) == b"".join(there.store.open(name)) for name in names)


def test_a_backup_of_object_storage_fills_a_folder_and_the_other_way_round(
    upload: Callable[[Storage], Uploaded], server: URL, database: URL, bucket: Bucket, tmp_path: Path
) -> None:
    store = ObjectStorage(bucket, prefix="crossing/")
    there = upload(store)
    folder, back = LocalFolder(tmp_path / "evidence"), ObjectStorage(bucket, prefix="back/")
    backup.backup(database, store, str(tmp_path / "one.tar"), now=NOW)
    with new_database(server) as first, new_database(server) as second:
        restore.restore(first, folder.root, tmp_path / "one.tar")
        backup.backup(first, folder.root, str(tmp_path / "two.tar"), now=NOW)
        restore.restore(second, back, tmp_path / "two.tar")
    assert b"".join(folder.open(there.plain)) == b"".join(back.open(there.plain))


def test_what_is_lost_is_told_and_what_was_taken_away_is_not(
    upload: Callable[[Storage], Uploaded], database: URL, tmp_path: Path
) -> None:
    there = upload(LocalFolder(tmp_path / "evidence"))
    whole = backup.backup(database, tmp_path / "evidence", str(tmp_path / "whole.tar"), now=NOW)
    assert whole.manifest.missing == []
    for name in (there.plain, there.signed, there.removed):
        there.store.remove(name)
    poorer = backup.backup(database, tmp_path / "evidence", str(tmp_path / "poorer.tar"), now=NOW)
    assert poorer.manifest.missing == sorted((there.plain, there.signed))


def test_uploads_and_sweeps_meanwhile_do_not_stop_a_backup(
    upload: Callable[[Storage], Uploaded],
    database: URL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = upload(LocalFolder(tmp_path / "evidence"))
    (tmp_path / "evidence" / "incoming" / ("a" * 32)).write_bytes(b"half")
    listed = copied_files.CopiedFolder._finished

    def swept_then(self: copied_files.CopiedFolder) -> list[Path]:
        found = [*listed(self)]
        there.store.remove(there.removed)
        return found

    monkeypatch.setattr(copied_files.CopiedFolder, "_finished", swept_then)
    made = backup.backup(database, tmp_path / "evidence", str(tmp_path / "b.tar"), now=NOW)
    assert {each["name"].rpartition("/")[2] for each in made.manifest.files} == {there.plain, there.signed}
    assert made.manifest.missing == []


def test_object_storage_that_is_away_stops_the_backup(
    upload: Callable[[Storage], Uploaded],
    database: URL,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = upload(ObjectStorage(bucket))
    monkeypatch.setattr(settings(), "evidence_dir", None)
    for name in ("endpoint", "name", "access_key", "secret_key"):
        monkeypatch.setattr(settings(), f"s3_{name.replace('name', 'bucket')}", getattr(bucket, name))

    def back_up(target: str) -> int:
        asked = argparse.Namespace(target=str(tmp_path / target), recipient=None)
        return commands.run_backup(asked, database, NOW)

    assert back_up("b.tar") == 0
    there.store.remove(there.plain)
    assert back_up("c.tar") == 3
    assert there.plain in capsys.readouterr().err
    monkeypatch.setattr(settings(), "s3_endpoint", "http://127.0.0.1:1")
    assert back_up("d.tar") == 1
    assert "Object storage cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "d.tar").exists()


def test_a_restore_into_object_storage_is_all_or_nothing_and_never_over_files(
    upload: Callable[[Storage], Uploaded],
    database: URL,
    empty: URL,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = upload(LocalFolder(tmp_path / "evidence"))
    backup.backup(database, tmp_path / "evidence", str(tmp_path / "b.tar"), now=NOW)
    target, put = ObjectStorage(bucket, prefix="nothing/"), ObjectStorage.put_as
    stored = []

    def full_at_the_second(self: ObjectStorage, name: str, content: BinaryIO) -> object:
        stored.append(name)
        return put(replace_bucket(self) if len(stored) > 1 else self, name, content)

    def replace_bucket(store: ObjectStorage) -> ObjectStorage:
        return ObjectStorage(replace(store.bucket, name="nowhere"), prefix=store.prefix)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStorage, "put_as", full_at_the_second)
        with pytest.raises(RecoveryError, match="Object storage cannot be used"):
            restore.restore(empty, target, tmp_path / "b.tar")
    assert len(stored) == 2
    assert [*target.items()] == []
    assert contents(empty) == {}
    with monkeypatch.context() as patch:  # the control: what is not thrown away stays behind
        patch.setattr(ObjectStorage, "put_as", full_at_the_second)
        patch.setattr(copied_files._IntoBucket, "throw_away", lambda _self: None)
        stored.clear()
        with pytest.raises(RecoveryError):
            restore.restore(empty, target, tmp_path / "b.tar")
    assert [item.name for item in target.items()] == stored[:1]
    with pytest.raises(RecoveryError, match="not empty"):
        restore.restore(empty, target, tmp_path / "b.tar")
    assert there.plain in {item.name for item in LocalFolder(tmp_path / "evidence").items()}
