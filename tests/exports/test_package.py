"""The package around the rows, and controls that the checks of it can fail."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile

import pytest

from exports.book import Book, Layout
from exports.cells import Look
from tests.exports.package_checks import faults
from tests.exports.writing import NOW

HEADINGS = ("Name", "Number")


def small(add: Callable[[Book], None] | None = None) -> bytes:
    """Return a workbook of two sheets with one table."""
    out = io.BytesIO()
    with Book("Small", NOW) as book:
        sheet = book.sheet("First", Layout([20, 20], header_row=4), (Look.TEXT, Look.NUMBER))
        sheet.append(("Title",), Look.TITLE)
        for _ in range(2):
            sheet.append()
        sheet.append(HEADINGS, Look.HEADER)
        sheet.append(("Ashgrove", 1))
        book.add_table(sheet, "Things", HEADINGS, 4, about="Things & <more>")
        second = book.sheet("Second", Layout([20]))
        second.append(("To the first",), Look.LINK)
        second.link("A1", sheet)
        if add:
            add(book)
        book.save(out)
    return out.getvalue()


def changed(content: bytes, part: str, before: bytes, after: bytes) -> bytes:
    """Return a workbook with one part changed."""
    out = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as source, ZipFile(out, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == part:
                assert before in body
                body = body.replace(before, after, 1)
            target.writestr(name, body)
    return out.getvalue()


def test_a_small_workbook_is_sound() -> None:
    assert faults(small()) == []


@pytest.mark.parametrize(
    ("part", "before", "after", "fault"),
    [
        ("xl/tables/table1.xml", b"A4:B5", b"A4:B9", "goes to row 9"),
        ("xl/tables/table1.xml", b"A4:B5", b"A4:C5", "2 columns on A4:C5"),
        ("xl/tables/table1.xml", b'ref="A4:B5"', b'ref="A4:B4"', "has no rows"),
        ("xl/tables/table1.xml", b'name="Number"', b'name="Numbers"', "has the header"),
        ("xl/tables/table1.xml", b'name="Number"', b'name="name"', "two columns of one name"),
        ("xl/tables/table1.xml", b'displayName="Things"', b'displayName="A1"', "no name for a table"),
        ("xl/worksheets/sheet1.xml", b"<v>1</v>", b"<f>1+1</f>", "is a formula"),
        ("xl/worksheets/sheet1.xml", b'<row r="5"', b'<row r="3"', "comes after row"),
        ("xl/worksheets/sheet1.xml", b"Ashgrove", b"Ash&grove", "is no XML"),
        ("xl/worksheets/_rels/sheet1.xml.rels", b"table1.xml", b"table7.xml", "which is not there"),
        ("xl/workbook.xml", b'name="Second"', b'name="first"', "two sheets have one title"),
        ("xl/workbook.xml", b'name="Second"', b'name="a:b"', "no title for a sheet"),
    ],
)
def test_a_broken_package_is_found(part: str, before: bytes, after: bytes, fault: str) -> None:
    broken = changed(small(), part, before, after)

    assert any(fault in each for each in faults(broken)), faults(broken)


def test_a_calculation_chain_is_found() -> None:
    out = io.BytesIO(small())
    with ZipFile(out, "a") as archive:
        archive.writestr("xl/calcChain.xml", "<calcChain/>")

    assert any("chain of calculations" in each for each in faults(out.getvalue()))


def test_a_table_without_rows_is_refused() -> None:
    def add(book: Book) -> None:
        sheet = book.sheet("Empty", Layout([20]))
        sheet.append(("Name",), Look.HEADER)
        book.add_table(sheet, "Nothing", ("Name",), 1, about="")

    with pytest.raises(ValueError, match="has no rows"):
        small(add)


def test_a_name_is_given_to_one_table_only() -> None:
    def add(book: Book) -> None:
        sheet = book.sheet("Other", Layout([20]))
        sheet.append(("Name",), Look.HEADER)
        sheet.append(("x",), Look.TEXT)
        book.add_table(sheet, "THINGS", ("Name",), 1, about="")

    with pytest.raises(ValueError, match="called THINGS already"):
        small(add)


def test_a_header_of_a_page_shows_what_was_typed_and_no_code() -> None:
    out = io.BytesIO()
    with Book("R&D &P \x01 " + "x" * 300, NOW) as book:
        book.sheet("One", Layout([20])).append(("x",), Look.TEXT)
        book.save(out)
    with ZipFile(out) as archive:
        sheet = fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    header = sheet.findtext(".//{*}oddHeader")

    assert header is not None
    assert header.startswith("&LR&&D &&P � xxx")
    assert len(header) <= 255


def test_a_workbook_that_fails_half_way_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(_book: Book) -> None:
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        small(fail)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_workbook_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    small()

    assert list(tmp_path.iterdir()) == []
