"""The partnership's list of actions as a file for a spreadsheet."""

import csv
import io
from datetime import date
from typing import Final

from fastapi import APIRouter, Request, Response

from app.actions import queries
from app.actions.pages import wanted_from
from app.actions.queries import SOURCE_WORDS, ActionLine
from app.actions.rules import STATUS_WORDS
from app.chasing.listing import safe_cell
from app.core.clock import london_date
from app.core.database import SessionDep
from app.people.guard import ActorDep, NowDep

router = APIRouter()
# What is written in a few seconds, and what every spreadsheet opens.
MOST_LINES: Final = 100_000
_ENDS_HERE: Final = (
    f"The file ends here: it holds the first {MOST_LINES:,} actions. Choose fewer with the filter."
)
HEADINGS: Final = (
    "Organisation",
    "What",
    "Who",
    "By when",
    "How far",
    "Days overdue",
    "What they say",
    "Domain",
    "Standard",
    "From",
    "Agreed on",
    "Said on",
    "Reviewed by SAIG on",
    "Number of the action",
)


@router.get("/actions.csv")
def action_file(request: Request, actor: ActorDep, session: SessionDep, at: NowDep) -> Response:
    """Hand the filtered list over."""
    today = london_date(at)
    wanted = wanted_from(request.query_params)
    lines = queries.actions(session, actor, wanted, today, most=MOST_LINES + 1)
    name = f"actions-{today.isoformat()}.csv"
    return Response(
        as_csv(lines, today),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def as_csv(lines: tuple[ActionLine, ...], today: date) -> bytes:
    """Return actions as CSV for spreadsheets: UTF-8 with a byte order mark, no cell a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for line in lines[:MOST_LINES]:
        writer.writerow([safe_cell(value) for value in _cells(line, today)])
    if len(lines) > MOST_LINES:
        writer.writerow([_ENDS_HERE])
    return out.getvalue().encode("utf-8-sig", "replace")


def _cells(line: ActionLine, today: date) -> tuple[object, ...]:
    return (
        line.organisation_name,
        line.what,
        line.owner,
        line.due_on,
        STATUS_WORDS[line.status],
        (today - line.due_on).days if line.due_on and line.overdue(today) else None,
        line.progress,
        line.domain,
        line.standard_title,
        SOURCE_WORDS[line.source],
        london_date(line.created_at),
        london_date(line.said_at) if line.said_at else None,
        london_date(line.reviewed_at) if line.reviewed_at else None,
        line.id,
    )
