"""Mails in a partnership's own words: texts with ((placeholders)) that are replaced as they stand.

What people write here is never run as a template: only the placeholders on the list mean something, and a
value that looks like a placeholder stays a value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from app.core import audit
from app.core.access import REGISTER, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.models import MailText
from app.core.settings import ROOT

PLACEHOLDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "the person's name",
        "organisation": "the organisation's name, or how many organisations",
        "title": "the round's name",
        "due": "the day on which it is due",
        "when": "how far off that is: “in 7 days”, “7 days ago”",
        "progress": "how far they are: “34 of 58 questions answered”",
        "list": "the organisations, one on each line, with how far each is",
        "time": "how long it takes",
        "law": "why you ask, by law (from the settings)",
        "link": "the link that leads to the return",
        "wrong person": "the link for “I am the wrong person”",
        "partnership": "your partnership's name",
        "phone": "your telephone number",
        "email": "your email address",
    }
)
# Whoever is asked must always learn who asks, why, by when, where to go, and whom to tell that it is wrong.
REQUIRED: Final = ("partnership", "law", "due", "link", "wrong person", "phone")
TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "invitation": "Invitation",
        "not-opened": "Reminder: nobody has opened it",
        "not-started": "Reminder: opened, not started",
        "in-progress": "Reminder: in progress",
        "waiting": "Reminder: waiting for signature",
        "head": "To the head teacher or chief officer",
        "chair": "To the chair of governors, or the person you named",
        "several": "One mail about several organisations",
        "more-time": "More time: the new due date",
    }
)
LONGEST_SUBJECT: Final = 150
LONGEST_BODY: Final = 6_000
_FOLDER: Final = ROOT / "templates" / "mails" / "letters"
_PLACEHOLDER: Final = re.compile(r"\(\(([^()\n]{0,60})\)\)")


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of mail before anybody's values are in it."""

    key: str
    subject: str
    body: str
    own: bool = False

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return subject and body with values in place; each placeholder is replaced once, as it stands."""
        return " ".join(fill(self.subject, values).split()), fill(self.body, values).strip() + "\n"


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders replaced; one that has no value stays as it was typed."""
    return _PLACEHOLDER.sub(lambda found: values.get(_name(found[1]), found[0]), text)


def _name(typed: str) -> str:
    return " ".join(typed.lower().split())


@cache
def standard_letter(key: str) -> Letter:
    """Return Eleven's own words for a kind of mail; the first line of its file is the subject."""
    subject, body = (_FOLDER / f"{key}.txt").read_text("utf-8").split("\n", 1)
    return Letter(key, subject.removeprefix("Subject: "), body.strip() + "\n")


def letters(session: Session) -> dict[str, Letter]:
    """Return the words for every kind of mail: the partnership's where it has its own."""
    own = {
        each.key: Letter(each.key, each.subject, each.body, own=True)
        for each in session.execute(select(MailText)).scalars()
    }
    return {key: own.get(key) or standard_letter(key) for key in TITLES}


def placeholders_in(text: str) -> list[str]:
    """Return the names between double brackets in a text, in order."""
    return [_name(name) for name in _PLACEHOLDER.findall(text)]


def letter_problems(subject: str, body: str) -> dict[str, str]:
    """Return what is wrong with a partnership's words for a mail, by form field."""
    problems = {}
    for field, text, words, most in (
        ("subject", subject, "subject", LONGEST_SUBJECT),
        ("body", body, "text", LONGEST_BODY),
    ):
        unknown = next((name for name in placeholders_in(text) if name not in PLACEHOLDERS), None)
        if not text.strip():
            problems[field] = f"Enter a {words}"
        elif len(text) > most:
            problems[field] = f"Shorten the {words} to {most:,} characters or fewer; it has {len(text):,}"
        elif unknown is not None:
            problems[field] = (
                f"There is no placeholder (({unknown})). Choose one from the list, or take the brackets away"
            )
        elif (left := _PLACEHOLDER.sub("", text)) and ("((" in left or "))" in left):
            problems[field] = "A pair of brackets is open or has nothing to close. Write ((name))"
    missing = [f"(({name}))" for name in REQUIRED if name not in placeholders_in(body)]
    if missing and "body" not in problems:
        problems["body"] = f"Put {', '.join(missing)} into the text: people need to know this"
    return problems


def check_letter(letter: Letter) -> None:
    """Raise RefusedError with each field at fault, if a letter cannot be used."""
    problems = letter_problems(letter.subject, letter.body)
    if problems:
        raise RefusedError("The text was not saved.", problems)


def save_letter(work: Work, key: str, subject: str, body: str) -> None:
    """Keep a partnership's own words for a kind of mail.

    Raises NotFoundError for a kind that there is not, RefusedError with each field at fault.
    """
    if key not in TITLES or not work.actor.has(*REGISTER):
        raise NotFoundError
    check_letter(Letter(key, subject, body))
    before = letters(work.session)[key]
    work.session.merge(
        MailText(key=key, subject=subject, body=body, updated_at=work.now, updated_by=work.actor.user_id)
    )
    work.session.flush()
    audit.record(
        work,
        "mail_text.changed",
        ("mail_text", list(TITLES).index(key)),
        key=key,
        before=[before.subject, before.body],
        after=[subject, body],
    )


def restore_letter(work: Work, key: str) -> None:
    """Go back to Eleven's own words for a kind of mail; doing it again changes nothing."""
    if key not in TITLES or not work.actor.has(*REGISTER):
        raise NotFoundError
    own = work.session.execute(select(MailText).where(col(MailText.key) == key)).scalar()
    if own is None:
        return
    work.session.delete(own)
    work.session.flush()
    audit.record(
        work,
        "mail_text.restored",
        ("mail_text", list(TITLES).index(key)),
        key=key,
        before=[own.subject, own.body],
    )
