"""Sealing the audit trail and walking along its chain.

Saves do not wait for each other at a chain's end: events are written freely, and a sealer that runs alone
chains them afterwards, in the order of their ids. Where a transaction with a lower id commits later, its
events are chained when the sealer sees them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy import insert as plain_insert

from app.core.audit_chain import GENESIS, EventText, Head, Link, Problem, Walk, sealed
from app.core.models import AuditSeal

# How far below the newest sealed id a quick look goes for events that were committed late; and how often
# the worker looks at all of them.
NEAR: Final = 10_000
LOOK_AT_ALL_EVERY: Final = timedelta(minutes=10)
BATCH: Final = 5_000
_LOCK: Final = 0x656C6576656E  # "eleven" in letters: one number for this program's sealer

_UTC: Final = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')"
_EVENT: Final = (
    f"e.id, {_UTC.format('e.at')}, e.actor_id, e.actor_name, e.event, e.subject, e.subject_id, "
    "e.organisation_id, e.detail::text"
)
_WAITING: Final = text(
    f"SELECT {_EVENT} FROM audit_event AS e "
    "WHERE e.id > :above AND NOT EXISTS "
    "(SELECT 1 FROM audit_seal AS s WHERE s.event_id = e.id AND s.event_id > :above) "
    "ORDER BY e.id"
)
_LAST: Final = text(
    f"SELECT position, hash, {_UTC.format('sealed_at')} FROM audit_seal ORDER BY position DESC LIMIT 1"
)
_LINKS: Final = text(
    f"SELECT s.position, s.event_id, {_UTC.format('s.sealed_at')}, s.previous, s.hash, {_EVENT} "
    "FROM (SELECT * FROM audit_seal WHERE position > :after ORDER BY position LIMIT :most) AS s "
    "LEFT JOIN audit_event AS e ON e.id = s.event_id ORDER BY s.position"
)
_UNSEALED: Final = text(
    "SELECT count(*) FROM audit_event AS e "
    "WHERE NOT EXISTS (SELECT 1 FROM audit_seal AS s WHERE s.event_id = e.id)"
)


def end_of_chain(connection: Connection) -> Head:
    """Return the end of the chain as it stands: position 0 before anything was sealed."""
    row = connection.execute(_LAST).first()
    return Head(row[0], row[1], row[2]) if row else Head(0, GENESIS, "")


def written(moment: datetime) -> str:
    """Return a moment as the chain writes it: UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def seal(engine: Engine, now: datetime, *, everything: bool = True, wait: bool = True) -> int:
    """Chain the events that are not chained yet, in one transaction, and return how many there were.

    Without `everything` only events near the newest are looked at, which costs the same however long the
    trail is. Without `wait` nothing happens while another sealer is at work.
    """
    with engine.begin() as connection:
        if not _alone(connection, wait=wait):
            return 0
        end = end_of_chain(connection)
        above = 0 if everything else _newest_sealed(connection) - NEAR
        done = 0
        streamed = {"stream_results": True}
        with connection.execute(_WAITING, {"above": above}, execution_options=streamed) as waiting:
            for rows in waiting.partitions(BATCH):
                links = list(sealed((EventText(*row) for row in rows), end, written(now)))
                connection.execute(plain_insert(AuditSeal), [_row(link, now) for link in links])
                end = Head(links[-1].position, links[-1].hash, written(now))
                done += len(links)
    return done


def _alone(connection: Connection, *, wait: bool) -> bool:
    if wait:
        # A first sealing of a long trail takes minutes: longer than pages may wait for a lock.
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return True
    got = connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    return bool(got.scalar())


def _newest_sealed(connection: Connection) -> int:
    found = connection.execute(text("SELECT max(event_id) FROM audit_seal")).scalar()
    return int(found or 0)


def _row(link: Link, now: datetime) -> Mapping[str, Any]:
    return {
        "position": link.position,
        "event_id": link.event_id,
        "sealed_at": now,
        "previous": link.previous,
        "hash": link.hash,
    }


class Sealer:
    """The worker's sealer: a quick look each time, all of the trail every ten minutes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.looked_at_all: datetime | None = None

    def __call__(self, now: datetime) -> int:
        """Seal what waits and return how many events that were."""
        due = self.looked_at_all is None or now - self.looked_at_all >= LOOK_AT_ALL_EVERY
        done = seal(self.engine, now, everything=due, wait=False)
        if due:
            self.looked_at_all = now
        return done


def links(connection: Connection, most: int = BATCH) -> Iterator[Link]:
    """Yield the chain from its beginning, with its events: by its index, so that nothing is sorted."""
    after = -(2**63)
    while True:
        rows = connection.execute(_LINKS, {"after": after, "most": most}).all()
        for row in rows:
            event = None if row[5] is None else EventText(*row[5:])
            yield Link(row[0], row[1], row[2], row[3], row[4], event)
        if len(rows) < most:
            return
        after = rows[-1][0]


def verify(engine: Engine, kept: tuple[Head, ...] = ()) -> tuple[Problem | None, Head, int]:
    """Walk along the chain at one moment; return the first problem, its end, and how many events wait."""
    isolated = engine.execution_options(isolation_level="REPEATABLE READ")
    with isolated.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        walk = Walk(kept)
        for link in links(connection):
            if problem := walk.step(link):
                return problem, walk.end, 0
        waiting = int(connection.execute(_UNSEALED).scalar_one())
        return walk.finish(), walk.end, waiting
