"""Names of files: made harmless for pages, headers and every system's folders, and still their owner's."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final
from urllib.parse import quote

LONGEST: Final = 120
_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*;%]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
_ENDING: Final = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def safe_name(given: str) -> str:
    """Return a file's name as it is shown and offered for saving.

    Folders, control and direction marks and what some system forbids are taken out; what is left is at most
    120 characters long, its ending kept. A name of nothing else becomes "file".
    """
    name = re.split(r"[/\\]", given)[-1]
    name = "".join(each for each in unicodedata.normalize("NFC", name) if _shown(each))
    name = " ".join(_FORBIDDEN.sub("_", name).split()).rstrip(" .")
    ending = _ENDING.search(name)
    kept = f".{ending[1]}" if ending else ""
    stem = name[: len(name) - len(kept)].strip(" .")[: LONGEST - len(kept)].strip(" .") or "file"
    if _RESERVED.match(stem):
        stem = f"_{stem}"[: LONGEST - len(kept)].rstrip(" .")
    return f"{stem}{kept}"


def _shown(letter: str) -> bool:
    return letter == "\t" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def ending_of(name: str) -> str:
    """Return a name's ending in lower case, without the dot."""
    found = _ENDING.search(name)
    return found[1].lower() if found else ""


def distinct(name: str, taken: Collection[str]) -> str:
    """Return a name that no file beside it has: report.pdf, report (2).pdf ..."""
    used = {each.casefold() for each in taken}
    ending = _ENDING.search(name)
    kept = f".{ending[1]}" if ending else ""
    stem, number, candidate = name[: len(name) - len(kept)], 2, name
    while candidate.casefold() in used:
        mark = f" ({number})"
        candidate = f"{stem[: LONGEST - len(kept) - len(mark)]}{mark}{kept}"
        number += 1
    return candidate


def attachment(name: str) -> str:
    """Return the Content-Disposition that saves a file under its name (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9 ,.()_-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
