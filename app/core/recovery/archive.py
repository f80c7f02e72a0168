"""The file that a backup is: a tar file of checked parts, a list of contents, and a seal over all of it.

Whoever has only standard tools can still unpack it: `age --decrypt`, then `tar -x`, then `gunzip` for rows.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyrage

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PART_BYTES: Final = 4 * 1024 * 1024
LONGEST_MANIFEST: Final = 256 * 1024 * 1024
_SEAL_BYTES: Final = 65  # a SHA-256 in hexadecimal and a line end
_AGE: Final = b"age-encryption.org/v1\n"
_CHUNK: Final = 1024 * 1024


class RecoveryError(RuntimeError):
    """A backup that cannot be made, or one that must not be restored; the message says why and what to do."""


class DamagedError(RecoveryError):
    """The backup is not as it was written: nothing of it is restored."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This backup is damaged and is not restored: {what}. Use an earlier backup.")


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a backup: its name, its bytes in the file, and the SHA-256 of those bytes."""

    name: str
    size: int
    sha256: str


@dataclass(slots=True)
class Manifest:
    """What a backup holds. `tables` maps a name to columns, rows, row hash and parts.

    `missing` are files that rows name and that the folder did not hold, or not as the rows say.
    """

    revision: str
    made_at: str
    program: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    sequences: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    format: int = FORMAT

    @property
    def rows(self) -> int:
        """The rows of all tables together."""
        return sum(int(table["rows"]) for table in self.tables.values())

    def members(self) -> set[Member]:
        """Return every part that the backup must hold, itself left out."""
        listed = [part for table in self.tables.values() for part in table["parts"]]
        return {Member(part["name"], part["size"], part["sha256"]) for part in (*listed, *self.files)}


def manifest_from(data: bytes) -> Manifest:
    """Read a manifest. Raises DamagedError, or RecoveryError for a format of later versions."""
    try:
        content = json.loads(data)
        if content["format"] != FORMAT:
            raise RecoveryError(
                f"This backup has format {content['format']}, which this version of Eleven does not know. "
                "Restore it with the version that made it, or a later one."
            )
        found = Manifest(**content)
        found.members()
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError("its list of contents cannot be read") from error
    return found


# --- writing --------------------------------------------------------------------------------------


class _Sealing(io.RawIOBase):
    """Passes bytes on and remembers their hash."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self._out.write(data)
        return len(data)


class ArchiveWriter:
    """Writes the parts of a backup one after the other; nothing is held back but the part at hand."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sealing = _Sealing(out)
        stream = cast("BinaryIO", self._sealing)
        self._tar = tarfile.TarFile.open(mode="w|", fileobj=stream, format=tarfile.PAX_FORMAT)

    def add(self, name: str, data: bytes) -> dict[str, Any]:
        """Write a part from memory and return how the manifest lists it."""
        return self.add_stream(name, io.BytesIO(data), len(data))

    def add_rows(self, name: str, rows: bytes) -> dict[str, Any]:
        """Write rows of a table, compressed."""
        return self.add(name, gzip.compress(rows, compresslevel=5, mtime=0))

    def add_stream(self, name: str, source: BinaryIO, size: int) -> dict[str, Any]:
        """Write a part of a known size. Raises RecoveryError if the source ends too early."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        read = _Counted(source)
        try:
            self._tar.addfile(entry, cast("BinaryIO", read))
        except OSError as error:
            if read.count < size and error.errno is None:
                raise RecoveryError(f"{name} became shorter while it was copied. Try again.") from error
            raise
        return {"name": name, "size": size, "sha256": read.digest.hexdigest()}

    def close(self, manifest: Manifest) -> None:
        """Write the list of contents and the seal."""
        content = {name: getattr(manifest, name) for name in Manifest.__dataclass_fields__}
        self.add(MANIFEST, json.dumps(content, indent=1, sort_keys=True).encode())
        self._tar.close()
        self._out.write(f"{self._sealing.digest.hexdigest()}\n".encode())


class _Counted:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.count = 0
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        self.digest.update(data)
        return data


# --- reading --------------------------------------------------------------------------------------


