"""Says in plain English what schema.json finds wrong in a definition: keys, types, sizes."""

import difflib
import functools
import json
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from app.questionnaires.reading import Path, Source

SCHEMA_FILE: Final = pathlib.Path(__file__).with_name("schema.json")

UNKNOWN_KEY: Final = "The key “{key}” is not known here"
MISSING_KEY: Final = "“{key}” is missing"
MEND_MISSING_KEY: Final = "Add a line that begins with “{key}:”."
WRONG_TYPE: Final = "“{key}” must be {wanted}"
MEND_QUOTES: Final = "Put quotes around it: without them it does not read as text."
MEND_TYPE: Final = "Change it to {wanted}."
NOT_ALLOWED: Final = "“{value}” is not allowed for “{key}”"
DID_YOU_MEAN: Final = "Did you mean “{close}”?"
MEND_USE_ONE_OF: Final = "Use one of: {allowed}."
TOO_LONG: Final = "“{key}” has {count:,} characters; the most is {most:,}"
MEND_TOO_LONG: Final = "Shorten it."
BLANK: Final = "“{key}” is empty"
MEND_BLANK: Final = "Write the text, or delete the line if it is not needed."
BAD_KEY: Final = "The key “{value}” must be words in lower case joined by hyphens"
MEND_BAD_KEY: Final = "Write it like “senior-lead”."
BAD_YEAR: Final = "The school year “{value}” must be two years in a row"
MEND_BAD_YEAR: Final = "Write it like “2026 to 2027”."
BAD_FORM: Final = "“{value}” does not have the right form for “{key}”"
MEND_BAD_FORM: Final = "Use no blanks and no braces here."
OUT_OF_RANGE: Final = "“{key}” is {value}"
MEND_RANGE: Final = "Use a whole number between {least} and {most}."
TOO_FEW: Final = "“{key}” holds {count}; the least is {least}"
MEND_TOO_FEW: Final = "Add what is missing, or delete “{key}” if it is not needed."
EMPTY_DOMAIN: Final = "The domain has no standards"
MEND_EMPTY_DOMAIN: Final = "Add a standard, or delete the domain."
TOO_MANY: Final = "“{key}” holds {count}; the most is {most}"
MEND_TOO_MANY: Final = "Delete some."
NOT_UNIQUE: Final = "“{key}” holds the same value twice"
MEND_NOT_UNIQUE: Final = "Delete one of the two."

_TYPE_WORDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a group of lines with keys",
}


def add_schema_problems(source: Source) -> None:
    """Add to a source whatever its content has against the schema."""
    for error in _validator().iter_errors(source.content):
        _TRANSLATIONS[str(error.validator)](source, tuple(error.absolute_path), error)


def suggestion(value: str, allowed: Iterable[str]) -> str:
    """Return how to mend an unknown word: the nearest known one, else all of them."""
    known = sorted(allowed)
    close = difflib.get_close_matches(value, known, n=1)
    return DID_YOU_MEAN.format(close=close[0]) if close else MEND_USE_ONE_OF.format(allowed=", ".join(known))


@functools.cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def _name(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "file")


def _instance(error: ValidationError) -> Any:
    return error.instance


def _limit(error: ValidationError) -> Any:
    return error.validator_value


def _schema(error: ValidationError) -> Any:
    return error.schema


def _unknown_keys(source: Source, path: Path, error: ValidationError) -> None:
    known: Mapping[str, Any] = _schema(error)["properties"]
    for key in _instance(error):
        if key not in known:
            source.add((*path, key), UNKNOWN_KEY.format(key=key), suggestion(key, known))


def _missing_keys(source: Source, path: Path, error: ValidationError) -> None:
    for key in _limit(error):
        if key not in _instance(error):
            source.add(path, MISSING_KEY.format(key=key), MEND_MISSING_KEY.format(key=key))


def _wrong_type(source: Source, path: Path, error: ValidationError) -> None:
    key, wanted = _name(path), _TYPE_WORDS[_limit(error)]
    if error.instance is None:
        source.add(path, BLANK.format(key=key), MEND_BLANK)
    elif wanted == "text" and not isinstance(error.instance, list | dict):
        source.add(path, WRONG_TYPE.format(key=key, wanted=wanted), MEND_QUOTES)
    else:
        source.add(path, WRONG_TYPE.format(key=key, wanted=wanted), MEND_TYPE.format(wanted=wanted))


def _not_allowed(source: Source, path: Path, error: ValidationError) -> None:
    value = str(error.instance)
    source.add(path, NOT_ALLOWED.format(value=value, key=_name(path)), suggestion(value, _limit(error)))


def _bad_form(source: Source, path: Path, error: ValidationError) -> None:
    value, key = str(error.instance), _name(path)
    if not value.strip():
        source.add(path, BLANK.format(key=key), MEND_BLANK)
    elif key == "school_year":
        source.add(path, BAD_YEAR.format(value=value), MEND_BAD_YEAR)
    elif key == "key":
        source.add(path, BAD_KEY.format(value=value), MEND_BAD_KEY)
    else:
        source.add(path, BAD_FORM.format(value=value, key=key), MEND_BAD_FORM)


def _too_long(source: Source, path: Path, error: ValidationError) -> None:
    count, most = len(_instance(error)), _limit(error)
    source.add(path, TOO_LONG.format(key=_name(path), count=count, most=most), MEND_TOO_LONG)


def _out_of_range(source: Source, path: Path, error: ValidationError) -> None:
    mend = MEND_RANGE.format(least=_schema(error)["minimum"], most=_schema(error)["maximum"])
    source.add(path, OUT_OF_RANGE.format(key=_name(path), value=error.instance), mend)


def _too_few(source: Source, path: Path, error: ValidationError) -> None:
    key, count, least = _name(path), len(_instance(error)), _limit(error)
    if key == "standards":
        source.add(path, EMPTY_DOMAIN, MEND_EMPTY_DOMAIN)
    else:
        source.add(path, TOO_FEW.format(key=key, count=count, least=least), MEND_TOO_FEW.format(key=key))


def _too_many(source: Source, path: Path, error: ValidationError) -> None:
    key, count, most = _name(path), len(_instance(error)), _limit(error)
    source.add(path, TOO_MANY.format(key=key, count=count, most=most), MEND_TOO_MANY)


def _not_unique(source: Source, path: Path, _: ValidationError) -> None:
    source.add(path, NOT_UNIQUE.format(key=_name(path)), MEND_NOT_UNIQUE)


_TRANSLATIONS: Final[Mapping[str, Callable[[Source, Path, ValidationError], None]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _not_allowed,
    "pattern": _bad_form,
    "maxLength": _too_long,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minItems": _too_few,
    "minProperties": _too_few,
    "maxItems": _too_many,
    "uniqueItems": _not_unique,
}
