"""How cells look: the rating colours and the few neutral styles of every workbook, built once for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from exports.cells import Look, StyleNumbers

ACCENT: Final = "0B5563"
RED, AMBER, GREEN = "B3261E", "F2B431", "0F7A52"
GREY, PALE = "8A8F94", "E7E9EA"
WHITE, BLACK = "FFFFFF", "000000"

_THIN, _DASHED = Side(style="thin", color="C9CDD0"), Side(style="dashed", color=GREY)
_WHITE_LINE, _RULE = Side(style="thin", color=WHITE), Side(style="thin", color="5A6166")


def _font(*, size: int = 11, bold: bool = False, color: str = BLACK, underlined: bool = False) -> Font:
    return Font(
        name="Calibri",
        family=2,
        size=size,
        bold=bold,
        color=color,
        underline="single" if underlined else None,
    )


@dataclass(frozen=True, slots=True)
class _Style:
    """One look as openpyxl's parts."""

    font: Font = field(default_factory=_font)
    fill: PatternFill = field(default_factory=PatternFill)
    alignment: Alignment = field(default_factory=lambda: Alignment(vertical="top"))
    border: Border = field(default_factory=Border)
    number_format: str = "General"


def _solid(colour: str) -> PatternFill:
    return PatternFill("solid", start_color=colour, end_color=colour)


_TOP = Alignment(vertical="top")
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_CENTRED = Alignment(horizontal="center", vertical="top", wrap_text=True)
_TOTAL = Border(top=_RULE, bottom=_RULE)
# White lines part neighbouring cells of one colour, so that a heat map can be counted by eye.
_PARTED = Border(left=_WHITE_LINE, right=_WHITE_LINE, top=_WHITE_LINE, bottom=_WHITE_LINE)
_DATE, _MOMENT, _NUMBER, _PERCENT = "d mmm yyyy", "d mmm yyyy hh:mm", "#,##0", "0%"


def _rating(colour: str, ink: str) -> _Style:
    return _Style(_font(bold=True, color=ink), _solid(colour), _CENTRED, _PARTED)


_HEADER = _Style(
    _font(bold=True, color=WHITE),
    _solid(ACCENT),
    Alignment(vertical="center", wrap_text=True),
    Border(left=_WHITE_LINE, right=_WHITE_LINE),
)

_STYLES: Final[Mapping[Look, _Style]] = MappingProxyType(
    {
        Look.TITLE: _Style(_font(bold=True, size=18, color=ACCENT)),
        Look.HEADING: _Style(_font(bold=True, size=13, color=ACCENT)),
        Look.NOTE: _Style(_font(color="45494D")),
        Look.LABEL: _Style(_font(bold=True)),
        Look.PARAGRAPH: _Style(alignment=_WRAPPED),
        Look.LINK: _Style(_font(color=ACCENT, underlined=True)),
        Look.HEADER: _HEADER,
        Look.HEADER_RIGHT: _Style(
            _HEADER.font,
            _HEADER.fill,
            Alignment(horizontal="right", vertical="center", wrap_text=True),
            _HEADER.border,
        ),
        Look.HEADER_TURNED: _Style(
            _HEADER.font,
            _HEADER.fill,
            Alignment(horizontal="center", vertical="bottom", text_rotation=90, wrap_text=True),
            _HEADER.border,
        ),
        Look.GROUP: _Style(
            _font(bold=True),
            _solid(PALE),
            Alignment(horizontal="center", vertical="center", wrap_text=True),
            Border(left=_RULE, right=_RULE, top=_RULE),
        ),
        Look.TEXT: _Style(alignment=_TOP),
        Look.WRAPPED: _Style(alignment=_WRAPPED),
        Look.CENTRED: _Style(alignment=_CENTRED),
        Look.DATE: _Style(
            alignment=Alignment(horizontal="left", vertical="top", indent=1), number_format=_DATE
        ),
        Look.MOMENT: _Style(
            alignment=Alignment(horizontal="left", vertical="top", indent=1), number_format=_MOMENT
        ),
        Look.NUMBER: _Style(alignment=_CENTRED, number_format=_NUMBER),
        Look.PERCENT: _Style(alignment=_CENTRED, number_format=_PERCENT),
        Look.FIGURE: _Style(number_format=_NUMBER),
        Look.SHARE: _Style(number_format=_PERCENT),
        Look.TOTAL: _Style(_font(bold=True), border=_TOTAL),
        Look.TOTAL_NUMBER: _Style(_font(bold=True), border=_TOTAL, number_format=_NUMBER),
        Look.TOTAL_PERCENT: _Style(_font(bold=True), border=_TOTAL, number_format=_PERCENT),
        Look.RED: _rating(RED, WHITE),
        Look.AMBER: _rating(AMBER, BLACK),
        Look.GREEN: _rating(GREEN, WHITE),
        Look.NOT_ANSWERED: _Style(
            _font(color="5A6166"),
            alignment=_CENTRED,
            border=Border(left=_DASHED, right=_DASHED, top=_DASHED, bottom=_DASHED),
        ),
        Look.INSUFFICIENT: _Style(
            _font(bold=True),
            PatternFill("lightUp", start_color="B5BABE", end_color=WHITE),
            _CENTRED,
            Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN),
        ),
        Look.NOT_APPLICABLE: _Style(_font(color="45494D"), _solid(PALE), _CENTRED, _PARTED),
    }
)


def register(workbook: Workbook) -> StyleNumbers:
    """Add every look to a workbook and return their numbers, plain and marked as text."""
    sheet = workbook.create_sheet("styles")
    numbers = {
        look: (_number(sheet, style), _number(sheet, style, as_text=True)) for look, style in _STYLES.items()
    }
    workbook.remove(sheet)
    return numbers


def _number(sheet: object, style: _Style, *, as_text: bool = False) -> int:
    cell = Cell(sheet, row=1, column=1)  # type: ignore[arg-type]
    cell.font, cell.fill, cell.alignment, cell.border = style.font, style.fill, style.alignment, style.border
    cell.number_format = style.number_format
    if as_text:
        cell.quotePrefix = True
    return int(cell.style_id)
