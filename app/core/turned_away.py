"""Requests that are turned away before anybody acts on them: from elsewhere, or larger than a page takes.

Both get a page that says in plain words what happened, with a reference that is in the log. What a person
typed goes back to them, within bounds, and only when it is certain that they typed it on a page of ours.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from anyio import CapacityLimiter
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.requests import ClientDisconnect
from starlette.routing import compile_path

from app.core.errors import TooLargeError
from app.core.faults import where_asked
from app.core.forms import (
    MOST_FIELDS,
    MOST_KEPT_BYTES,
    MOST_TEXT,
    OUTSIDE,
    Form,
    announced,
    is_plain_form,
    skip,
)
from app.core.kept import Kept, KeptField, given_back, kept_form, reference_of
from app.core.rendering import page
from app.core.routes import ACCESS, MEBIBYTE
from app.core.settings import settings

LOG = logging.getLogger("eleven")
# A form of up to so many bytes beyond its limit is read, only to be given back.
MOST_BYTES_READ: Final = 3 * MEBIBYTE
# Escaped text can be five times as long as what was typed.
MOST_BYTES_OF_PAGE: Final = 6 * MEBIBYTE
# So many overlong forms are in memory at once; whoever comes while they are keeps the text in the browser.
MOST_AT_ONCE: Final = 4
_LONGEST_ORIGIN = 200
_ROUTES = [
    (method, compile_path(path)[0], access)
    for (method, path), access in ((name.split(" ", 1), access) for name, access in ACCESS.items())
]


class Reason(StrEnum):
    """Why a request counts as coming from elsewhere."""

    ANOTHER_SITE = "another site"
    ANOTHER_ADDRESS = "another address"
    HIDDEN = "hidden"


def why_from_elsewhere(headers: Headers) -> Reason:
    """Say why a request that the origin check refused was refused.

    A page that was opened by another address than the public one has the same origin as its own Host, which
    no other site's page can have. Without Sec-Fetch-Site a missing origin proves nothing.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in {None, "same-origin", "none"}:
        return Reason.ANOTHER_SITE
    if origin is None or origin == "null":
        return Reason.HIDDEN
    host = headers.get("host", "")
    return Reason.ANOTHER_ADDRESS if host and _netloc(origin) == host else Reason.ANOTHER_SITE


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _typed_here(request: Request, reason: Reason) -> bool:
    """Say whether a refused form was certainly typed on a page of ours, by somebody with a session.

    The session's cookie is SameSite=Lax: no other site's form brings it along. A neighbouring host's does,
    so the browser must also vouch for the page: by Sec-Fetch-Site, or by an origin that is our own Host.
    """
    if settings().session_cookie not in request.cookies:
        return False
    vouched = reason is Reason.HIDDEN and request.headers.get("sec-fetch-site") in {"same-origin", "none"}
    if not (vouched or reason is Reason.ANOTHER_ADDRESS):
        return False
    found = {
        access
        for method, pattern, access in _ROUTES
        if method == request.method and pattern.match(request.url.path)
    }
    return bool(found) and not found & OUTSIDE


async def from_elsewhere(request: Request, words: Mapping[str, str]) -> Response:
    """Answer 403: nothing was changed; what was typed on a page of ours goes back, to be copied."""
    reason, reference = why_from_elsewhere(request.headers), reference_of(request)
    origin = request.headers.get("origin", "none")[:_LONGEST_ORIGIN]
    LOG.warning(
        "reference %s: refused as coming from elsewhere (%s): origin %s, public address %s",
        reference,
        reason,
        ascii(origin),
        settings().public_address,
    )
    kept: Kept | None = None
    typed_here = _typed_here(request, reason)
    if typed_here:
        form = await _form(request, MOST_KEPT_BYTES)
        kept = given_back(form, request.url.path, words) if form else None
    fragment = request.headers.get("hx-request") == "true"
    return page(
        request,
        "errors/from-elsewhere-fragment.html" if fragment else "errors/from-elsewhere.html",
        status=403,
        reference=reference,
        reason=reason.value,
        sure="sec-fetch-site" in request.headers,
        public_address=settings().public_address,
        typed_here=typed_here,
        kept=kept,
    )


async def too_large(
    request: Request, problem: TooLargeError, words: Mapping[str, str], *, most_text: int = MOST_TEXT
) -> Response:
    """Answer 413: a form up to a bound comes back with its text, and says which field is too long.

    `words` names fields as people know them; `most_text` is how many characters one text there may have.
    """
    reference = reference_of(request)
    LOG.warning("reference %s: %s: more than %s bytes", reference, where_asked(request), problem.most)
    if problem.unread and announced(request) <= MOST_BYTES_READ and is_plain_form(request):
        limiter = _limiter(request)
        if limiter.available_tokens >= 1:
            async with limiter:
                request.state.form = await _form(request, MOST_BYTES_READ)
                reply = await run_in_threadpool(_too_large_page, request, problem, words, most_text)
                request.state.form = None
                return reply
    if problem.unread:
        await skip(request.receive)
    return _told(request, problem, None, most_text)


def _limiter(request: Request) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "overlong"):
        state.overlong = CapacityLimiter(MOST_AT_ONCE)
    limiter: CapacityLimiter = state.overlong
    return limiter


def _too_large_page(
    request: Request, problem: TooLargeError, words: Mapping[str, str], most_text: int
) -> Response:
    kept = kept_form(request, words)
    reply = _told(request, problem, _marked(kept, most_text) if kept else None, most_text)
    if kept and len(reply.body) > MOST_BYTES_OF_PAGE:
        return _told(request, problem, None, most_text)
    return reply


def _told(request: Request, problem: TooLargeError, kept: Kept | None, most_text: int) -> Response:
    most = problem.most
    fragment = request.headers.get("hx-request") == "true"
    return page(
        request,
        "errors/too-large-fragment.html" if fragment else "errors/too-large.html",
        status=413,
        most=f"{most // MEBIBYTE} MB" if most >= MEBIBYTE else f"{most // 1024} KB",
        most_characters=most_text,
        reference=reference_of(request),
        kept=kept,
    )


def _marked(kept: Kept, most: int) -> Kept:
    """Return a form with a mark at each text that is longer than any text there may be."""

    def marked(field: KeptField) -> KeptField:
        count = len(field.value.replace("\r\n", "\n"))
        if not field.shown or count <= most:
            return field
        told = f"Shorten “{field.label}” to {most:,} characters or fewer: it has {count:,}"
        return replace(field, problem=told)

    return replace(kept, fields=tuple(marked(field) for field in kept.fields))


async def _form(request: Request, most: int) -> Form | None:
    """Read a plain form of a known size of at most so many bytes; None for any other, which is let go by."""
    if not is_plain_form(request) or not 0 < announced(request) <= most:
        await skip(request.receive)
        return None
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > most:
                return None
    except ClientDisconnect:
        return None
    return await run_in_threadpool(_parsed, bytes(body))


def _parsed(body: bytes) -> Form | None:
    pairs: list[tuple[str, str | UploadFile]] = []
    try:
        pairs += parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        return None
    return Form(FormData(pairs))
