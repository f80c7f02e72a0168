"""Naughty texts, and what a cell must show of them, worked out apart from the program."""

import unicodedata

STORED = (
    "=1+1",
    '=HYPERLINK("http://example.org","click")',
    "=cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "+44 1632 960123",
    "-5",
    "#N/A",
    "#REF!",
    "#DIV/0!",
    "\tafter a tab",
    "\rafter a return",
    "one\r\ntwo\rthree\nfour",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM",
    "'quoted",
    "<script>alert(1)</script>",
    '<div hx-get="/sign-out" hx-trigger="load">',
    "{{7*7}} ${7*7}",
    "&amp; & &#0; <![CDATA[x]]>",
    "_x0041_ and _x000D_ and _x005F_ and _x00",
    "\u202eright to left\u202c",
    "שלום العربية",
    "👩‍👩‍👧‍👦 family",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "e\u0301 combined",
    " leading and trailing \n",
    "0123",
    "1e10",
    "TRUE",
    "2026-01-01",
    "\x0b vertical \x1f unit \x01",
    "\x7f delete \x85 next line \u2028 separator",
    "\ufffe\uffff not characters",
    "a" * 40_000,
    "😀" * 20_000,
    "=" + "long " * 8_000,
    "x" * 32_767,
    "x" * 32_768,
)
# What no database holds but a cell writer may still be handed.
NEVER_STORED = ("\x00 null", "\ud800 lone", "tail \udfff", "\ud83d")


def as_shown(text: str) -> str:
    """Return what a cell keeps of a text: an oracle written apart from the program."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        "\ufffd"
        if (ord(char) < 32 and char not in "\t\n")
        or unicodedata.category(char) == "Cs"
        or char in "\ufffe\uffff"
        else char
        for char in lines
    )
    if _units(kept) <= 32_767:
        return kept
    mark = f"… (cut: {len(kept):,} characters in all)"
    room, shown = 32_767 - _units(mark), []
    for char in kept:
        room -= _units(char)
        if room < 0:
            break
        shown.append(char)
    return "".join(shown) + mark


def whole(text: str) -> str:
    """Return a text as it is kept in all its cells together."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        "\ufffd"
        if (ord(char) < 32 and char not in "\t\n")
        or unicodedata.category(char) == "Cs"
        or char in "\ufffe\uffff"
        else char
        for char in lines
    )


def _units(text: str) -> int:
    return sum(2 if ord(char) > 0xFFFF else 1 for char in text)
