"""Reads of returns: each confined to the organisations that the person may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlmodel import Session, col

from app.core.access import Actor, Confined, visible_to
from app.core.errors import NotFoundError
from app.core.ordering import by_name
from app.organisations.models import Organisation, Succession
from app.people.models import User
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire_for
from app.returns.models import (
    Answer,
    AnswerVersion,
    DomainColleague,
    EvidenceFile,
    Return,
    ReturnState,
    ScanState,
    SignedReturn,
)
from app.returns.rules import FIELDS, AnswerValues
from app.rounds.models import Round, RoundState


@dataclass(frozen=True, slots=True)
class ReturnHead:
    """A return, its round and its organisation: what every page of a return begins with."""

    id: int
    round_id: int
    organisation_id: int
    version_id: int
    state: ReturnState
    facts: Mapping[str, Any]
    due_on: date
    total: int
    answered: int
    edition: int
    opened_at: datetime | None
    ready_at: datetime | None
    signed_at: datetime | None
    sent_back_at: datetime | None
    sent_back_reason: str | None
    round_title: str
    round_state: RoundState
    school_year: str
    previous_round_id: int | None
    organisation_name: str
    kind: str
    phase: str
    opens_on: date
    issued_at: datetime

    def opens_later(self, today: date) -> bool:
        """Say whether the return was issued before the day from which it can be answered."""
        return self.round_state is RoundState.OPEN and today < self.opens_on

    def writable(self, today: date) -> bool:
        """Say whether answers can be changed on a day: the round has opened, and nothing has ended it."""
        return self.open_for_answers and not self.opens_later(today)

    @property
    def open_for_answers(self) -> bool:
        """Say whether the return is still to be answered: the round is not closed, nothing is signed."""
        return self.round_state is RoundState.OPEN and self.state is not ReturnState.SIGNED


HEAD_COLUMNS = (
    col(Return.id),
    col(Return.round_id),
    col(Return.organisation_id),
    col(Return.version_id),
    col(Return.state),
    col(Return.facts),
    col(Return.due_on),
    col(Return.total),
    col(Return.answered),
    col(Return.edition),
    col(Return.opened_at),
    col(Return.ready_at),
    col(Return.signed_at),
    col(Return.sent_back_at),
    col(Return.sent_back_reason),
    col(Round.title),
    col(Round.state),
    col(Round.school_year),
    col(Round.previous_round_id),
    col(Organisation.name),
    col(Organisation.kind),
    col(Organisation.phase),
    col(Round.opens_on),
    col(Return.issued_at),
)


HEADS = (
    select(*HEAD_COLUMNS)
    .join(Round, col(Round.id) == col(Return.round_id))
    .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
)
_HEAD = Confined(HEADS.where(col(Return.id) == bindparam("return_id")), col(Return.organisation_id))


def head(session: Session, actor: Actor, return_id: int) -> ReturnHead:
    """Return the head of a return that the person may read, or raise NotFoundError."""
    row = _HEAD.rows(session, actor, return_id=return_id).first()
    if row is None:
        raise NotFoundError
    return ReturnHead(*row)


def returns_of(session: Session, actor: Actor, organisation_ids: tuple[int, ...]) -> tuple[ReturnHead, ...]:
    """Return the returns of organisations, the latest due date first."""
    rows = session.execute(
        HEADS.where(visible_to(actor, col(Return.organisation_id)))
        .where(col(Return.organisation_id).in_(organisation_ids))
        .order_by(col(Return.due_on).desc(), col(Return.id).desc())
    )
    return tuple(ReturnHead(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """An answer as it stands, and who changed it last."""

    values: AnswerValues
    version: int
    updated_at: datetime
    updated_by: int
    updated_by_name: str


# The names of the evidence files beside an answer, in the order of their upload.
_FILES = func.coalesce(
    select(func.array_agg(aggregate_order_by(col(EvidenceFile.name), col(EvidenceFile.id))))
    .where(
        col(EvidenceFile.return_id) == col(Answer.return_id),
        col(EvidenceFile.standard_key) == col(Answer.standard_key),
        col(EvidenceFile.removed_at).is_(None),
        col(EvidenceFile.scan_state) != ScanState.INFECTED,
    )
    .correlate(Answer)
    .scalar_subquery(),
    literal([], ARRAY(String)),
)
VALUE_COLUMNS = (*(getattr(Answer, name) for name in FIELDS), _FILES)
_ANSWERS = Confined(
    select(
        col(Answer.standard_key),
        col(Answer.version),
        col(Answer.updated_at),
        col(Answer.updated_by),
        col(User.name),
        *VALUE_COLUMNS,
    )
    .join(User, col(User.id) == col(Answer.updated_by))
    .where(col(Answer.return_id) == bindparam("return_id")),
    col(Answer.organisation_id),
)


def answers(session: Session, actor: Actor, return_id: int) -> dict[str, AnswerLine]:
    """Return all answers of a return by standard, in one statement."""
    rows = _ANSWERS.rows(session, actor, return_id=return_id)
    return {row[0]: AnswerLine(AnswerValues(*row[5:]), row[1], row[2], row[3], row[4]) for row in rows}


def values_of(lines: Mapping[str, AnswerLine]) -> dict[str, AnswerValues]:
    """Return the bare values of answers by standard."""
    return {key: line.values for key, line in lines.items()}


def questionnaire_of(session: Session, this: ReturnHead) -> Questionnaire:
    """Return what a return asks, in its organisation's words."""
    return questionnaire_for(session, this.version_id, this.facts)


