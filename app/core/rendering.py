"""Pages: Jinja templates, autoescaped and strict, with the field's own filters."""

import re
from collections.abc import Hashable, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.core import clock
from app.core.access import ROLE_WORDS, Actor
from app.core.errors import RefusedError
from app.core.navigation import navigation
from app.core.settings import ROOT, settings


def plural(count: int, singular: str, many: str | None = None) -> str:
    """Write a count with its noun: 1 school, 2 schools."""
    return f"{count:,} {singular if count == 1 else many or singular + 's'}"


def percent(part: int, whole: int) -> int:
    """Return a whole percentage, rounded down so that 100 means all."""
    return part * 100 // whole if whole else 0


def query_string(params: dict[str, Any], **changes: Any) -> str:
    """Return a query string with some parameters changed; empty ones are left out."""
    merged = {**params, **changes}
    pairs: list[tuple[str, Any]] = []
    for name, value in merged.items():
        many = value if isinstance(value, list | tuple | set | frozenset) else [value]
        pairs.extend((name, item) for item in many if item not in ("", None))
    return "?" + urlencode(pairs)


def address(typed: str) -> Markup:
    """Return an email address that breaks before its @ and its dots, where a line is too short for it."""
    parts = re.split(r"(?=[@.])", typed)
    return Markup("<wbr>").join(parts)


def _london_day(value: date | datetime) -> date:
    return clock.london_date(value) if isinstance(value, datetime) else value


def build_environment() -> Environment:
    """Return the template environment of this process; templates are compiled once."""
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        # Mails are plain text; everything else is HTML, where whatever people typed is escaped.
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=settings().mode == "demo",
        extensions=["jinja2.ext.do"],
    )
    environment.filters.update(
        long_date=lambda value: clock.long_date(_london_day(value)),
        short_date=lambda value: clock.short_date(_london_day(value)),
        clock_time=clock.clock_time,
        time_of_day=clock.time_of_day,
        date_and_time=clock.date_and_time,
        plural=plural,
        address=address,
        sentence=lambda text: text[:1].upper() + text[1:],
        percent=percent,
        role_words=lambda role: ROLE_WORDS[role],
    )
    environment.globals.update(query_string=query_string, is_demo=settings().is_demo)
    return environment


_ENVIRONMENT = build_environment()
# A process keeps the parts of the questionnaires in use: a few kilobytes each.
_MOST_KEPT = 4_000


@lru_cache(maxsize=_MOST_KEPT)
def _rendered_once(template: str, macro: str, *about: Hashable) -> Markup:
    return _rendered(template, macro, *about)


def _rendered(template: str, macro: str, *about: Hashable) -> Markup:
    part: Markup = getattr(_ENVIRONMENT.get_template(template).module, macro)(*about)
    return part


# Equal arguments, equal HTML: for parts that hold nothing that a person wrote.
_ENVIRONMENT.globals["kept"] = _rendered if _ENVIRONMENT.auto_reload else _rendered_once


def render_text(template: str, **context: Any) -> str:
    """Render a mail or a letter."""
    return _ENVIRONMENT.get_template(template).render(**context)


def wants_fragment(request: Request) -> bool:
    """Say whether htmx asks for a part of the page; to restore a page from its history it needs all of it."""
    return request.headers.get("hx-request-type") == "partial"


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response:
    """Render a template for the person at work, in the partnership's name."""
    actor: Actor | None = getattr(request.state, "actor", None)
    config = settings()
    body = _ENVIRONMENT.get_template(template).render(
        partnership={
            "name": config.partnership_name,
            "email": config.partnership_email,
            "phone": config.partnership_phone,
        },
        actor=actor,
        navigation=navigation(actor, request.url.path),
        limits=getattr(request.state, "limits", None) if actor else None,
        **context,
    )
    # A file may hold half a character, and a message may quote it: the page shows a mark in its place.
    return HTMLResponse(body.encode("utf-8", "replace"), status_code=status, headers=headers)


def error_list(problem: RefusedError | None) -> list[dict[str, str]]:
    """Return the error summary's lines: each leads to its field, or stands alone."""
    if problem is None:
        return []
    if not problem.problems:
        return [{"text": problem.message}]
    return [{"text": text, "href": f"#{field}"} for field, text in problem.problems.items()]


def choices(
    pairs: Iterable[tuple[str, str]], selected: Iterable[str] = (), *, key: str = "checked"
) -> list[dict[str, Any]]:
    """Return the items of a radio, checkbox or select component."""
    chosen = set(selected)
    return [{"value": value, "text": text, key: value in chosen} for value, text in pairs]
