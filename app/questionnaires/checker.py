"""Checks a questionnaire's definition and says file, line and how to mend for every mistake.

Three passes: reading (YAML), the schema (keys, types, sizes), and the rules that a schema cannot
say, below. The last two both run on whatever could be read, so one check finds everything.
"""

import itertools
import pathlib
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final

from app.core.routes import ACCESS
from app.organisations.rules import DUTIES, FEATURES, KINDS, PHASES
from app.questionnaires.definition import RATING, RatingRule
from app.questionnaires.reading import Path, Problem, Source, read
from app.questionnaires.rules import TERM, find_term
from app.questionnaires.schema import (
    BAD_YEAR,
    MEND_BAD_YEAR,
    MEND_MISSING_KEY,
    MISSING_KEY,
    add_schema_problems,
    suggestion,
)

__all__ = ["DefinitionError", "Problem", "check_file", "check_text", "load_file", "load_text"]

MAX_CRITICAL: Final = 3
RAGS: Final = ("red", "amber", "green")
# Where the closing questions stand among a return's domains.
CLOSING: Final = "closing"

NO_FILE: Final = "The file cannot be opened"
MEND_NO_FILE: Final = "Check the name and the folder of the file."
NOT_UTF8: Final = "The file is not UTF-8 text"
MEND_NOT_UTF8: Final = "Save it again with the encoding UTF-8."
SAME: Final = "The {what} “{value}” is used twice; the first is on line {line}"
MEND_SAME: Final = "Change one of the two."
RESERVED_KEY: Final = "The domain key “{key}” is the address of another page of a return"
MEND_RESERVED_KEY: Final = "Add a word to it, such as “{key}-and-more”."
TOO_MANY_CRITICAL: Final = "The domain has {count} critical standards; this is number {number}"
MEND_TOO_MANY_CRITICAL: Final = f"Keep at most {MAX_CRITICAL} in a domain: choose the gravest."
NO_DESCRIPTOR: Final = "The level “{level}” has no descriptor"
MEND_NO_DESCRIPTOR: Final = "Add “{level}:” under “descriptors” and say what it looks like."
UNKNOWN_LEVEL: Final = "“{level}” is not a level of the scale"
SAME_DESCRIPTOR: Final = "The descriptors of “{first}” and “{second}” are the same"
MEND_SAME_DESCRIPTOR: Final = "Say what tells the two levels apart."
ONLY_FOR: Final = "“{key}” is only for the type {type}"
MEND_ONLY_FOR: Final = "Delete “{key}”, or change the type to {type}."
NO_CHOICES: Final = "A question of the type choice needs choices"
MEND_NO_CHOICES: Final = "Add “choices:” with the answers to choose from."
NOT_TWO_LABELS: Final = "A question of the type number_of_number needs exactly two labels"
MEND_NOT_TWO_LABELS: Final = "Write them like “labels: [Number trained, Number employed]”."
UNDEFINED_TERM: Final = "The term {{{term}}} is not defined"
MEND_UNDEFINED_TERM: Final = "Define it under “wording”, or write the words without braces."
LONE_BRACE: Final = "There is a brace without its partner"
MEND_LONE_BRACE: Final = "Write a term between two braces, or delete the brace."
NO_TERM_HERE: Final = "“{key}” may not hold a term in braces"
MEND_NO_TERM_HERE: Final = "Write words that fit every organisation."
UNKNOWN_WORD: Final = "“{value}” is not one of the {vocabulary}"
THRESHOLDS: Final = "“red_below_percent” ({red}) must be less than “green_from_percent” ({green})"
MEND_THRESHOLDS: Final = "Lower the first or raise the second."
NO_RAG: Final = "No level of the scale is {rag}"
MEND_NO_RAG: Final = "Give at least one level “rag: {rag}”: domains are red, amber or green."
NO_ZERO: Final = "The lowest level has {points} points"
MEND_NO_ZERO: Final = "Give the lowest level 0 points; its letter can be another number."
POINTS_AGAINST_RAG: Final = "This level is {rag}, and one that is {other} has as many points or more"
MEND_POINTS_AGAINST_RAG: Final = "Give red levels the fewest points and green levels the most."


class DefinitionError(ValueError):
    """A definition with mistakes was to be used; `problems` holds them all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def check_file(path: pathlib.Path | str) -> list[Problem]:
    """Return every mistake in a questionnaire's file, in the order of the lines."""
    return _checked_file(pathlib.Path(path)).problems


def check_text(text: str, name: str) -> list[Problem]:
    """Return every mistake in a questionnaire's text, in the order of the lines."""
    return _checked(text, name).problems


def load_file(path: pathlib.Path | str) -> dict[str, Any]:
    """Return the content of a questionnaire's file; DefinitionError if it has any mistake."""
    return _content(_checked_file(pathlib.Path(path)))


def load_text(text: str, name: str) -> dict[str, Any]:
    """Return the content of a questionnaire's text; DefinitionError if it has any mistake."""
    return _content(_checked(text, name))


