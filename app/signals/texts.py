"""What the texts of a return measure: sameness, sameness with last year, the age of evidence. Pure.

Nothing here keeps a text: what comes out are keys of standards, counts and days.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Final

# Shorter texts ("In place", "See policy") repeat with reason.
FEWEST_WORDS: Final = 5
# Two texts are nearly the same when this share of their runs of three words, in percent, is in both.
NEARLY_PERCENT: Final = 80
_RUN: Final = 3
_WORD: Final = re.compile(r"\w+")


def words_of(text: str) -> tuple[str, ...]:
    """Return a text's words without case, marks and spacing: what is left says whether two are the same."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _runs(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(words[start : start + _RUN] for start in range(len(words) - _RUN + 1))


def nearly_same(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    """Say whether two texts, given as their runs of three words, are the same or nearly so."""
    return bool(one or other) and 200 * len(one & other) >= NEARLY_PERCENT * (len(one) + len(other))


def alike(texts: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return groups of keys whose texts are the same or nearly so, the largest group first.

    Keys keep the order in which they came; a text that is like no other is in no group.
    """
    said = {key: words_of(text) for key, text in texts.items()}
    runs = {key: _runs(words) for key, words in said.items() if len(words) >= FEWEST_WORDS}
    group = {key: key for key in runs}
    for one, other in combinations(runs, 2):
        if group[one] != group[other] and nearly_same(runs[one], runs[other]):
            old = group[other]
            group |= {key: group[one] for key, first in group.items() if first == old}
    members: dict[str, list[str]] = {}
    for key, first in group.items():
        members.setdefault(first, []).append(key)
    found = [tuple(keys) for keys in members.values() if len(keys) > 1]
    return tuple(sorted(found, key=lambda keys: -len(keys)))


def unchanged(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[tuple[str, ...], int]:
    """Return the keys whose text is word for word the earlier one, and how many have a text both times."""
    both = {key: words_of(text) for key, text in now.items() if key in before}
    pairs = {key: (words, words_of(before[key])) for key, words in both.items() if len(words) >= FEWEST_WORDS}
    compared = {key: pair for key, pair in pairs.items() if len(pair[1]) >= FEWEST_WORDS}
    return tuple(key for key, (this, that) in compared.items() if this == that), len(compared)


# --- days in evidence ------------------------------------------------------------------------------

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR: Final = r"(20[0-9]{2})"
# One pass from left to right, the most exact way of writing first: what a day has used is not read again.
_DAYS: Final = re.compile(
    rf"\b(?:{_YEAR}-([0-9]{{2}})-([0-9]{{2}})"
    rf"|([0-9]{{1,2}})[/.]([0-9]{{1,2}})[/.]{_YEAR}"
    rf"|(?:([0-9]{{1,2}})(?:st|nd|rd|th)?\s+)?{_MONTH}\.?,?\s+{_YEAR}"
    rf"|{_YEAR}\s*(?:[-/–]|to)\s*(?:20)?([0-9]{{2}})"
    rf"|{_YEAR})\b",
    re.IGNORECASE,
)


def days_in(text: str) -> Iterator[date]:
    """Yield the days that a text names.

    A month or a year without a day counts as its last day, a school year (2024/25) as 31 August: doubt
    speaks for the organisation. What is no day (31 February) is passed over.
    """
    for found in _DAYS.finditer(text):
        parts = found.groups()
        if (day := _day(parts)) is not None:
            yield day


def _day(parts: tuple[str | None, ...]) -> date | None:
    iso, numbers, words, school, year = parts[0:3], parts[3:6], parts[6:9], parts[9:11], parts[11]
    if iso[0]:
        return _valid(iso[0], iso[1], iso[2])
    if numbers[0]:
        return _valid(numbers[2], numbers[1], numbers[0])
    if words[1]:
        month = _MONTHS.index(words[1][:3].lower()) + 1
        return _valid(words[2], str(month), words[0]) if words[0] else _end_of_month(words[2], month)
    if school[0]:
        return date(2000 + int(school[1] or 0), 8, 31)
    return date(int(year or 0), 12, 31)


def _valid(year: str | None, month: str | None, day: str | None) -> date | None:
    try:
        return date(int(year or 0), int(month or 0), int(day or 0))
    except ValueError:
        return None


def _end_of_month(year: str | None, month: int) -> date | None:
    days = (_valid(year, str(month), str(day)) for day in (31, 30, 29, 28))
    return next((day for day in days if day is not None), None)


def newest_day(text: str, files: Iterable[date], signed_on: date) -> date | None:
    """Return the newest day that a standard's evidence shows, None if it shows none.

    `files` are the days on which its files were first uploaded. A day after the signature counts as its day:
    a review that is planned says that somebody looks after the evidence.
    """
    days = [*days_in(text), *files]
    return min(max(days), signed_on) if days else None
