"""Secrets at rest: sealed texts, keyed marks and signatures, all from the setting ELEVEN_SECRET_KEY.

The key never stands in the database: whoever holds only the database, or a backup of it, can neither make
codes of a second factor nor try out the short codes that people type.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.core.settings import settings


class BrokenSealError(Exception):
    """A sealed text was altered, is too old, or was sealed with a key that is no longer set."""


def _keys() -> list[bytes]:
    return [hashlib.sha256(key.encode()).digest() for key in settings().secret_keys]


def _box() -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in _keys()])


def seal(text: str, now: datetime) -> str:
    """Return a text that only this installation can read; `now` is written into it."""
    newest = Fernet(base64.urlsafe_b64encode(_keys()[0]))
    return newest.encrypt_at_time(text.encode(), int(now.timestamp())).decode()


def unseal(sealed: str, *, now: datetime | None = None, seconds: int | None = None) -> str:
    """Return what was sealed.

    Raises BrokenSealError if it was altered, or is older than `seconds` at `now`.
    """
    try:
        if now is not None and seconds is not None:
            box = _box()
            return box.decrypt_at_time(
                sealed.encode(), ttl=seconds, current_time=int(now.timestamp())
            ).decode()
        return _box().decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise BrokenSealError from error


def _mark(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(key, f"{purpose}\x00{text}".encode(), hashlib.sha256).hexdigest()


def mark(purpose: str, text: str) -> str:
    """Return a keyed mark of a text: equal for equal texts, no use to somebody without the key."""
    return _mark(_keys()[0], purpose, text)


def marks(purpose: str, text: str) -> list[str]:
    """Return the marks of a text under each key that is set, so that a change of key forgets nothing."""
    return [_mark(key, purpose, text) for key in _keys()]


def is_marked(purpose: str, text: str, given: str) -> bool:
    """Say whether a mark belongs to a text; taking the same time whether it nearly does or not."""
    return any(hmac.compare_digest(each.encode(), given.encode()) for each in marks(purpose, text))
