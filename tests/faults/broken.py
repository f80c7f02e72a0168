"""Deliberately broken variants of the program: each has one fault that a test must catch.

They wrap the program from outside (requests, session, statements), so that they stay broken in the same way
however the program is built inside.
"""

import asyncio
import re
import threading
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI
from sqlalchemy import Engine, event, text
from sqlmodel import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import turned_away
from app.core.database import prepare

COMMITS_AFTER = 0.4
Variant = Callable[[FastAPI, Engine], ASGIApp]
Change = Callable[[Scope, dict[str, str]], dict[str, str]]


def sound(app: FastAPI, _engine: Engine) -> ASGIApp:
    """Leave the program as it is."""
    return app


def acknowledges_first(app: FastAPI, engine: Engine) -> ASGIApp:
    """Say 'saved' before the commit, like programs that commit after the response."""
    prepare(app, engine, _Patient)
    return app


class _Patient(Session):
    """A session that says it has committed before it does."""

    late = False

    def commit(self) -> None:
        """Leave it for later."""
        self.late = True
        threading.Thread(target=_commit_later, args=(self,), daemon=True).start()

    def close(self) -> None:
        """Leave that for later too, when there was something to commit."""
        if not self.late:
            super().close()


def _commit_later(session: Session) -> None:
    time.sleep(COMMITS_AFTER)
    Session.commit(session)
    Session.close(session)


def without_locks(app: FastAPI, engine: Engine) -> ASGIApp:
    """Take no row locks: two people change one return at the same moment without waiting for each other."""

    def strip(  # type: ignore[no-untyped-def]
        _connection, _cursor, statement: str, parameters, _context, _many
    ):
        return re.sub(r"\s+FOR (UPDATE|SHARE)( OF \w+)?", "", statement), parameters

    event.listen(engine, "before_cursor_execute", strip, retval=True)
    return app


def without_version_check(app: FastAPI, engine: Engine) -> ASGIApp:
    """Take each save as if it came from the newest version: the last writer wins."""

    def newest(scope: Scope, fields: dict[str, str]) -> dict[str, str]:
        return_id = int(str(scope["path"]).split("/")[2])
        with engine.connect() as connection:
            connection.execute(text("SELECT set_config('eleven.scope', 'system', true)"))
            rows = connection.execute(
                text("SELECT standard_key, version FROM answer WHERE return_id = :id"), {"id": return_id}
            )
            newer = {f"{key}.version": str(version) for key, version in rows}
        return {name: newer.get(name, value) for name, value in fields.items()}

    return _Altered(app, newest)


def without_save_keys(app: FastAPI, _engine: Engine) -> ASGIApp:
    """Forget the key of each save, so that a repeated one looks like a new one."""

    def nameless(_scope: Scope, fields: dict[str, str]) -> dict[str, str]:
        return {name: "" if name.endswith(".save_key") else value for name, value in fields.items()}

    return _Altered(app, nameless)


def always_cheerful(app: FastAPI, _engine: Engine) -> ASGIApp:
    """Say 'saved' whatever the database says."""

    async def cheerful(scope: Scope, receive: Receive, send: Send) -> None:
        async def brighten(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 500:
                message = {**message, "status": 200}
            await send(message)

        await app(scope, receive, brighten)

    return cheerful


class _Altered:
    """Pass the program other form fields than the browser sent."""

    def __init__(self, app: ASGIApp, change: Change) -> None:
        self.app = app
        self.change = change

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Alter saves of answers; pass everything else on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/returns/"):
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        altered = urlencode(await asyncio.to_thread(self.change, scope, fields)).encode()
        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        headers.append((b"content-length", str(len(altered)).encode()))
        await self.app({**scope, "headers": headers}, _once(altered, receive), send)


def reads_all(app: FastAPI, _engine: Engine) -> ASGIApp:
    """Take each overlong form into memory, however long it is and however many there are."""
    turned_away.MOST_BYTES_READ = turned_away.MOST_BYTES_OF_PAGE = 10**9  # type: ignore[misc]
    turned_away.MOST_AT_ONCE = 1_000  # type: ignore[misc]
    return app


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _once(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    waiting = [body]

    async def give() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return give


VARIANTS: dict[str, Variant] = {
    each.__name__: each
    for each in (
        sound,
        acknowledges_first,
        without_locks,
        without_version_check,
        without_save_keys,
        always_cheerful,
        reads_all,
    )
}
