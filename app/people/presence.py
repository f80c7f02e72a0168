"""How long a session lasts: an idle and an absolute limit.

Reading must change no row, and staying signed in must not need scripts. So the time at which a browser last
showed a page is kept in a signed cookie of that browser; a change also writes it into the session's row, at
most once a minute. Whichever is later counts, and ending the row ends the session at once.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.sealing import is_marked, mark
from app.core.settings import settings
from app.people.cookies import seen_name

NOTED_EVERY = timedelta(minutes=1)
_PURPOSE = "seen"


@dataclass(frozen=True, slots=True)
class Limits:
    """When the session ends if nothing more is done, and when it ends in any case."""

    now: datetime
    ends_at: datetime
    last_end: datetime

    @property
    def seconds_left(self) -> int:
        """Seconds until the idle limit."""
        return int((self.ends_at - self.now).total_seconds())

    @property
    def seconds_in_all(self) -> int:
        """Seconds until the absolute limit."""
        return int((self.last_end - self.now).total_seconds())

    @property
    def idle_minutes(self) -> int:
        """Minutes that a person may be idle."""
        return settings().session_idle_minutes


def idle_limit() -> timedelta:
    """Return for how long a session lasts without a request."""
    return timedelta(minutes=settings().session_idle_minutes)


def seen_value(session_id: int, moment: datetime) -> str:
    """Return the signed note that a session's browser was seen at a moment."""
    text = f"{session_id}.{int(moment.timestamp())}"
    return f"{text}.{mark(_PURPOSE, text)}"


def last_seen(request: Request, session_id: int, changed_at: datetime) -> datetime:
    """Return when a session was last seen: by its browser's signed cookie, or its last change if later."""
    text, _, signature = request.cookies.get(seen_name(), "").rpartition(".")
    owner, _, seconds = text.partition(".")
    if owner != str(session_id) or not is_marked(_PURPOSE, text, signature):
        return changed_at
    return max(changed_at, datetime.fromtimestamp(int(seconds), UTC))


def limits_at(now: datetime, expires_at: datetime) -> Limits:
    """Return the limits of a session that has just been seen."""
    return Limits(now, min(now + idle_limit(), expires_at), expires_at)


class KeepSignedIn:
    """Hand the browser the note that the guard wrote, whatever kind of reply leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the cookie to its reply."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def send_with_note(message: Message) -> None:
            note = state.get("seen")
            if message["type"] == "http.response.start" and note:
                secure = "; Secure" if settings().secure_cookies else ""
                life = settings().session_hours * 3600
                MutableHeaders(scope=message).append(
                    "set-cookie",
                    f"{seen_name()}={note}; HttpOnly; Max-Age={life}; Path=/; SameSite=lax{secure}",
                )
            await send(message)

        await self.app(scope, receive, send_with_note)
