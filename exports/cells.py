"""The one safe cell writer: whatever people typed becomes a text cell, and nothing else ever can.

openpyxl guesses a cell's type from its text: `=1+1` becomes a formula, `#N/A` an error, a control
character a broken file, and text over the limit is cut without a word. So cells are written here, as the
XML that the format wants: the only cells that this module knows are inline text, numbers and dates.
openpyxl makes everything else of the package (`exports.book`). Written without guessing, a cell also costs
a tenth of the time.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

from app.core.clock import LONDON

# Excel counts UTF-16 units: a character outside the basic plane is two of them.
MOST_UNITS: Final = 32_767
MOST_DIGITS: Final = 10**15
UNSTORABLE_MARK: Final = "\ufffd"
LONGEST_SHEET_TITLE: Final = 31

_LINE_END: Final = re.compile("\r\n?")
_UNSTORABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_NEEDS_CARE: Final = re.compile("[\x00-\x08\x0b-\x1f&<>\ud800-\udfff\ufffe\uffff]|_x")
# The format reads _x0041_ as "A"; an underscore written as _x005F_ keeps such text as it was typed.
_LOOKS_ESCAPED: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n＝＋－＠")  # the full-width forms count too
_SHEET_TITLE_FORBIDS: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_FIRST_EXCEL_DAY: Final = date(1900, 1, 1)


class Look(StrEnum):
    """How a cell looks; each look is one style of the workbook."""

    TITLE = "title"
    HEADING = "heading"
    NOTE = "note"
    LABEL = "label"
    PARAGRAPH = "paragraph"
    LINK = "link"
    HEADER = "header"
    HEADER_RIGHT = "header right"
    HEADER_TURNED = "header turned"
    GROUP = "group"
    TEXT = "text"
    WRAPPED = "wrapped"
    CENTRED = "centred"
    DATE = "date"
    MOMENT = "moment"
    NUMBER = "number"
    PERCENT = "percent"
    FIGURE = "figure"
    SHARE = "share"
    TOTAL = "total"
    TOTAL_NUMBER = "total number"
    TOTAL_PERCENT = "total percent"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    NOT_ANSWERED = "not answered"
    INSUFFICIENT = "insufficient"
    NOT_APPLICABLE = "not applicable"


_WRAPPING: Final = frozenset({Look.PARAGRAPH, Look.WRAPPED})
_TALL_LOOKS: Final[Mapping[Look, float]] = {Look.TITLE: 27, Look.HEADING: 21}
_LINE_HEIGHT: Final = 15
# A column's width counts digits; the letters of running text are narrower.
_LETTERS_IN_WIDTH: Final = 1.12
_MOST_HEIGHT: Final = 405

RATING_LOOKS: Final[Mapping[str, Look]] = {
    "red": Look.RED,
    "amber": Look.AMBER,
    "green": Look.GREEN,
    "insufficient": Look.INSUFFICIENT,
    "not_rated": Look.NOT_APPLICABLE,
}

Plain = str | int | float | bool | date | datetime | None


class Shown(NamedTuple):
    """A value in a look of its own, whatever its column looks like."""

    value: Plain
    look: Look


Value = Plain | Shown
# Each look's style number, plain and with the mark that says "this is text, do not read it as a formula".
StyleNumbers = Mapping[Look, tuple[int, int]]
# Told about a text that did not fit: its cell, its column's number and the part that was cut off.
OnCut = Callable[[str, int, str], None]


def storable(text: str) -> str:
    """Return a text as a cell keeps it: one kind of line end, � for what no workbook can hold."""
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    return _UNSTORABLE.sub(UNSTORABLE_MARK, text)


def units(text: str) -> int:
    """Count a storable text's characters as Excel does."""
    return len(text.encode("utf-16-le")) // 2


def cut_mark(text: str) -> str:
    """Return the words that end a text that was cut."""
    return f"… (cut: {len(text):,} characters in all)"


def fitted(text: str, most: int = MOST_UNITS) -> tuple[str, str]:
    """Return what a cell shows of a storable text, marked if cut, and the rest that did not fit."""
    if 2 * len(text) <= most or units(text) <= most:
        return text, ""
    mark = cut_mark(text)
    kept = first_units(text, most - units(mark))
    return kept + mark, text[len(kept) :]