class _Unsealing(io.RawIOBase):
    """Hands out all but the last bytes of a file, which are the seal over the others."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._held = b""
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = _CHUNK if size is None or size < 0 else size
        while len(self._held) < wanted + _SEAL_BYTES:
            data = self._source.read(max(wanted, _CHUNK))
            if not data:
                break
            self._held += data
        ready = min(wanted, max(len(self._held) - _SEAL_BYTES, 0))
        data, self._held = self._held[:ready], self._held[ready:]
        self._digest.update(data)
        return data

    def check_seal(self) -> None:
        """Read to the end and compare."""
        while self.read(_CHUNK):
            pass
        if self._held != f"{self._digest.hexdigest()}\n".encode():
            raise DamagedError("its bytes are not those that were written, or some are missing")


@contextmanager
def unreadable_is_damaged() -> Iterator[None]:
    """Let whatever goes wrong while parts are read and unpacked be damage of the backup."""
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, ValueError, KeyError, gzip.BadGzipFile) as error:
        raise DamagedError("its parts cannot be read") from error


def each_member(source: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """Go through the parts in order, each as a stream; after the last one the seal is checked.

    Raises DamagedError. What was read before that must not be kept.
    """
    sealed = _Unsealing(source)
    with unreadable_is_damaged(), tarfile.open(mode="r|", fileobj=cast("BinaryIO", sealed)) as tar:
        for entry in tar:
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None:
                raise DamagedError("it holds something that is no file")
            yield entry.name, cast("BinaryIO", content)
    sealed.check_seal()


def rows_of(data: bytes) -> bytes:
    """Unpack rows of a table, never much more than a part may hold."""
    with unreadable_is_damaged():
        return gzip.decompress(data)


def check(source: BinaryIO) -> Manifest:
    """Read a whole backup, compare every part with its hash, and return the list of contents."""
    found: dict[str, Member] = {}
    manifest = b""
    with unreadable_is_damaged():
        for name, content in each_member(source):
            if name in found:
                raise DamagedError(f"it holds {name} twice")
            if name == MANIFEST:
                manifest = content.read(LONGEST_MANIFEST)
                continue
            found[name] = _measured(name, content)
    if not manifest:
        raise DamagedError("its list of contents is missing")
    listed = manifest_from(manifest)
    strange = sorted({each.name for each in {*found.values()} ^ listed.members()})
    if strange:
        raise DamagedError(f"{strange[0]} is missing, changed or not listed")
    return listed


def _measured(name: str, content: BinaryIO) -> Member:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Member(name, size, digest.hexdigest())


# --- encryption -----------------------------------------------------------------------------------


def recipient_from(text: str) -> pyrage.x25519.Recipient:
    """Return the age recipient that a backup is encrypted to. Raises RecoveryError."""
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise RecoveryError(
            "The recipient is not an age public key. It begins with age1; age-keygen prints it."
        ) from error


def identity_from(path: Path) -> pyrage.x25519.Identity:
    """Return the age identity of a key file. Raises RecoveryError."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecoveryError(f"The key file {path} cannot be read.") from error
    for line in lines:
        if line.startswith("AGE-SECRET-KEY-"):
            with suppress(pyrage.IdentityError):
                return pyrage.x25519.Identity.from_str(line.strip())
    raise RecoveryError(f"{path} holds no age key: one line of it must begin with AGE-SECRET-KEY-.")


class _Pump(threading.Thread):
    """Runs one half of a pipe beside the program, and keeps what went wrong there."""

    def __init__(self, work: Callable[[], None], end: BinaryIO) -> None:
        super().__init__(daemon=True)
        self._work, self._end = work, end
        self.problem: BaseException | None = None

    def run(self) -> None:
        """Work until done; then the other half sees the end."""
        try:
            self._work()
        except BaseException as problem:  # noqa: BLE001 - handed over to the thread that waits
            self.problem = problem
        finally:
            with suppress(OSError):
                self._end.close()


def _pipe() -> tuple[BinaryIO, BinaryIO]:
    reading, writing = os.pipe()
    return cast("BinaryIO", os.fdopen(reading, "rb")), cast("BinaryIO", os.fdopen(writing, "wb"))


@contextmanager
def encrypted(out: BinaryIO, recipient: pyrage.x25519.Recipient | None) -> Iterator[BinaryIO]:
    """Encrypt what is written, to one recipient; with none it is written as it is."""
    if recipient is None:
        yield out
        return
    reading, writing = _pipe()
    pump = _Pump(lambda: pyrage.encrypt_io(reading, out, [recipient]), reading)
    pump.start()
    try:
        yield writing
        writing.close()
    except BrokenPipeError:
        pass  # the other half says why
    except BaseException:
        # Without an end the encrypted file stays visibly unfinished.
        with suppress(OSError):
            writing.close()
        pump.join()
        raise
    pump.join()
    if pump.problem is not None:
        raise pump.problem


@contextmanager
def opened(path: Path, identity: pyrage.x25519.Identity | None) -> Iterator[BinaryIO]:
    """Open a backup for reading, decrypted if it is encrypted. Raises RecoveryError and DamagedError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecoveryError(f"The backup {path} cannot be read: {error.strerror}.") from error
    with file:
        locked = file.read(len(_AGE)) == _AGE
        file.seek(0)
        if not locked:
            yield cast("BinaryIO", file)
            return
        if identity is None:
            raise RecoveryError("This backup is encrypted. Name the file with its key: --identity FILE")
        with _decrypted(cast("BinaryIO", file), identity) as clear:
            yield clear


@contextmanager
def _decrypted(file: BinaryIO, identity: pyrage.x25519.Identity) -> Iterator[BinaryIO]:
    reading, writing = _pipe()
    pump = _Pump(lambda: pyrage.decrypt_io(file, writing, [identity]), writing)
    pump.start()
    broken: DamagedError | None = None
    try:
        yield reading
    except DamagedError as problem:
        broken = problem
    finally:
        with suppress(OSError):
            reading.close()
        pump.join()
    if pump.problem is not None and "No matching keys" in str(pump.problem):
        raise RecoveryError("This backup is encrypted for another key than this one.") from pump.problem
    if pump.problem is not None and not isinstance(pump.problem, BrokenPipeError):
        raise DamagedError(f"it cannot be decrypted ({pump.problem})") from pump.problem
    if broken is not None:
        raise broken
