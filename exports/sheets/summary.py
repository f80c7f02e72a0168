"""The summary: the four tables that boards know, and a chart for each."""

from collections.abc import Mapping, Sequence
from typing import Final

from openpyxl.chart._chart import ChartBase

from app.core.clock import date_and_time, london_date
from app.core.rendering import plural
from app.ratings.models import RatingSource
from exports.book import Book, Layout, Sheet
from exports.cells import Look, Value
from exports.sheets import charts, tallies
from exports.sheets.tallies import share
from exports.sheets.wording import STATE_WORDS, domain_words, kind_words, phase_words
from exports.source import Counts, RoundHead
from exports.tables import Column

TITLE: Final = "Summary"
_COLUMNS: Final = 12
_CHART_ROWS: Final = 17
_N, _P = Look.FIGURE, Look.SHARE

_PROGRESS: Final = (
    Column("Asked", "Returns that were issued, without those that are exempt", look=_N, holds="Count"),
    Column("Signed", "Returns whose signature is in force", look=_N, holds="Count"),
    Column("Not signed", "All others", look=_N, holds="Count"),
    Column("Signed, %", "Signed of asked, rounded down: 100 % means all", look=_P, holds="Percent"),
    *(
        Column(STATE_WORDS[state], "Returns that are no further than that", look=_N, holds="Count")
        for state in tallies.STATES
    ),
)
KINDS: Final = (Column("Kind", "What the organisations were on the day of issue"), *_PROGRESS)
PHASES: Final = (Column("Phase", "Their phase on that day"), *_PROGRESS)
_OUTCOMES: Final = ("Red", "Amber", "Green", "Not enough answers", "Not rated")
RATINGS: Final = (
    Column("Domain", "One of the questionnaire's domains; own domains are marked"),
    *(Column(word, "Signed returns with this self-rating", look=_N, holds="Count") for word in _OUTCOMES),
    Column("Returns", "Signed returns", look=_N, holds="Count"),
    *(
        Column(f"{word}, %", "Their share of the signed returns, rounded down", look=_P, holds="Percent")
        for word in _OUTCOMES
    ),
)
VALIDATED: Final = (
    Column("Domain", "One of the questionnaire's domains"),
    *(
        Column(word, "Signed returns with this validated rating", look=_N, holds="Count")
        for word in _OUTCOMES
    ),
    Column("Not reviewed", "Signed returns without a validated rating", look=_N, holds="Count"),
)
TREND: Final = (
    Column("Week ends on", "Last day of the week in this round", look=Look.DATE, holds="Date"),
    Column(
        "Week", "Weeks from the due date: 0 ends on it, -3 ends three weeks before", look=_N, holds="Weeks"
    ),
    Column("Signed", "Returns signed by then in this round", look=_N, holds="Count; empty: not known yet"),
    Column("This round", "Their share of those asked, rounded down", look=_P, holds="Percent"),
    Column(
        "Signed, last round", "Returns signed by then, as far from its own due date", look=_N, holds="Count"
    ),
    Column("Last round", "Their share of those asked then", look=_P, holds="Percent"),
)
CHANGES: Final = (
    Column("Domain", "One of the questionnaire's domains"),
    Column("Improved", "Self-ratings with a better colour than in the round before", look=_N, holds="Count"),
    Column("Same", "Self-ratings with the same colour", look=_N, holds="Count"),
    Column("Worse", "Self-ratings with a worse colour", look=_N, holds="Count"),
    Column(
        "No colour in one", "Too few answers, or nothing applied, in one of the two", look=_N, holds="Count"
    ),
    Column("New", "No signed return or no such domain in the round before", look=_N, holds="Count"),
)
# What the data dictionary lists for this sheet: each table's name and columns.
TABLES: Final[Mapping[str, tuple[Column, ...]]] = {
    "Returns by kind": KINDS,
    "Returns by phase": PHASES,
    "Ratings by domain": RATINGS,
    "Validated ratings by domain": VALIDATED,
    "Response trend": TREND,
    "This round against the last": CHANGES,
}
_LAYOUT: Final = Layout([36, *[11.5] * (_COLUMNS - 1)])


