"""A clamd for tests: speaks INSTREAM over TCP or a unix socket and answers as it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Answer = Callable[[bytes], bytes]
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def honest(content: bytes) -> bytes:
    """Answer as clamd does: it knows one virus."""
    return b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


class FakeClamd:
    """A scanner that can be told to be ill; `seen` holds what it was sent."""

    def __init__(self, listener: socket.socket, address: str) -> None:
        self.address = address
        self.answer: Answer | None = honest
        self.size_limit: int | None = None
        self.seen: list[bytes] = []
        self._listener = listener
        self._silent: list[socket.socket] = []

    def serve(self) -> None:
        """Answer one line after the other until the listener is closed."""
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with suppress(OSError, struct.error):
            content = self._read(line)
            if content is None:
                line.sendall(b"INSTREAM size limit exceeded. ERROR\0")
            elif self.answer is None:
                self._silent.append(line)
                return
            else:
                self.seen.append(content)
                line.sendall(self.answer(content))
        line.close()

    def _read(self, line: socket.socket) -> bytes | None:
        stream = line.makefile("rb")
        assert stream.read(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack(">I", stream.read(4))[0]:
            content += stream.read(length)
            if self.size_limit is not None and len(content) > self.size_limit:
                return None
        return content

    def close(self) -> None:
        """Hang up on everybody."""
        for line in self._silent:
            line.close()
        self._listener.close()


@contextmanager
def clamd(path: Path | None = None) -> Iterator[FakeClamd]:
    """Run a fake clamd on a free port, or on a unix socket."""
    if path is None:
        listener = socket.create_server(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        address = f"unix:{path}"
    fake = FakeClamd(listener, address)
    threading.Thread(target=fake.serve, daemon=True).start()
    try:
        yield fake
    finally:
        fake.close()
