"""Who is asked what, in which words, and what counts as an answer to a factual question."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from app.core.dates import full_year
from app.questionnaires.definition import (
    DEFAULT_GOVERNANCE,
    RATING,
    AnswerType,
    AppliesTo,
    Domain,
    Level,
    OrganisationFacts,
    Questionnaire,
    Rag,
    RatingRule,
    Standard,
    content_hash,
    from_content,
)

__all__ = [
    "DEFAULT_GOVERNANCE",
    "MAX_TEXT",
    "NOT_ANSWERED",
    "RATING",
    "TERM",
    "AnswerType",
    "AppliesTo",
    "Domain",
    "FactError",
    "Level",
    "OrganisationFacts",
    "Questionnaire",
    "Rag",
    "RatingRule",
    "Standard",
    "content_hash",
    "display_fact",
    "find_term",
    "from_content",
    "parse_fact",
    "routed",
    "worded",
]

TERM: Final = re.compile(r"\{([^{}]*)\}")

MAX_TEXT: Final = 10_000
NOT_ANSWERED: Final = "Not answered"

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_YEARS: Final = range(1900, 2101)
_WHOLE: Final = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(,[0-9]{3}){1,2}")
_DECIMAL: Final = re.compile(rf"(?P<whole>{_WHOLE.pattern})(\.(?P<part>[0-9]{{1,2}}))?")
_OF: Final = re.compile(r"\s*(?:/|\bof\b|\bout of\b)\s*", re.IGNORECASE)
_ISO_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DATE_PARTS: Final = re.compile(r"[\s/.,-]+")
_UNSTORABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_YES_NO: Final = {"yes": "yes", "y": "yes", "no": "no", "n": "no"}


class FactError(ValueError):
    """An answer that does not fit its question; the message is a sentence for the person."""


# --- routing and wording -----------------------------------------------------------------------


def routed(questionnaire: Questionnaire, facts: OrganisationFacts) -> Questionnaire:
    """Return the questionnaire as one organisation sees it: its standards, in its words.

    A domain without any standard for this organisation stays, empty, so that the profile keeps its
    domains; it is not rated. The result depends on nothing but the definition and the facts, so it
    can be cached by the definition's content hash and the facts.
    """
    return _reworded(questionnaire, facts.governance, lambda standard: standard.applies_to.matches(facts))


def worded(questionnaire: Questionnaire, governance: str = DEFAULT_GOVERNANCE) -> Questionnaire:
    """Return every standard of a questionnaire in the words of one governance: for pages of all."""
    return _reworded(questionnaire, governance, lambda _: True)


def find_term(term: str, wording: Mapping[str, Mapping[str, str]]) -> str | None:
    """Return the name under which a term in braces is defined, None if it is not.

    A term may begin with a capital where it begins a sentence: {Governing body}.
    """
    if term in wording:
        return term
    lowered = term[:1].lower() + term[1:]
    return lowered if lowered in wording else None


def _reworded(
    questionnaire: Questionnaire, governance: str, asked: Callable[[Standard], bool]
) -> Questionnaire:
    def say(text: str) -> str:
        return _say(text, questionnaire.wording, governance)

    def chosen(standards: tuple[Standard, ...]) -> tuple[Standard, ...]:
        return tuple(_reworded_standard(each, say) for each in standards if asked(each))

    return replace(
        questionnaire,
        introduction=say(questionnaire.introduction),
        domains=tuple(
            Domain(
                domain.key, say(domain.title), say(domain.summary), domain.bespoke, chosen(domain.standards)
            )
            for domain in questionnaire.domains
        ),
        closing=chosen(questionnaire.closing),
    )


def _reworded_standard(standard: Standard, say: Callable[[str], str]) -> Standard:
    return replace(
        standard,
        title=say(standard.title),
        text=say(standard.text),
        help=say(standard.help),
        descriptors=MappingProxyType({level: say(text) for level, text in standard.descriptors.items()}),
        evidence=say(standard.evidence),
        source=say(standard.source),
        changed=say(standard.changed),
        labels=tuple(say(label) for label in standard.labels),
    )


def _say(text: str, wording: Mapping[str, Mapping[str, str]], governance: str) -> str:
    def words(match: re.Match[str]) -> str:
        term = match.group(1)
        name = find_term(term, wording)
        if name is None:
            return match.group(0)
        said = wording[name].get(governance, wording[name][DEFAULT_GOVERNANCE])
        return said if name == term else said[:1].upper() + said[1:]

    return TERM.sub(words, text) if "{" in text else text


# --- factual answers ---------------------------------------------------------------------------


def parse_fact(standard: Standard, raw: str | tuple[str, ...]) -> str:
    """Return the stored form of a factual answer as it was typed; FactError says how to mend it.

    A tuple holds the parts of a date (day, month, year) or of a number of a number. An empty
    answer is no mistake: it is stored as the empty text and means not answered. Stored forms:
    yes, no; 1200 or 4.5; 41 of 44; 2027-01-29; the choice or the text itself.
    """
    if standard.rated:
        message = f"{standard.key} is rated: its answer is a level, not a fact"
        raise ValueError(message)
    parts = (raw,) if isinstance(raw, str) else raw
    if not any(part.strip() for part in parts):
        return ""
    if any(len(part) > MAX_TEXT for part in parts):
        longest = max(len(part) for part in parts)
        raise FactError(
            f"“{standard.title}” must be {MAX_TEXT:,} characters or fewer; it has {longest:,}. Shorten it."
        )
    return _PARSERS[standard.type](standard, parts)


def display_fact(standard: Standard, stored: str) -> str:
    """Return a stored fact as people read it: Yes, 1,200, 41 of 44, 29 January 2027.

    Text that does not fit the type any more (the question changed its type) is shown as it is.
    """
    if not stored:
        return NOT_ANSWERED
    if standard.type == "yes_no":
        return {"yes": "Yes", "no": "No"}.get(stored, stored)
    if standard.type == "number":
        return _with_commas(stored)
    if standard.type == "number_of_number":
        return " of ".join(_with_commas(part) for part in stored.split(" of "))
    if standard.type == "date":
        return _long_date(stored)
    return stored


def _parse_yes_no(standard: Standard, parts: tuple[str, ...]) -> str:
    answer = _YES_NO.get(_joined(parts).lower())
    if answer is None:
        raise FactError(f"Select yes or no for “{standard.title}”.")
    return answer


def _parse_number(standard: Standard, parts: tuple[str, ...]) -> str:
    match = _DECIMAL.fullmatch(_joined(parts))
    if match is None:
        raise FactError(f"“{standard.title}” must be a number of 0 or more in digits, such as 12 or 4.5.")
    decimals = (match["part"] or "").rstrip("0")
    whole = str(int(match["whole"].replace(",", "")))
    return f"{whole}.{decimals}" if decimals else whole


def _parse_number_of_number(standard: Standard, parts: tuple[str, ...]) -> str:
    typed = parts if len(parts) == 2 else tuple(_OF.split(_joined(parts)))
    labels = standard.labels if len(standard.labels) == 2 else ("First number", "Second number")
    if len(typed) != 2:
        raise FactError(f"“{standard.title}” must be two whole numbers, such as 41 of 44.")
    numbers: list[int] = []
    for label, part in zip(labels, typed, strict=True):
        if not _WHOLE.fullmatch(part.strip()):
            raise FactError(f"“{label}” must be a whole number of 0 or more in digits, such as 41.")
        numbers.append(int(part.strip().replace(",", "")))
    first, second = numbers
    if first > second:
        raise FactError(
            f"“{labels[0]}” is {first:,} and must not be more than “{labels[1]}”, which is {second:,}. "
            "Check both numbers."
        )
    return f"{first} of {second}"


def _parse_date(standard: Standard, parts: tuple[str, ...]) -> str:
    text = _joined(parts)
    found = _ISO_DATE.fullmatch(text)
    typed = [found[3], found[2], found[1]] if found else _DATE_PARTS.split(text)
    if len(typed) != 3 or any(not part.strip() for part in parts):
        raise FactError(f"“{standard.title}” must have a day, a month and a year, such as 29/01/2027.")
    day, month = _whole(typed[0]), _month(typed[1])
    year = full_year(typed[2]) if re.fullmatch(r"[0-9]{2}|[0-9]{4}", typed[2]) else 0
    if year not in _YEARS:
        raise FactError(
            f"The year of “{standard.title}” must lie between {_YEARS.start} and {_YEARS.stop - 1}, "
            "such as 2027."
        )
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise FactError(
            f"“{standard.title}” must be a day in the calendar, such as 29/01/2027. "
            "Check the day and the month."
        ) from None


def _parse_choice(standard: Standard, parts: tuple[str, ...]) -> str:
    typed = _joined(parts).casefold()
    for choice in standard.choices:
        if choice.casefold() == typed:
            return choice
    raise FactError(f"Select one of the answers offered for “{standard.title}”.")


def _parse_text(standard: Standard, parts: tuple[str, ...]) -> str:
    text = "\n".join(parts).replace("\r\n", "\n").replace("\r", "\n")
    odd = _UNSTORABLE.search(text)
    if odd:
        before = text[: odd.start()][-30:].strip()
        where = f"after “{before}”" if before else "at the beginning"
        raise FactError(
            f"“{standard.title}” holds an invisible character that cannot be stored, {where}. "
            "Delete it there, or type that part again."
        )
    return text


_PARSERS: Final[Mapping[AnswerType, Callable[[Standard, tuple[str, ...]], str]]] = {
    "yes_no": _parse_yes_no,
    "number": _parse_number,
    "number_of_number": _parse_number_of_number,
    "date": _parse_date,
    "choice": _parse_choice,
    "short_text": _parse_text,
    "long_text": _parse_text,
}


def _joined(parts: tuple[str, ...]) -> str:
    return " ".join(part.strip() for part in parts).strip()


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def _month(text: str) -> int:
    for number, name in enumerate(_MONTHS, start=1):
        if len(text) >= 3 and name.lower().startswith(text.lower()):
            return number
    return _whole(text)


def _long_date(stored: str) -> str:
    try:
        day = date.fromisoformat(stored)
    except ValueError:
        return stored
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _with_commas(stored: str) -> str:
    whole, point, decimals = stored.partition(".")
    return f"{int(whole):,}{point}{decimals}" if re.fullmatch(r"[0-9]+", whole) else stored
