"""Counts for the summary of the consolidated workbook: a few rows each, however many returns there are.

Each function confines itself to the organisations whose returns the person may read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, case, cast, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.chasing.exempting import is_exempt
from app.core.access import Actor
from app.organisations.models import Organisation, Succession
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import Outcome
from app.returns.models import Return, ReturnState
from app.scrutiny.consolidated import KIND, PHASE, in_round, of_round


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How many returns of one kind and phase are in one state."""

    kind: str
    phase: str
    state: ReturnState
    count: int


def type_counts(session: Session, actor: Actor, round_id: int) -> tuple[TypeCount, ...]:
    """Count the returns of a round by what the organisation is and how far it is."""
    rows = session.execute(
        select(KIND, PHASE, col(Return.state), func.count())
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(in_round(actor, round_id))
        .group_by(KIND, PHASE, col(Return.state))
    )
    return tuple(TypeCount(*row) for row in rows)


def exempt_count(session: Session, actor: Actor, round_id: int) -> int:
    """Count the returns of a round that owe no answer; no other figure holds them."""
    statement = select(func.count()).select_from(Return).where(of_round(actor, round_id), is_exempt())
    return int(session.execute(statement).scalar_one())


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many signed returns have one outcome in one domain, by whose judgement."""

    domain_key: str
    source: RatingSource
    outcome: Outcome
    count: int


def outcome_counts(session: Session, actor: Actor, round_id: int) -> tuple[OutcomeCount, ...]:
    """Count the ratings of a round's signed returns by domain, source and outcome."""
    rows = session.execute(
        select(
            col(StoredRating.domain_key), col(StoredRating.source), col(StoredRating.outcome), func.count()
        )
        .join(Return, col(Return.id) == col(StoredRating.return_id))
        .where(in_round(actor, round_id), col(Return.state) == ReturnState.SIGNED)
        .group_by(col(StoredRating.domain_key), col(StoredRating.source), col(StoredRating.outcome))
    )
    return tuple(OutcomeCount(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Signatures:
    """How many returns a round asked for, and how many were signed on which day in London."""

    asked: int
    by_day: Mapping[date, int]


def signatures(session: Session, actor: Actor, round_id: int) -> Signatures:
    """Count a round's returns by the day of the signature in force."""
    day = cast(func.timezone("Europe/London", col(Return.signed_at)), Date)
    rows = session.execute(select(day, func.count()).where(in_round(actor, round_id)).group_by(day)).all()
    return Signatures(sum(count for _, count in rows), {when: count for when, count in rows if when})


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many organisations went from one outcome to another in one domain since the round before."""

    domain_key: str
    before: Outcome
    after: Outcome
    count: int


def change_counts(
    session: Session, actor: Actor, round_id: int, previous_round_id: int
) -> tuple[ChangeCount, ...]:
    """Count the self-ratings of signed returns against those of the same organisation the round before.

    After a conversion the predecessor's return counts as its own, if there is only one predecessor's.
    """
    pairs = (
        select(col(Return.id), before_id(previous_round_id).label("before_id"))
        .where(in_round(actor, round_id), col(Return.state) == ReturnState.SIGNED)
        .subquery("pairs")
    )
    this, last = aliased(StoredRating), aliased(StoredRating)
    rows = session.execute(
        select(col(this.domain_key), col(last.outcome), col(this.outcome), func.count())
        .join(pairs, pairs.c.id == col(this.return_id))
        .join(
            last,
            and_(
                col(last.return_id) == pairs.c.before_id,
                col(last.domain_key) == col(this.domain_key),
                col(last.source) == RatingSource.SELF,
            ),
        )
        .where(col(this.source) == RatingSource.SELF)
        .group_by(col(this.domain_key), col(last.outcome), col(this.outcome))
    )
    return tuple(ChangeCount(*row) for row in rows)


def before_id(previous_round_id: int) -> ColumnElement[Any]:
    """Return the id of the signed return of the round before that a return follows, or nothing."""
    before = aliased(Return)
    signed = and_(col(before.round_id) == previous_round_id, col(before.state) == ReturnState.SIGNED)
    own = (
        select(col(before.id))
        .where(signed, col(before.organisation_id) == col(Return.organisation_id))
        .correlate(Return)
        .scalar_subquery()
    )
    inherited = (
        select(case((func.count() == 1, func.min(col(before.id)))))
        .join(Succession, col(Succession.predecessor_id) == col(before.organisation_id))
        .where(signed, col(Succession.successor_id) == col(Return.organisation_id))
        .correlate(Return)
        .scalar_subquery()
    )
    return func.coalesce(own, inherited)
