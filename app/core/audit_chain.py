"""The chain over the audit trail: what is hashed, and what a broken chain says.

Each link's hash covers the hash before it, its position, the time of sealing and every column of its event.
Whoever changes, takes out, swaps or puts in anything must write every later hash anew, and then the newest
no longer is the one that was kept elsewhere (the head). Pure functions: rows come in, sentences go out.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

GENESIS = "0" * 64
# A request takes seconds, and the clocks of two machines differ by less: what claims to be older than this
# when the sealer had already passed was put in afterwards.
LATE = timedelta(hours=1)


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class HeadError(ValueError):
    """A kept head that cannot be read; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class EventText:
    """An audit event as it is hashed: each column as the text or number that PostgreSQL gives for it.

    `at` is in UTC with microseconds; `detail` is the text of the stored jsonb, which is exact to the digit.
    """

    id: int
    at: str
    actor_id: int | None
    actor_name: str
    event: str
    subject: str
    subject_id: int
    organisation_id: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    """One stored link of the chain, with its event; None where the event is gone."""

    position: int
    event_id: int
    sealed_at: str
    previous: str
    hash: str
    event: EventText | None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at a moment, to be kept where nobody who can change the database can reach it."""

    position: int
    hash: str
    time: str


def canonical(position: int, sealed_at: str, previous: str, event: EventText) -> bytes:
    """Return the bytes that a link's hash covers: JSON with sorted keys, no spaces, UTF-8."""
    # By hand: asking the dataclass for its fields takes ten times as long, a million times.
    columns = {
        "actor_id": event.actor_id,
        "actor_name": event.actor_name,
        "at": event.at,
        "detail": event.detail,
        "event": event.event,
        "id": event.id,
        "organisation_id": event.organisation_id,
        "subject": event.subject,
        "subject_id": event.subject_id,
    }
    content = {"event": columns, "position": position, "previous": previous, "sealed_at": sealed_at}
    return _JSON.encode(content).encode()


def link_hash(position: int, sealed_at: str, previous: str, event: EventText) -> str:
    """Return the hash of a link: SHA-256, in hexadecimal."""
    return hashlib.sha256(canonical(position, sealed_at, previous, event)).hexdigest()


def sealed(events: Iterable[EventText], end: Head, sealed_at: str) -> Iterator[Link]:
    """Return the links that continue a chain from its end, in the order in which events are given."""
    position, previous = end.position, end.hash
    for event in events:
        position += 1
        digest = link_hash(position, sealed_at, previous, event)
        yield Link(position, event.id, sealed_at, previous, digest, event)
        previous = digest


@dataclass(frozen=True, slots=True)
class Problem:
    """The first bad place of a chain, and a plain sentence about it."""

    position: int
    sentence: str


@dataclass(slots=True)
class Walk:
    """A walk along the chain from its beginning, link by link, to the first problem.

    `kept` are heads that were exported earlier.
    """

    kept: tuple[Head, ...] = ()
    end: Head = field(default_factory=lambda: Head(0, GENESIS, ""))
    _batch: str = ""
    _before: datetime | None = None

    def step(self, link: Link) -> Problem | None:
        """Look at the next link; return what is wrong with it, or None."""
        expected = self.end.position + 1
        if link.position != expected:
            return Problem(
                expected,
                f"At position {expected:,} the chain is broken: the link is missing or was moved; the next "
                f"that is there has position {link.position:,}.",
            )
        problem = self._of_link(link) or self._of_time(link) or self._of_heads(link)
        self.end = Head(link.position, link.hash, link.sealed_at)
        return problem

    def _of_link(self, link: Link) -> Problem | None:
        where = f"At position {link.position:,}"
        if link.previous != self.end.hash:
            return Problem(
                link.position,
                f"{where} the chain is broken: the link does not follow the one before it. Something was "
                "taken out, put in or swapped here.",
            )
        if link.event is None:
            return Problem(
                link.position,
                f"{where} the event is missing: event {link.event_id} was deleted after it was sealed.",
            )
        if link_hash(link.position, link.sealed_at, link.previous, link.event) != link.hash:
            return Problem(
                link.position,
                f"{where} the event is not the one that was sealed: event {link.event_id} or its link was "
                "changed or swapped afterwards.",
            )
        return None

    def _of_time(self, link: Link) -> Problem | None:
        """Find an event that claims to be older than a sealing that did not see it."""
        if link.sealed_at != self._batch:
            self._before = moment(self._batch) if self._batch else None
            self._batch = link.sealed_at
        happened = moment(link.event.at) if link.event else None
        if self._before is None or happened is None or happened >= self._before - LATE:
            return None
        return Problem(
            link.position,
            f"At position {link.position:,} an event was put in afterwards: event {link.event_id} says that "
            f"it happened at {link.event.at if link.event else ''}, but the trail was sealed at "
            f"{self._before.isoformat()} without it.",
        )

    def _of_heads(self, link: Link) -> Problem | None:
        for head in self.kept:
            if head.position == link.position and head.hash != link.hash:
                return Problem(
                    link.position,
                    f"At position {link.position:,} the trail is another than the one whose head was kept on "
                    f"{head.time}: it was written anew up to here.",
                )
        return None

    def finish(self) -> Problem | None:
        """Say whether the chain ends before a kept head."""
        for head in self.kept:
            if head.position > self.end.position:
                return Problem(
                    self.end.position + 1,
                    f"From position {self.end.position + 1:,} the end of the trail is cut off: the head that "
                    f"was kept on {head.time} has position {head.position:,}.",
                )
        return None


def moment(text: str) -> datetime | None:
    """Return the moment that a text of the chain names, or None for one that no calendar has."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def head_text(head: Head) -> str:
    """Return a head as it is written to a file: one line of JSON."""
    return json.dumps(asdict(head))


def read_head(text: str) -> Head:
    """Read a kept head, or raise HeadError."""
    try:
        found = json.loads(text)
        head = Head(found["position"], found["hash"], found["time"])
    except (ValueError, KeyError, TypeError) as error:
        raise HeadError(
            "This is not a head that 'eleven audit head' wrote. Give the file as it was."
        ) from error
    # True is a whole number to Python, not to us.
    whole = type(head.position) is int and head.position >= 0
    if not (whole and isinstance(head.hash, str) and isinstance(head.time, str) and len(head.hash) == 64):
        raise HeadError("The head's position, hash or time is damaged. Give the file as it was.")
    return head
