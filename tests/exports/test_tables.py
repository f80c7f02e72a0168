"""Tables on sheets of their own."""

import io

import pytest

from exports import tables
from exports.book import Book, Layout
from exports.cells import Look
from exports.tables import Column, TableSheet, TableSpec
from tests.exports.package_checks import faults, records, reread
from tests.exports.writing import NOW

COLUMNS = (Column("Name", "A name"), Column("Code", "", is_code=True))
SPEC = TableSpec("Things", "Things", "All things", "There is nothing.", COLUMNS)


def written(rows: int) -> bytes:
    out = io.BytesIO()
    with Book("Tables", NOW) as book:
        table = TableSheet(book, SPEC)
        table.begin(("Both", ""), [(1, 2)])
        for number in range(rows):
            table.append((f"Name {number}", f"0{number}"))
        table.finish()
        book.sheet("Last", Layout([10, 10])).append(("x", "y"), Look.TEXT)
        assert table.rows == rows
        book.save(out)
    return out.getvalue()


def test_a_table_without_rows_says_so() -> None:
    sheets = reread(written(0))

    assert sheets["Things"][3:] == [["Name", "Code"], ["There is nothing.", None]]
    assert faults(written(0)) == []


def test_a_full_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 10)
    content = written(15)
    sheets = reread(content)

    assert faults(content) == []
    assert list(sheets) == ["Things", "Things (2)", "Things (3)", "Last"]
    names = [row["Name"] for title in list(sheets)[:3] for row in records(sheets[title])]
    assert names == [f"Name {number}" for number in range(15)]
    assert all(sheets[title][2][0] == "Both" for title in list(sheets)[:3])
