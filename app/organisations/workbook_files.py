"""Reading the first sheet of an uploaded Excel workbook as text, after a look at what it would unpack to.

A workbook is a ZIP file of XML. openpyxl keeps parts of it in memory as Python objects, some hundred bytes
for each tag, so that a file of a few kilobytes could take all memory: sizes and tags are counted first.
"""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from app.organisations.tables import RegisterFileError

MAX_PARTS: Final = 1_000
MAX_RATIO: Final = 200
"""How many times larger than the file its content may be; real sheets reach about thirty."""

MAX_TAGS: Final = 1_500_000
"""Tags in one sheet or in its texts: some 370,000 cells, or all columns of 2,600 schools."""

MAX_TAGS_ELSEWHERE: Final = 150_000
"""Tags in one of the smaller parts, such as the styles."""

MAX_TAGS_IN_ROW: Final = 10_000
_RATIO_MATTERS_FROM: Final = 5_000_000
_CHUNK: Final = 1 << 20
_ROW_TAG: Final = re.compile(rb"<(?:\w+:)?row[\s/>]")
_FAR_CELL: Final = re.compile(rb'<(?:\w+:)?c r="([A-Z]{2,3})[0-9]+"[^>]*(?<!/)>')
"""Cells with content beyond column Z: openpyxl leaves out what is beyond the last column asked for."""

_LARGE_PARTS: Final = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_UNREADABLE: Final = (
    InvalidFileException,
    ParseError,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)

_DAMAGED: Final = (
    "The workbook is damaged and cannot be read. Open it in Excel and save it again, or save it as CSV."
)
_TOO_LARGE: Final = (
    "The workbook unpacks to more than can be read here. Delete what is not needed, or save the sheet as CSV."
)
_UNSAFE: Final = "The workbook holds parts that Excel does not write. Save the sheet as CSV."


