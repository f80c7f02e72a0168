"""A workbook as it is built: sheets whose rows are streamed to disk, and the package around them.

openpyxl writes every part of the package; only the rows inside a sheet come from `exports.cells`. Rows of
several sheets can be written at once, so one read of the answers feeds all sheets that show them.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.chart._chart import ChartBase
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from exports.cells import CellWriter, Look, Value, first_units, sheet_title, storable
from exports.styles import register

CREATOR: Final = "Eleven"
A4, A3 = 9, 8
_PERSONAL: Final = "Contains personal data: keep and share it as your policy says"
_FLUSH_BYTES: Final = 1 << 18
_ROWS_PLACE: Final = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
_DIMENSION: Final = re.compile(rb"<dimension [^>]*/>")
_AFTER_IGNORED: Final = re.compile(rb"<drawing |<legacyDrawing |<tableParts|</worksheet>")
_CUT_PART_UNITS: Final = 32_000
_CUT_COLUMNS: Final = (
    ("Sheet", 18),
    ("Cell", 10),
    ("Column", 24),
    ("Part", 12),
    ("The text goes on here", 110),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet is set up: column widths in characters, paper, and what stays in sight."""

    widths: Sequence[float]
    paper: int = A4
    landscape: bool = True
    header_row: int = 0
    fixed_columns: int = 0


class Sheet:
    """One sheet while its rows are written."""

    def __init__(self, book: "Book", worksheet: Worksheet, looks: Sequence[Look], layout: Layout) -> None:
        self._book = book
        self.worksheet = worksheet
        self.looks = looks
        self.headings: Sequence[str] = ()
        self.row = 0
        self.columns = 1
        self.links: list[Hyperlink] = []
        self.codes: list[str] = []
        self.rows: IO[bytes] = tempfile.TemporaryFile("w+b", buffering=_FLUSH_BYTES)  # noqa: SIM115 - closed with the book
        self._cells = CellWriter(book.styles, layout.widths, lambda *cut: book.note_cut(self, *cut))

    @property
    def title(self) -> str:
        """The sheet's title."""
        return self.worksheet.title

    def append(
        self,
        values: Sequence[Value] = (),
        looks: Sequence[Look] | Look | None = None,
        *,
        height: float | None = None,
    ) -> int:
        """Write the next row and return its number; without looks, each column has its own."""
        self.row += 1
        self.columns = max(self.columns, len(values))
        chosen = (looks,) * len(values) if isinstance(looks, Look) else looks or self.looks
        self.rows.write(self._cells.row(self.row, values, chosen, height).encode())
        return self.row

    def merge(self, first: str, last: str) -> None:
        """Show a range of cells as one; only the first may hold anything."""
        self.worksheet.merged_cells.add(f"{first}:{last}")

    def break_page(self) -> None:
        """Begin a new page in print after the last row."""
        self.worksheet.row_breaks.append(Break(id=self.row))

    def link(self, place: str, to: "Sheet") -> None:
        """Lead from a cell to another sheet."""
        quoted = to.title.replace("'", "''")
        self.links.append(Hyperlink(ref=place, location=f"'{quoted}'!A1", tooltip=f"Go to {to.title}"))

    def add_chart(self, chart: ChartBase, place: str, description: str) -> None:
        """Place a chart, with a description for those who cannot see it."""
        self._book.descriptions[id(chart)] = description
        self.worksheet.add_chart(chart, place)


