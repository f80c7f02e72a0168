"""Reads YAML so that every value remembers its line: the ground on which the checker stands.

Only plain data is read: text, whole and decimal numbers, true and false, lists and mappings. Tags
and anchors are refused, so a file can neither run code nor unfold into something huge.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]

MAX_CHARACTERS: Final = 1_000_000
MAX_DEPTH: Final = 20

NOT_YAML: Final = "The file cannot be read here: {what}"
MEND_NOT_YAML: Final = "Check the indent and the punctuation of this line and of the one before it."
MEND_COLON: Final = "Put quotes around the whole text, because it holds a colon followed by a space."
MEND_TAB: Final = "Use spaces, never tabs, to indent."
ODD_CHARACTER: Final = "The file holds an invisible character ({code}) that cannot be stored"
MEND_ODD_CHARACTER: Final = "Delete the character, or type that part of the text again."
TOO_LONG_FILE: Final = "The file has {count:,} characters; the most is {most:,}"
MEND_TOO_LONG_FILE: Final = "Split it into two questionnaires."
TOO_DEEP: Final = "Lists and mappings are nested too deep"
MEND_TOO_DEEP: Final = "Use at most {most} steps of indent."
ANCHOR: Final = "Anchors and aliases (& and *) are not allowed"
MEND_ANCHOR: Final = "Write the text out again, or put quotes around a text that begins with & or *."
TAG: Final = "The tag {tag} is not allowed"
MEND_TAG: Final = "Delete the tag, or put quotes around a text that begins with !."
KEY_NOT_TEXT: Final = "The key “{key}” is not text"
MEND_KEY_NOT_TEXT: Final = "Use a word as the key, in quotes if it looks like a number, yes or no."
DUPLICATE_KEY: Final = "The key “{key}” is given twice; the first is on line {line}"
MEND_DUPLICATE_KEY: Final = "Keep one of the two and delete the other."
BAD_VALUE: Final = "The value “{value}” cannot be read"
MEND_BAD_VALUE: Final = "Put quotes around it if it is meant as text."
EMPTY: Final = "The file is empty"
NOT_MAPPING: Final = "The file must begin with keys such as “key: section-11”"
MEND_EMPTY: Final = "Begin from a copy of a questionnaire that works."

_PLAIN: Final = "tag:yaml.org,2002:"
_MAPPING_TAG: Final = _PLAIN + "map"
_SEQUENCE_TAG: Final = _PLAIN + "seq"
_TEXT_TAG: Final = _PLAIN + "str"
_SCALAR_TAGS: Final = {_PLAIN + name for name in ("str", "int", "float", "bool", "null", "timestamp")}
_UNSTORABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a definition: where it is, what is wrong, and how to mend it."""

    file: str
    line: int
    message: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}. {self.mend}"


@dataclass(slots=True)
class Source:
    """A definition as read: its content, the line of each value, and the mistakes found so far."""

    name: str
    text: str
    content: Any = None
    problems: list[Problem] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)
    ends: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """Return the line, from 1, of the value at a path or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def line_of_text(self, path: Path, wanted: str) -> int:
        """Return the first line inside the value at a path that holds a text, else its own line."""
        first = self.line(path)
        rows = self.text.splitlines()[first - 1 : self.ends.get(path, first)]
        return next((first + index for index, row in enumerate(rows) if wanted in row), first)

    def add(self, path: Path, message: str, mend: str) -> None:
        """Note a mistake at the value of a path."""
        self.add_at(self.line(path), message, mend)

    def add_at(self, line: int, message: str, mend: str) -> None:
        """Note a mistake on a line."""
        self.problems.append(Problem(self.name, line, message, mend))


def read(text: str, name: str) -> Source:
    """Read a definition; mistakes in the YAML itself are in the source's problems."""
    source = Source(name, text)
    if len(text) > MAX_CHARACTERS:
        source.add_at(1, TOO_LONG_FILE.format(count=len(text), most=MAX_CHARACTERS), MEND_TOO_LONG_FILE)
        return source
    try:
        root = _root(text)
    except yaml.MarkedYAMLError as error:
        _add_syntax(source, error)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        source.add_at(line, ODD_CHARACTER.format(code=f"U+{_code(error.character)}"), MEND_ODD_CHARACTER)
    except RecursionError:
        source.add_at(1, TOO_DEEP, MEND_TOO_DEEP.format(most=MAX_DEPTH))
    else:
        _fill(source, root)
    return source


