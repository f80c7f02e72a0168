"""Reads of one return's moderation: threads, who has which domain, what changed since, others like it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col

from app.core.access import Actor, visible_to
from app.moderation.models import Moderation, ModerationMessage, ModerationShare
from app.moderation.rules import Thread, thread_state
from app.organisations.models import Organisation
from app.organisations.rules import benchmark_group
from app.people.models import User
from app.questionnaires.definition import Questionnaire
from app.ratings.comparison import SMALLEST_GROUP, Distribution, peers
from app.ratings.rules import Outcome
from app.returns.editions import changed_keys, signed_edition
from app.returns.models import Return
from app.returns.queries import ReturnHead
from app.rounds.models import Round


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the thread on a standard."""

    id: int
    domain_key: str
    standard_key: str
    asks: bool
    text: str
    user_id: int
    user_name: str
    said_at: datetime


def threads(session: Session, actor: Actor, return_id: int) -> dict[str, tuple[Message, ...]]:
    """Return the questions and answers of a return that the person may read, by standard, in their order."""
    columns: tuple[Any, ...] = tuple(
        getattr(ModerationMessage, name) for name in Message.__dataclass_fields__
    )
    rows = session.execute(
        select(*columns)
        .where(
            col(ModerationMessage.return_id) == return_id,
            visible_to(actor, col(ModerationMessage.organisation_id)),
        )
        .order_by(col(ModerationMessage.id))
    )
    found: dict[str, tuple[Message, ...]] = {}
    for row in rows:
        message = Message(*row)
        found[message.standard_key] = (*found.get(message.standard_key, ()), message)
    return found


def thread_states(session: Session, return_id: int) -> dict[str, Thread]:
    """Return whose turn it is on each standard that was asked about, for the partnership."""
    rows = session.execute(
        select(col(ModerationMessage.standard_key), col(ModerationMessage.asks))
        .where(col(ModerationMessage.return_id) == return_id)
        .order_by(col(ModerationMessage.id))
    )
    said: dict[str, list[bool]] = {}
    for key, asks in rows:
        said.setdefault(key, []).append(asks)
    return {key: thread_state(asks) for key, asks in said.items()}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the moderation of a return is: the edition that it looks at, and since when it is released."""

    edition: int
    released_at: datetime | None


def standing(session: Session, return_id: int) -> Standing | None:
    """Return how far the moderation of a return is; None while nobody has begun it."""
    row = session.execute(
        select(col(Moderation.edition), col(Moderation.released_at)).where(
            col(Moderation.return_id) == return_id
        )
    ).first()
    return Standing(*row) if row else None


@dataclass(frozen=True, slots=True)
class Holder:
    """The officer who has a domain."""

    user_id: int
    name: str


def holders(session: Session, return_id: int) -> dict[str, Holder]:
    """Return who has which domain of a return."""
    rows = session.execute(
        select(col(ModerationShare.domain_key), col(User.id), col(User.name))
        .join(User, col(User.id) == col(ModerationShare.user_id))
        .where(col(ModerationShare.return_id) == return_id)
    )
    return {row[0]: Holder(row[1], row[2]) for row in rows}


def changed_since(session: Session, actor: Actor, this: ReturnHead, edition: int) -> tuple[str, ...]:
    """Return the rated standards whose answer or files changed after an edition, in order."""
    before = signed_edition(session, actor, this.id, edition)
    now = signed_edition(session, actor, this.id, this.edition)
    if before is None or now is None or edition == this.edition:
        return ()
    old, new = before.content.get("files", {}), now.content.get("files", {})
    other_files = {key for key in {*old, *new} if old.get(key, []) != new.get(key, [])}
    changed = {*changed_keys(before, now), *other_files}
    return tuple(key for key in now.content["answers"] if key in changed)


# The same round, the same kind and phase, signed, and not this organisation: counts only.
_PEERS: Final = text(
    """
    SELECT a.standard_key, a.level, r.facts ->> 'kind', r.facts ->> 'phase', count(*)
    FROM return AS r JOIN answer AS a ON a.return_id = r.id
    WHERE r.round_id = :round_id AND r.state = 'signed' AND r.organisation_id <> :but_not
        AND a.standard_key = ANY (:keys) AND a.level IS NOT NULL
    GROUP BY 1, 2, 3, 4
    """
)


def peers_of(
    session: Session, this: ReturnHead, asked: Questionnaire, keys: Collection[str]
) -> Mapping[str, Distribution | None]:
    """Return how others of the same kind rate themselves on some standards.

    None where fewer than five have a level: nobody may be read out of a group that small.
    """
    group = benchmark_group(this.facts["kind"], this.facts["phase"])
    colours: dict[str, Outcome] = {level.key: level.rag for level in asked.scale}
    rows = session.connection().execute(
        _PEERS, {"round_id": this.round_id, "but_not": this.organisation_id, "keys": list(keys)}
    )
    counts: dict[str, Counter[Outcome]] = {key: Counter() for key in keys}
    for key, level, kind, phase, count in rows:
        if level in colours and benchmark_group(kind or "", phase or "") == group:
            counts[key][colours[level]] += count
    return peers({key: list(found.elements()) for key, found in counts.items()}, SMALLEST_GROUP)


@dataclass(frozen=True, slots=True)
class OpenQuestions:
    """Questions of officers that an organisation has not answered about one return."""

    return_id: int
    organisation: str
    round_title: str
    count: int


def open_questions(session: Session, actor: Actor) -> tuple[OpenQuestions, ...]:
    """Return where a person's own organisations have questions to answer."""
    if not actor.organisations:
        return ()
    last = (
        select(col(ModerationMessage.return_id), col(ModerationMessage.asks))
        .where(col(ModerationMessage.organisation_id).in_(sorted(actor.organisations)))
        .ext(distinct_on(col(ModerationMessage.return_id), col(ModerationMessage.standard_key)))
        .order_by(
            col(ModerationMessage.return_id),
            col(ModerationMessage.standard_key),
            col(ModerationMessage.id).desc(),
        )
        .subquery()
    )
    rows = session.execute(
        select(col(Return.id), col(Organisation.name), col(Round.title), func.count())
        .join(last, last.c.return_id == col(Return.id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .join(Round, col(Round.id) == col(Return.round_id))
        .where(last.c.asks)
        .group_by(col(Return.id), col(Organisation.name), col(Round.title))
        .order_by(col(Return.id))
    )
    return tuple(OpenQuestions(*row) for row in rows)
