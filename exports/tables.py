"""A sheet that is one table: its columns are declared once, for header, widths and data dictionary."""

from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from exports.book import A4, Book, Layout, Sheet
from exports.cells import Look, Value, first_units, storable

HEADER_ROW = 4
_LONGEST_HEADING = 255


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
    """A sheet with one table while its rows are written."""

    def __init__(self, book: Book, spec: TableSpec) -> None:
        self._book = book
        self.spec = spec
        self.columns = spec.columns
        layout = Layout(
            [column.width for column in spec.columns],
            paper=spec.paper,
            header_row=HEADER_ROW,
            fixed_columns=spec.fixed_columns,
        )
        self.sheet: Sheet = book.sheet(spec.sheet, layout, [column.look for column in spec.columns])
        self.sheet.headings = unique_headings([column.heading for column in spec.columns])
        self.rows = 0

    def begin(self, groups: Sequence[Value] = (), *, header_height: float = 32) -> None:
        """Write what stands above the rows; `groups` are headings over headings, one for each column."""
        self.sheet.append((self.spec.sheet,), Look.TITLE)
        self.sheet.append((self.spec.about,), Look.NOTE)
        self.sheet.append(groups, Look.GROUP, height=34 if groups else None)
        looks = [Look.HEADER_TURNED if column.turned else Look.HEADER for column in self.columns]
        self.sheet.append(self.sheet.headings, looks, height=header_height)

    def merge_groups(self, first: int, last: int) -> None:
        """Show the heading over columns `first` to `last` (from 1) as one."""
        if last > first:
            row = HEADER_ROW - 1
            self.sheet.merge(f"{get_column_letter(first)}{row}", f"{get_column_letter(last)}{row}")

    def append(self, values: Sequence[Value]) -> None:
        """Write one row."""
        self.rows += 1
        self.sheet.append(values)

    def finish(self) -> None:
        """Make the rows a table, or say that there are none."""
        if not self.rows:
            self.sheet.append((self.spec.nothing,), Look.NOTE)
            return
        self._book.add_table(
            self.sheet, self.spec.table, self.sheet.headings, HEADER_ROW, about=self.spec.about
        )
        last = self.sheet.row
        for index, column in enumerate(self.columns):
            if column.is_code:
                letter = get_column_letter(index + 1)
                self.sheet.codes.append(f"{letter}{HEADER_ROW + 1}:{letter}{last}")
