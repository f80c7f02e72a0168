"""The virus scanner's client: clean only when clamd says exactly that."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.scanning import Clamd, Outcome, Verdict, read_reply
from tests.core.fake_clamd import EICAR, FakeClamd, clamd

pytestmark = [pytest.mark.files, pytest.mark.faults]
CLEAN = Verdict(Outcome.CLEAN)


@pytest.fixture
def fake() -> Iterator[FakeClamd]:
    with clamd() as running:
        yield running


def scan(fake: FakeClamd, *content: bytes, seconds: float = 5) -> Verdict:
    return Clamd(fake.address, seconds).scan(content)


def test_a_clean_file_is_clean_and_arrived_whole(fake: FakeClamd) -> None:
    assert scan(fake, b"a" * 70_000, b"b" * 70_000) == CLEAN
    assert fake.seen == [b"a" * 70_000 + b"b" * 70_000]


def test_a_virus_is_named(fake: FakeClamd) -> None:
    assert scan(fake, b"text ", EICAR) == Verdict(Outcome.INFECTED, "Eicar-Signature")


def test_a_unix_socket_does_as_well(tmp_path: Path) -> None:
    with clamd(tmp_path / "clamd.ctl") as fake:
        assert scan(fake, b"text") == CLEAN


def test_a_file_over_the_scanner_s_limit_is_never_clean(fake: FakeClamd) -> None:
    fake.size_limit = 100_000
    verdict = scan(fake, *(b"a" * 60_000 for _ in range(100)))
    assert verdict.outcome is Outcome.UNKNOWN
    fake.size_limit = None
    assert scan(fake, *(b"a" * 60_000 for _ in range(100))) == CLEAN  # the control


def test_a_silent_scanner_is_given_up_in_time(fake: FakeClamd) -> None:
    fake.answer = None
    begun = time.monotonic()
    assert scan(fake, b"text", seconds=0.4).outcome is Outcome.UNKNOWN
    assert time.monotonic() - begun < 3


def test_a_scanner_that_is_away_says_nothing(tmp_path: Path) -> None:
    for address in ("tcp://127.0.0.1:1", f"unix:{tmp_path}/none", "tcp://127.0.0.1:99999999"):
        assert Clamd(address, 1).scan([b"text"]).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"stream: OK",
        b"stream: OK\0 not really",
        b"stream: OKAY\0",
        b"OK\0",
        b"stream: ok\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"\xff\xfe\0",
    ],
)
def test_no_other_answer_means_clean(fake: FakeClamd, reply: bytes) -> None:
    fake.answer = lambda _: reply
    assert scan(fake, b"text").outcome is Outcome.UNKNOWN


def test_a_client_that_looks_for_ok_anywhere_would_be_fooled() -> None:
    """The control: the broken variant calls what the real one does not know clean."""
    fooled = [reply for reply in (b"stream: OKAY\0", b"stream: OK") if b"OK" in reply]
    assert len(fooled) == 2
    assert read_reply(b"stream: OKAY\0").outcome is Outcome.UNKNOWN


@given(st.binary(max_size=200))
def test_whatever_is_said_only_the_exact_words_are_clean(reply: bytes) -> None:
    clean = read_reply(reply).outcome is Outcome.CLEAN
    assert clean == (reply.strip(b"\0\n ") == b"stream: OK")


def test_a_file_that_cannot_be_read_to_its_end_is_not_clean(fake: FakeClamd) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"the first half"
        raise OSError("the disk is gone")

    assert Clamd(fake.address, 5).scan(breaking()).outcome is Outcome.UNKNOWN