def domain_colleagues(session: Session, actor: Actor, return_id: int) -> dict[str, tuple[int, str]]:
    """Return who was given which domain: user id and name by domain."""
    rows = session.execute(
        select(col(DomainColleague.domain_key), col(User.id), col(User.name))
        .join(User, col(User.id) == col(DomainColleague.user_id))
        .where(
            col(DomainColleague.return_id) == return_id,
            visible_to(actor, col(DomainColleague.organisation_id)),
        )
    )
    return {domain: (user_id, name) for domain, user_id, name in rows}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One save of an answer."""

    id: int
    version: int
    accepted: bool
    values: Mapping[str, Any]
    saved_at: datetime
    saved_by_name: str


def history(session: Session, actor: Actor, return_id: int, standard_key: str) -> tuple[HistoryLine, ...]:
    """Return every save of an answer, the newest first, refused ones included."""
    rows = session.execute(
        select(
            col(AnswerVersion.id),
            col(AnswerVersion.version),
            col(AnswerVersion.accepted),
            col(AnswerVersion.values),
            col(AnswerVersion.saved_at),
            col(User.name),
        )
        .join(User, col(User.id) == col(AnswerVersion.saved_by))
        .where(
            col(AnswerVersion.return_id) == return_id,
            col(AnswerVersion.standard_key) == standard_key,
            visible_to(actor, col(AnswerVersion.organisation_id)),
        )
        .order_by(col(AnswerVersion.id).desc())
    )
    return tuple(HistoryLine(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed edition of a return: frozen."""

    edition: int
    content: Mapping[str, Any]
    content_hash: str
    declaration: str
    signatory_name: str
    signed_at: datetime


def latest_signed(session: Session, actor: Actor, return_id: int) -> Signed | None:
    """Return the newest signed edition of a return, or None."""
    row = session.execute(
        select(
            col(SignedReturn.edition),
            col(SignedReturn.content),
            col(SignedReturn.content_hash),
            col(SignedReturn.declaration),
            col(SignedReturn.signatory_name),
            col(SignedReturn.signed_at),
        )
        .where(col(SignedReturn.return_id) == return_id, visible_to(actor, col(SignedReturn.organisation_id)))
        .order_by(col(SignedReturn.edition).desc())
        .limit(1)
    ).first()
    return Signed(*row) if row else None


def previous_signed_return_id(session: Session, this: ReturnHead) -> int | None:
    """Return the organisation's signed return of the round before, or its only predecessor's.

    A merged organisation has several predecessors: then there is no single year before to compare with.
    """
    if this.previous_round_id is None:
        return None
    own = (
        select(col(Return.id))
        .where(
            col(Return.round_id) == this.previous_round_id,
            col(Return.organisation_id) == this.organisation_id,
            col(Return.state) == ReturnState.SIGNED,
        )
        .limit(1)
    )
    found = session.execute(own).scalar()
    if found is not None:
        return int(found)
    inherited = (
        session.execute(
            select(col(Return.id))
            .join(Succession, col(Succession.predecessor_id) == col(Return.organisation_id))
            .where(
                and_(
                    col(Succession.successor_id) == this.organisation_id,
                    col(Return.round_id) == this.previous_round_id,
                    col(Return.state) == ReturnState.SIGNED,
                )
            )
        )
        .scalars()
        .all()
    )
    return inherited[0] if len(inherited) == 1 else None


@dataclass(frozen=True, slots=True)
class EarlierReturn:
    """A signed return of the round before, and whose it was."""

    id: int
    organisation_id: int
    organisation_name: str


def last_years_returns(session: Session, actor: Actor, this: ReturnHead) -> tuple[EarlierReturn, ...]:
    """Return what the organisation signed in the round before, or else each of its predecessors.

    Only what the person may read: a link to it never leads nowhere.
    """
    if this.previous_round_id is None:
        return ()
    predecessors = select(col(Succession.predecessor_id)).where(
        col(Succession.successor_id) == this.organisation_id
    )
    rows = session.execute(
        select(col(Return.id), col(Organisation.id), col(Organisation.name))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(
            visible_to(actor, col(Return.organisation_id)),
            col(Return.round_id) == this.previous_round_id,
            col(Return.state) == ReturnState.SIGNED,
            (col(Organisation.id) == this.organisation_id) | col(Organisation.id).in_(predecessors),
        )
        .order_by(by_name(col(Organisation.name)), col(Organisation.id))
    )
    found = tuple(EarlierReturn(row[0], row[1], row[2]) for row in rows)
    return tuple(each for each in found if each.organisation_id == this.organisation_id) or found


def organisations_with_return(session: Session, round_id: int) -> frozenset[int]:
    """Return the organisations that have a return in a round."""
    rows = session.execute(select(col(Return.organisation_id)).where(col(Return.round_id) == round_id))
    return frozenset(rows.scalars())
