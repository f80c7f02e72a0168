"""Reading uploaded CSV files and Excel workbooks into tables of text, and refusing everything else."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from app.organisations.tables import FIRST_ROW, RegisterFileError, Table
from app.organisations.workbook_files import read_sheet

MAX_ROWS: Final = 200_000
MAX_COLUMNS: Final = 300
MAX_BYTES: Final = 100_000_000

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK: Final = 1 << 20

# What UTF-8 becomes when it is read as Windows-1252 and saved again: é is then Ã and ©, a quote â and €.
_TRAIL: Final = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore"))
_MANGLED: Final = re.compile(f"[ÂÃÄÅ][{_TRAIL}]|â€|â[{_TRAIL}]{{2}}|ï»¿|\N{REPLACEMENT CHARACTER}")
_SUSPECT: Final = ("Â", "Ã", "Ä", "Å", "â", "ï", "\N{REPLACEMENT CHARACTER}")

_OTHER_FILES: Final = {
    ".xls": "This is an old Excel file. Open it in Excel and save it as an Excel Workbook (.xlsx) or as CSV.",
    ".xlsm": "This workbook may hold macros. Save it as an Excel Workbook (.xlsx) or as CSV.",
    ".xlsb": "This is a binary Excel file. Save it as an Excel Workbook (.xlsx) or as CSV.",
    ".ods": "This is an OpenDocument file. Save it as an Excel Workbook (.xlsx) or as CSV.",
    ".zip": "This is a ZIP file. Open it and upload the CSV file that it contains.",
}


def read_table(
    data: bytes,
    filename: str,
    *,
    max_rows: int = MAX_ROWS,
    max_columns: int = MAX_COLUMNS,
    max_bytes: int = MAX_BYTES,
) -> Table:
    """Read a CSV file (UTF-8 or Windows-1252, commas) or the first sheet of an .xlsx workbook.

    The name decides what the file should be, its content whether it is that. `max_bytes` bounds the file
    and, for a workbook, what it unpacks to. Raises RegisterFileError, for a CSV file in part only while its
    rows are gone through.
    """
    if not data:
        raise RegisterFileError("The file is empty. Choose a file with a heading row and rows below it.")
    if len(data) > max_bytes:
        raise RegisterFileError(
            f"The file is larger than {max_bytes // 1_000_000} MB. Delete rows and columns not needed."
        )
    suffix = PurePosixPath(filename.replace("\\", "/")).suffix.lower()
    _check_content(data, suffix)
    if suffix == ".xlsx":
        sheet = read_sheet(data, max_rows=max_rows, max_columns=max_columns, max_bytes=max_bytes)
        _check_text(sheet)
        return Table(_header(sheet[0], max_columns), partial(_copied, sheet[1:]))
    encoding = _encoding(data)
    records = partial(_records, data, encoding, max_rows)
    header = next(_records(data, encoding, max_rows, skip=0), [])
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        raise RegisterFileError(
            "The columns of this file are not separated by commas. "
            "Save it from your spreadsheet as “CSV UTF-8 (comma delimited)”."
        )
    return Table(_header(header, max_columns), records)


def _check_content(data: bytes, suffix: str) -> None:
    """Refuse what the name says is not for us, and content that is not what the name says."""
    if suffix not in {".csv", ".xlsx"}:
        raise RegisterFileError(
            _OTHER_FILES.get(suffix, "The file must be a CSV file (.csv) or an Excel workbook (.xlsx).")
        )
    if data.startswith(_OLE):
        raise RegisterFileError(
            "This file is protected by a password or is an old Excel file. "
            "Remove the password, then save it as an Excel Workbook (.xlsx) or as CSV."
        )
    if suffix == ".xlsx" and not data.startswith(_ZIP):
        raise RegisterFileError(
            "The name of this file ends in .xlsx, but it is not an Excel workbook. "
            "Save it again as an Excel Workbook (.xlsx), or as CSV with a name that ends in .csv."
        )
    if suffix == ".csv" and data.startswith(_ZIP):
        raise RegisterFileError(
            "The name of this file ends in .csv, but it is a workbook or a ZIP file. "
            "Save it as CSV, or give an Excel workbook a name that ends in .xlsx."
        )
    if suffix == ".csv" and data[:1000].lstrip(codecs.BOM_UTF8 + b" \r\n\t").startswith(
        (b"<", b"%PDF", b"{")
    ):
        raise RegisterFileError(
            "The name of this file ends in .csv, but it is a web page or document. Download the table again."
        )


def _header(cells: list[str], max_columns: int) -> tuple[str, ...]:
    titles = [" ".join(cell.split()) for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    if not titles:
        raise RegisterFileError("The first row of the file is empty. It must name the columns.")
    if len(titles) > max_columns:
        raise RegisterFileError(
            f"The file has {len(titles)} columns; at most {max_columns} can be read. Delete those not needed."
        )
    return tuple(titles)


def _copied(rows: list[list[str]]) -> Iterator[list[str]]:
    return (list(row) for row in rows)


def _check_text(sheet: list[list[str]]) -> None:
    for number, row in enumerate(sheet, FIRST_ROW - 1):
        for place, cell in enumerate(row):
            if not cell.isascii() and _MANGLED.search(cell):
                raise _mangled(number, _title(sheet[0], place))


# --- CSV ------------------------------------------------------------------------------------------


def _records(data: bytes, encoding: str, max_rows: int, skip: int = 1) -> Iterator[list[str]]:
    """Yield the records of a CSV file after the first `skip`, which is the heading."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    number = 0
    try:
        for number, record in enumerate(csv.reader(lines, strict=True), 1):
            if number > max_rows + 1:
                raise RegisterFileError(f"The file has more than {max_rows:,} rows. Delete rows not needed.")
            if number > skip:
                yield record
    except csv.Error as error:
        raise RegisterFileError(
            f"Row {number + 1} cannot be read: a quotation mark is missing or stands in the wrong place, or "
            "a cell is far too long. Save the file again from a spreadsheet as CSV."
        ) from error


