"""What somebody had typed when their request was turned away: given back on the page that says so.

It is shown escaped, to be sent again from there, and stored nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from app.core.access import Access
from app.core.forms import Form
from app.core.routes import ACCESS, access_of

_NOT_GIVEN_BACK = frozenset({"code", "token"})
_CHOSEN = ("level", "strength", "choice", "undecided", "version", "save_key")
_LONG = 60


@dataclass(frozen=True, slots=True)
class KeptField:
    """A field of the form that was turned away: shown to be read and changed, or only carried along."""

    name: str
    label: str
    value: str
    shown: bool

    @property
    def long(self) -> bool:
        """Say whether the text needs more than a line."""
        return len(self.value) > _LONG or "\n" in self.value


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was turned away, and where it goes when it is sent again."""

    action: str
    fields: tuple[KeptField, ...]


def kept_form(request: Request, words: Mapping[str, str]) -> Kept | None:
    """Return the form that a person had sent, or None when it held no text of theirs.

    `words` names fields as people know them.
    """
    form: Form | None = getattr(request.state, "form", None)
    if form is None or access_of(request) in {Access.PUBLIC, Access.DEMO, Access.ON_THE_WAY_IN}:
        return None
    fields = tuple(
        KeptField(name, _label(name, words), value, shown=_typed(name, value))
        for name in form
        if name not in _NOT_GIVEN_BACK
        for value in form.values_of(name)
    )
    return Kept(request.url.path, fields) if any(field.shown for field in fields) else None


def _typed(name: str, value: str) -> bool:
    part = name.rpartition(".")[2]
    return bool(value.strip()) and part not in _CHOSEN and part not in {"person", "next", "continue", "seen"}


def _label(name: str, words: Mapping[str, str]) -> str:
    place, _, part = name.rpartition(".")
    word = words.get(part.partition("-")[0], part.replace("_", " "))
    topic = place.replace("-", " ").capitalize()
    return f"{topic}: {word[:1].lower()}{word[1:]}" if topic else word[:1].upper() + word[1:]


def page_of(request: Request) -> str:
    """Return the address of the page on which a form stands, as somebody can open it again."""
    if request.method in {"GET", "HEAD"}:
        return request.url.path
    route, path = request.scope["route"].path, request.url.path
    if f"GET {route}" not in ACCESS or route.endswith("/{standard}"):
        route, path = route.rpartition("/")[0], path.rpartition("/")[0]
    return path if f"GET {route}" in ACCESS else "/"
