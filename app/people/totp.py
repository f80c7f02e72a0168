"""Codes of an authenticator app (RFC 6238) and recovery codes, as pure functions."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
# A code is taken one step early or late: clocks differ, and people type slowly.
WINDOW = 1
SECRET_BYTES = 20
RECOVERY_CODES = 10
# Without letters and digits that look alike.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH = 12


def new_secret() -> str:
    """Return a new secret as authenticator apps take it: 160 bits in base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(moment: datetime) -> int:
    """Return the number of the half-minute that a moment lies in, counted from 1970."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int) -> str:
    """Return the six digits of a step (RFC 4226 section 5.3, with SHA-1 as every app knows it)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: str, typed: str, moment: datetime, *, after: int) -> int | None:
    """Return the step whose code was typed, or None; steps up to `after` were used and match no more."""
    now = step_at(moment)
    for step in range(max(now - WINDOW, after + 1), now + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed.encode()):
            return step
    return None


def setup_address(secret: str, *, issuer: str, account: str) -> str:
    """Return the address that the QR code holds, by which an app learns the secret and its name."""
    # Apps split the label at the first colon.
    label = quote(f"{issuer.replace(':', ' ')}:{account}", safe=":@")
    return f"otpauth://totp/{label}?" + urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)


def in_groups(text: str, size: int = 4, between: str = " ") -> str:
    """Write a secret or a code in groups that people can read out."""
    return between.join(text[start : start + size] for start in range(0, len(text), size))


def digits_of(typed: str) -> str:
    """Return what is left of a typed code without its spaces and dashes."""
    return "".join(typed.split()).replace("-", "")


def new_recovery_codes() -> tuple[str, ...]:
    """Return ten new recovery codes of 59 random bits each."""
    return tuple(
        in_groups("".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_LENGTH)), between="-")
        for _ in range(RECOVERY_CODES)
    )


def is_recovery_code(typed: str) -> bool:
    """Say whether a text has the form of a recovery code."""
    code = plain_recovery_code(typed)
    return len(code) == _RECOVERY_LENGTH and set(code) <= set(_ALPHABET)


def plain_recovery_code(typed: str) -> str:
    """Return a recovery code in the form in which it is compared."""
    return digits_of(typed).lower()