def _encoding(data: bytes) -> str:
    """Return how a CSV file's letters are written, having looked at every byte. Raises RegisterFileError."""
    if data.startswith(_UTF_16):
        raise RegisterFileError(
            "This file is saved as Unicode text. Save it as “CSV UTF-8 (comma delimited)” instead."
        )
    if b"\0" in data:
        row, _ = _place(data[: data.index(b"\0")].decode("cp1252", "replace"))
        raise RegisterFileError(
            f"Row {row} contains a NUL character, so this is not a plain CSV file or it is damaged. "
            "Save or download it again."
        )
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            suspect = _look_through(data, encoding)
        except UnicodeDecodeError:
            continue
        if suspect:
            _refuse_mangled(data.decode(encoding))
        return encoding
    row, column = _place(data[: _first_undefined(data)].decode("cp1252"))
    raise RegisterFileError(
        f"Row {row}, column {column}: a letter is written neither in UTF-8 nor in Windows-1252. "
        "Save the file again as “CSV UTF-8 (comma delimited)”."
    )


def _look_through(data: bytes, encoding: str) -> bool:
    """Decode piece by piece, keeping nothing; say whether any letter occurs that mangled text begins with."""
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    suspect = False
    for start in range(0, len(view), _CHUNK):
        text = decoder.decode(view[start : start + _CHUNK], final=start + _CHUNK >= len(view))
        suspect = suspect or (not text.isascii() and any(letter in text for letter in _SUSPECT))
    return suspect


def _refuse_mangled(text: str) -> None:
    match = _MANGLED.search(text)
    if match:
        raise _mangled(*_place(text[: match.start()], text))


def _mangled(row: int, column: str) -> RegisterFileError:
    return RegisterFileError(
        f"Row {row}, column {column}: letters with accents or curly quotation marks were damaged when the "
        "file was saved, and read like “Ã©” or “â€™”. Download the file again, or open it as UTF-8 and save "
        "it as “CSV UTF-8 (comma delimited)”."
    )


def _first_undefined(data: bytes) -> int:
    try:
        data.decode("cp1252")
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _place(before: str, text: str | None = None) -> tuple[int, str]:
    """Return the row and the column (by its heading) at which the text after `before` stands."""
    try:
        records = list(csv.reader(io.StringIO(before, newline="")))
        header = next(csv.reader(io.StringIO(text or before, newline="")), [])
    except csv.Error:
        return before.count("\n") + 1, "unknown"
    if not records or before.endswith("\n"):
        return len(records) + 1, _title(header, 0)
    return len(records), _title(header, len(records[-1]) - 1)


def _title(header: list[str], place: int) -> str:
    named = place < len(header) and " ".join(header[place].split())
    return f"“{named}”" if named else str(place + 1)
