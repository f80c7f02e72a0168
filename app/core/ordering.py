"""Names in the order in which people look for them: É beside E, capitals beside small letters.

The database sorts by the numbers of the characters, the same on every machine, and that puts É after Z.
"""

import re
import unicodedata
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column

# Accents, once they are parted from their letters.
_ACCENTS: Final = "[\u0300-\u036f]"
_NFKD: Final[ColumnElement[Any]] = literal_column("NFKD")


def by_name(column: Any) -> ColumnElement[str]:
    """Return what a query sorts names by."""
    plain: ColumnElement[str] = func.lower(
        func.regexp_replace(func.normalize(column, _NFKD), _ACCENTS, "", "g")
    )
    return plain


def name_key(name: str) -> str:
    """Return what a list in memory is sorted by: the same order as `by_name`."""
    return re.sub(_ACCENTS, "", unicodedata.normalize("NFKD", name)).lower()