def first_units(text: str, most: int) -> str:
    """Return the beginning of a storable text that Excel counts as at most so many characters."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")


def escaped(text: str) -> str:
    """Return a storable text as XML that every reader of workbooks turns back into that text."""
    return _LOOKS_ESCAPED.sub("_x005F_", escape(text))


def london(moment: datetime) -> datetime:
    """Return a moment as clocks in London show it, to the second; workbooks know no time zones."""
    local = moment.astimezone(LONDON) if moment.tzinfo else moment
    return local.replace(tzinfo=None, microsecond=0)


def sheet_title(wanted: str, taken: Sequence[str] = ()) -> str:
    """Return a title that Excel accepts for a sheet, unlike those taken (capitals do not count)."""
    title = _SHEET_TITLE_FORBIDS.sub(" ", wanted)
    title = " ".join(title.split()).strip("'")
    title = first_units(title, LONGEST_SHEET_TITLE).strip().strip("'") or "Sheet"
    # "History" is a name that Excel keeps for itself.
    lowered = {each.casefold() for each in taken} | {"history"}
    number, found = 2, title
    while found.casefold() in lowered:
        ending = f" ({number})"
        found = first_units(title, LONGEST_SHEET_TITLE - len(ending)).rstrip() + ending
        number += 1
    return found


class CellWriter:
    """Writes the rows of one sheet as XML, in a workbook's styles; column widths are in characters."""

    def __init__(self, styles: StyleNumbers, widths: Sequence[float], on_cut: OnCut) -> None:
        self._styles = styles
        self._widths = [max(1, int(_LETTERS_IN_WIDTH * width)) for width in widths]
        self._on_cut = on_cut
        self._letters: list[str] = []

    def row(
        self, number: int, values: Sequence[Value], looks: Sequence[Look], height: float | None = None
    ) -> str:
        """Return row `number` (from 1) with its cells; empty cells are left out."""
        while len(self._letters) < len(values):
            self._letters.append(get_column_letter(len(self._letters) + 1))
        cells = [
            self._cell(f"{letter}{number}", index, value, look)
            for index, (letter, value, look) in enumerate(zip(self._letters, values, looks, strict=False))
            if value is not None and value != ""
        ]
        return f'<row r="{number}"{self._height(values, looks, height)}>{"".join(cells)}</row>'

    def _height(self, values: Sequence[Value], looks: Sequence[Look], height: float | None) -> str:
        """Return a row's height: as given, as its look needs it, or for the lines of its longest text.

        Excel finds the height of a new row by itself, other programs do not.
        """
        if height is None and looks:
            height = _TALL_LOOKS.get(looks[0])
        if height is not None:
            return f' ht="{height}" customHeight="1"'
        most = 1
        for value, look, width in zip(values, looks, self._widths, strict=False):
            if look in _WRAPPING and isinstance(value, str) and (len(value) > width or "\n" in value):
                most = max(most, sum(max(1, -(-len(line) // width)) for line in value.splitlines()))
        return f' ht="{min(most * _LINE_HEIGHT, _MOST_HEIGHT)}"' if most > 1 else ""

    def _cell(self, place: str, column: int, value: Value, look: Look) -> str:
        if isinstance(value, Shown):
            return self._cell(place, column, value.value, value.look)
        if isinstance(value, str):
            return self._text(place, column, value, look)
        if value is None:
            return f'<c r="{place}" s="{self._styles[look][0]}"/>'
        number = _number(value)
        if number is None:
            return self._text(place, column, _in_words(value), look)
        return f'<c r="{place}" s="{self._styles[look][0]}"><v>{number}</v></c>'

    def _text(self, place: str, column: int, text: str, look: Look) -> str:
        if _NEEDS_CARE.search(text):
            text = storable(text)
            careful = True
        else:
            careful = False
        if 2 * len(text) > MOST_UNITS:
            text, rest = fitted(text)
            if rest:
                self._on_cut(place, column, rest)
        if not text:
            return f'<c r="{place}" s="{self._styles[look][0]}"/>'
        style = self._styles[look][text[0] in _FORMULA_STARTS]
        # Without this attribute readers may drop white space at the ends or fold it in the middle.
        space = ' xml:space="preserve"' if text[0].isspace() or text[-1].isspace() or "\n" in text else ""
        if careful:
            text = escaped(text)
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _number(value: Plain) -> str | None:
    """Return a number or a date as a workbook stores it, None if it must be written in words."""
    if isinstance(value, bool | str):
        return None
    if isinstance(value, datetime):
        local = london(value)
        return _day_number(local) if local.date() >= _FIRST_EXCEL_DAY else None
    if isinstance(value, date):
        return _day_number(value) if value >= _FIRST_EXCEL_DAY else None
    if isinstance(value, int):
        return str(value) if abs(value) < MOST_DIGITS else None
    return repr(value) if isinstance(value, float) and math.isfinite(value) else None


def _day_number(value: date) -> str:
    return f"{to_excel(value):.15g}"  # type: ignore[no-untyped-call]


def _in_words(value: Plain) -> str:
    """Return a value that Excel has no exact cell for as people read it."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value.isoformat() if isinstance(value, date) else str(value)