class Book:
    """A workbook while it is built. Use as a context manager: leaving it removes what is on disk."""

    def __init__(self, title: str, now: datetime) -> None:
        self.title = title
        self.now = now
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.worksheets[0])
        self.styles = register(self.workbook)
        self.sheets: dict[str, Sheet] = {}
        self.descriptions: dict[int, str] = {}
        self._cuts: Sheet | None = None
        self._tables: set[str] = set()

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_problem: object) -> None:
        for sheet in self.sheets.values():
            sheet.rows.close()

    def sheet(
        self, wanted_title: str, layout: Layout, looks: Sequence[Look] = (), *, after: Sheet | None = None
    ) -> Sheet:
        """Add a sheet after another, or after all that there are; `looks` are its columns'."""
        title = sheet_title(wanted_title, tuple(self.sheets))
        place = self.workbook.index(after.worksheet) + 1 if after else None
        worksheet = self.workbook.create_sheet(title, place)
        self._set_up(worksheet, layout)
        made = Sheet(self, worksheet, looks, layout)
        self.sheets[title] = made
        return made

    def _set_up(self, worksheet: Worksheet, layout: Layout) -> None:
        for index, width in enumerate(layout.widths, start=1):
            worksheet.column_dimensions[get_column_letter(index)].width = width
        worksheet.sheet_view.showGridLines = False
        worksheet.sheet_view.zoomScale = 100
        worksheet.page_setup.orientation = "landscape" if layout.landscape else "portrait"
        worksheet.page_setup.paperSize = layout.paper
        worksheet.page_setup.fitToWidth, worksheet.page_setup.fitToHeight = 1, 0
        worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        margins = worksheet.page_margins
        margins.left = margins.right = 0.4
        margins.top = margins.bottom = 0.7
        header, footer = HeaderFooterItem(), HeaderFooterItem()
        header.left.text, header.right.text = _for_header(self.title), "&A"
        footer.left.text, footer.right.text = _PERSONAL, "Page &P of &N"
        worksheet.HeaderFooter.oddHeader, worksheet.HeaderFooter.oddFooter = header, footer
        if layout.header_row:
            corner = f"{get_column_letter(layout.fixed_columns + 1)}{layout.header_row + 1}"
            worksheet.freeze_panes = corner
            # The row above the header holds the headings over headings, if there are any.
            worksheet.print_title_rows = f"{layout.header_row - 1}:{layout.header_row}"

    def add_table(
        self,
        sheet: Sheet,
        name: str,
        headings: Sequence[str],
        header_row: int,
        *,
        about: str,
        filtered: bool = True,
    ) -> None:
        """Make an Excel table of the rows from the header to the last one written.

        Raises ValueError for a table without rows, which Excel would repair, and for a name used before.
        """
        if sheet.row <= header_row:
            raise ValueError(f"The table {name} has no rows; write a sentence instead")
        if name.casefold() in self._tables:
            raise ValueError(f"There is a table called {name} already")
        self._tables.add(name.casefold())
        reference = f"A{header_row}:{get_column_letter(len(headings))}{sheet.row}"
        table = Table(displayName=name, ref=reference, comment=first_units(storable(about), 255))
        for number, heading in enumerate(headings, start=1):
            table.tableColumns.append(TableColumn(id=number, name=_unescaped_name(heading)))
        if filtered:
            table.autoFilter = AutoFilter(ref=reference)
        table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
        sheet.worksheet.add_table(table)

    def note_cut(self, sheet: Sheet, place: str, column: int, rest: str) -> None:
        """Continue a text that did not fit its cell on the sheet of cut texts, made when first needed."""
        if self._cuts is None:
            self._cuts = self._cut_sheet()
        heading = sheet.headings[column] if column < len(sheet.headings) else ""
        parts = []
        while rest:
            parts.append(first_units(rest, _CUT_PART_UNITS))
            rest = rest[len(parts[-1]) :]
        for number, part in enumerate(parts, start=2):
            self._cuts.append((sheet.title, place, heading, f"{number} of {len(parts) + 1}", part))

    def _cut_sheet(self) -> Sheet:
        layout = Layout([width for _, width in _CUT_COLUMNS], header_row=4, fixed_columns=4)
        sheet = self.sheet("Cut texts", layout, (Look.TEXT, Look.TEXT, Look.TEXT, Look.TEXT, Look.WRAPPED))
        sheet.headings = [title for title, _ in _CUT_COLUMNS]
        sheet.append(("Cut texts",), Look.TITLE)
        sheet.append(
            ("A cell holds at most 32,767 characters. What did not fit goes on here.",),
            Look.NOTE,
        )
        sheet.append()
        sheet.append(sheet.headings, Look.HEADER)
        return sheet

    def save(self, out: BinaryIO) -> None:
        """Write the package; `out` need not be seekable."""
        if self._cuts is not None:
            about = "Texts that were too long for their cells, continued"
            self.add_table(self._cuts, "CutTexts", self._cuts.headings, 4, about=about)
            self.workbook.move_sheet(self._cuts.worksheet, len(self.sheets))
        moment = self.now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        properties = self.workbook.properties
        properties.title = storable(self.title)
        properties.creator = properties.lastModifiedBy = CREATOR
        properties.language = "en-GB"
        properties.created = properties.modified = moment
        with ZipFile(out, "w", ZIP_DEFLATED, allowZip64=True) as archive:
            _PackageWriter(self, archive).write_data()


