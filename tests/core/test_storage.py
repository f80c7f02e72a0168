"""The local folder for files: wholly or not at all, whatever happens in the middle."""

import errno
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from app.core.storage import FileGoneError, Kept, LocalFolder, Storage, StorageError

pytestmark = [pytest.mark.files, pytest.mark.faults]
ROOT = Path(__file__).resolve().parent.parent.parent
CONTENT = bytes(range(256)) * 1_000
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def everything_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_put_comes_out_again(tmp_path: Path) -> None:
    store: Storage = LocalFolder(tmp_path / "files")
    kept = store.put(io.BytesIO(CONTENT))
    assert (kept.size, kept.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert b"".join(store.open(kept.name)) == CONTENT
    assert store.exists(kept.name)
    assert [item.name for item in store.items()] == [kept.name]
    store.remove(kept.name)
    store.remove(kept.name)
    assert not store.exists(kept.name)
    with pytest.raises(FileGoneError):
        store.open(kept.name)


def test_names_are_random_and_the_same_content_is_two_files(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    names = {store.put(io.BytesIO(b"same")).name for _ in range(50)}
    assert len(names) == 50
    assert all(len(name) == 32 for name in names)


def test_files_are_for_the_program_s_own_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = LocalFolder(tmp_path / "files")
        store.put(io.BytesIO(b"secret"))
    finally:
        os.umask(before)
    for path in (tmp_path / "files").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.parent == tmp_path, path


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "", "/etc/passwd", "a" * 31, "A" * 32, "0" * 32 + "/.."]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileGoneError):
        LocalFolder(tmp_path).open(name)


class FullDisk(LocalFolder):
    """A folder on a disk that is full after some bytes."""

    def __init__(self, root: Path, room: int) -> None:
        super().__init__(root)
        self.room = room

    def _write(self, out: BinaryIO, chunk: bytes) -> None:
        if len(chunk) > self.room:
            out.write(chunk[: self.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(chunk)
        super()._write(out, chunk)


class CarelessFullDisk(FullDisk):
    """The control: a variant that writes straight to the final name."""

    def put(self, content: BinaryIO) -> Kept:
        """Write without a temporary file."""
        (self.root / "00").mkdir(parents=True)
        with (self.root / "00" / ("0" * 32)).open("wb") as out:
            while chunk := content.read(65_536):
                self._write(out, chunk)
        raise AssertionError("the disk was full")


@pytest.mark.parametrize("room", [0, 1, 65_536, 200_000])
def test_a_full_disk_leaves_nothing_half(tmp_path: Path, room: int) -> None:
    store = FullDisk(tmp_path, room)
    with pytest.raises(StorageError) as caught:
        store.put(io.BytesIO(CONTENT))
    assert caught.value.errno == errno.ENOSPC
    assert everything_in(tmp_path) == []
    store.room = len(CONTENT)
    assert store.exists(store.put(io.BytesIO(CONTENT)).name)  # and it goes on when there is room again


def test_a_careless_store_would_leave_half_a_file(tmp_path: Path) -> None:
    store = CarelessFullDisk(tmp_path, 65_536)
    with pytest.raises(OSError, match="No space"):
        store.put(io.BytesIO(CONTENT))
    assert [item.name for item in store.items()] == ["0" * 32]


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    with pytest.raises(StorageError):
        LocalFolder(tmp_path / "file").put(io.BytesIO(CONTENT))


SLOW_UPLOAD = """
import io, sys, time
from pathlib import Path
from app.core.storage import LocalFolder

class Slow(io.BytesIO):
    def read(self, size=-1):
        sys.stdout.write("read\\n"); sys.stdout.flush(); time.sleep(0.05)
        return super().read(size)

LocalFolder(Path(sys.argv[1])).put(Slow(bytes(10_000_000)))
"""


def test_a_killed_upload_is_never_a_file_and_is_swept_up(tmp_path: Path) -> None:
    """The process is killed with SIGKILL at five moments in the middle of writing."""
    for reads in (1, 2, 5, 20, 60):
        child = subprocess.Popen(
            [sys.executable, "-c", SLOW_UPLOAD, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        with child.stdout:
            for _ in range(reads):
                child.stdout.readline()
            child.send_signal(signal.SIGKILL)
        child.wait(10)
    store = LocalFolder(tmp_path)
    assert list(store.items()) == []
    left = everything_in(tmp_path)
    assert left
    assert store.discard_unfinished(datetime.now(UTC) - timedelta(hours=1)) == 0  # somebody may still upload
    assert store.discard_unfinished(TOMORROW) == len(left)
    assert everything_in(tmp_path) == []


def test_a_file_knows_when_it_was_put_there(tmp_path: Path) -> None:
    store = LocalFolder(tmp_path)
    store.put(io.BytesIO(b"x"))
    (item,) = store.items()
    assert abs(item.stored_at.timestamp() - time.time()) < 60
