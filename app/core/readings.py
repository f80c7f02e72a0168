"""Who read what: one row for a person, a thing and a clock hour, written after the reply has left.

A request that reads changes nothing in its own transaction. What it read is appended afterwards in a
transaction of its own, so a page never waits for it, and a page that is not shown is not noted. The price:
a process that is killed between the two, or a database that fails just then, loses the note.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.access import Actor
from app.core.scope import enter

LOG = logging.getLogger("eleven")


@dataclass(frozen=True, slots=True)
class Read:
    """What a route lets people read: a part (`what`) of a subject that a path parameter names."""

    what: str
    subject: str
    parameter: str = ""


_PAGES: Final = Read("pages", "return", "return_id")
_VISIT: Final = Read("pages", "visit", "visit_id")

# Every page of a return, every profile, every file that is taken away. A test holds this table against the
# program's routes.
READS: Final[Mapping[str, Read]] = {
    "/returns/{return_id}": _PAGES,
    "/returns/{return_id}/team": _PAGES,
    "/returns/{return_id}/team/{user_id}/remove": _PAGES,
    "/returns/{return_id}/check": _PAGES,
    "/returns/{return_id}/sign-off": _PAGES,
    "/returns/{return_id}/receipt": _PAGES,
    "/returns/{return_id}/editions/{edition}": _PAGES,
    "/returns/{return_id}/feedback": _PAGES,
    "/returns/{return_id}/governors": _PAGES,
    "/returns/{return_id}/history": _PAGES,
    "/returns/{return_id}/files": _PAGES,
    "/returns/{return_id}/files/{file_id}": Read("evidence", "return", "return_id"),
    "/returns/{return_id}/{domain}/{standard}/evidence": _PAGES,
    "/returns/{return_id}/{domain}": _PAGES,
    "/returns/{return_id}/{domain}/{standard}": _PAGES,
    "/returns/{return_id}/answers.xlsx": Read("workbook", "return", "return_id"),
    "/returns/{return_id}/questions": _PAGES,
    "/moderation/{return_id}": _PAGES,
    "/moderation/{return_id}/{domain}": _PAGES,
    "/organisations/{organisation_id}/profile": Read("profile", "organisation", "organisation_id"),
    "/organisations/{organisation_id}/history": Read("history", "organisation", "organisation_id"),
    "/rounds/{round_id}/workbook.xlsx": Read("workbook", "round", "round_id"),
    "/rounds/{round_id}/chase.csv": Read("chase_list", "round", "round_id"),
    "/visits/{visit_id}": _VISIT,
    "/visits/{visit_id}/enquiry": _VISIT,
    "/visits/{visit_id}/report": _VISIT,
    "/visits/{visit_id}/letter.docx": Read("letter", "visit", "visit_id"),
    "/visits/{visit_id}/pack.docx": Read("pack", "visit", "visit_id"),
    "/visits/{visit_id}/report.docx": Read("report", "visit", "visit_id"),
    "/our-visits/{visit_id}": _VISIT,
    "/our-visits/{visit_id}/report.docx": Read("report", "visit", "visit_id"),
    "/actions/{action_id}": Read("pages", "action", "action_id"),
    "/actions/{action_id}/evidence": Read("pages", "action", "action_id"),
    "/returns/{return_id}/actions": _PAGES,
    "/actions.csv": Read("list", "actions"),
    "/audit/events.csv": Read("events", "audit"),
    "/audit/readings.csv": Read("readings", "audit"),
}

# No conflict column is named and nothing asked back: whoever hands a row in need not be able to read any.
_NOTE: Final = text(
    """
    INSERT INTO reading (at, hour, user_id, session_id, subject, subject_id, what, organisation_id)
    SELECT it.at, date_trunc('hour', it.at, 'UTC'), it.user_id, it.session_id, it.subject, it.subject_id,
        it.what, CASE it.subject
            WHEN 'organisation' THEN it.subject_id
            WHEN 'return' THEN (SELECT organisation_id FROM "return" WHERE id = it.subject_id)
            WHEN 'action' THEN (SELECT organisation_id FROM action WHERE id = it.subject_id)
            WHEN 'visit' THEN (SELECT organisation_id FROM visit WHERE id = it.subject_id) END
    FROM (SELECT CAST(:at AS timestamptz) AS at, CAST(:user_id AS int) AS user_id,
        CAST(:session_id AS bigint) AS session_id, CAST(:subject AS text) AS subject,
        CAST(:subject_id AS int) AS subject_id, CAST(:what AS text) AS what) AS it
    ON CONFLICT DO NOTHING
    """
)


def note(engine: Engine, actor: Actor, read: Read, subject_id: int, now: datetime) -> None:
    """Append that a person read something; the same again within the clock hour adds nothing."""
    with Session(engine) as session:
        enter(session, actor)
        session.connection().execute(
            _NOTE,
            {
                "at": now,
                "user_id": actor.user_id,
                "session_id": actor.session_id or None,
                "subject": read.subject,
                "subject_id": subject_id,
                "what": read.what,
            },
        )
        session.commit()


class NoteReadings:
    """Notes what was read once the reply has left; what this process noted this hour costs nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._hour: datetime | None = None
        self._noted: set[tuple[int, Read, int]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note it if it showed something."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        shown = False

        async def watched(message: Message) -> None:
            nonlocal shown
            if message["type"] == "http.response.start":
                shown = message["status"] == 200
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            if shown:
                await self._after(scope)

    async def _after(self, scope: Scope) -> None:
        read = READS.get(getattr(scope.get("route"), "path", ""))
        actor = scope.get("state", {}).get("actor")
        if read is None or actor is None:
            return
        now = scope["app"].state.clock()
        subject_id = int(scope["path_params"][read.parameter]) if read.parameter else 0
        hour = now.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._noted = hour, set()
        key = (actor.user_id, read, subject_id)
        if key in self._noted:
            return
        try:
            await run_in_threadpool(note, scope["app"].state.engine, actor, read, subject_id, now)
        except SQLAlchemyError as problem:
            LOG.warning("who read what was not noted: %s", type(problem).__name__)
        else:
            self._noted.add(key)
