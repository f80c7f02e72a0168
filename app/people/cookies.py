"""The few cookies: each out of reach of scripts and other sites, and each needed for signing in."""

import re
import secrets

from fastapi import Request, Response

from app.core.sealing import is_marked, mark
from app.core.settings import settings

_BROWSER = re.compile(r"[\w-]{20,64}")
_YEAR = 365 * 24 * 3600


def _named(name: str) -> str:
    # The prefix makes browsers insist on Secure, host and path.
    return f"__Host-{name}" if settings().secure_cookies else name


def cookie_name() -> str:
    """Return the name of the session's cookie."""
    return settings().session_cookie


def seen_name() -> str:
    """Return the name of the cookie that says when its browser last showed a page."""
    return _named("eleven-seen")


def asking_name() -> str:
    """Return the name of the cookie of a browser that asked for a link."""
    return _named("eleven-asking")


def known_name() -> str:
    """Return the name of the cookie of a browser in which somebody has signed in before."""
    return _named("eleven-known")


def provider_name() -> str:
    """Return the name of the cookie that holds a sign-in while the person is at their provider."""
    return _named("eleven-provider")


def put(response: Response, name: str, value: str, seconds: int) -> None:
    """Hand the browser a cookie, out of reach of scripts and other sites."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=settings().secure_cookies,
        samesite="lax",
    )


def take_back(response: Response, *names: str) -> None:
    """Tell the browser to forget cookies."""
    for name in names:
        response.delete_cookie(
            name, path="/", httponly=True, secure=settings().secure_cookies, samesite="lax"
        )


def put_session(response: Response, token: str, address: str) -> None:
    """Hand the browser its session, and the mark by which it is never taken for somebody who guesses."""
    put(response, cookie_name(), token, settings().session_hours * 3600)
    if address:
        put(response, known_name(), mark("known browser", address), _YEAR)
    take_back(response, asking_name())


def asking_browser(request: Request) -> str:
    """Return what tells the asking browser from others: what it has already, or something new."""
    given = request.cookies.get(asking_name(), "")
    return given if _BROWSER.fullmatch(given) else secrets.token_urlsafe(24)


def known_browser(request: Request, address: str) -> str:
    """Return the mark of a browser in which this address has signed in before, or an empty string."""
    given = request.cookies.get(known_name(), "")
    return given if is_marked("known browser", address, given) else ""
