"""Dates as people type them."""

import re
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4}|[0-9]{2})")
_WORDS = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\s+([a-z]{3,9})\.?,?\s+([0-9]{4}|[0-9]{2})", re.IGNORECASE)
_ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
# As spreadsheets read it: 26 is 2026, 85 is 1985.
_LAST_SHORT_YEAR = 69


def full_year(typed: str) -> int:
    """Return the year that a person typed with four digits or two: 2026 for 26, 1985 for 85."""
    year = int(typed)
    if len(typed) != 2:
        return year
    return 2000 + year if year <= _LAST_SHORT_YEAR else 1900 + year


def read_date(typed: str) -> date | None:
    """Return the day that a person typed (29/1/2027, 29/1/27, 29 January 2027, 2027-01-29), or None."""
    text = typed.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _NUMBERS.fullmatch(text):
        day, month, year = int(found[1]), int(found[2]), full_year(found[3])
    elif (found := _WORDS.fullmatch(text)) and found[2][:3].lower() in _MONTHS:
        day, month, year = int(found[1]), _MONTHS.index(found[2][:3].lower()) + 1, full_year(found[3])
    else:
        return None
    try:
        day_read = date(year, month, day)
    except ValueError:
        return None
    return day_read if 1900 <= year <= 2100 else None
