"""Rules about people: addresses, tokens and where a sign-in may lead."""

import hashlib
import re

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
LONGEST_ADDRESS = 254


def normal_address(typed: str) -> str:
    """Return an email address in the form in which it is stored and compared."""
    return typed.strip().lower()


def is_address(typed: str) -> bool:
    """Say whether a text can be an email address."""
    return len(typed) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(typed) is not None


def token_hash(token: str) -> str:
    """Return what is stored of a secret token: whoever reads the database cannot use it."""
    return hashlib.sha256(token.encode()).hexdigest()


def safe_return_path(path: str) -> str:
    """Return a path on this site to go to after signing in; anything else leads home."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return "/"
    return path if len(path) <= 200 else "/"
