"""Whose page it is: marks by which a page keeps its unsent text for this person, and sends it as them."""

from dataclasses import dataclass

from app.core.access import Actor
from app.core.errors import RefusedError
from app.core.forms import Form
from app.core.sealing import mark

SOMEBODY_ELSE = (
    "Somebody else has signed in in this browser since this page was opened. "
    "What was typed here is not saved in their name."
)


@dataclass(frozen=True, slots=True)
class UnsentPlace:
    """Where a tab keeps text that could not be sent yet, and the key without which nobody can read it.

    The key stands only in pages that this person is shown, so whoever uses the tab next cannot open it.
    """

    person: str
    key: str


def person_mark(actor: Actor) -> str:
    """Return a mark that tells this person's pages from another's and says nothing about them."""
    return mark("unsent person", str(actor.user_id))[:24]


def unsent_place(actor: Actor, return_id: int) -> UnsentPlace:
    """Return where this person's unsent text of a return is kept."""
    return UnsentPlace(person_mark(actor), mark("unsent key", f"{actor.user_id}:{return_id}"))


def refuse_another_persons(form: Form, actor: Actor) -> None:
    """Raise RefusedError when the page that sends was opened by somebody else."""
    sender = form.get("person", "")
    if sender and sender != person_mark(actor):
        raise RefusedError(SOMEBODY_ELSE)
