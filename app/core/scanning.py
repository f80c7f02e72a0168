"""Virus scanning by ClamAV: a client of clamd's INSTREAM command, over TCP or a unix socket.

Only the exact words "stream: OK" mean clean. Silence, errors and every limit that clamd reached mean that
nobody knows: the file waits and is tried again.
"""

import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import urlsplit

_REPLY_BYTES: Final = 4_096
_LIMIT_SIGNATURES: Final = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")
"""What clamd calls files that it did not look into to the end, when it is told to say so."""


class Outcome(StrEnum):
    """What a scan found out."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one scan; `detail` names the virus, or says why nobody knows."""

    outcome: Outcome
    detail: str = ""


class Scanner(Protocol):
    """Looks at a file and says what it found; never raises because the scanner is ill."""

    def scan(self, content: Iterable[bytes]) -> Verdict:
        """Scan a file that comes in pieces."""


class Clamd:
    """A clamd at `tcp://host:3310` or `unix:/run/clamav/clamd.ctl`; one deadline in seconds for each file."""

    def __init__(self, address: str, seconds: float) -> None:
        self.address = address
        self.seconds = seconds

    def scan(self, content: Iterable[bytes]) -> Verdict:
        """Send a file to clamd and read what it says."""
        deadline = time.monotonic() + self.seconds
        try:
            with _connect(self.address, self.seconds) as line:
                _send(line, content, deadline)
                return read_reply(_receive(line, deadline))
        except (OSError, ValueError) as problem:
            return Verdict(Outcome.UNKNOWN, f"the scanner does not answer ({type(problem).__name__})")


def read_reply(reply: bytes) -> Verdict:
    """Return what clamd's reply to INSTREAM means; whatever is not understood is unknown, never clean."""
    words = reply.decode("utf-8", "replace").strip("\0\n ")
    if words == "stream: OK":
        return Verdict(Outcome.CLEAN)
    if words.startswith("stream: ") and words.endswith(" FOUND"):
        name = words.removeprefix("stream: ").removesuffix(" FOUND")
        if name.startswith(_LIMIT_SIGNATURES):
            return Verdict(Outcome.UNKNOWN, f"the scanner stopped at a limit ({name[:100]})")
        return Verdict(Outcome.INFECTED, name[:100])
    return Verdict(Outcome.UNKNOWN, f"the scanner said: {words[:100] or 'nothing'}")


def _connect(address: str, seconds: float) -> socket.socket:
    place = urlsplit(address)
    if place.scheme == "unix":
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(seconds)
        try:
            line.connect(place.path)
        except OSError:
            line.close()
            raise
        return line
    return socket.create_connection((place.hostname or "", place.port or 3310), timeout=seconds)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the scanner took too long")
    return left


def _send(line: socket.socket, content: Iterable[bytes], deadline: float) -> None:
    try:
        line.sendall(b"zINSTREAM\0")
        for chunk in content:
            line.settimeout(_left(deadline))
            line.sendall(struct.pack(">I", len(chunk)) + chunk)
        line.sendall(struct.pack(">I", 0))
    except (BrokenPipeError, ConnectionResetError):
        # Over its size limit clamd says so and hangs up in the middle: its words may still be there to read.
        return


def _receive(line: socket.socket, deadline: float) -> bytes:
    reply = b""
    while len(reply) < _REPLY_BYTES and not reply.endswith(b"\0"):
        line.settimeout(_left(deadline))
        try:
            part = line.recv(_REPLY_BYTES - len(reply))
        except ConnectionResetError:
            break
        if not part:
            break
        reply += part
    # A reply that was cut off before its end could have gone on: it says nothing.
    return reply if reply.endswith(b"\0") else b"cut off: " + reply
