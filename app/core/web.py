"""Origin check and strict headers: pure ASGI, so that nothing slips round them."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Refusal = Callable[[Request], Awaitable[Response]]
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


# What people uploaded is saved, never shown; if something shows it all the same, it can do nothing there.
ATTACHMENT_POLICY = "sandbox; default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"


def from_our_own_pages(headers: Headers, public_address: str) -> bool:
    """Say whether an unsafe request comes from our own pages.

    Browsers say so by Sec-Fetch-Site; those that omit it on plain HTTP send an Origin to compare.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"} and headers.get("origin") != "null"
    origin = headers.get("origin")
    if origin is None or origin == "null":
        return False
    ours, theirs = urlsplit(public_address), urlsplit(origin)
    return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


class OriginCheck:
    """Refuse unsafe requests that another site made in a person's browser."""

    def __init__(self, app: ASGIApp, public_address: str, refusal: Refusal) -> None:
        self.app = app
        self.public_address = public_address
        self.refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if (
            scope["type"] == "http"
            and scope["method"] not in SAFE_METHODS
            and not from_our_own_pages(Headers(scope=scope), self.public_address)
        ):
            refused = await self.refusal(Request(scope, receive))
            await refused(scope, receive, send)
            return
        await self.app(scope, receive, send)


class StrictHeaders:
    """Put the security headers on every response; keep everything but static files out of caches."""

    def __init__(self, app: ASGIApp, extra: Iterable[tuple[str, str]] = ()) -> None:
        self.app = app
        self.headers = [*SECURITY_HEADERS.items(), *extra]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its reply."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        cacheable = scope["path"].startswith("/static/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers:
                    headers[name] = value
                if headers.get("Content-Disposition", "").startswith("attachment"):
                    headers["Content-Security-Policy"] = ATTACHMENT_POLICY
                headers["Cache-Control"] = "public, max-age=3600" if cacheable else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)
