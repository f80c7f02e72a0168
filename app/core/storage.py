"""Where files that people give us are kept: one small interface, a local folder or object storage behind it.

What is stored never changes and has a random name that says nothing; the database knows whose it is.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self

CHUNK: Final = 1 << 16
_NAME: Final = re.compile(r"[0-9a-f]{32}")


class StorageError(OSError):
    """The store cannot take or give a file just now: full, away, or not set up. Nothing half is left."""


class FileGoneError(StorageError):
    """The store answers, and does not hold the file."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored file: its random name, its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Item:
    """A file found in the store, and when it was put there."""

    name: str
    stored_at: datetime


class Opened:
    """A stored file's content in pieces, once; it closes itself at the end, or where it is closed before."""

    def __init__(self, content: Iterator[bytes], close: Callable[[], object]) -> None:
        self._content = content
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        with self:
            yield from self._content

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Storage(Protocol):
    """A place for files. Every method raises StorageError while the place cannot be used."""

    def put(self, content: BinaryIO) -> Kept:
        """Store all of a readable, seekable file under a new random name: wholly or not at all."""

    def open(self, name: str) -> Opened:
        """Return a file's content in pieces; raises FileGoneError at once when it is not there."""

    def remove(self, name: str) -> None:
        """Delete a file; one that is not there is no error."""

    def exists(self, name: str) -> bool:
        """Say whether a file is there."""

    def items(self) -> Iterator[Item]:
        """Yield every stored file, for the sweep that removes what no row of the database names."""

    def discard_unfinished(self, before: datetime) -> int:
        """Delete what uploads that were killed left behind before a moment, and return how many."""


def new_name() -> str:
    """Return a name that nobody can guess and that says nothing."""
    return secrets.token_hex(16)


def checked(name: str) -> str:
    """Return a stored name as it is; anything that we did not make up raises FileGoneError."""
    if not _NAME.fullmatch(name):
        raise FileGoneError("no stored file has such a name")
    return name


def pieces(content: BinaryIO) -> Iterator[bytes]:
    """Yield a file in pieces, from where it stands."""
    while chunk := content.read(CHUNK):
        yield chunk


class LocalFolder:
    """Files in a folder that no web server serves: readable by the program's own user only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.incoming = root / "incoming"

    def put(self, content: BinaryIO) -> Kept:
        """Write to a temporary file, flush it to disk, and give it its name in one step."""
        name, digest, size = new_name(), hashlib.sha256(), 0
        half = self.incoming / name
        try:
            self._make(self.incoming)
            with open(half, "xb", opener=_private) as out:
                content.seek(0)
                for chunk in pieces(content):
                    self._write(out, chunk)
                    digest.update(chunk)
                    size += len(chunk)
                out.flush()
                os.fsync(out.fileno())
            final = self._path(name)
            self._make(final.parent)
            half.rename(final)
            _sync_folder(final.parent)
        except OSError as problem:
            with suppress(OSError):
                half.unlink(missing_ok=True)
            raise StorageError(problem.errno, "the folder for files cannot be written") from problem
        return Kept(name, size, digest.hexdigest())

    def _write(self, out: BinaryIO, chunk: bytes) -> None:
        out.write(chunk)

    def open(self, name: str) -> Opened:
        """Return a file's content in pieces."""
        path = self._path(name)
        try:
            content = path.open("rb")
        except FileNotFoundError as problem:
            raise FileGoneError("the file is not in the folder") from problem
        except OSError as problem:
            raise StorageError(problem.errno, "the folder for files cannot be read") from problem
        return Opened(pieces(content), content.close)

    def remove(self, name: str) -> None:
        """Delete a file."""
        path = self._path(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise StorageError(problem.errno, "the file cannot be deleted") from problem

    def exists(self, name: str) -> bool:
        """Say whether a file is there."""
        return self._path(name).is_file()

    def items(self) -> Iterator[Item]:
        """Yield every stored file."""
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):
                yield Item(path.name, _changed_at(path))

    def discard_unfinished(self, before: datetime) -> int:
        """Delete half-written files of uploads that ended without ending well."""
        count = 0
        for path in self.incoming.glob("*"):
            with suppress(FileNotFoundError):
                if _changed_at(path) < before:
                    path.unlink()
                    count += 1
        return count

    def _path(self, name: str) -> Path:
        return self.root / checked(name)[:2] / name

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A folder whose entry is lost in a power cut takes its files with it.
        for parent in (folder.parent, self.root.parent):
            _sync_folder(parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