def _content(source: Source) -> dict[str, Any]:
    if source.problems:
        raise DefinitionError(source.problems)
    content: dict[str, Any] = source.content
    return content


def _checked_file(path: pathlib.Path) -> Source:
    source = Source(str(path), "")
    try:
        data = path.read_bytes()
    except OSError:
        source.add_at(1, NO_FILE, MEND_NO_FILE)
        return source
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source.add_at(data.count(b"\n", 0, error.start) + 1, NOT_UTF8, MEND_NOT_UTF8)
        return source
    return _checked(text, str(path))


def _checked(text: str, name: str) -> Source:
    source = read(text, name)
    if source.content is not None:
        add_schema_problems(source)
        for rule in _RULES:
            rule(source)
    source.problems = sorted(set(source.problems))
    return source


# --- walking what may be malformed -------------------------------------------------------------


def _mappings(parent: object, path: Path, key: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    items = parent.get(key) if isinstance(parent, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield (*path, key, index), item


def _standards(source: Source) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path, domain in _mappings(source.content, (), "domains"):
        yield from _mappings(domain, path, "standards")


def _questions(source: Source) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    yield from _standards(source)
    yield from _mappings(source.content, (), "closing")


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(each, (*path, index))


def _group(parent: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = parent.get(key)
    return found if isinstance(found, dict) else {}


# --- the rules ---------------------------------------------------------------------------------


def _check_year(source: Source) -> None:
    year = source.content.get("school_year")
    first, _, second = str(year).partition(" to ")
    if first.isdecimal() and second.isdecimal() and int(second) != int(first) + 1:
        source.add(("school_year",), BAD_YEAR.format(value=year), MEND_BAD_YEAR)


def _check_unique(source: Source) -> None:
    domains = list(_mappings(source.content, (), "domains"))
    levels = list(_mappings(source.content, (), "scale"))
    _add_repeated(source, domains, "key", "domain key")
    _add_repeated(source, _questions(source), "key", "standard key")
    _add_repeated(source, levels, "key", "level key")
    _add_repeated(source, levels, "letter", "letter")
    _add_repeated(source, levels, "word", "word")
    _add_repeated(source, levels, "points", "number of points")


def _add_repeated(
    source: Source, items: Iterable[tuple[Path, Mapping[str, Any]]], key: str, what: str
) -> None:
    first: dict[Hashable, int] = {}
    for path, item in items:
        value = item.get(key)
        if not isinstance(value, str | int):
            continue
        line = source.line((*path, key))
        if value in first:
            source.add_at(line, SAME.format(what=what, value=value, line=first[value]), MEND_SAME)
        else:
            first[value] = line


def _reserved() -> frozenset[str]:
    """Return the names that stand where a domain's key stands in the address of a return's page."""
    inside = (route.partition(" /returns/{return_id}/")[2].split("/")[0] for route in ACCESS)
    return frozenset(name for name in inside if name and "{" not in name) | {CLOSING}


def _check_reserved(source: Source) -> None:
    reserved = _reserved()
    for path, domain in _mappings(source.content, (), "domains"):
        key = domain.get("key")
        if isinstance(key, str) and key in reserved:
            mend = MEND_RESERVED_KEY.format(key=key)
            source.add((*path, "key"), RESERVED_KEY.format(key=key), mend)


def _check_critical(source: Source) -> None:
    for path, domain in _mappings(source.content, (), "domains"):
        critical = [at for at, each in _mappings(domain, path, "standards") if each.get("critical") is True]
        for number, at in enumerate(critical, start=1):
            if number > MAX_CRITICAL:
                message = TOO_MANY_CRITICAL.format(count=len(critical), number=number)
                source.add((*at, "critical"), message, MEND_TOO_MANY_CRITICAL)


def _check_descriptors(source: Source) -> None:
    levels = [each["key"] for _, each in _mappings(source.content, (), "scale") if _has_text(each, "key")]
    for path, standard in _standards(source):
        if standard.get("type", RATING) != RATING:
            continue
        if "descriptors" not in standard:
            mend = MEND_MISSING_KEY.format(key="descriptors")
            source.add(path, MISSING_KEY.format(key="descriptors"), mend)
            continue
        _check_levels(source, (*path, "descriptors"), _group(standard, "descriptors"), levels)


def _check_levels(source: Source, path: Path, given: Mapping[str, Any], levels: Collection[str]) -> None:
    for level in levels:
        if level not in given:
            source.add(path, NO_DESCRIPTOR.format(level=level), MEND_NO_DESCRIPTOR.format(level=level))
    first: dict[str, str] = {}
    for level, text in given.items():
        if level not in levels:
            source.add((*path, level), UNKNOWN_LEVEL.format(level=level), suggestion(level, levels))
        same = first.setdefault(" ".join(str(text).casefold().split()), level)
        if same != level:
            message = SAME_DESCRIPTOR.format(first=same, second=level)
            source.add((*path, level), message, MEND_SAME_DESCRIPTOR)


def _has_text(parent: Mapping[str, Any], key: str) -> bool:
    return isinstance(parent.get(key), str)


_ONLY_FOR: Final = (
    ("descriptors", RATING),
    ("critical", RATING),
    ("labels", "number_of_number"),
    ("choices", "choice"),
    ("past", "date"),
)


def _check_types(source: Source) -> None:
    for path, question in _questions(source):
        kind = question.get("type", RATING)
        for key, only in _ONLY_FOR:
            if key in question and kind != only:
                mend = MEND_ONLY_FOR.format(key=key, type=only)
                source.add((*path, key), ONLY_FOR.format(key=key, type=only), mend)
        if kind == "choice" and "choices" not in question:
            source.add((*path, "type"), NO_CHOICES, MEND_NO_CHOICES)
        if kind == "number_of_number":
            labels = question.get("labels", [])
            if isinstance(labels, list) and len(labels) != 2:
                source.add((*path, "labels" if labels else "type"), NOT_TWO_LABELS, MEND_NOT_TWO_LABELS)


_FIXED_TEXTS: Final = {"key", "type", "choices", "applies_to"}


def _check_terms(source: Source) -> None:
    wording = _group(source.content, "wording")
    for path, text in _texts(source.content, ()):
        if path[0] == "wording" or ("{" not in text and "}" not in text):
            continue
        if path[0] not in ("introduction", "domains", "closing") or not _FIXED_TEXTS.isdisjoint(path):
            key = next(str(part) for part in reversed(path) if isinstance(part, str))
            source.add(path, NO_TERM_HERE.format(key=key), MEND_NO_TERM_HERE)
            continue
        for match in TERM.finditer(text):
            if find_term(match[1], wording) is None:
                _add_undefined(source, path, match, wording)
        rest = TERM.sub("", text)
        if "{" in rest or "}" in rest:
            source.add(path, LONE_BRACE, MEND_LONE_BRACE)


def _add_undefined(source: Source, path: Path, match: re.Match[str], wording: Mapping[str, Any]) -> None:
    close = suggestion(match[1], wording) if wording else ""
    mend = close if close.startswith("Did you mean") else MEND_UNDEFINED_TERM
    source.add_at(source.line_of_text(path, match[0]), UNDEFINED_TERM.format(term=match[1]), mend)


def _check_vocabularies(source: Source) -> None:
    _add_unknown(source, ("audience",), _group(source.content, "audience"), ("duties", DUTIES, "duties"))
    for path, question in _questions(source):
        group, at = _group(question, "applies_to"), (*path, "applies_to")
        _add_unknown(source, at, group, ("kinds", KINDS, "kinds of organisation"))
        _add_unknown(source, at, group, ("phases", PHASES, "phases"))
        _add_unknown(source, at, group, ("features", FEATURES, "features"))


def _add_unknown(
    source: Source, path: Path, group: Mapping[str, Any], known: tuple[str, Mapping[str, object], str]
) -> None:
    key, allowed, vocabulary = known
    words = group.get(key)
    for index, word in enumerate(words if isinstance(words, list) else ()):
        if isinstance(word, str) and word not in allowed:
            message = UNKNOWN_WORD.format(value=word, vocabulary=vocabulary)
            source.add((*path, key, index), message, suggestion(word, allowed))


def _check_thresholds(source: Source) -> None:
    given, default = _group(source.content, "rating_rule"), RatingRule()
    red = given.get("red_below_percent", default.red_below_percent)
    green = given.get("green_from_percent", default.green_from_percent)
    if isinstance(red, int) and isinstance(green, int) and red >= green:
        source.add(("rating_rule",), THRESHOLDS.format(red=red, green=green), MEND_THRESHOLDS)


def _check_scale(source: Source) -> None:
    levels = list(_mappings(source.content, (), "scale"))
    if not levels:
        return
    for rag in RAGS:
        if all(level.get("rag") != rag for _, level in levels):
            source.add(("scale",), NO_RAG.format(rag=rag), MEND_NO_RAG.format(rag=rag))
    counted = sorted(
        (level["points"], RAGS.index(level["rag"]), path)
        for path, level in levels
        if isinstance(level.get("points"), int) and level.get("rag") in RAGS
    )
    if len(counted) < len(levels):
        return
    least, _, lowest = counted[0]
    if least > 0:
        source.add((*lowest, "points"), NO_ZERO.format(points=least), MEND_NO_ZERO)
    for (_, fewer, at), (_, more, _) in itertools.pairwise(counted):
        if fewer > more:
            message = POINTS_AGAINST_RAG.format(rag=RAGS[fewer], other=RAGS[more])
            source.add((*at, "points"), message, MEND_POINTS_AGAINST_RAG)


_RULES: Final[tuple[Callable[[Source], None], ...]] = (
    _check_year,
    _check_unique,
    _check_reserved,
    _check_critical,
    _check_descriptors,
    _check_types,
    _check_terms,
    _check_vocabularies,
    _check_thresholds,
    _check_scale,
)
