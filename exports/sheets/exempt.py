"""Those who owe no answer: they count nowhere else in the workbook, so here is who they are and why."""

from collections.abc import Iterator

from app.chasing.exempting import Exempt
from app.scrutiny.consolidated import Who
from exports.book import A3, Book
from exports.cells import Look
from exports.sheets.wording import WHO_COLUMNS, who_cells
from exports.tables import Column, TableSheet, TableSpec

EXEMPT = TableSpec(
    "Exempt",
    "Exempt",
    "Organisations that owe no answer in this round. They are not counted on any other sheet.",
    "Every organisation that was asked owes an answer.",
    (
        *WHO_COLUMNS,
        Column("District", "Where it is", 16, Look.WRAPPED),
        Column("Why", "Why it owes no answer", 40, Look.WRAPPED),
        Column("Reason", "What was noted when it was exempted", 60, Look.WRAPPED),
        Column("Since", "The day on which it was exempted", 13, Look.DATE, "Date"),
        Column("By", "Who exempted it", 24, Look.WRAPPED),
    ),
    paper=A3,
)


def write_exempt(book: Book, exempt: Iterator[tuple[Who, Exempt]]) -> TableSheet:
    """Write the sheet of those who owe no answer."""
    table = TableSheet(book, EXEMPT)
    table.begin()
    for who, each in exempt:
        why = f"{each.why[:1].upper()}{each.why[1:]}"
        table.append((*who_cells(who), each.district, why, each.reason, each.since, each.by))
    table.finish()
    return table
