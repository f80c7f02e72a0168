"""What kind of file somebody gave us: decided by its content, never by its name.

Each kind is checked to be wholly that kind. What hides a program, a password, another file or far more
than it weighs is refused, in words that say how to mend it. Files are looked at in place, never unpacked.
"""

import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from app.returns import office_files, pdf_files, picture_files, text_files
from app.returns.refusals import EXECUTABLE, WEB_PAGE, RefusedFileError


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of file that is taken as evidence."""

    key: str
    words: str
    media_type: str
    endings: tuple[str, ...]


_OOXML: Final = "application/vnd.openxmlformats-officedocument."
TYPES: Final[Mapping[str, FileType]] = {
    each.key: each
    for each in (
        FileType("pdf", "PDF", "application/pdf", ("pdf",)),
        FileType("docx", "Word document", f"{_OOXML}wordprocessingml.document", ("docx",)),
        FileType("xlsx", "Excel workbook", f"{_OOXML}spreadsheetml.sheet", ("xlsx",)),
        FileType("pptx", "PowerPoint presentation", f"{_OOXML}presentationml.presentation", ("pptx",)),
        FileType("odt", "OpenDocument text", "application/vnd.oasis.opendocument.text", ("odt",)),
        FileType("png", "PNG picture", "image/png", ("png",)),
        FileType("jpg", "JPG picture", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
        FileType("txt", "Plain text", "text/plain", ("txt",)),
        FileType("csv", "CSV table", "text/csv", ("csv",)),
    )
}
ACCEPT: Final = ",".join(f".{ending}" for each in TYPES.values() for ending in each.endings[:2])
"""What the browser's file chooser offers; telephones then turn their own picture formats into JPG."""

KINDS_IN_WORDS: Final = "PDF, Word, Excel, PowerPoint, OpenDocument text, PNG, JPG, text or CSV"
_SMALL: Final = 1 << 20
_ANOTHER: Final = f"This kind of file cannot be taken. Choose a {KINDS_IN_WORDS} file."
_EMPTY: Final = "This file is empty. Choose the file again, or save it again first."

# What people try most often, by its first bytes, and how to mend it.
_KNOWN_OTHERS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"MZ", EXECUTABLE),
    (b"\x7fELF", EXECUTABLE),
    (b"\xfe\xed\xfa", EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", EXECUTABLE),
    (b"\xce\xfa\xed\xfe", EXECUTABLE),
    (b"\xca\xfe\xba\xbe", EXECUTABLE),
    (b"dex\n", EXECUTABLE),
    (b"\x00asm", EXECUTABLE),
    (b"#!", EXECUTABLE),
    (b"L\x00\x00\x00\x01\x14\x02\x00", EXECUTABLE),
    (b"MSCF", EXECUTABLE),
    (b"GIF8", "GIF pictures cannot be taken. Save the picture as PNG or JPG."),
    (b"RIFF", "This kind of picture or film cannot be taken. Save a picture as PNG or JPG."),
    (b"BM", "BMP pictures cannot be taken. Save the picture as PNG or JPG."),
    (b"II*\x00", "TIFF pictures cannot be taken. Save the picture as PNG, JPG or PDF."),
    (b"MM\x00*", "TIFF pictures cannot be taken. Save the picture as PNG, JPG or PDF."),
    (b"{\\rtf", "RTF files cannot be taken. Save it as a Word document (.docx) or as PDF."),
    (b"7z\xbc\xaf", "Packed files cannot be taken. Unpack it and upload each document by itself."),
    (b"Rar!", "Packed files cannot be taken. Unpack it and upload each document by itself."),
    (b"\x1f\x8b", "Packed files cannot be taken. Unpack it and upload each document by itself."),
    (b"BZh", "Packed files cannot be taken. Unpack it and upload each document by itself."),
    (b"\xfd7zXZ", "Packed files cannot be taken. Unpack it and upload each document by itself."),
    (b"<svg", WEB_PAGE),
)


def type_of(content: BinaryIO, size: int, ending: str) -> FileType:
    """Return the kind of a file, or raise RefusedFileError with what is wrong and how to mend it.

    `ending` is the name's, in lower case: it decides between text and CSV, which look alike, and it must
    fit the content, so that nothing goes by a false name.
    """
    if not size:
        raise RefusedFileError(_EMPTY)
    with _looked_at(content, size) as data:
        key = _key(data, content, ending)
    found = TYPES[key]
    if ending not in found.endings:
        raise RefusedFileError(
            f"The name ends in “.{ending}”, but what is in the file is: {found.words}. "
            f"Give it a name that ends in “.{found.endings[0]}” and upload it again."
            if ending
            else f"The name has no ending. Give it a name that ends in “.{found.endings[0]}”."
        )
    return found


@contextmanager
def _looked_at(content: BinaryIO, size: int) -> Iterator[Any]:
    """Give the bytes of a file without reading all of a large one into memory."""
    content.seek(0)
    mapped = _mapped(content) if size >= _SMALL else None
    if mapped is None:
        yield content.read()
        return
    with mapped:
        yield mapped


def _mapped(content: BinaryIO) -> mmap.mmap | None:
    try:
        content.flush()
        return mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None  # not a file of the disk


_Check = Callable[[Any, BinaryIO], str]
_BY_BEGINNING: Final[tuple[tuple[bytes, _Check], ...]] = (
    (b"%PDF-", lambda data, _: pdf_files.check(data)),
    (b"PK\x03\x04", lambda _, content: office_files.check(content)),
    (b"PK", lambda _, content: office_files.check(content)),
    (b"\x89PNG\r\n\x1a\n", lambda data, _: picture_files.check_png(data)),
    (b"\xff\xd8\xff", lambda data, _: picture_files.check_jpeg(data)),
    (b"\xd0\xcf\x11\xe0", lambda data, _: office_files.refuse_old(data)),
)


def _key(data: Any, content: BinaryIO, ending: str) -> str:
    start = bytes(data[:32])
    for beginning, check in _BY_BEGINNING:
        if start.startswith(beginning):
            return check(data, content)
    for beginning, words in _KNOWN_OTHERS:
        if start.startswith(beginning):
            raise RefusedFileError(words)
    if start[4:8] == b"ftyp":
        raise RefusedFileError(
            "This looks like a film, or a picture of a kind that only some telephones read. "
            "Save a picture as JPG or PNG."
        )
    letters = text_files.letters_of(data)
    if letters is None:
        raise RefusedFileError(_ANOTHER)
    text_files.check(data, letters)
    return "csv" if ending == "csv" else "txt"