def _fill(source: Source, root: yaml.Node | None) -> None:
    if root is None:
        source.add_at(1, EMPTY, MEND_EMPTY)
    elif not isinstance(root, yaml.MappingNode):
        source.add_at(_line(root), NOT_MAPPING, MEND_EMPTY)
    else:
        source.content = _Builder(source).value(root, ())


class _Refused(yaml.MarkedYAMLError):
    """A construct of YAML that definitions may not use."""


class _DeepError(_Refused):
    """Nesting beyond the limit."""


class _PlainLoader(yaml.SafeLoader):
    """The safe loader without anchors and with a limit on nesting."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise _Refused(problem=ANCHOR, problem_mark=event.start_mark)
        if self.depth > MAX_DEPTH:
            raise _DeepError(problem=TOO_DEEP, problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _root(text: str) -> yaml.Node | None:
    loader = _PlainLoader(text)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def _add_syntax(source: Source, error: yaml.MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    what = error.problem or error.context or "unknown reason"
    if isinstance(error, _DeepError):
        source.add_at(line, TOO_DEEP, MEND_TOO_DEEP.format(most=MAX_DEPTH))
    elif isinstance(error, _Refused):
        source.add_at(line, ANCHOR, MEND_ANCHOR)
    elif what.startswith("mapping values are not allowed"):
        source.add_at(line, NOT_YAML.format(what=what), MEND_COLON)
    elif "'\\t'" in what:
        source.add_at(line, NOT_YAML.format(what="a tab"), MEND_TAB)
    else:
        source.add_at(line, NOT_YAML.format(what=what), MEND_NOT_YAML)


class _Builder:
    """Turns nodes into plain data, notes the line of each, and goes on after a mistake."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.source.lines.setdefault(path, _line(node))
        self.source.ends[path] = node.end_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, {_MAPPING_TAG})
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, {_SEQUENCE_TAG})
            return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
        return self._scalar(node) if self._check_tag(node, _SCALAR_TAGS) else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), _line(key_node)
            if key_node.tag != _TEXT_TAG:
                self.source.add_at(line, KEY_NOT_TEXT.format(key=key), MEND_KEY_NOT_TEXT)
            elif key in found:
                first = self.source.line((*path, key))
                self.source.add_at(line, DUPLICATE_KEY.format(key=key, line=first), MEND_DUPLICATE_KEY)
            else:
                self.source.lines[*path, key] = line
                self._check_characters(key, line)
                found[key] = self.value(value_node, (*path, key))
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            value = self.constructor.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError):
            self.source.add_at(_line(node), BAD_VALUE.format(value=node.value), MEND_BAD_VALUE)
            return str(node.value)
        if isinstance(value, str):
            self._check_characters(value, _line(node))
        return value

    def _check_tag(self, node: yaml.Node, allowed: set[str]) -> bool:
        if node.tag in allowed:
            return True
        shown = "!!" + node.tag.removeprefix(_PLAIN) if node.tag.startswith(_PLAIN) else node.tag
        self.source.add_at(_line(node), TAG.format(tag=shown), MEND_TAG)
        return False

    def _check_characters(self, text: str, line: int) -> None:
        odd = _UNSTORABLE.search(text)
        if odd:
            self.source.add_at(line, ODD_CHARACTER.format(code=f"U+{_code(odd[0])}"), MEND_ODD_CHARACTER)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _code(character: str | int) -> str:
    return f"{ord(character) if isinstance(character, str) else character:04X}"
