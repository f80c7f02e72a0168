"""What the stored values of an event's details are called: words that people know from the pages.

Only where a detail is one of a list. What people typed stays as they typed it, also when it is such a word.
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from app.actions.rules import OUTCOME_WORDS as REVIEW_WORDS
from app.actions.rules import STATUS_WORDS
from app.chasing.exempting import EXEMPTION_WORDS
from app.chasing.listing import OUTCOME_WORDS as CALL_WORDS
from app.core.access import ROLE_WORDS
from app.core.clock import short_date
from app.organisations.rules import KINDS, PHASES
from app.planner.year import KIND_WORDS
from app.visits.lifecycle import STATE_WORDS
from app.visits.programme import Capacity
from app.visits.report import SHOWS_WORDS
from app.visits.rules import PARTNER_WORDS
from app.visits.selection import WEIGHT_WORDS

Words = Mapping[str, str]


def _keyed(words: Mapping[Any, str]) -> Words:
    """Return the words of an enumeration by its stored texts."""
    return {str(key): each for key, each in words.items()}


def _spoken(key: str) -> str:
    return key.replace("_", " ").replace("-", " ").capitalize()


_RATINGS: Final[Words] = {
    "red": "Red",
    "amber": "Amber",
    "green": "Green",
    "not_applicable": "Not applicable",
}
_WHICH: Final[Words] = {"one": "This one only", "following": "This one and all that follow"}
_IMPORTS: Final[Words] = {"schools": "Schools", "agencies": "Agencies", "contacts": "Contacts"}
_FRAMEWORKS: Final[Words] = {
    "whole": "The whole questionnaire",
    "chosen": "Some parts of it",
    "bespoke": "A questionnaire of its own",
}
_REMINDERS: Final[Words] = {
    "framework": "The framework is to go out",
    "return": "The return is due soon",
    "overdue": "The return is overdue",
}
# By the first word of an event and the name of a detail. Keys are those of enumerations in the rooms.
_LISTS: Final[Mapping[tuple[str, str], Words]] = MappingProxyType(
    {
        ("action", "before"): _keyed(STATUS_WORDS),
        ("action", "after"): _keyed(STATUS_WORDS),
        ("action", "outcome"): _keyed(REVIEW_WORDS),
        ("call", "outcome"): CALL_WORDS,
        ("moderation", "own"): _RATINGS,
        ("moderation", "before"): _RATINGS,
        ("moderation", "after"): _RATINGS,
        ("visit", "before"): _keyed(STATE_WORDS),
        ("visit", "after"): _keyed(STATE_WORDS),
        ("visit", "partner"): _keyed(PARTNER_WORDS),
        ("visit", "shows"): _keyed(SHOWS_WORDS),
        ("planner", "kind"): _keyed(KIND_WORDS),
        ("planner", "which"): _WHICH,
        ("return", "kind"): _keyed(EXEMPTION_WORDS),
        ("import", "kind"): _IMPORTS,
        ("round", "kinds"): {key: kind.plural for key, kind in KINDS.items()},
        ("round", "phases"): PHASES,
        ("user", "before"): ROLE_WORDS,
        ("user", "after"): ROLE_WORDS,
        ("user", "role"): ROLE_WORDS,
        ("user", "roles"): ROLE_WORDS,
        ("colleague", "roles"): ROLE_WORDS,
        ("hand_over", "roles"): ROLE_WORDS,
    }
)
# Lists of one event: they come before those of all that begin with the same word.
_OF_EVENT: Final[Mapping[tuple[str, str], Words]] = MappingProxyType(
    {
        ("visit.issue_framework", "kind"): _FRAMEWORKS,
        ("visit.reminded", "kind"): _REMINDERS,
        ("visit.settings", "name"): {"weights": "Points for reasons", "capacity": "Capacity"},
    }
)
_NAMES: Final[Words] = MappingProxyType(
    {
        **WEIGHT_WORDS,
        **{name: _spoken(name) for name in Capacity.__dataclass_fields__},
    }
)
# Details that are keys of a questionnaire.
_KEYS: Final = frozenset({"standard", "standards", "domain", "domains"})
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
# "kind: board_report" among the lines in which an entry of the planner is told before and after.
_KIND_LINE: Final = "kind: "
_DAY_LINE: Final = re.compile(r"(first on|last on): (\d{4}-\d\d-\d\d)")


def value_words(event: str, key: str, value: Any) -> str:
    """Return one value of a detail in words: of a list as pages name it, a day as 7 May 2026, yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        said = {
            name: value_words(event, name, each) for name, each in value.items() if each not in (None, "")
        }
        return "; ".join(f"{_NAMES.get(name, _spoken(name))}: {each}" for name, each in said.items())
    text = str(value)
    known = _OF_EVENT.get((event, key)) or _LISTS.get((event.split(".", 1)[0], key), {})
    if text in known:
        return known[text]
    if key in _KEYS:
        return _spoken(text)
    if event.startswith("planner.") and key in {"before", "after"}:
        return _entry_line(text)
    return _plain(text)


def _entry_line(text: str) -> str:
    if text.startswith(_KIND_LINE):
        kind = text.removeprefix(_KIND_LINE)
        return f"{_KIND_LINE}{_keyed(KIND_WORDS).get(kind, kind)}"
    found = _DAY_LINE.fullmatch(text)
    return f"{found[1]}: {_plain(found[2])}" if found else text


def _plain(value: Any) -> str:
    """Return a text as it stands; a day as people write it."""
    text = str(value)
    if not _DAY.fullmatch(text):
        return text
    try:
        return short_date(date.fromisoformat(text))
    except ValueError:
        return text
