"""A table that somebody uploaded: its heading, its rows as text, and what may be wrong with a row.

Nothing here knows of files or of the register: reading files is `table_files`, meaning is `register_file`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

FIRST_ROW: Final = 2
"""The number of the row below the heading, as a spreadsheet shows it."""

LONGEST_TEXT: Final = 500
"""Characters in one cell that is kept; the longest address of the real register has under 200."""

_DATE: Final = re.compile(r"(\d{2})-(\d{2})-(\d{4})")
_INVISIBLE: Final = "Cf"
_UNWANTED: Final = frozenset({"Cc", "Cs", "Co", "Cn"})


class RegisterFileError(ValueError):
    """A file that cannot be taken at all; the message says what is wrong, where, and how to mend it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CellError(ValueError):
    """One cell that cannot be taken; `reason` names its column, `mend` says what to do."""

    def __init__(self, reason: str, mend: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was left out: its number, what it is about, why, and how to mend it.

    `key` is the row's URN or code where it could be read, so that a refused organisation is not taken for one
    that has left the register.
    """

    row: int
    what: str
    reason: str
    mend: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and a way to go through the records below it, in order, blank ones included.

    Going through them may raise RegisterFileError: a large file is read as it goes.
    """

    header: tuple[str, ...]
    records: Callable[[], Iterator[list[str]]]

    def find(self, *names: str) -> int | None:
        """Return the place of the first of these columns that the heading has, in any case and spacing.

        Raises RegisterFileError when the heading has that column twice.
        """
        heading = [_plain(title) for title in self.header]
        for name in names:
            plain = _plain(name)
            if heading.count(plain) > 1:
                raise RegisterFileError(
                    f"The heading has the column “{name}” more than once. Delete or rename all but one."
                )
            if plain in heading:
                return heading.index(plain)
        return None

    def rows(self, refused: list[Refusal]) -> Iterator[tuple[int, list[str]]]:
        """Yield row numbers and cells, each as wide as the heading; rows without any content are passed over.

        A row that is wider than the heading goes to `refused`: its cells would stand in the wrong columns.
        """
        width = len(self.header)
        for number, cells in enumerate(self.records(), FIRST_ROW):
            if len(cells) != width:
                if any(map(str.strip, cells[width:])):
                    refused.append(_too_wide(number, cells, width))
                    continue
                cells = cells[:width] + [""] * (width - len(cells))  # noqa: PLW2901
            if any(cells):
                yield number, cells


def require(table: Table, *columns: tuple[str, ...]) -> list[int]:
    """Return the places of columns, each given by its possible names; all missing ones are named at once.

    Raises RegisterFileError.
    """
    places = [table.find(*names) for names in columns]
    missing = [names[0] for names, place in zip(columns, places, strict=True) if place is None]
    if missing:
        named = ", ".join(f"“{name}”" for name in missing)
        raise RegisterFileError(
            f"The first row of the file must name its columns, and {named} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Add the column, or choose another file."
        )
    return [place for place in places if place is not None]


def _plain(title: str) -> str:
    return " ".join(title.split()).casefold()


def _too_wide(number: int, cells: list[str], width: int) -> Refusal:
    return Refusal(
        number,
        f"Row {number}",
        f"It has {len(cells)} cells, but the heading has {width}",
        "Put text that contains a comma in quotation marks, or save the file again from a spreadsheet",
    )


# --- cells ----------------------------------------------------------------------------------------


def shown(text: str) -> str:
    """Return a cell as a message quotes it: short, on one line."""
    line = " ".join(text.split())
    return f"“{line[:40]}…”" if len(line) > 40 else f"“{line}”"


def clean(text: str, column: str) -> str:
    """Return text with single spaces and without invisible marks.

    Raises CellError for control characters and other characters that cannot be printed, and for text that is
    longer than LONGEST_TEXT.
    """
    if len(text) > LONGEST_TEXT:
        raise CellError(f"{column} is longer than {LONGEST_TEXT} characters", "Shorten the text")
    if text.isascii() and text.isprintable():
        return text.strip() if "  " not in text else " ".join(text.split())
    text = " ".join(text.split())
    if text.isprintable():
        return text
    text = "".join(char for char in text if unicodedata.category(char) != _INVISIBLE)
    if any(unicodedata.category(char) in _UNWANTED for char in text):
        raise CellError(
            f"{column} contains a character that cannot be printed",
            "Type the text again instead of pasting it",
        )
    return text.strip()


def code(text: str) -> str:
    """Return a code without spaces, leading zeros and the “.0” that spreadsheets add: " 0034.0" is "34"."""
    bare = text.strip().removesuffix(".0")
    return bare.lstrip("0") or bare[-1:]


def digits(text: str, column: str, length: int) -> str:
    """Return a number of so many digits, padded with the zeros that a spreadsheet took away; "" stays "".

    Raises CellError.
    """
    bare = text.strip().removesuffix(".0")
    if not bare:
        return ""
    if not (bare.isascii() and bare.isdigit()) or len(bare.lstrip("0")) > length:
        raise CellError(
            f"{column} is {shown(text)}, not a number of {length} digits",
            "Correct the number, or download the file again if a spreadsheet has changed it",
        )
    return bare.lstrip("0").rjust(length, "0")


def whole_number(text: str, column: str) -> int | None:
    """Return a count or an age, or None for an empty cell. Raises CellError."""
    bare = text.strip().removesuffix(".0")
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit()) or len(bare) > 6:
        raise CellError(
            f"{column} is {shown(text)}, not a whole number", "Correct the number or leave it empty"
        )
    return int(bare)


def day(text: str, column: str) -> date | None:
    """Return the date of dd-mm-yyyy, or None for an empty cell. Raises CellError for every other form.

    01/02/2015 is refused on purpose: a spreadsheet that rewrote dates may have swapped day and month.
    """
    bare = text.strip()
    if not bare:
        return None
    found = _day(bare)
    if found is None:
        raise CellError(
            f"{column} is {shown(text)}, not a date like 31-08-2026",
            "Write day-month-year with hyphens, or download the file again and do not open it in Excel",
        )
    return found


@lru_cache(maxsize=20_000)
def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None