def read_sheet(data: bytes, *, max_rows: int, max_columns: int, max_bytes: int) -> list[list[str]]:
    """Return the first sheet of a workbook as rows of text, the heading first.

    Formulas give the value that was saved with them, dates read dd-mm-yyyy, whole numbers have no ".0".
    Raises RegisterFileError for anything that is not a plain, readable workbook of reasonable size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive, len(data), max_bytes)
            for part in archive.infolist():
                _check_part(archive, part, _Tags(part.filename, max_rows, max_columns))
        # A warning about an unknown extension of Excel is no news to the person who uploads.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _rows(data, max_rows, max_columns)
    except RegisterFileError:
        raise
    except _UNREADABLE as error:
        raise RegisterFileError(_DAMAGED) from error


# --- before unpacking -----------------------------------------------------------------------------


def _check_directory(archive: zipfile.ZipFile, packed: int, max_bytes: int) -> None:
    parts = archive.infolist()
    names = [part.filename for part in parts]
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > max_bytes:
        raise RegisterFileError(_TOO_LARGE)
    if unpacked > _RATIO_MATTERS_FROM and unpacked > MAX_RATIO * packed:
        raise RegisterFileError(_TOO_LARGE)
    if any(part.flag_bits & 1 for part in parts):
        raise RegisterFileError(
            "The workbook is protected by a password. Remove the password and save it again."
        )
    if len(set(names)) != len(names) or any(map(_is_odd_name, names)):
        raise RegisterFileError(_UNSAFE)
    if any(name.lower().endswith("vbaproject.bin") or "/macrosheets/" in name.lower() for name in names):
        raise _macros()
    if "[Content_Types].xml" not in names:
        raise RegisterFileError(
            "This file is not an Excel workbook. Save it as an Excel Workbook (.xlsx) or as CSV."
        )


def _is_odd_name(name: str) -> bool:
    return (
        len(name) > 200
        or name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in name.split("/")
        or not name.isprintable()
    )


def _macros() -> RegisterFileError:
    return RegisterFileError("The workbook holds macros. Save it as an Excel Workbook (.xlsx) or as CSV.")


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, counter: "_Tags") -> None:
    """Count the tags of an XML part piece by piece, and refuse what no spreadsheet program writes there."""
    with archive.open(part) as content:
        chunk = content.read(_CHUNK)
        start = chunk.lstrip(b"\xef\xbb\xbf \r\n\t")[:4]
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0<" in start or b"<\0" in start:
            raise RegisterFileError(_UNSAFE)
        if start and not start.startswith(b"<"):
            return
        while chunk:
            counter.take(chunk)
            # Declarations and comments are where entities hide; only drawings of the old kind have them.
            if counter.declares and not part.filename.lower().endswith(".vml"):
                raise RegisterFileError(_UNSAFE)
            if part.filename == "[Content_Types].xml" and b"macroEnabled" in chunk:
                raise _macros()
            chunk = content.read(_CHUNK)


class _Tags:
    """Counts the tags of a part, in all and since the last row began, and sees cells too far right."""

    def __init__(self, name: str, most_rows: int, most_columns: int) -> None:
        self._most = MAX_TAGS if _LARGE_PARTS.fullmatch(name) else MAX_TAGS_ELSEWHERE
        self._most_rows = most_rows
        self._most_columns = most_columns
        self._all = self._rows = self._in_row = 0
        self._rest = b""
        self.declares = False

    def take(self, chunk: bytes) -> None:
        """Count one more piece; raises RegisterFileError as soon as there are too many."""
        self._all += chunk.count(b"<")
        text = self._rest + chunk
        self.declares = self.declares or b"<!" in text
        # A tag's name may be cut in two by the border between pieces.
        cut = text.rfind(b"<")
        keep = cut if cut >= 0 and len(text) - cut < 64 else len(text)
        text, self._rest = text[:keep], text[keep:]
        begin = 0
        for row in _ROW_TAG.finditer(text):
            self._close_row(text.count(b"<", begin, row.start()))
            self._rows, self._in_row, begin = self._rows + 1, 0, row.start()
        self._close_row(text.count(b"<", begin))
        for letters in set(_FAR_CELL.findall(text)):
            if column_index_from_string(letters.decode()) > self._most_columns:
                raise _too_far_right(f"Column {letters.decode()}", self._most_columns)
        if self._all > self._most:
            raise RegisterFileError(_TOO_LARGE)
        if self._rows > self._most_rows + 1:
            raise _too_many_rows(self._most_rows)

    def _close_row(self, tags: int) -> None:
        self._in_row += tags
        if self._rows and self._in_row > MAX_TAGS_IN_ROW:
            raise RegisterFileError(_TOO_LARGE)


def _too_many_rows(most: int) -> RegisterFileError:
    return RegisterFileError(f"The sheet has more than {most:,} rows. Delete the rows that are not needed.")


def _too_far_right(where: str, most: int) -> RegisterFileError:
    return RegisterFileError(
        f"{where} has content beyond column {most}, which is as far as can be read. "
        "Delete the columns that are not needed."
    )


# --- unpacking ------------------------------------------------------------------------------------


def _rows(data: bytes, max_rows: int, max_columns: int) -> list[list[str]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        if not book.worksheets:
            raise RegisterFileError("The workbook has no sheet with cells.")
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # the file's own word for its size is often wrong, and sometimes a trap
        found: list[list[str]] = []
        # One column more than allowed, so that content beyond the last one is seen.
        for number, row in enumerate(sheet.iter_rows(max_col=max_columns + 1, values_only=True), 1):
            if number > max_rows + 1:
                raise _too_many_rows(max_rows)
            found.append(_texts(row, number, max_columns, found))
    finally:
        book.close()
    while found and not found[-1]:
        found.pop()
    if not found:
        raise RegisterFileError("The first sheet of the workbook is empty. Put the table on the first sheet.")
    return found


def _texts(row: tuple[object, ...], number: int, max_columns: int, above: list[list[str]]) -> list[str]:
    # Rows are as wide as what may be read; almost all end where the heading does.
    width = len(above[0]) if above else 0
    content = row[:width] if row[width:].count(None) == len(row) - width else row
    cells = ["" if value is None else _text(value) for value in content]
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > max_columns:
        raise _too_far_right(f"Row {number}", max_columns)
    for place in _errors(cells):
        named = above[0][place] if above and place < len(above[0]) else str(place + 1)
        raise RegisterFileError(
            f"Row {number}, column “{named}” holds the Excel error {cells[place]}. "
            "Correct the formula or the text."
        )
    return cells


def _errors(cells: list[str]) -> Iterator[int]:
    return (place for place, cell in enumerate(cells) if cell.startswith("#") and cell in _EXCEL_ERRORS)


_EXCEL_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})


def _text(value: object) -> str:
    """Return a cell as the register writes it: codes without ".0", dates as dd-mm-yyyy."""
    match value:
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime() | date():
            return f"{value:%d-%m}-{value.year:04d}"
        case _:
            return str(value)
