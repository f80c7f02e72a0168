"""People with a browser: they send what a page sends, send it again when no reply comes, and remember."""

import http.client
import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.people.cookies import cookie_name

TIMEOUT = 30
_CONNECTED: "list[Person]" = []


def everybody_hangs_up() -> None:
    """Close all connections that are still open."""
    while _CONNECTED:
        _CONNECTED.pop().hang_up()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    text: str


@dataclass(slots=True)
class Person:
    """Somebody who is signed in."""

    name: str
    token: str
    port: int
    _connection: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Reply | None:
        """Open a page; None when there is no reply."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, str], *, fragment: bool = True) -> Reply | None:
        """Send a form, as the page's script does or (not `fragment`) as a browser without scripts."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if fragment:
            headers["HX-Request"] = "true"
        return self._ask("POST", path, urlencode(fields), headers)

    def post_and_hang_up(self, path: str, fields: Mapping[str, str]) -> None:
        """Send a form and lose the connection before its reply."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, urlencode(fields), {**headers, "HX-Request": "true"})
        connection.close()

    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"{cookie_name()}={self.token}", "Sec-Fetch-Site": "same-origin"}

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Reply | None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
            _CONNECTED.append(self)
        try:
            self._connection.request(method, path, body, {**self._headers(), **headers})
            reply = self._connection.getresponse()
            return Reply(reply.status, reply.read().decode())
        except (OSError, http.client.HTTPException):
            self.hang_up()
            return None

    def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(frozen=True, slots=True)
class Save:
    """A save as its writer knows it: what was sent from which version, under which key."""

    return_id: int
    standard_key: str
    text: str
    version: int
    save_key: str

    def fields(self) -> dict[str, str]:
        """Return the form."""
        names = {"level": "green", "evidence": self.text, "version": str(self.version)}
        return {
            f"{self.standard_key}.{name}": value
            for name, value in {**names, "save_key": self.save_key}.items()
        }


def next_version(reply: Reply, standard_key: str) -> int:
    """Return the version from which the page saves next, as the reply says it."""
    found = re.search(rf'name="{re.escape(standard_key)}\.version" value="(\d+)"', reply.text)
    assert found, reply.text[:400]
    return int(found[1])


@dataclass
class Writer:
    """Somebody who writes without pause on standards of their own, and knows what was acknowledged.

    Like the page, they send a save that got no reply again just as it was, until there is one.
    """

    person: Person
    return_id: int
    domain: str
    keys: tuple[str, ...]
    acknowledged: list[Save] = field(default_factory=list)
    unanswered: int = 0
    refused: list[Reply] = field(default_factory=list)
    away: list[Reply] = field(default_factory=list)
    acknowledged_at: list[float] = field(default_factory=list)

    def run(self, stop: threading.Event, pause: float = 0.0) -> None:
        """Write until told to stop."""
        versions = dict.fromkeys(self.keys, 0)
        number = 0
        while not stop.is_set():
            key = self.keys[number % len(self.keys)]
            number += 1
            words = f"{self.person.name}, save {number}"
            save = Save(self.return_id, key, words, versions[key], secrets.token_hex(8))
            reply = self._until_answered(save, stop)
            if reply is None:
                return
            if reply.status != 200:
                self.refused.append(reply)
                continue
            self.acknowledged.append(save)
            self.acknowledged_at.append(time.monotonic())
            versions[key] = next_version(reply, key) if ".version" in reply.text else versions[key] + 1
            if pause:
                time.sleep(pause)

    def _until_answered(self, save: Save, stop: threading.Event) -> Reply | None:
        while True:
            path = f"/returns/{save.return_id}/{self.domain}/{save.standard_key}"
            reply = self.person.post(path, save.fields())
            if reply is not None and reply.status < 500:
                return reply
            if reply is not None:
                self.away.append(reply)
            else:
                self.unanswered += 1
            if stop.is_set():
                return None
            time.sleep(0.15)


class Crowd:
    """Writers at work, each in a thread of their own."""

    def __init__(self, writers: Iterable[Writer], pause: float = 0.0) -> None:
        self.writers = list(writers)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=writer.run, args=(self._stop, pause)) for writer in self.writers
        ]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for writer in self.writers:
            writer.person.hang_up()

    @property
    def acknowledged(self) -> list[Save]:
        """Every save that somebody was told is saved."""
        return [save for writer in self.writers for save in writer.acknowledged]

    @property
    def count(self) -> int:
        """How many saves were acknowledged so far."""
        return sum(len(writer.acknowledged) for writer in self.writers)

    def wait_for(self, more: int, patience: float = 60.0) -> float:
        """Wait until so many more saves are acknowledged, and return how many seconds the first took."""
        before, began = self.count, time.monotonic()
        while self.count < before + more:
            assert time.monotonic() - began < patience, "nobody can save any more"
            time.sleep(0.005)
        first = min(at for writer in self.writers for at in writer.acknowledged_at if at >= began)
        return first - began
