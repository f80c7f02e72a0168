"""Looking into ZIP files without unpacking them: office documents are such files.

Every byte must belong to a part that the directory at the end names, each part once: a second file before,
between or behind them, parts that overlap, and sizes that lie have nowhere to hide.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from app.returns.refusals import DAMAGED, PROTECTED, TOO_MUCH, TWO_IN_ONE, RefusedFileError

MOST_PARTS: Final = 3_000
MOST_DIRECTORY: Final = 1_000_000
MOST_UNPACKED: Final = 150_000_000
MOST_RATIO: Final = 150
"""How many times larger than the file its content may be; real documents reach about thirty."""

_RATIO_MATTERS_FROM: Final = 10_000_000
_CHUNK: Final = 1 << 18
_END: Final = b"PK\x05\x06"
_LONGEST_DESCRIPTOR: Final = 24
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
)


def ends_like_a_zip(tail: bytes) -> bool:
    """Say whether a file's last bytes would make some program open it as a ZIP file."""
    place = tail.rfind(_END)
    while place >= 0:
        if len(tail) - place >= 22:
            size, offset, comment = struct.unpack("<IIH", tail[place + 12 : place + 22])
            if comment <= len(tail) - place - 22 and (size or offset):
                return True
        place = tail.rfind(_END, 0, place)
    return False


class Parts:
    """The parts of a ZIP file that passed; `read` unpacks one of them, up to a limit."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.names = [part.filename for part in archive.infolist()]

    def read(self, name: str, most: int = 5_000_000) -> bytes:
        """Return a part's content, or nothing when it is not there.

        Raises RefusedFileError when it is too long or damaged.
        """
        if name not in self.names:
            return b""
        try:
            with self._archive.open(name) as content:
                text = content.read(most + 1)
        except _UNREADABLE as problem:
            raise RefusedFileError(DAMAGED) from problem
        if len(text) > most:
            raise RefusedFileError(TOO_MUCH)
        return text

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part's content piece by piece; its checksum is held against the directory's.

        Raises RefusedFileError when it is damaged.
        """
        try:
            with self._archive.open(name) as content:
                while chunk := content.read(_CHUNK):
                    yield chunk
        except _UNREADABLE as problem:
            raise RefusedFileError(DAMAGED) from problem


def opened(content: BinaryIO, size: int) -> Parts:
    """Return the parts of a ZIP file, or raise RefusedFileError for one that no office program writes."""
    _check_end(content, size)
    try:
        archive = zipfile.ZipFile(content)
        _check_directory(archive, size)
        _check_places(content, archive)
    except _UNREADABLE as problem:
        raise RefusedFileError(DAMAGED) from problem
    return Parts(archive)


def _check_end(content: BinaryIO, size: int) -> None:
    """Look at the directory's size before the library reads all of it into memory."""
    content.seek(max(0, size - 66_000))
    tail = content.read(66_000)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        raise RefusedFileError(DAMAGED)
    parts, length, offset, comment = struct.unpack("<HIIH", tail[place + 10 : place + 22])
    if len(tail) - place != 22 + comment or comment:
        raise RefusedFileError(TWO_IN_ONE)
    if parts > MOST_PARTS or length > MOST_DIRECTORY:
        raise RefusedFileError(TOO_MUCH)
    if offset + length != max(0, size - len(tail)) + place:
        raise RefusedFileError(TWO_IN_ONE)
    if tail.find(b"PK\x06\x07", max(0, place - 20), place) >= 0:
        raise RefusedFileError(TWO_IN_ONE)


def _check_directory(archive: zipfile.ZipFile, size: int) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS:
        raise RefusedFileError(TOO_MUCH)
    if any(part.flag_bits & 0x2041 for part in parts):
        raise RefusedFileError(PROTECTED)
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or (unpacked > _RATIO_MATTERS_FROM and unpacked > MOST_RATIO * size):
        raise RefusedFileError(TOO_MUCH)
    names = {part.filename.lower() for part in parts}
    if len(names) != len(parts) or any(_is_odd(part.filename) for part in parts):
        raise RefusedFileError(TWO_IN_ONE)
    if any(part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for part in parts):
        raise RefusedFileError(DAMAGED)
    if any((part.external_attr >> 16) & 0o170000 == 0o120000 for part in parts):
        raise RefusedFileError(TWO_IN_ONE)


def _is_odd(name: str) -> bool:
    return (
        len(name) > 250
        or name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in name.split("/")
        or not name.isprintable()
    )


def _check_places(content: BinaryIO, archive: zipfile.ZipFile) -> None:
    """Hold each part's own heading against the directory, and its place against its neighbours'."""
    place = 0
    for part in sorted(archive.infolist(), key=lambda each: each.header_offset):
        gap = part.header_offset - place
        if gap < 0 or gap > (_LONGEST_DESCRIPTOR if place else 0):
            raise RefusedFileError(TWO_IN_ONE)
        content.seek(part.header_offset)
        heading = content.read(30)
        name_length, extra_length = struct.unpack("<HH", heading[26:30])
        name = content.read(name_length)
        if heading[:4] != b"PK\x03\x04" or name != part.orig_filename.encode(_letters(part)):
            raise RefusedFileError(TWO_IN_ONE)
        place = part.header_offset + 30 + name_length + extra_length + part.compress_size
    if archive.start_dir - place > _LONGEST_DESCRIPTOR or archive.start_dir < place:
        raise RefusedFileError(TWO_IN_ONE)


def _letters(part: zipfile.ZipInfo) -> str:
    return "utf-8" if part.flag_bits & 0x800 else "cp437"


def inner(parts: Parts, name: str, most: int) -> io.BytesIO:
    """Return a file that is built into another one, to be looked at in its turn."""
    return io.BytesIO(parts.read(name, most))
