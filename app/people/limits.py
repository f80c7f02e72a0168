"""Allowances in the database: whoever draws on one too fast waits, and nobody else does."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core.sealing import mark
from app.people.models import RateLimit


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often something may be done: so often at once, then once in each interval."""

    name: str
    at_once: int
    interval: timedelta

    @property
    def slack(self) -> timedelta:
        """How far ahead of time the allowance may be drawn on."""
        return self.interval * (self.at_once - 1)


# A school, or a council with its hundred schools, may share one address on the network.
ASKING_FOR_LINKS = Allowance("asking for links, network", 60, timedelta(seconds=2))
KNOWN_BROWSER = Allowance("asking for links, known browser", 6, timedelta(seconds=30))
WRONG_TOKENS = Allowance("wrong tokens, network", 30, timedelta(seconds=5))


def draw(session: Session, allowance: Allowance, who: str, now: datetime) -> int | None:
    """Draw once on somebody's allowance; return None, or in how many seconds to come back.

    One statement decides, so a thousand at the same moment cannot all be the first.
    """
    key = mark(allowance.name, who)
    statement = insert(RateLimit).values(key=key, ready_at=now + allowance.interval)
    statement = statement.on_conflict_do_update(
        index_elements=["key"],
        set_={"ready_at": func.greatest(col(RateLimit.ready_at), now) + allowance.interval},
        where=col(RateLimit.ready_at) <= now + allowance.slack,
    )
    if session.connection().execute(statement.returning(col(RateLimit.key))).first() is not None:
        return None
    ready = session.execute(select(col(RateLimit.ready_at)).where(col(RateLimit.key) == key)).scalar()
    wait = (ready - allowance.slack - now).total_seconds() if ready else 1
    return max(1, math.ceil(wait))


def forget_whole(session: Session, now: datetime) -> None:
    """Delete the allowances that are whole again: nothing is known about those people any more."""
    session.execute(delete(RateLimit).where(col(RateLimit.ready_at) < now))
