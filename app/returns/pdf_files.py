"""Looking at a PDF: that it is one to its end, needs no password, and starts no program when it is opened."""

import re
import zlib
from typing import Any, Final

from app.returns.refusals import DAMAGED, EMBEDDED, PROTECTED, TWO_IN_ONE, RefusedFileError
from app.returns.zip_files import ends_like_a_zip

_TAIL: Final = 2_048
_STEP: Final = 1 << 16
_MOST_UNPACKED: Final = 40_000_000
"""Bytes of object streams that are looked into; a document of a thousand pages has some 3 MB."""

_MOST_STREAMS: Final = 20_000


def _spelt(name: str) -> bytes:
    """Return a pattern for a PDF name, each letter of which may be written as # and two digits."""
    letters = [rb"(?:%s|#%02x|#%02X)" % (bytes([each]), each, each) for each in name.encode()]
    return b"/" + b"".join(letters) + rb"(?![A-Za-z0-9#_.\-])"


_ENCRYPT: Final = re.compile(_spelt("Encrypt") + rb"\s{0,50}(?:\d{1,10}\s{1,20}\d{1,10}\s{1,20}R|<<)")
# A script's action always carries this name; the shorter /JS occurs by chance in packed pictures.
_ACTIVE: Final = re.compile(
    b"|".join(_spelt(name) for name in ("JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia"))
)
_STREAM: Final = re.compile(rb"stream\r?\n")


def check(data: Any) -> str:
    """Return "pdf", or raise RefusedFileError."""
    size = len(data)
    if b"%%EOF" not in bytes(data[max(0, size - _TAIL) :]) or data.find(b"startxref") < 0:
        raise RefusedFileError(DAMAGED)
    after = bytes(data[data.rfind(b"%%EOF") + 5 :])
    if after.strip(b"\0\r\n\t \x1a") or ends_like_a_zip(bytes(data[max(0, size - 66_000) :])):
        raise RefusedFileError(TWO_IN_ONE)
    if _ENCRYPT.search(data):
        raise RefusedFileError(PROTECTED)
    if _ACTIVE.search(data) or _hidden_activity(data):
        raise RefusedFileError(EMBEDDED)
    return "pdf"


def _hidden_activity(data: Any) -> bool:
    """Say whether packed objects hold what would be refused if it stood in the open.

    A file with more packed objects than can be looked into is treated the same.
    """
    left, begin, seen = _MOST_UNPACKED, 0, 0
    while (found := data.find(b"/ObjStm", begin)) >= 0:
        begin, seen = found + 7, seen + 1
        stream = _STREAM.search(data, begin, min(len(data), begin + 1_000))
        if stream is None:
            continue
        before = b""
        for part in _unpacked(data, stream.end()):
            left -= len(part)
            if _ACTIVE.search(before + part) or left <= 0:
                return True
            before = part[-64:]
        if seen > _MOST_STREAMS:
            return True
    return False


def _unpacked(data: Any, begin: int) -> Any:
    """Yield what a packed stream holds, piece by piece, until it ends or turns out not to be one."""
    unpacker = zlib.decompressobj()
    for place in range(begin, len(data), _STEP):
        packed = bytes(data[place : place + _STEP])
        while packed and not unpacker.eof:
            try:
                yield unpacker.decompress(packed, 1 << 20)
            except zlib.error:
                return
            packed = unpacker.unconsumed_tail
        if unpacker.eof:
            return
