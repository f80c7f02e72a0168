"""The audit trail for spreadsheets: written to a temporary file, then streamed, however long it is."""

import csv
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO, Final

from fastapi import Response
from fastapi.responses import StreamingResponse

from app.chasing.listing import safe_cell
from app.core.clock import LONDON
from app.trail.queries import Line, Names
from app.trail.words import detail_lines, event_name, reading_name, written

_CHUNK: Final = 1 << 16
# What is written in a few seconds, and what every spreadsheet opens.
MOST_LINES: Final = 100_000
_ENDS_HERE: Final = (
    "The file ends here: it holds the newest {:,} lines that fit. Choose days to take away the older ones."
)
_HEADINGS: Final = (
    "When (London)",
    "Who",
    "Number of the person",
    "What",
    "Details",
    "Organisation",
    "Number of the organisation",
    "About",
    "Its number",
    "Event",
    "Number of the event",
    "Details as stored",
)

Lines = Iterable[tuple[Line, Names]]


def events_file(lines: Lines, name: str) -> Response:
    """Answer with events."""
    return _file(((line, names, event_name(line.event)) for line, names in lines), name)


def readings_file(lines: Lines, name: str) -> Response:
    """Answer with who read what."""
    return _file(((line, names, reading_name(line.subject, line.event)) for line, names in lines), name)


def _file(lines: Iterable[tuple[Line, Names, str]], name: str) -> Response:
    """Write a file that nobody else can open, and stream it; a failure leaves nothing."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the reply has been sent
    try:
        _write(file, lines)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    return StreamingResponse(
        _chunks(file),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)},
    )


def _write(file: IO[bytes], lines: Iterable[tuple[Line, Names, str]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    for number, (line, names, words) in enumerate(lines):
        if number == MOST_LINES:
            writer.writerow([_ENDS_HERE.format(MOST_LINES)])
            break
        writer.writerow([safe_cell(value) for value in _cells(line, names, words)])
    text.flush()
    text.detach()


def _cells(line: Line, names: Names, words: str) -> tuple[object, ...]:
    detail = "; ".join(detail_lines(line.event, line.detail, names.people)) if line.detail else ""
    return (
        written(line.at.astimezone(LONDON)),
        line.person,
        line.person_id,
        words,
        detail,
        names.organisations.get(line.organisation_id or 0),
        line.organisation_id,
        line.subject,
        line.subject_id,
        line.event,
        line.id,
        json.dumps(line.detail, ensure_ascii=False, sort_keys=True) if line.detail else "",
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
