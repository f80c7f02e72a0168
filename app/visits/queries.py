"""Reads for the pages of visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.core.access import Actor, PartnershipRole, visible_to
from app.core.errors import NotFoundError
from app.organisations.models import Organisation
from app.people.models import PartnershipMember, User
from app.returns.models import Return, ReturnState
from app.visits.enquiry import Ask, Source
from app.visits.lifecycle import KNOWN_TO_AGENCY, UNDER_WAY, VisitState
from app.visits.models import (
    Visit,
    VisitAgreement,
    VisitEndorsement,
    VisitQuestion,
    VisitReply,
    VisitReport,
    VisitSeat,
    VisitSlot,
)
from app.visits.report import Note, ReportText, Shows
from app.visits.rules import Partner, Seat


@dataclass(frozen=True, slots=True)
class VisitHead:
    """A visit with its organisation: what every page of a visit begins with."""

    visit: Visit
    id: int
    organisation_id: int
    organisation: str
    kind: str
    is_school: bool
    address: str
    return_state: ReturnState | None
    return_signed_at: datetime | None

    @property
    def state(self) -> VisitState:
        """How far it is."""
        return self.visit.state

    @property
    def returned(self) -> bool:
        """Say whether the framework is back, signed."""
        return self.return_state is ReturnState.SIGNED


_HEAD = (
    select(
        Visit,
        col(Organisation.name),
        col(Organisation.kind),
        col(Organisation.governance),
        col(Organisation.address),
        col(Organisation.postcode),
        col(Return.state),
        col(Return.signed_at),
    )
    .join(Organisation, col(Organisation.id) == col(Visit.organisation_id))
    .outerjoin(Return, col(Return.id) == col(Visit.return_id))
)


def _head(row: Any) -> VisitHead:
    visit, name, kind, governance, address, postcode, state, signed_at = row
    return VisitHead(
        visit,
        visit.id,
        visit.organisation_id,
        name,
        kind,
        governance != "agency",
        ", ".join(part for part in (address, postcode) if part),
        state,
        signed_at,
    )


def visit_head(session: Session, visit_id: int) -> VisitHead:
    """Return a visit for the partnership, or raise NotFoundError."""
    row = session.execute(_HEAD.where(col(Visit.id) == visit_id)).first()
    if row is None:
        raise NotFoundError
    return _head(row)


def visit_to_prepare(session: Session, actor: Actor, visit_id: int) -> VisitHead:
    """Return a visit for those who prepare it, or raise NotFoundError.

    Whoever answers for the agency too does not read what it will be asked, and from which signals that came.
    """
    this = visit_head(session, visit_id)
    if this.organisation_id in actor.readable:
        raise NotFoundError
    return this


def own_visit(session: Session, actor: Actor, visit_id: int) -> VisitHead:
    """Return a visit as its agency may see it: once its letter has gone. Raises NotFoundError."""
    row = session.execute(
        _HEAD.where(
            col(Visit.id) == visit_id,
            col(Visit.letter_sent_at).is_not(None),
            visible_to(actor, col(Visit.organisation_id)),
        )
    ).first()
    if row is None:
        raise NotFoundError
    return _head(row)


def own_visits(session: Session, actor: Actor) -> tuple[VisitHead, ...]:
    """Return the visits that a person's organisations know of, the latest first."""
    rows = session.execute(
        _HEAD.where(
            col(Visit.organisation_id).in_(sorted(actor.organisations)),
            col(Visit.letter_sent_at).is_not(None),
            col(Visit.state).in_(KNOWN_TO_AGENCY),
        ).order_by(col(Visit.visit_on).desc())
    )
    return tuple(_head(row) for row in rows)


def visits(session: Session) -> tuple[VisitHead, ...]:
    """Return all visits, those with the next date first."""
    rows = session.execute(_HEAD.order_by(col(Visit.visit_on).asc().nulls_first(), col(Visit.id)))
    return tuple(_head(row) for row in rows)


def under_way(session: Session) -> frozenset[int]:
    """Return the organisations that have a visit under way."""
    rows = session.execute(select(col(Visit.organisation_id)).where(col(Visit.state).in_(UNDER_WAY)))
    return frozenset(rows.scalars())


def framework_rounds(session: Session) -> frozenset[int]:
    """Return the rounds that are one visit's framework: they belong to the visit, not beside the year's."""
    rows = session.execute(
        select(col(Return.round_id))
        .join(Visit, col(Visit.return_id) == col(Return.id))
        .where(col(Visit.framework_issued_at).is_not(None))
    )
    return frozenset(rows.scalars())


# --- who says what ---------------------------------------------------------------------------------


