"""What an organisation last heard of us about a return: mails and calls, in one line each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, cast, func, literal, select, union_all
from sqlmodel import Session, col

from app.chasing.listing import OUTCOME_WORDS
from app.chasing.models import Call, ChaseMessage, MessageOutcome
from app.returns.models import Return

MOST: Final = 3
_MAIL_WORDS: Final = {
    "reminder": "reminder to",
    "head": "mail to the head, to",
    "chair": "mail to the chair, to",
}


@dataclass(frozen=True, slots=True)
class Touch:
    """One time that we spoke to an organisation, or tried to."""

    at: datetime
    words: str


def last_touches(session: Session, return_ids: Sequence[int]) -> dict[int, list[Touch]]:
    """Return the last three contacts about each of some returns, the newest first, in one statement."""
    ids = list(return_ids)
    calls: Any = select(
        col(Call.return_id).label("return_id"),
        col(Call.called_at).label("at"),
        literal("call").label("what"),
        cast(col(Call.outcome), String).label("detail"),
    ).where(col(Call.return_id).in_(ids))
    mails = select(
        col(ChaseMessage.return_id),
        col(ChaseMessage.settled_at),
        cast(col(ChaseMessage.kind), String),
        col(ChaseMessage.address),
    ).where(col(ChaseMessage.return_id).in_(ids), col(ChaseMessage.outcome) == MessageOutcome.SENT)
    asked = select(col(Return.id), col(Return.issued_at), literal("asked"), literal("")).where(
        col(Return.id).in_(ids)
    )
    every = union_all(calls, mails, asked).subquery("every")
    place = func.row_number().over(partition_by=every.c.return_id, order_by=every.c.at.desc())
    ranked = select(every, place.label("place")).subquery("ranked")
    rows = session.execute(
        select(ranked.c.return_id, ranked.c.at, ranked.c.what, ranked.c.detail)
        .where(ranked.c.place <= MOST)
        .order_by(ranked.c.return_id, ranked.c.at.desc())
    )
    found: dict[int, list[Touch]] = defaultdict(list)
    for return_id, at, what, detail in rows:
        found[return_id].append(Touch(at, _words(what, detail)))
    return dict(found)


def _words(what: str, detail: str) -> str:
    if what == "asked":
        return "asked for the first time"
    if what == "call":
        return f"call: {OUTCOME_WORDS.get(detail, detail).lower()}"
    return f"{_MAIL_WORDS.get(what, 'mail to')} {detail}"
