"""What stands in a chase mail: the words for how far a return is, put into the partnership's letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.chasing.stages import STANDING_WORDS, StageKind, Standing4
from app.core.clock import long_date, short_date
from app.core.letters import Letter
from app.core.mail_words import progress_words, time_words, when_words
from app.core.settings import Settings
from app.people.links import invitation_link


@dataclass(frozen=True, slots=True)
class About:
    """One return as a mail speaks of it."""

    return_id: int
    organisation: str
    title: str
    standing: Standing4
    due_on: date
    answered: int
    total: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a mail; who may not sign in is led to the contact page."""

    user_id: int
    name: str
    may_sign_in: bool = True


def letter_key(kind: StageKind, abouts: Sequence[About]) -> str:
    """Return which letter speaks of these returns."""
    if len(abouts) > 1:
        return "several"
    if kind is StageKind.REMINDER:
        return abouts[0].standing.replace("_", "-")
    return kind.value


def values_for(
    abouts: Sequence[About], to: Recipient, config: Settings, *, now: datetime, today: date
) -> Mapping[str, str]:
    """Return the values of all placeholders; of several returns the one due first leads."""
    first = min(abouts, key=lambda each: (each.due_on, each.organisation, each.return_id))
    many = len(abouts) > 1
    left = sum(each.total - each.answered for each in abouts)
    contact_page = f"{config.public_address}/contact"

    def link(path: str) -> str:
        if not to.may_sign_in:
            return contact_page
        return invitation_link(config, user_id=to.user_id, to=path, now=now)

    return {
        "name": to.name,
        "organisation": f"{len(abouts)} organisations" if many else first.organisation,
        "title": first.title,
        "due": long_date(first.due_on),
        "when": when_words(first.due_on, today),
        "progress": progress_words(sum(each.answered for each in abouts), sum(each.total for each in abouts)),
        "list": "\n".join(_line(each, today) for each in sorted(abouts, key=lambda each: each.organisation)),
        "time": time_words(left),
        "law": config.statutory_paragraph,
        "link": link("/" if many else f"/returns/{first.return_id}"),
        "wrong person": link("/account/hand-over"),
        "partnership": config.partnership_name,
        "phone": config.partnership_phone,
        "email": config.partnership_email,
    }


def _line(about: About, today: date) -> str:
    state = STANDING_WORDS[about.standing].lower()
    if about.standing is Standing4.IN_PROGRESS:
        state = progress_words(about.answered, about.total)
    due = f"due {short_date(about.due_on)}, {when_words(about.due_on, today)}"
    return f"- {about.organisation}: {state}, {due}"


def compose(
    letters: Mapping[str, Letter], kind: StageKind, abouts: Sequence[About], values: Mapping[str, str]
) -> tuple[str, str]:
    """Return subject and text of the mail about some returns."""
    return letters[letter_key(kind, abouts)].filled(values)
