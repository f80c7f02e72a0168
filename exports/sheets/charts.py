"""The summary's charts: each drawn by the spreadsheet itself from the table beneath it."""

from collections.abc import Sequence
from typing import Any, Final

from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.legend import Legend
from openpyxl.chart.series_factory import SeriesFactory
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun
from openpyxl.worksheet.worksheet import Worksheet

from exports.styles import ACCENT, AMBER, GREEN, GREY, RED

WIDTH_CM: Final = 15.6
HEIGHT_CM: Final = 8.2
MANY_BARS: Final = 12
RATING_COLOURS: Final = (RED, AMBER, GREEN, "C9CDD0")
PROGRESS_COLOURS: Final = (ACCENT, "C9CDD0")
CHANGE_COLOURS: Final = ("4A90A4", "C9CDD0", "2B3A42")


def line_chart(
    sheet: Worksheet,
    title: str,
    rows: tuple[int, int],
    *,
    labels: int,
    columns: Sequence[int],
    axes: tuple[str, str],
) -> ChartBase:
    """Return a line for each column; the first is solid, the second dashed.

    `rows` are the header row and the last row of the table.
    """
    chart = LineChart()
    _frame(chart, title, axes)
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0, 1
    for number, column in enumerate(columns):
        series = _series(sheet, column, rows)
        series.graphicalProperties = GraphicalProperties()
        series.graphicalProperties.line.solidFill = GREY if number else ACCENT
        series.graphicalProperties.line.dashStyle = "dash" if number else "solid"
        series.graphicalProperties.line.width = 28_575
        series.smooth = False
        series.marker.symbol = "none"
        chart.series.append(series)
    chart.set_categories(Reference(sheet, min_col=labels, min_row=rows[0] + 1, max_row=rows[1]))
    return chart


def stacked_bars(
    sheet: Worksheet,
    title: str,
    rows: tuple[int, int],
    *,
    columns: Sequence[int],
    colours: Sequence[str],
    axes: tuple[str, str],
) -> ChartBase:
    """Return one bar for each row of the table, made of its columns, each bar the whole width."""
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.gapWidth = "bar", "percentStacked", 100, 40
    _frame(chart, title, axes)
    # The first row of the table on top, as people read it.
    chart.x_axis.scaling.orientation = "maxMin"
    chart.y_axis.crosses = "max"
    chart.x_axis.tickLblSkip = 1
    for column, colour in zip(columns, colours, strict=True):
        series = _series(sheet, column, rows)
        series.graphicalProperties = GraphicalProperties(solidFill=colour)
        series.graphicalProperties.line.solidFill = "FFFFFF"
        chart.series.append(series)
    chart.set_categories(Reference(sheet, min_col=1, min_row=rows[0] + 1, max_row=rows[1]))
    return chart


def fill_a_sheet(chart: ChartBase) -> None:
    """Make a chart as large as a landscape sheet, so that each of its many bars has its name."""
    chart.width, chart.height = 2 * WIDTH_CM, 2 * HEIGHT_CM  # type: ignore[assignment]  # as in _frame


def _series(sheet: Worksheet, column: int, rows: tuple[int, int]) -> Any:
    values = Reference(sheet, min_col=column, min_row=rows[0], max_row=rows[1])
    return SeriesFactory(values, title_from_data=True)


def _frame(chart: LineChart | BarChart, title: str, axes: tuple[str, str]) -> None:
    chart.title = _words(title, 1300)
    chart.x_axis.title, chart.y_axis.title = _words(axes[0], 900), _words(axes[1], 900)
    chart.y_axis.number_format, chart.y_axis.majorUnit = "0%", 0.2
    chart.width, chart.height = WIDTH_CM, HEIGHT_CM  # type: ignore[assignment]  # the stubs know whole numbers only
    chart.legend = Legend()
    chart.legend.position = "b"
    # openpyxl hides both axes unless told otherwise.
    chart.x_axis.delete = chart.y_axis.delete = False
    lines = GraphicalProperties()
    lines.line.solidFill = "E7E9EA"
    chart.y_axis.majorGridlines = ChartLines(spPr=lines)


def _words(text: str, size: int) -> Title:
    """Return a title; `size` is in hundredths of a point."""
    font = CharacterProperties(sz=size, b=True)
    run = RegularTextRun(rPr=font, t=text)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=font), r=[run])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)
