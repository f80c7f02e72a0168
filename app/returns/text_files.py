"""Looking at plain text and CSV: that it is text, and not a web page, a mail or a spreadsheet's command."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, Final

from app.returns.refusals import EXECUTABLE, WEB_PAGE, RefusedFileError

_START: Final = 1_024
_STEP: Final = 1 << 18
_CONTROLS: Final = re.compile("[\x00-\x06\x0e-\x19\x1c-\x1f]")
_MARKUP_START: Final = re.compile(
    r"<(?:!doctype|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|svg|math|xml"
    r"|\?xml|\?php|!--)(?:[\s>/]|$)|<\?",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(
    r"<(?:script|svg|html|iframe|object|embed|meta|link)[\s>/]|<\?php|<!doctype|<%", re.IGNORECASE
)
_MAIL: Final = re.compile(r"(?:MIME-Version:|Received:|From: .*\n.*MIME-Version:)", re.IGNORECASE)
_BATCH: Final = re.compile(r"#!|@echo off|\[InternetShortcut\]|Windows Registry Editor", re.IGNORECASE)
# Excel starts a program for a cell like =cmd|'/c calc'!A0; each part is bounded, so no text takes long.
_COMMAND: Final = re.compile(
    r"""(?:^|[,;\t"']) {0,20}[=+\-@][^,;\t\n|]{0,300}\|[^,;\t\n!]{0,300}!""", re.MULTILINE
)
_COMMAND_WORDS: Final = (
    "This table holds a cell that starts a program when Excel opens it. Take the cell out and save it again."
)


def letters_of(data: Any) -> str | None:
    """Return how the letters of a text are stored: UTF-8, UTF-16 with its mark, or Windows; None: no text."""
    for letters in ("utf-16",) if bytes(data[:2]) in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "cp1252"):
        try:
            if not any(_CONTROLS.search(part) for part in _parts(data, letters)):
                return letters
        except UnicodeDecodeError:
            continue
    return None


def _parts(data: Any, letters: str) -> Iterator[str]:
    decoder, size = codecs.getincrementaldecoder(letters)(), len(data)
    for begin in range(0, size, _STEP):
        yield decoder.decode(bytes(data[begin : begin + _STEP]), final=begin + _STEP >= size)


def check(data: Any, letters: str) -> None:
    """Raise RefusedFileError for text that some program would take for more than text."""
    before = ""
    for number, part in enumerate(_parts(data, letters)):
        if number == 0:
            _check_start(part[:_START].lstrip("\ufeff \t\r\n\f"))
        text = before + part
        if _MARKUP.search(text):
            raise RefusedFileError(WEB_PAGE)
        if _COMMAND.search(text):
            raise RefusedFileError(_COMMAND_WORDS)
        # What is cut in two by the border between parts is looked at with the next part.
        before = text[-_START:]


def _check_start(start: str) -> None:
    if _BATCH.match(start):
        raise RefusedFileError(EXECUTABLE)
    if _MARKUP_START.match(start) or _MAIL.match(start) or "%PDF-" in start:
        raise RefusedFileError(WEB_PAGE)