class Summary:
    """The sheet of the four tables while it is written."""

    def __init__(self, book: Book, head: RoundHead) -> None:
        self._book = book
        self._head = head
        self.sheet: Sheet = book.sheet(TITLE, _LAYOUT)
        self._rows: dict[str, tuple[int, int]] = {}
        self._many_kinds = False

    def write(self, counts: Counts) -> None:
        """Write the tables and draw the charts from them."""
        sheet, head = self.sheet, self._head
        sheet.append((f"Summary: {head.round.title}",), Look.TITLE)
        sheet.append((f"As at {date_and_time(head.now)}",), Look.NOTE)
        for _ in range(2 * _CHART_ROWS + 1):
            sheet.append()
        sheet.break_page()
        # With many kinds their chart needs a sheet of its own, or a spreadsheet leaves out each second name.
        self._many_kinds = len(tallies.type_rows(counts.types, by_phase=False)) > charts.MANY_BARS
        if self._many_kinds:
            for _ in range(2 * _CHART_ROWS):
                sheet.append()
            sheet.break_page()
        self._types(counts)
        sheet.break_page()
        self._ratings(counts)
        self._trend(counts)
        # Its heading would else stand alone at the foot of the page before.
        sheet.break_page()
        self._changes(counts)
        self._charts(with_changes=bool(counts.changes))

    def _table(
        self,
        name: str,
        heading: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Value]],
        nothing: str,
    ) -> None:
        """Write a table under its heading, or the sentence for a table without rows."""
        sheet = self.sheet
        sheet.append()
        sheet.append((heading,), Look.HEADING)
        if not rows:
            sheet.append((nothing,), Look.NOTE)
            return
        looks = [column.look for column in columns]
        turned = [Look.HEADER_RIGHT if look in {_N, _P} else Look.HEADER for look in looks]
        header = sheet.append([column.heading for column in columns], turned, height=32)
        for row in rows:
            sheet.append(row, looks)
        self._rows[name] = (header, sheet.row)
        self._book.add_table(
            sheet, name, [column.heading for column in columns], header, about=heading, filtered=False
        )

    def _types(self, counts: Counts) -> None:
        for name, heading, columns, by_phase in (
            ("ReturnsByKind", "Returns by kind of organisation", KINDS, False),
            ("ReturnsByPhase", "Returns by phase", PHASES, True),
        ):
            rows = tallies.type_rows(counts.types, by_phase=by_phase)
            words = phase_words if by_phase else kind_words
            cells = [(words(row.key), *_progress(row)) for row in rows]
            self._table(name, heading, columns, cells, "No organisation has been asked yet.")
            if rows:
                total = ("All", *_progress(tallies.total_row(rows)))
                looks = [Look.TOTAL_PERCENT if column.look is _P else Look.TOTAL_NUMBER for column in columns]
                self.sheet.append(total, [Look.TOTAL, *looks[1:]])
            if counts.exempt and not by_phase:
                owe = "owes no answer and is" if counts.exempt == 1 else "owe no answer and are"
                more = f"{plural(counts.exempt, 'more organisation')} {owe} not counted"
                self.sheet.append()
                self.sheet.append((f"{more}: see the sheet Exempt.",), Look.NOTE)

    def _ratings(self, counts: Counts) -> None:
        questionnaire = self._head.questionnaire
        rows = tallies.rating_rows(questionnaire, counts.outcomes, RatingSource.SELF)
        signed = max((row.total for row in rows), default=0)
        cells = [
            (
                domain_words(questionnaire, row.domain_key),
                *row.counts,
                row.total,
                *(share(count, row.total) for count in row.counts),
            )
            for row in rows
        ]
        heading = f"Ratings by domain: self-ratings of {plural(signed, 'signed return')}"
        nothing = "No return has been signed yet."
        self._table("RatingsByDomain", heading, RATINGS, cells if signed else [], nothing)
        validated = tallies.rating_rows(questionnaire, counts.outcomes, RatingSource.VALIDATED)
        reviewed = any(row.total for row in validated)
        by_key = {row.domain_key: row.total for row in rows}
        self._table(
            "ValidatedRatings",
            "Validated ratings by domain",
            VALIDATED,
            [
                (
                    domain_words(questionnaire, row.domain_key),
                    *row.counts,
                    max(0, by_key.get(row.domain_key, 0) - row.total),
                )
                for row in validated
            ]
            if reviewed
            else [],
            "No rating of this round has been reviewed yet.",
        )

    def _trend(self, counts: Counts) -> None:
        head = self._head
        rows = tallies.week_rows(
            head.round, counts.signed, head.previous, counts.signed_before, london_date(head.now)
        )
        asked, asked_before = counts.signed.asked, counts.signed_before.asked if counts.signed_before else 0
        cells = [
            (
                row.ends_on,
                row.week,
                row.this,
                None if row.this is None else share(row.this, asked),
                row.last,
                None if row.last is None else share(row.last, asked_before),
            )
            for row in rows
        ]
        before = f", beside {head.previous.title}" if head.previous else ""
        heading = f"Response trend: returns signed by week, counted from the due date{before}"
        nothing = "No organisation has been asked yet."
        self._table("ResponseTrend", heading, TREND, cells if asked else [], nothing)

    def _changes(self, counts: Counts) -> None:
        head = self._head
        rated = {
            row.domain_key: row.total
            for row in tallies.rating_rows(head.questionnaire, counts.outcomes, RatingSource.SELF)
        }
        rows = tallies.change_rows(head.questionnaire, counts.changes, rated)
        cells = [
            (
                domain_words(head.questionnaire, row.domain_key),
                row.better,
                row.same,
                row.worse,
                row.not_comparable,
                row.new,
            )
            for row in rows
        ]
        before = f": self-ratings against {head.previous.title}" if head.previous else ""
        nothing = (
            "No organisation has a signed return in both rounds yet."
            if head.previous
            else "This round follows no other, so there is nothing to compare with."
        )
        self._table(
            "ThisRoundAgainstLast",
            f"This round against the last{before}",
            CHANGES,
            cells if counts.changes else [],
            nothing,
        )

    def _charts(self, *, with_changes: bool) -> None:
        sheet = self.sheet
        places = iter(("A4", "F4", f"A{4 + _CHART_ROWS}", f"F{4 + _CHART_ROWS}"))
        for name, chart, about in self._drawn(with_changes=with_changes):
            if name in self._rows:
                alone = name == "ReturnsByKind" and self._many_kinds
                place = f"A{5 + 2 * _CHART_ROWS}" if alone else next(places)
                if alone:
                    charts.fill_a_sheet(chart)
                sheet.add_chart(chart, place, f"{about} The same figures are in the table {name} below.")

    def _drawn(self, *, with_changes: bool) -> list[tuple[str, ChartBase, str]]:
        place, rows = self.sheet.worksheet, self._rows
        drawn: list[tuple[str, ChartBase, str]] = []
        if "ResponseTrend" in rows:
            title = "Returns signed, % of those asked"
            axes = ("Weeks before and after the due date", "Signed")
            columns: tuple[int, ...] = (4, 6) if self._head.previous else (4,)
            chart = charts.line_chart(
                place, title, rows["ResponseTrend"], labels=2, columns=columns, axes=axes
            )
            about = "Line chart: share of returns signed by week, this round solid, the last round dashed."
            drawn.append(("ResponseTrend", chart, about))
        stacks: tuple[tuple[str, str, tuple[int, ...], tuple[str, ...], str], ...] = (
            ("RatingsByDomain", "Self-ratings by domain", (2, 3, 4, 5), charts.RATING_COLOURS, "Domain"),
            ("ReturnsByKind", "Returns by kind of organisation", (3, 4), charts.PROGRESS_COLOURS, "Kind"),
            (
                "ThisRoundAgainstLast",
                "This round against the last",
                (2, 3, 4),
                charts.CHANGE_COLOURS,
                "Domain",
            ),
        )
        for name, title, parts, colours, axis in stacks:
            if name in rows and (with_changes or name != "ThisRoundAgainstLast"):
                axes = (axis, "Share of returns")
                chart = charts.stacked_bars(
                    place, title, rows[name], columns=parts, colours=colours, axes=axes
                )
                words = ", ".join(_headings(name)[column - 1].lower() for column in parts)
                drawn.append((name, chart, f"Stacked bars, one for each {axis.lower()}: {words}."))
        return drawn


def _headings(name: str) -> list[str]:
    columns = {"RatingsByDomain": RATINGS, "ReturnsByKind": KINDS, "ThisRoundAgainstLast": CHANGES}[name]
    return [column.heading for column in columns]


def _progress(row: tallies.TypeRow) -> tuple[Value, ...]:
    return (row.asked, row.signed, row.asked - row.signed, share(row.signed, row.asked), *row.others)
