"""What somebody had typed when their request failed: given back on the page that says so.

It is shown escaped, to be sent again from there or to be copied, and stored nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request

from app.core.forms import OUTSIDE, Form
from app.core.routes import ACCESS, access_of

_SECRETS = frozenset({"code", "sealed", "token"})
# What pages fill in by themselves, choices that one click makes, and numbers that stand for names.
_BY_ITSELF = frozenset({"back", "continue", "look", "next", "save_key", "seen", "state", "to", "version"})
_CHOICES = frozenset(
    {"choice", "declared", "kinds", "level", "outcome", "phases", "role", "roles", "strength", "undecided"}
)
_NUMBERS = frozenset({"person", "user_id", "version_id"})
_NOT_TEXT = _BY_ITSELF | _CHOICES | _NUMBERS
_LONG = 60
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class KeptField:
    """A field of the form that was turned away: shown to be read and changed, or only carried along."""

    name: str
    label: str
    value: str
    shown: bool
    problem: str = ""

    @property
    def long(self) -> bool:
        """Say whether the text needs more than a line."""
        return len(self.value) > _LONG or "\n" in self.value


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was turned away, and where it goes when it is sent again."""

    action: str
    fields: tuple[KeptField, ...]

    @property
    def texts(self) -> tuple[KeptField, ...]:
        """What the person typed, to be read and copied: all of it, for a form has limits of its own."""
        return tuple(field for field in self.fields if field.shown)

    @property
    def problems(self) -> tuple[KeptField, ...]:
        """What has to be changed before the form is sent again."""
        return tuple(field for field in self.fields if field.problem)

    @property
    def longest(self) -> KeptField:
        """The longest text, which is the first to shorten."""
        return max(self.texts, key=lambda field: len(field.value))


def kept_form(request: Request, words: Mapping[str, str]) -> Kept | None:
    """Return the form that a person had sent, or None when it held no text of theirs.

    `words` names fields as people know them. Secrets are never given back, nor is a form from the door.
    """
    form: Form | None = getattr(request.state, "form", None)
    if form is None or access_of(request) in OUTSIDE:
        return None
    return given_back(form, request.url.path, words)


def given_back(form: Form, action: str, words: Mapping[str, str]) -> Kept | None:
    """Return a form as it goes back to whoever sent it to `action`, without its secrets."""
    fields = tuple(
        KeptField(name, _label(name, words), value, shown=_typed(name, value))
        for name in form
        if name not in _SECRETS
        for value in form.values_of(name)
    )
    return Kept(action, fields) if any(field.shown for field in fields) else None


def _typed(name: str, value: str) -> bool:
    part = name.rpartition(".")[2]
    return bool(value.strip()) and part not in _NOT_TEXT and not part.startswith("single-")


def _label(name: str, words: Mapping[str, str]) -> str:
    place, _, part = name[:_LONGEST_NAME].rpartition(".")
    word = words.get(part.partition("-")[0], part.replace("_", " ").replace("-", " ").strip()) or "text"
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


def reference_of(request: Request) -> str:
    """Return the reference of a request, which is in the log too."""
    reference: str = getattr(request.state, "reference", "none")
    return reference
