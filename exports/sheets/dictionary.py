"""The data dictionary: each sheet, each column, what it means and what stands in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from exports.book import Book
from exports.cells import Look
from exports.sheets import summary
from exports.tables import Column, TableSheet, TableSpec

DICTIONARY: Final = TableSpec(
    "Data dictionary",
    "DataDictionary",
    "What each column means. Unfinished drafts are not exported: such returns show only their state.",
    "There is no column to explain.",
    (
        Column("Sheet", "The sheet", 22, Look.WRAPPED),
        Column("Column", "The column's heading", 34, Look.WRAPPED),
        Column("Meaning", "What it means", 64, Look.WRAPPED),
        Column("Values or units", "What stands in it", 44, Look.WRAPPED),
    ),
    fixed_columns=0,
)
OWN_DICTIONARY: Final = replace(DICTIONARY, about="What each column means.")
_CUT: Final = (
    ("Sheet", "The sheet of the cell whose text did not fit", "Text"),
    ("Cell", "That cell", "Cell reference"),
    ("Column", "The heading of its column", "Text"),
    ("Part", "Which part this is; part 1 is in the cell itself", "2 of 3"),
    ("The text goes on here", "The next part, beginning where the part before ends", "Text"),
)


def write_dictionary(
    book: Book, specs: Sequence[TableSpec], *, spec: TableSpec = DICTIONARY, with_summary: bool = True
) -> TableSheet:
    """Write the data dictionary of the sheets that a workbook has."""
    table = TableSheet(book, spec)
    table.begin()
    for row in _lines([*specs, spec], with_summary=with_summary):
        table.append(row)
    table.finish()
    return table


def _lines(specs: Sequence[TableSpec], *, with_summary: bool) -> Iterator[tuple[str, str, str, str]]:
    if with_summary:
        for name, columns in summary.TABLES.items():
            for column in columns:
                yield f"{summary.TITLE}: {name}", column.heading, column.meaning, column.holds
    for spec in specs:
        for column in spec.columns:
            yield spec.sheet, column.heading, column.meaning, column.holds
    for heading, meaning, holds in _CUT:
        yield "Cut texts (if any)", heading, meaning, holds
