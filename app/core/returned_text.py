"""What a person typed, given back on an error page so that nothing has to be written twice."""

from fastapi import Request

from app.core.forms import Form

# Fields that the pages fill in by themselves, choices that one click makes again, and secrets.
_BY_ITSELF = frozenset({"back", "continue", "look", "next", "to", "version", "save_key", "seen", "state"})
_CHOICES = frozenset({"declared", "kinds", "level", "outcome", "phases", "role", "roles", "strength"})
_NUMBERS = frozenset({"user_id", "version_id"})
_SECRETS = frozenset({"code", "sealed", "token"})
_NOT_TEXT = _BY_ITSELF | _CHOICES | _NUMBERS | _SECRETS
MOST_SHOWN = 100


def reference_of(request: Request) -> str:
    """Return the reference of a request, which is in the log too."""
    reference: str = getattr(request.state, "reference", "none")
    return reference


def what_was_sent(request: Request) -> list[dict[str, str]]:
    """Return the texts of the form that a request brought, each with the words of its field."""
    form: Form | None = getattr(request.state, "form", None)
    if form is None:
        return []
    texts = ((_words(name), form[name]) for name in form if not _is_control(name))
    return [{"label": label, "text": text} for label, text in texts if text.strip()][:MOST_SHOWN]


def _is_control(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in _NOT_TEXT or last.startswith("single-")


def _words(name: str) -> str:
    words = name.rpartition(".")[2].replace("_", " ").replace("-", " ").strip()[:60]
    return words[:1].upper() + words[1:] if words else "Text"
