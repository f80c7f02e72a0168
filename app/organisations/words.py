"""The facts of the register in the words that people read."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from app.core.clock import short_date
from app.organisations.rules import CONTACT_ROLES, DUTIES, FEATURES, GOVERNANCE, KINDS, PHASES

FIELD_WORDS: Final[Mapping[str, str]] = {
    "name": "Name",
    "kind": "Kind",
    "governance": "Governed by",
    "duty": "Duty",
    "phase": "Phase",
    "features": "Features",
    "status": "Status",
    "low_age": "Youngest age",
    "high_age": "Oldest age",
    "pupils": "Pupils",
    "laestab": "LAESTAB",
    "ukprn": "UKPRN",
    "ods": "ODS code",
    "gss": "GSS code",
    "trust_code": "Trust’s code",
    "trust_name": "Trust",
    "parent": "Part of",
    "address": "Address",
    "postcode": "Postcode",
    "district": "District",
    "telephone": "Telephone",
    "website": "Website",
    "head_name": "Head",
    "head_job_title": "Head’s title",
    "opened_on": "Opened on",
    "closes_on": "Closes on",
}

STATUS_WORDS: Final[Mapping[str, str]] = {
    "open": "Open",
    "closing": "Open, but proposed to close",
    "gone": "Gone",
}

EMPTY: Final = "(empty)"

_WORDS_OF: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {key: kind.title for key, kind in KINDS.items()},
    "duty": DUTIES,
    "phase": PHASES,
    "governance": GOVERNANCE,
    "status": STATUS_WORDS,
    "features": FEATURES,
}


def value_words(field: str, value: object) -> str:
    """Return a stored fact as people read it; keys in their words, dates written out, nothing as (empty).

    A value that an older version of the program stored is shown as it is.
    """
    if isinstance(value, list):
        return ", ".join(value_words(field, each) for each in value) or EMPTY
    if value is None or not str(value):
        return EMPTY
    text = str(value)
    if field.endswith("_on"):
        try:
            return short_date(date.fromisoformat(text))
        except ValueError:
            return text
    return _WORDS_OF.get(field, {}).get(text, text)


def field_words(fields: Iterable[tuple[str, Any, Any]]) -> list[tuple[str, str, str]]:
    """Return changed facts as name, before and after, in words."""
    return [
        (FIELD_WORDS.get(field, field), value_words(field, before), value_words(field, after))
        for field, before, after in fields
    ]


def event_words(event: str, detail: Mapping[str, Any]) -> list[str]:
    """Return what an event of the register's history says, a line for each thing that happened."""
    changes = [f"{name}: {before} → {after}" for name, before, after in field_words(detail.get("fields", ()))]
    if event == "organisation.renumbered":
        return [f"Continues under the number {detail['after']}, before {detail['before']}", *changes]
    if event == "organisation.gone":
        closed = detail.get("closed_on")
        return [f"Marked as gone, closed on {value_words('_on', closed)}" if closed else "Marked as gone"]
    if event == "contacts.imported":
        return [
            f"Contact {word}: {person_words(each)}"
            for word in ("added", "changed")
            for each in detail.get(word, ())
        ]
    if event in {"contact.added", "contact.removed"}:
        return [f"Contact {event.rpartition('.')[2]}: {person_words(detail)}"]
    return changes or ["Added to the register"]


def person_words(detail: Mapping[str, Any]) -> str:
    """Return a contact's name and role in words."""
    role = str(detail["role"])
    return f"{detail['name']}, {CONTACT_ROLES.get(role, role).lower()}"
