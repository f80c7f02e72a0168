"""Files to upload in tests: good ones of each kind, made as programs make them, and parts for bad ones."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import docx
import openpyxl

Parts = Mapping[str, bytes]
_OOXML = "application/vnd.openxmlformats-officedocument."
ODT = "application/vnd.oasis.opendocument.text"


def zipped(parts: Parts, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP file of these parts; an OpenDocument's kind comes first and unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else method)
    return out.getvalue()


def word(text: str = "Minutes of the governing body") -> bytes:
    """Return a Word document."""
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def excel() -> bytes:
    """Return an Excel workbook."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.worksheets[0]["A1"] = "Trained"
    book.save(out)
    return out.getvalue()


def parts_of(document: bytes) -> dict[str, bytes]:
    """Return the parts of an office document."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_parts(document: bytes, changes: Parts) -> bytes:
    """Return an office document with parts added or changed."""
    return zipped({**parts_of(document), **changes})


def open_xml(main: str, folder: str, more: Parts | None = None) -> bytes:
    """Return a small office document of a kind that is named by its main part."""
    types = f'<?xml version="1.0"?><Types><Override ContentType="{main}"/></Types>'
    return zipped(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": b"<Relationships/>",
            f"{folder}/main.xml": b"<main/>",
            **(more or {}),
        }
    )


def powerpoint(more: Parts | None = None) -> bytes:
    """Return a small presentation."""
    return open_xml(f"{_OOXML}presentationml.presentation.main+xml", "ppt", more)


def open_document(more: Parts | None = None, *, kind: str = ODT) -> bytes:
    """Return a small OpenDocument text."""
    return zipped(
        {
            "mimetype": kind.encode(),
            "content.xml": b'<?xml version="1.0"?><office:document-content><office:scripts/>text'
            b"</office:document-content>",
            "META-INF/manifest.xml": b"<manifest:manifest/>",
            **(more or {}),
        }
    )


def pdf(inside: bytes = b"", *, trailer: bytes = b"") -> bytes:
    """Return a PDF of one empty page, with something in it and in its trailer."""
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n"
        + inside
        + b"\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 3 /Root 1 0 R "
        + trailer
        + b">>\nstartxref\n110\n%%EOF\n"
    )


def packed_objects(content: bytes) -> bytes:
    """Return an object stream of a PDF, in which objects are hidden from a plain search."""
    packed = zlib.compress(content)
    return (
        b"3 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\n" % len(packed)
        + b"stream\n%s\nendstream\nendobj" % packed
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a part of a PNG picture."""
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(width: int = 2, height: int = 2, more: bytes = b"") -> bytes:
    """Return a PNG picture, grey."""
    rows = zlib.compress((b"\0" + b"\x80" * min(width, 100)) * min(height, 100))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + more + chunk(b"IEND", b"")


def jpeg(width: int = 2, height: int = 2, comment: bytes = b"", after: bytes = b"") -> bytes:
    """Return the frame of a JPG picture: its parts in order, no real picture in it."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    told = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment if comment else b""
    return (
        b"\xff\xd8"
        + told
        + b"\xff\xc0"
        + struct.pack(">H", len(frame) + 2)
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\x34\xff\xd9"
        + after
    )


GOOD: Mapping[str, tuple[str, bytes]] = {
    "pdf": ("Policy.pdf", pdf()),
    "docx": ("Minutes.docx", word()),
    "xlsx": ("Training.xlsx", excel()),
    "pptx": ("Assembly.pptx", powerpoint()),
    "odt": ("Policy.odt", open_document()),
    "png": ("Poster.png", png()),
    "jpg": ("Photo.jpeg", jpeg(after=b"\xff\xd8 a second picture of the telephone's \xff\xd9")),
    "txt": ("Note.txt", "Read and agreed – by all. £5 < £6 & 7 > 3.\r\n".encode("cp1252")),
    "csv": ("Training.csv", b"Group;Staff\r\nTeachers;-24\r\n=B2*2;5\r\n"),
}
