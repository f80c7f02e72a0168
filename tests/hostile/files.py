"""Hostile files, made here: bombs, polyglots, wrong names, macros, and tables beyond any register."""

import csv
import io
import struct
import zipfile
from collections.abc import Callable, Mapping

import openpyxl

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_SHEET = "xl/worksheets/sheet1.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def table(*rows: list[object]) -> bytes:
    """Return a CSV file."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def workbook(*rows: list[object]) -> bytes:
    """Return a small, honest workbook."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def packed(parts: Mapping[str, bytes | str], *, of: bytes | None = None) -> bytes:
    """Return a zip file of parts, over those of another."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if of is not None:
            with zipfile.ZipFile(io.BytesIO(of)) as before:
                for name in before.namelist():
                    if name not in parts:
                        archive.writestr(name, before.read(name))
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def sheet(body: str, head: str = "") -> bytes:
    """Return a workbook whose sheet is this XML."""
    xml = f"{head}<worksheet {_MAIN}><sheetData>{body}</sheetData></worksheet>"
    return packed({_SHEET: xml}, of=workbook(["URN", "Name"]))


def _locked(data: bytes) -> bytes:
    """Return a zip file whose parts say that they are encrypted."""
    out = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = out.find(mark)
        while place >= 0:
            out[place + offset] |= 1
            place = out.find(mark, place + 4)
    return bytes(out)


def _lying(data: bytes) -> bytes:
    """Return a zip file whose directory says that its parts are tiny."""
    out = bytearray(data)
    place = out.find(b"PK\x01\x02")
    while place >= 0:
        out[place + 24 : place + 28] = struct.pack("<I", 10)
        place = out.find(b"PK\x01\x02", place + 4)
    return bytes(out)


def _row(number: int) -> str:
    return f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>'


def hostile_tables() -> dict[str, tuple[str, Callable[[], bytes]]]:
    """Return files for the register by what is wrong with them: name and maker. None may be taken."""
    honest = workbook(["URN", "Name"], ["117900", "Wold View"])
    plain = table(["URN", "Name"], ["117900", "Wold View"])
    long_row = "<row r='1'>" + "<c r='A1'><v>1</v></c>" * 200_000 + "</row>"
    texts = "xl/sharedStrings.xml"
    document = {"[Content_Types].xml": "<a/>", "word/document.xml": "<w/>"}
    entities = '<!DOCTYPE x [<!ENTITY a "' + "a" * 1_000 + '"><!ENTITY b "' + "&a;" * 1_000 + '">]>'
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    return {
        "empty": ("a.csv", lambda: b""),
        "only white space": ("a.csv", lambda: b" \n \n"),
        "only a heading mark": ("a.csv", lambda: b"\xef\xbb\xbf"),
        "no such ending": ("a.exe", lambda: plain),
        "no ending": ("schools", lambda: plain),
        "two endings": ("a.csv.exe", lambda: plain),
        "an old workbook": ("a.xls", lambda: OLE + b"\0" * 4_096),
        "an old workbook with a new name": ("a.xlsx", lambda: OLE + b"\0" * 4_096),
        "an encrypted workbook": ("a.xlsx", lambda: OLE + b"EncryptedPackage".ljust(8_192, b"\0")),
        "a locked zip": ("a.xlsx", lambda: _locked(honest)),
        "macros by name": ("a.xlsm", lambda: honest),
        "macros inside": ("a.xlsx", lambda: packed({"xl/vbaProject.bin": OLE}, of=honest)),
        "macro sheets": ("a.xlsx", lambda: packed({"xl/macrosheets/sheet1.xml": "<a/>"}, of=honest)),
        "a path out of it": ("a.xlsx", lambda: packed({"../../etc/cron.d/x": "x"}, of=honest)),
        "an absolute path": ("a.xlsx", lambda: packed({"/etc/passwd": "x"}, of=honest)),
        "a windows path": ("a.xlsx", lambda: packed({"..\\..\\x": "x"}, of=honest)),
        "a long part name": ("a.xlsx", lambda: packed({"x" * 5_000: "x"}, of=honest)),
        "thousands of parts": ("a.xlsx", lambda: packed({f"p{n}": "" for n in range(5_000)}, of=honest)),
        "a bomb of zeros": ("a.xlsx", lambda: packed({_SHEET: b"\0" * 150_000_000}, of=honest)),
        "a bomb of blanks": ("a.xlsx", lambda: sheet(" " * 120_000_000)),
        "a bomb in the texts": (
            "a.xlsx",
            lambda: packed({texts: "<t>" * 9_000_000}, of=honest),
        ),
        "a bomb in the styles": ("a.xlsx", lambda: packed({"xl/styles.xml": "<xf/>" * 9_000_000}, of=honest)),
        "a bomb elsewhere": ("a.xlsx", lambda: packed({"xl/media/a.png": b"\0" * 150_000_000}, of=honest)),
        "a bomb that lies about its size": ("a.xlsx", lambda: _lying(sheet(_row(1) * 3_000_000))),
        "a zip in a zip": ("a.xlsx", lambda: packed({"a.zip": packed({"b": b"\0" * 10**7})})),
        "a million rows": ("a.xlsx", lambda: sheet("".join(map(_row, range(1, 1_000_001))))),
        "a million rows as text": ("a.csv", lambda: b"URN,Name\n" + b"1,x\n" * 1_000_000),
        "a row without end": ("a.xlsx", lambda: sheet(long_row)),
        "a far column": ("a.xlsx", lambda: sheet("<row r='1'><c r='XFD1'><v>1</v></c></row>")),
        "a far row": ("a.xlsx", lambda: sheet("<row r='1048576'><c r='A1048576'><v>1</v></c></row>")),
        "a thousand columns": ("a.csv", lambda: ",".join(f"c{n}" for n in range(1_000)).encode() + b"\n"),
        "a cell of ten million letters": ("a.csv", lambda: b'URN,Name\n1,"' + b"x" * 10_000_000 + b'"\n'),
        "an open quote": ("a.csv", lambda: b'URN,Name\n1,"open\n' + b"x,y\n" * 1_000),
        "a quote in the wrong place": ("a.csv", lambda: b'URN,Name\n1,a"b"c"\n"x"y,1\n'),
        "a NUL": ("a.csv", lambda: b"URN,Name\n1,a\0b\n"),
        "UTF-16": ("a.csv", lambda: "URN,Name\n1,x\n".encode("utf-16")),
        "letters of nowhere": ("a.csv", lambda: b"URN,Name\n1,\x81\x8d\x8f\n"),
        "damaged letters": ("a.csv", "URN,Name\n1,CafÃ©\n".encode),
        "semicolons": ("a.csv", lambda: b"URN;Name\n1;x\n"),
        "a web page": ("a.csv", lambda: b"<!DOCTYPE html><html><table><tr><td>1"),
        "a PDF": ("a.csv", lambda: b"%PDF-1.7\n1 0 obj"),
        "JSON": ("a.csv", lambda: b'{"URN": 1}'),
        "a picture": ("a.xlsx", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 1_000),
        "a program": ("a.xlsx", lambda: b"MZ" + b"\0" * 4_096),
        "a workbook called text": ("a.csv", lambda: honest),
        "text called a workbook": ("a.xlsx", lambda: plain),
        "a PDF that is a workbook too": ("a.xlsx", lambda: b"%PDF-1.7\n" + honest),
        "a script that is a workbook too": ("a.xlsx", lambda: b"#!/bin/sh\nreboot\n" + honest),
        "half a workbook": ("a.xlsx", lambda: honest[: len(honest) // 2]),
        "a workbook without its end": ("a.xlsx", lambda: honest[:-22]),
        "a document": (
            "a.xlsx",
            lambda: packed(document),
        ),
        "an OpenDocument sheet": ("a.ods", lambda: packed({"content.xml": "<a/>"})),
        "entities": ("a.xlsx", lambda: sheet("<row><c t='str'><v>&b;</v></c></row>", entities)),
        "entities from outside": ("a.xlsx", lambda: sheet("<row><c t='str'><v>&a;</v></c></row>", outside)),
        "broken XML": ("a.xlsx", lambda: sheet("<row><c></row>")),
        "an error in a cell": ("a.xlsx", lambda: sheet("<row r='1'><c r='A1' t='e'><v>#REF!</v></c></row>")),
        "a name of a folder above": ("../../../etc/passwd", lambda: plain),
        "a name of 300 letters": ("a" * 300 + ".exe", lambda: plain),
        "a name with a line end": ("a\r\nX: 1.txt", lambda: plain),
        "a name with an inner end": ("a.csv\0.exe", lambda: b"\0"),
        "a hidden name": (".csv", lambda: plain),
        "a bad heading": ("a.csv", lambda: table(["One", "Two"], ["1", "2"])),
        "the same heading twice": ("a.csv", lambda: table(["URN", "URN"], ["1", "2"])),
        "an empty sheet": ("a.xlsx", workbook),
    }


def hostile_questionnaires() -> dict[str, tuple[str, bytes]]:
    """Return files for publishing a questionnaire, none of which may be published."""
    laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
    )
    return {
        "no file at all": ("q.yaml", b""),
        "an object": ("q.yaml", b"!!python/object/apply:os.system ['reboot']"),
        "a billion laughs": ("q.yaml", laughs.encode()),
        "deep lists": ("q.yaml", b"[" * 20_000),
        "deep braces": ("q.yaml", b"{a: " * 20_000),
        "deep dashes": ("q.yaml", b"- " * 20_000 + b"x"),
        "a recursive anchor": ("q.yaml", b"&a [*a]"),
        "tabs": ("q.yaml", b"key:\n\t- x"),
        "a NUL": ("q.yaml", b"key: a\0b"),
        "not UTF-8": ("q.yaml", b"key: \xff\xfe"),
        "UTF-16": ("q.yaml", "key: x".encode("utf-16")),
        "a workbook": ("q.yaml", workbook(["key"])),
        "three megabytes": ("q.yaml", b"# " + b"x" * 3_000_000),
        "a number": ("q.yaml", b"12345"),
        "a huge number": ("q.yaml", b"key: " + b"9" * 100_000),
        "dates that are none": ("q.yaml", b"key: 2026-99-99"),
        "two documents": ("q.yaml", b"a: 1\n---\nb: 2"),
        "a path": ("../../q.yaml", b"key: x"),
        "lone surrogates": ("q.yaml", rb'key: "\ud800"'),
        "merge keys": ("q.yaml", b"<<: {a: 1}\n<<: [1]"),
        "strange keys": ("q.yaml", b"? [1, 2]\n: x\n? {a: b}\n: y"),
        "half a quote": ("q.yaml", b'key: "open'),
    }
