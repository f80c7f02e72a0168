"""Looking at office documents: what kind they are, that they hold no macros and need no password."""

import re
from typing import Any, BinaryIO, Final

from app.returns.refusals import (
    DAMAGED,
    EMBEDDED,
    EXECUTABLE,
    MACROS,
    PROTECTED,
    TWO_IN_ONE,
    RefusedFileError,
)
from app.returns.zip_files import Parts, inner, opened

_MAIN: Final[dict[str, str]] = {
    "wordprocessingml.document.main+xml": "docx",
    "spreadsheetml.sheet.main+xml": "xlsx",
    "presentationml.presentation.main+xml": "pptx",
    "presentationml.slideshow.main+xml": "pptx",
}
_MACRO_NAMES: Final = re.compile(
    r"(?:^|/)(?:vbaProject\.bin|vbaData\.xml|macrosheets/|intlmacrosheets/|dialogsheets/|activeX/|Basic/|Scripts/)",
    re.IGNORECASE,
)
_MACRO_TYPES: Final = re.compile(rb"macroEnabled|vbaProject|ms-excel\.(?:intl)?macrosheet", re.IGNORECASE)
_DOCTYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ODF_SCRIPT: Final = re.compile(rb"<(?:script:event-listener|office:script[\s>]|ooo:libraries)")
# Each part stops at the next tag, so that no text takes long to search.
_FAR_PROGRAM: Final = re.compile(
    rb"<Relationship\b"
    rb"(?=[^<>]*(?:attachedTemplate|oleObject|frame|subDocument|externalLinkPath)[\"'])"
    rb"(?=[^<>]*TargetMode\s*=\s*[\"']External)"
    rb"(?=[^<>]*Target\s*=\s*[\"'](?:https?|ftp|mhtml|ms-|javascript):)",
    re.IGNORECASE,
)
_ODT: Final = b"application/vnd.oasis.opendocument.text"
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"#!")
_PACKED: Final = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0")
_BUILT_IN: Final = re.compile(r"(?:^|/)embeddings/[^/]+\.(?:docx|xlsx|pptx)$", re.IGNORECASE)
_MOST_BUILT_IN: Final = 20_000_000
_OTHER_ODF: Final = (
    "This kind of OpenDocument file cannot be taken. Save it as PDF, or as a Word or Excel document."
)
_NOT_OFFICE: Final = "Packed files cannot be taken. Unpack it and upload each document by itself."
_TEMPLATE: Final = (
    "This file is a template or of a rare office format. "
    "Save it as a document (.docx, .xlsx, .pptx) or as PDF."
)
_OLD: Final = "This is an older office format. Save it as .docx, .xlsx or .pptx, or as PDF, and upload that."


def check(content: BinaryIO, depth: int = 0) -> str:
    """Return "docx", "xlsx", "pptx" or "odt", or raise RefusedFileError."""
    content.seek(0, 2)
    parts = opened(content, content.tell())
    if any(_MACRO_NAMES.search(name) for name in parts.names):
        raise RefusedFileError(MACROS)
    if "[Content_Types].xml" in parts.names:
        key = _open_xml(parts)
    elif "mimetype" in parts.names:
        key = _open_document(parts)
    else:
        raise RefusedFileError(_NOT_OFFICE)
    for name in parts.names:
        _check_part(parts, name, depth)
    return key


def _open_xml(parts: Parts) -> str:
    types = _xml(parts.read("[Content_Types].xml"))
    if _MACRO_TYPES.search(types):
        raise RefusedFileError(MACROS)
    found = {key for ending, key in _MAIN.items() if ending.encode() in types}
    # A presentation or a workbook can be built into a document; the main part says which is the outer one.
    folders = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
    outer = [key for key in found if any(name.startswith(folders[key]) for name in parts.names)]
    if len(outer) != 1 or "_rels/.rels" not in parts.names:
        raise RefusedFileError(_TEMPLATE)
    return outer[0]


def _open_document(parts: Parts) -> str:
    if parts.names[0] != "mimetype" or "content.xml" not in parts.names:
        raise RefusedFileError(DAMAGED)
    if parts.read("mimetype", 200) != _ODT:
        raise RefusedFileError(_OTHER_ODF)
    if b"encryption-data" in parts.read("META-INF/manifest.xml"):
        raise RefusedFileError(PROTECTED)
    return "odt"


def _xml(text: bytes) -> bytes:
    """Return XML as UTF-8, so that no other letters hide a word in it."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text.decode("utf-16", "replace").encode()
    if b"\0" in text[:200]:
        raise RefusedFileError(DAMAGED)
    return text


def _check_part(parts: Parts, name: str, depth: int) -> None:
    """Unpack a part piece by piece, look at its beginning and, if it is XML, at all of it."""
    before, first, is_xml = b"", True, False
    for piece in parts.pieces(name):
        if first:
            is_xml = _begins_as_xml(parts, name, piece, depth)
            first = False
        if is_xml:
            text = before + (piece.replace(b"\0", b"") if b"\0" in piece else piece)
            _check_xml(text)
            before = text[-2_000:]


def _begins_as_xml(parts: Parts, name: str, piece: bytes, depth: int) -> bool:
    if piece.startswith(_PROGRAMS):
        raise RefusedFileError(EXECUTABLE)
    if piece.startswith(_PACKED):
        if depth or not _BUILT_IN.search(name):
            raise RefusedFileError(EMBEDDED)
        check(inner(parts, name, _MOST_BUILT_IN), depth + 1)
        return False
    if re.match(rb"\s*<(?:!doctype html|html|script)", piece[:200], re.IGNORECASE):
        raise RefusedFileError(TWO_IN_ONE)
    return name.lower().endswith((".xml", ".rels", ".vml", ".rdf")) or piece.lstrip(
        b"\xef\xbb\xbf\xff\xfe \r\n\t\0"
    ).startswith(b"<")


def _check_xml(text: bytes) -> None:
    if _DOCTYPE.search(text):
        raise RefusedFileError(TWO_IN_ONE)
    if _ODF_SCRIPT.search(text):
        raise RefusedFileError(MACROS)
    if _FAR_PROGRAM.search(text):
        raise RefusedFileError(EMBEDDED)


def refuse_old(data: Any) -> str:
    """Refuse a file of the older kind, saying whether a password or only its age is in the way."""
    if data.find("EncryptedPackage".encode("utf-16-le")) >= 0:
        raise RefusedFileError(PROTECTED)
    raise RefusedFileError(_OLD)
