"""Small workbooks to look at."""

import io
from datetime import UTC, datetime

from exports.book import Book, Layout
from exports.cells import Look, Value

NOW = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)


def written(*columns: list[Value], look: Look = Look.WRAPPED, title: str = "Sheet") -> bytes:
    """Write columns of values and return the workbook."""
    out = io.BytesIO()
    with Book("A title", NOW) as book:
        sheet = book.sheet(title, Layout([20] * len(columns)), [look] * len(columns))
        for row in zip(*columns, strict=True):
            sheet.append(row)
        book.save(out)
    return out.getvalue()
