"""Looking at pictures: that they are whole, of a size that can be opened, and nothing else besides."""

import re
import struct
import zlib
from typing import Any, Final

from app.returns.refusals import DAMAGED, LARGE_PICTURE, TWO_IN_ONE, RefusedFileError
from app.returns.zip_files import ends_like_a_zip

MOST_DOTS: Final = 250_000_000
"""The largest cameras of telephones take 200 million; each dot takes four bytes when it is shown."""

_CODE: Final = re.compile(rb"<(?:script|html|svg|\?php)|%PDF-1", re.IGNORECASE)
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})


def check_png(data: Any) -> str:
    """Return "png", or raise RefusedFileError: each part must be whole, and nothing follows the last."""
    place, first, size = 8, True, len(data)
    while place + 12 <= size:
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        end = place + 12 + length
        if end > size or (first and (kind != b"IHDR" or length != 13)):
            raise RefusedFileError(DAMAGED)
        body = memoryview(data)[place + 4 : end - 4]
        checksum = zlib.crc32(body)
        head = bytes(body[4:12])
        body.release()
        if struct.pack(">I", checksum) != bytes(data[end - 4 : end]):
            raise RefusedFileError(DAMAGED)
        if first:
            _check_dots(*struct.unpack(">II", head))
        if kind == b"IEND":
            if end != size:
                raise RefusedFileError(TWO_IN_ONE)
            _check_code(data)
            return "png"
        place, first = end, False
    raise RefusedFileError(DAMAGED)


def check_jpeg(data: Any) -> str:
    """Return "jpg", or raise RefusedFileError.

    Telephones put a second picture or a short film behind the first, so what follows is allowed as long as
    no other program would take the file for its own.
    """
    place, framed, size = 2, False, len(data)
    while place + 4 <= size:
        if data[place] != 0xFF:
            raise RefusedFileError(DAMAGED)
        kind = data[place + 1]
        if kind == 0xFF or kind in _BARE:
            place += 1 if kind == 0xFF else 2
            continue
        length = struct.unpack(">H", data[place + 2 : place + 4])[0]
        if length < 2 or place + 2 + length > size:
            raise RefusedFileError(DAMAGED)
        if kind in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            _check_dots(width, height)
            framed = True
        if kind == 0xDA:
            break
        place += 2 + length
    if not framed or data.find(b"\xff\xd9", place) < 0:
        raise RefusedFileError(DAMAGED)
    _check_code(data)
    return "jpg"


def _check_dots(width: int, height: int) -> None:
    if not width or not height:
        raise RefusedFileError(DAMAGED)
    if width * height > MOST_DOTS:
        raise RefusedFileError(LARGE_PICTURE)


def _check_code(data: Any) -> None:
    if _CODE.search(data) or ends_like_a_zip(bytes(data[max(0, len(data) - 66_000) :])):
        raise RefusedFileError(TWO_IN_ONE)
