"""A sheet that is one table: its columns are declared once, for header, widths and data dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openpyxl.utils import get_column_letter

from exports.book import A4, Book, Layout, Sheet
from exports.cells import Look, Value, first_units, storable

HEADER_ROW: Final = 4
# The most rows that a sheet of a workbook can have.
MOST_ROWS = 1_048_576
_LONGEST_HEADING: Final = 255


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what it means, and what stands in it (`holds`: units or words)."""

    heading: str
    meaning: str
    width: float = 14
    look: Look = Look.TEXT
    holds: str = "Text"
    is_code: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A sheet with one table; `nothing` is the sentence for a table without rows."""

    sheet: str
    table: str
    about: str
    nothing: str
    columns: tuple[Column, ...]
    paper: int = A4
    fixed_columns: int = 1


def unique_headings(headings: Sequence[str]) -> list[str]:
    """Return headings as a table can have them: one line, not too long, no two alike in any case."""
    found: list[str] = []
    taken: set[str] = set()
    for number, heading in enumerate(headings, start=1):
        plain = " ".join(storable(heading).split()) or f"Column {number}"
        unique, again = first_units(plain, _LONGEST_HEADING), 2
        while unique.casefold() in taken:
            ending = f" ({again})"
            unique = first_units(plain, _LONGEST_HEADING - len(ending)) + ending
            again += 1
        taken.add(unique.casefold())
        found.append(unique)
    return found


class TableSheet:
    """A table while its rows are written; where a sheet is full, it goes on in a sheet of its own."""

    def __init__(self, book: Book, spec: TableSpec) -> None:
        self._book = book
        self._layout = Layout(
            [column.width for column in spec.columns],
            paper=spec.paper,
            header_row=HEADER_ROW,
            fixed_columns=spec.fixed_columns,
        )
        self._groups: Sequence[Value] = ()
        self._merged: list[tuple[int, int]] = []
        self._header_height: float = 32
        self._parts = 1
        self.spec = spec
        self.rows = 0
        self.sheet = self.first = self._new_sheet()

    def _new_sheet(self, after: Sheet | None = None) -> Sheet:
        looks = [column.look for column in self.spec.columns]
        sheet = self._book.sheet(self.spec.sheet, self._layout, looks, after=after)
        sheet.headings = unique_headings([column.heading for column in self.spec.columns])
        return sheet

    def begin(
        self,
        groups: Sequence[Value] = (),
        merged: Sequence[tuple[int, int]] = (),
        *,
        header_height: float = 32,
    ) -> None:
        """Write what stands above the rows.

        `groups` are headings over headings, one for each column; `merged` the first and last columns
        (from 1) over which one of them reaches.
        """
        self._groups, self._merged, self._header_height = groups, list(merged), header_height
        self._write_top()

    def _write_top(self) -> None:
        sheet = self.sheet
        sheet.append((self.spec.sheet,), Look.TITLE)
        sheet.append((self.spec.about,), Look.NOTE)
        sheet.append(self._groups, Look.GROUP, height=34 if self._groups else None)
        looks = [Look.HEADER_TURNED if column.turned else Look.HEADER for column in self.spec.columns]
        sheet.append(sheet.headings, looks, height=self._header_height)
        for first, last in self._merged:
            if last > first:
                row = HEADER_ROW - 1
                sheet.merge(f"{get_column_letter(first)}{row}", f"{get_column_letter(last)}{row}")

    def append(self, values: Sequence[Value]) -> None:
        """Write one row."""
        if self.sheet.row >= MOST_ROWS:
            self._make_table()
            self._parts += 1
            self.sheet = self._new_sheet(after=self.sheet)
            self._write_top()
        self.rows += 1
        self.sheet.append(values)

    def finish(self) -> None:
        """Make the rows a table, or say that there are none."""
        if self.rows:
            self._make_table()
        else:
            self.sheet.append((self.spec.nothing,), Look.NOTE)

    def _make_table(self) -> None:
        name = self.spec.table if self._parts == 1 else f"{self.spec.table}Part{self._parts}"
        self._book.add_table(self.sheet, name, self.sheet.headings, HEADER_ROW, about=self.spec.about)
        for number, column in enumerate(self.spec.columns, start=1):
            if column.is_code:
                letter = get_column_letter(number)
                self.sheet.codes.append(f"{letter}{HEADER_ROW + 1}:{letter}{self.sheet.row}")
