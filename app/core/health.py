"""Whether this installation is well, for the machines that watch it: three questions, three addresses.

`/health/live`: does this process answer at all? `/health/ready`: can it serve people, that is, does the
database answer and is there room on the disk? `/health`: is everything well, mails included? A late mail is
somebody's business, but no reason to take the pages away. No reply holds anything about people.
"""

import logging
import shutil
from datetime import datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.core.settings import Settings, settings

LOG: Final = logging.getLogger("eleven")

# Mails belong to organisations, and whoever asks here is nobody: the count needs the widest scope.
_SCOPE: Final = text("SELECT set_config('eleven.scope', 'system', true)")
_OLDEST_DUE: Final = text(
    "SELECT min(due_at) FROM outbox_message WHERE state = 'waiting' AND due_at <= :now "
    "AND (leased_until IS NULL OR leased_until < :now)"
)


def live(_request: Request) -> Response:
    """Say that the process answers; nothing else is looked at."""
    return JSONResponse({"status": "live"})


def ready(request: Request) -> Response:
    """Say whether this process can serve people: 200, or 503 with what is wrong."""
    found = _found(request)
    return _reply(found, found["database"] == "answers" and not found["disk"]["short"], "ready")


def health(request: Request) -> Response:
    """Say whether everything is well, mails included: 200, or 503 with what is wrong."""
    found = _found(request)
    well = found["database"] == "answers" and not found["disk"]["short"] and not found["mail"]["late"]
    return _reply(found, well, "ready")


def _reply(found: dict[str, Any], well: bool, word: str) -> Response:  # noqa: FBT001
    status = {"status": word if well else f"not {word}"}
    return JSONResponse({**status, **found}, status_code=200 if well else 503)


def _found(request: Request) -> dict[str, Any]:
    config = settings()
    return {**_database(request.app.state.engine, request.app.state.clock(), config), "disk": _disk(config)}


def _database(engine: Engine, now: datetime, config: Settings) -> dict[str, Any]:
    try:
        with engine.connect() as connection:
            connection.execute(_SCOPE)
            oldest: datetime | None = connection.execute(_OLDEST_DUE, {"now": now}).scalar_one()
    except SQLAlchemyError as problem:
        LOG.warning("health: the database does not answer: %s", type(problem).__name__)
        return {"database": "does not answer", "mail": {"oldest_due_seconds": None, "late": False}}
    waited = int((now - oldest).total_seconds()) if oldest else 0
    late = waited > config.health_mail_minutes * 60
    return {"database": "answers", "mail": {"oldest_due_seconds": waited, "late": late}}


def _disk(config: Settings) -> dict[str, Any]:
    place = config.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free // 1_000_000
    return {"free_mb": free, "short": free < config.health_free_mb}


def add_routes(app: FastAPI) -> None:
    """Mount the three addresses."""
    app.add_route("/health", health, methods=["GET"])
    app.add_route("/health/live", live, methods=["GET"])
    app.add_route("/health/ready", ready, methods=["GET"])
