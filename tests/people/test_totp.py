"""Codes of an authenticator app, against the vectors of RFC 6238 and RFC 4226."""

import base64
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people import totp

pytestmark = pytest.mark.access
# The secret of both documents' test vectors.
SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, totp.step_at(moment)) == code[-6:]


def test_the_vectors_of_rfc_4226() -> None:
    codes = [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]
    assert [totp.code_at(SECRET, step) for step in range(10)] == codes


MOMENT = datetime(2026, 11, 16, 10, 30, 10, tzinfo=UTC)
STEP = totp.step_at(MOMENT)


@pytest.mark.parametrize(("away", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_taken_one_step_early_or_late(away: int, *, taken: bool) -> None:
    typed = totp.code_at(SECRET, STEP + away)
    found = totp.matching_step(SECRET, typed, MOMENT, after=-1)
    assert found == (STEP + away if taken else None)


def test_a_used_code_and_all_before_it_are_refused() -> None:
    for step in (STEP - 1, STEP):
        assert totp.matching_step(SECRET, totp.code_at(SECRET, step), MOMENT, after=STEP) is None
    assert totp.matching_step(SECRET, totp.code_at(SECRET, STEP + 1), MOMENT, after=STEP) == STEP + 1


@given(st.text(max_size=20))
def test_no_other_text_is_a_code(typed: str) -> None:
    right = {totp.code_at(SECRET, step) for step in range(STEP - 1, STEP + 2)}
    assert (totp.matching_step(SECRET, typed, MOMENT, after=-1) is not None) == (typed in right)


def test_the_picture_holds_what_apps_read() -> None:
    address = urlsplit(totp.setup_address(SECRET, issuer="Eleven: Wolds & Coast", account="m@example.org"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert unquote(address.path) == "/Eleven  Wolds & Coast:m@example.org"
    assert parse_qs(address.query) == {"secret": [SECRET], "issuer": ["Eleven: Wolds & Coast"]}


def test_secrets_and_recovery_codes_are_long_and_different() -> None:
    secrets = {totp.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(re.fullmatch("[A-Z2-7]{32}", secret) for secret in secrets)
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES == 10
    for code in codes:
        assert totp.is_recovery_code(code)
        assert totp.is_recovery_code(code.upper().replace("-", " "))
        assert not totp.is_recovery_code(code[:-1])
    assert not totp.is_recovery_code("123456")
