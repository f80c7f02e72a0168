"""The log: one line a request and one a fault, for people or for machines, without what people wrote.

A line tells the route's pattern and not its address, the person's number and not their name. So a log may
go to more people than the returns do.
"""

import json
import logging
import secrets
import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.faults import described
from app.core.settings import Settings

REQUESTS: Final = logging.getLogger("eleven.requests")
_QUIET: Final = ("/static/", "/health")


class RequestLog:
    """Gives every request a reference, and logs one line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["reference"] = secrets.token_hex(4)
        began = perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            level = _level(scope["path"], status)
            if REQUESTS.isEnabledFor(level):
                _log(level, scope, status, perf_counter() - began)


def _level(path: str, status: int) -> int:
    if status >= 500:
        return logging.ERROR
    return logging.DEBUG if path.startswith(_QUIET) else logging.INFO


def _log(level: int, scope: Scope, status: int, seconds: float) -> None:
    actor = scope["state"].get("actor")
    fields = {
        "reference": scope["state"]["reference"],
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", None),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "user": actor.user_id if actor is not None else None,
    }
    REQUESTS.log(
        level,
        "%(method)s %(route)s %(status)s in %(ms)s ms, user %(user)s, reference %(reference)s",
        fields,
        extra={"fields": fields},
    )


class JsonLines(logging.Formatter):
    """One JSON object a line: what log collectors read."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line; of an exception, where it happened and of what kind it is."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        line.update(fields if isinstance(fields, dict) else {"message": record.getMessage()})
        if record.exc_info and record.exc_info[1] is not None:
            line["fault"] = described(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(config: Settings) -> None:
    """Write the log to standard error, in the form and from the level that the settings say."""
    handler = logging.StreamHandler(sys.stderr)
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(JsonLines() if config.logs_json else plain)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("eleven").setLevel(logging.INFO)
    # In the demo's window the people to sign in as shall stay in sight.
    REQUESTS.setLevel(logging.WARNING if config.is_demo else logging.INFO)