def seats(session: Session) -> tuple[Seat, ...]:
    """Return who speaks for which safeguarding partner: only who still holds that role and may sign in."""
    rows = session.execute(
        select(col(VisitSeat.partner), col(User.id), col(User.name))
        .join(User, col(User.id) == col(VisitSeat.user_id))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(
            col(PartnershipMember.role) == PartnershipRole.SAFEGUARDING_PARTNER,
            col(User.disabled_at).is_(None),
        )
        .order_by(col(VisitSeat.partner), col(User.name))
    )
    return tuple(Seat(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class Saying:
    """What a safeguarding partner said, and who said it for them."""

    partner: Partner
    yes: bool
    comment: str
    name: str
    said_at: datetime


def endorsements(session: Session, visit_id: int) -> dict[Partner, Saying]:
    """Return what the partners say to a proposed visit."""
    rows = session.execute(
        select(
            col(VisitEndorsement.partner),
            col(VisitEndorsement.endorsed),
            col(VisitEndorsement.comment),
            col(User.name),
            col(VisitEndorsement.said_at),
        )
        .join(User, col(User.id) == col(VisitEndorsement.user_id))
        .where(col(VisitEndorsement.visit_id) == visit_id)
    )
    return {row[0]: Saying(*row) for row in rows}


def agreements(session: Session, visit_id: int, edition: int) -> dict[Partner, Saying]:
    """Return what the partners say to an edition of a report."""
    rows = session.execute(
        select(
            col(VisitAgreement.partner),
            col(VisitAgreement.agreed),
            col(VisitAgreement.comment),
            col(User.name),
            col(VisitAgreement.said_at),
        )
        .join(User, col(User.id) == col(VisitAgreement.user_id))
        .where(col(VisitAgreement.visit_id) == visit_id, col(VisitAgreement.edition) == edition)
    )
    return {row[0]: Saying(*row) for row in rows}


# --- lines of enquiry, programme, report -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A line of enquiry with its notes."""

    id: int
    source: Source
    domain_key: str
    domain: str
    ask: Ask
    text: str
    why: str
    position: int
    left_out: bool
    asked: bool
    heard: str
    seen: str
    shows: Shows

    @property
    def note(self) -> Note:
        """What it says for the report."""
        return Note(self.domain, self.heard, self.seen, self.shows, young=self.source is Source.YOUNG)


_QUESTION = (
    col(VisitQuestion.id),
    col(VisitQuestion.source),
    col(VisitQuestion.domain_key),
    col(VisitQuestion.domain),
    col(VisitQuestion.ask),
    col(VisitQuestion.text),
    col(VisitQuestion.why),
    col(VisitQuestion.position),
    col(VisitQuestion.left_out),
    col(VisitQuestion.asked),
    col(VisitQuestion.heard),
    col(VisitQuestion.seen),
    col(VisitQuestion.shows),
)


def questions(session: Session, visit_id: int) -> tuple[QuestionLine, ...]:
    """Return the lines of enquiry of a visit in their order, those left out included."""
    rows = session.execute(
        select(*_QUESTION)
        .where(col(VisitQuestion.visit_id) == visit_id)
        .order_by(col(VisitQuestion.position), col(VisitQuestion.id))
    )
    return tuple(QuestionLine(*row) for row in rows)


def by_domain_and_ask(
    every: Iterable[QuestionLine],
) -> dict[str, dict[Ask, list[QuestionLine]]]:
    """Group lines of enquiry by domain, as they come, and by whom to ask."""
    grouped: dict[str, dict[Ask, list[QuestionLine]]] = {}
    for line in every:
        asks = grouped.setdefault(line.domain or "The visit as a whole", {ask: [] for ask in Ask})
        asks[line.ask].append(line)
    return {domain: {ask: lines for ask, lines in asks.items() if lines} for domain, asks in grouped.items()}


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One part of the programme."""

    id: int
    begins: str
    ends: str
    what: str
    who: str


def slots(session: Session, visit_id: int) -> tuple[SlotLine, ...]:
    """Return the programme of a visit by time."""
    columns = (VisitSlot.id, VisitSlot.begins, VisitSlot.ends, VisitSlot.what, VisitSlot.who)
    rows = session.execute(
        select(*(col(each) for each in columns))
        .where(col(VisitSlot.visit_id) == visit_id)
        .order_by(col(VisitSlot.begins), col(VisitSlot.id))
    )
    return tuple(SlotLine(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """The report of a visit as it stands."""

    text: ReportText
    edition: int
    written_at: datetime
    released_at: datetime | None


def report(session: Session, visit_id: int) -> ReportLine | None:
    """Return the report of a visit; the database shows an agency only a released one."""
    row = session.execute(select(VisitReport).where(col(VisitReport.visit_id) == visit_id)).scalar()
    if row is None:
        return None
    text = ReportText(row.strengths, row.development, row.consideration)
    return ReportLine(text, row.edition, row.written_at, row.released_at)


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """What the agency says about factual accuracy."""

    text: str
    name: str
    said_at: datetime


def replies(session: Session, visit_id: int) -> tuple[ReplyLine, ...]:
    """Return the agency's replies, the first one first."""
    rows = session.execute(
        select(col(VisitReply.text), col(VisitReply.user_name), col(VisitReply.said_at))
        .where(col(VisitReply.visit_id) == visit_id)
        .order_by(col(VisitReply.id))
    )
    return tuple(ReplyLine(*row) for row in rows)


def overdue(heads: Iterable[VisitHead], today: date) -> tuple[VisitHead, ...]:
    """Return the visits ahead whose return is not back though it is due."""
    return tuple(
        head
        for head in heads
        if head.state is VisitState.ISSUED
        and not head.returned
        and head.visit.return_due is not None
        and today > head.visit.return_due
    )