class _PackageWriter(ExcelWriter):
    """openpyxl's writer of packages, with our rows put into its sheets and words beside its charts."""

    def __init__(self, book: Book, archive: ZipFile) -> None:
        super().__init__(book.workbook, archive)
        self._book = book
        self._package = archive

    def write_worksheet(self, ws: Any) -> None:
        """Write one sheet: everything around the rows by openpyxl, the rows as they were streamed."""
        sheet = self._book.sheets[ws.title]
        ws._drawing = _described(ws._charts, self._book.descriptions)  # noqa: SLF001 - as openpyxl's own writer does
        around = BytesIO()
        writer = WorksheetWriter(ws, out=around)
        ws._hyperlinks = sheet.links  # noqa: SLF001 - links belong to cells that openpyxl does not see
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]  # noqa: SLF001
        before, after = _split(around.getvalue(), sheet)
        with self._package.open(ws.path[1:], "w", force_zip64=sheet.rows.tell() > 1 << 30) as part:
            part.write(before)
            sheet.rows.seek(0)
            shutil.copyfileobj(sheet.rows, part, _FLUSH_BYTES)
            part.write(after)
        self.manifest.append(ws)


def _split(around: bytes, sheet: Sheet) -> tuple[bytes, bytes]:
    """Return what comes before and after a sheet's rows."""
    place = _ROWS_PLACE.search(around)
    if place is None:
        raise ValueError(f"openpyxl wrote no place for the rows of {sheet.title}")
    size = f'<dimension ref="A1:{get_column_letter(sheet.columns)}{max(1, sheet.row)}"/>'.encode()
    before = _DIMENSION.sub(size, around[: place.start()], count=1)
    after = around[place.end() :]
    if sheet.codes:
        # Codes are text on purpose; without this Excel marks each one as a number stored as text.
        codes = " ".join(sheet.codes)
        ignored = f'<ignoredErrors><ignoredError sqref="{codes}" numberStoredAsText="1"/></ignoredErrors>'
        at = _AFTER_IGNORED.search(after)
        cut = at.start() if at else 0
        after = after[:cut] + ignored.encode() + after[cut:]
    return before + b"<sheetData>", b"</sheetData>" + after


def _described(charts: list[Any], descriptions: dict[int, str]) -> Any:
    """Return a drawing whose charts carry descriptions, which openpyxl has no place for."""
    drawing: Any = SpreadsheetDrawing()
    drawing.charts = charts
    plain = drawing._chart_frame  # noqa: SLF001

    def described(number: int) -> Any:
        frame = plain(number)
        frame.nvGraphicFramePr.cNvPr.descr = storable(descriptions.get(id(charts[number - 1]), ""))
        return frame

    drawing._chart_frame = described  # noqa: SLF001
    return drawing


def _for_header(text: str) -> str:
    """Return a text for a page's header, where & begins a code and 255 characters are the most."""
    line = " ".join(storable(text).split())
    return first_units(line, 110).replace("&", "&&")


def _unescaped_name(heading: str) -> str:
    """Return a table column's name as the package wants it: exactly as the header cell is read."""
    return re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", heading)
