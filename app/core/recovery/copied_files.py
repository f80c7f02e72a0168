"""Files of evidence, out of their place into a backup and back: a local folder, or object storage.

A backup names both alike, so that what was saved from one place can be restored into the other.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Protocol, cast

from app.core.object_storage import ObjectStorage
from app.core.recovery.archive import ArchiveWriter, RecoveryError
from app.core.storage import FileGoneError, LocalFolder, Opened, StorageError

FOLDER: Final = "evidence"
"""What a backup calls the place of evidence."""

_CHUNK: Final = 1 << 20


class Restoring(Protocol):
    """Files on their way back: thrown away again unless they are put in place."""

    def take(self, name: str, content: BinaryIO, /) -> str:
        """Write a file that the backup calls `evidence/...` and return its SHA-256."""

    def put_in_place(self) -> None:
        """Leave the files where they belong, before the rows that name them are there for good."""


class CopiedFiles(Protocol):
    """A place of evidence as backups and restores see it."""

    def copy(self, writer: ArchiveWriter, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
        """Write every file to a backup; `sizes` are those of the files that rows name."""

    def refuse_filled(self) -> None:
        """Raise RecoveryError when there are files already."""

    def restoring(self, names: list[str]) -> AbstractContextManager[Restoring]:
        """Begin to take files back; what is not put in place in the end is not there."""


def copied_files(place: Path | ObjectStorage) -> CopiedFiles:
    """Return a place of evidence as backups and restores see it."""
    return CopiedBucket(place) if isinstance(place, ObjectStorage) else CopiedFolder(place)


# --- a folder -------------------------------------------------------------------------------------


class CopiedFolder:
    """A local folder, with whatever files it holds."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def copy(self, writer: ArchiveWriter, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
        """Write every finished file; one that is swept away meanwhile is left out.

        Who compares with the rows sees what is not there.
        """
        del sizes
        listed = []
        for path in self._finished():
            name = f"files/{FOLDER}/{path.relative_to(self._root).as_posix()}"
            with suppress(FileNotFoundError), path.open("rb") as source:
                size = os.fstat(source.fileno()).st_size
                listed.append(writer.add_stream(name, cast("BinaryIO", source), size))
        return listed

    def _finished(self) -> Iterator[Path]:
        incoming = LocalFolder(self._root).incoming
        for path in sorted(self._root.rglob("*")):
            unfinished = path.name.startswith(".") or path.suffix == ".part" or incoming in path.parents
            if not unfinished and path.is_file() and not path.is_symlink():
                yield path

    def refuse_filled(self) -> None:
        """Raise RecoveryError when the folder holds anything."""
        if self._root.exists() and any(self._root.iterdir()):
            raise RecoveryError(
                f"{self._root} is not empty, and nothing in it was touched. Move it away first."
            )

    @contextmanager
    def restoring(self, names: list[str]) -> Iterator[Restoring]:
        """Give a folder within the one that files go to; what is left in it at the end is thrown away.

        Without files none is made: the folder of evidence may not be there at all.
        """
        if not names:
            yield _Nothing()
            return
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        waiting = Path(tempfile.mkdtemp(prefix=".restoring-", dir=self._root))
        try:
            yield _IntoFolder(self._root, waiting)
        finally:
            shutil.rmtree(waiting, ignore_errors=True)


class _Nothing:
    def take(self, name: str, _content: BinaryIO) -> str:
        raise RecoveryError(f"This backup holds {name}, which its list of contents does not name.")

    def put_in_place(self) -> None:
        """Do nothing: there are no files."""


class _IntoFolder:
    def __init__(self, root: Path, waiting: Path) -> None:
        self._root, self._waiting = root, waiting

    def take(self, name: str, content: BinaryIO) -> str:
        path = self._waiting / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            digest = _copied(content, file.write)
            file.flush()
            os.fsync(file.fileno())
        return digest

    def put_in_place(self) -> None:
        """Move the files; the folder itself stays, for it can be a volume of its own."""
        for each in (self._waiting / FOLDER).iterdir():
            each.rename(self._root / each.name)
        handle = os.open(self._root, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _copied(content: BinaryIO, write: Callable[[bytes], object]) -> str:
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        write(chunk)
    return digest.hexdigest()


# --- object storage -------------------------------------------------------------------------------


class CopiedBucket:
    """Object storage, with the files that rows name: it tells no sizes of others."""

    def __init__(self, store: ObjectStorage) -> None:
        self._store = store

    def copy(self, writer: ArchiveWriter, sizes: Mapping[str, int]) -> list[dict[str, Any]]:
        """Write the files that rows name, one after the other; one that is swept away meanwhile is left out.

        Raises RecoveryError when object storage does not answer: a backup without files would look whole.
        """
        listed = []
        try:
            for name in sorted({item.name for item in self._store.items()} & sizes.keys()):
                with suppress(FileGoneError), self._store.open(name) as content:
                    part, source = f"files/{FOLDER}/{name[:2]}/{name}", cast("BinaryIO", _Stream(content))
                    listed.append(writer.add_stream(part, source, sizes[name]))
        except StorageError as problem:
            raise _away(problem) from problem
        return listed

    def refuse_filled(self) -> None:
        """Raise RecoveryError when the bucket holds any file of evidence."""
        try:
            filled = next(self._store.items(), None) is not None
        except StorageError as problem:
            raise _away(problem) from problem
        if filled:
            raise RecoveryError(
                f"The bucket {self._store.bucket.name} is not empty, and nothing in it was touched. Name an "
                "empty one in ELEVEN_S3_BUCKET."
            )

    @contextmanager
    def restoring(self, names: list[str]) -> Iterator[Restoring]:
        """Put files into the bucket one by one; without a good end they are deleted again."""
        del names
        into = _IntoBucket(self._store)
        try:
            yield into
        except StorageError as problem:
            raise _away(problem) from problem
        finally:
            into.throw_away()


class _IntoBucket:
    def __init__(self, store: ObjectStorage) -> None:
        self._store = store
        self._taken: list[str] = []

    def take(self, name: str, content: BinaryIO) -> str:
        with tempfile.TemporaryFile() as held:  # a signed request says the hash before the content
            _copied(content, held.write)
            last = PurePosixPath(name).name
            self._taken.append(last)
            return self._store.put_as(last, cast("BinaryIO", held)).sha256

    def put_in_place(self) -> None:
        """Let the files stay: they are where they belong."""
        self._taken = []

    def throw_away(self) -> None:
        """Delete what was not put in place; what cannot be deleted is swept later, for no row names it."""
        for name in self._taken:
            with suppress(StorageError):
                self._store.remove(name)


class _Stream:
    """The pieces of a stored file, to be read as a file is."""

    def __init__(self, content: Opened) -> None:
        self._pieces = iter(content)
        self._held = b""

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; less only at the end."""
        while len(self._held) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._held += piece
        data, self._held = self._held[:size], self._held[size:]
        return data


def _away(problem: StorageError) -> RecoveryError:
    return RecoveryError(f"Object storage cannot be used: {problem}. Nothing was kept; try again.")
