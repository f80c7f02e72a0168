"""Workbooks to download: written to a temporary file outside the event loop, then streamed."""

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import IO, BinaryIO, Final
from urllib.parse import quote

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from app.core.clock import london_date
from app.core.database import SessionDep
from app.people.guard import ActorDep, NowDep
from app.returns.queries import head
from app.rounds.queries import round_line
from exports.own_return import return_workbook
from exports.workbook import round_workbook

router = APIRouter()

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK: Final = 1 << 16
_LONGEST_NAME: Final = 120


@router.get("/rounds/{round_id}/workbook.xlsx")
def consolidated_workbook(actor: ActorDep, session: SessionDep, now: NowDep, round_id: int) -> Response:
    """Answer with the board's workbook of a round."""
    at_one_moment(session)
    title = round_line(session, round_id).title
    return _workbook(title, now, lambda out: round_workbook(session, actor, round_id, out, now))


@router.get("/returns/{return_id}/answers.xlsx")
def own_workbook(actor: ActorDep, session: SessionDep, now: NowDep, return_id: int) -> Response:
    """Answer with a return's own workbook."""
    at_one_moment(session)
    this = head(session, actor, return_id)
    title = f"{this.organisation_name} - {this.round_title}"
    return _workbook(title, now, lambda out: return_workbook(session, actor, return_id, out, now))


def at_one_moment(session: Session) -> None:
    """Let all reads of a workbook see the same moment, so that its sheets agree while people go on saving.

    The request has only read so far, so nothing is lost by beginning its transaction anew.
    """
    session.rollback()
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _workbook(title: str, now: datetime, write: Callable[[BinaryIO], None]) -> Response:
    """Write a workbook to a file that nobody else can open, and stream it; a failure leaves nothing."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the reply has been sent
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    return StreamingResponse(
        _chunks(file),
        media_type=XLSX,
        headers={"Content-Disposition": disposition(title, now), "Content-Length": str(size)},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def disposition(title: str, now: datetime) -> str:
    """Return the header that offers a file for saving, under a name that every system accepts."""
    name = re.sub(r"[^\w ,.()&-]+", " ", title)
    name = " ".join(name.split()).strip(" .")[:_LONGEST_NAME] or "Workbook"
    name = f"{name} {london_date(now).isoformat()}.xlsx"
    plain = re.sub(r"[^A-Za-z0-9 ,.()-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
