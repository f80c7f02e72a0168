"""Reads of rounds and their audiences."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from app.core.errors import NotFoundError
from app.core.ordering import by_name
from app.organisations.models import Contact, Organisation, OrganisationStatus
from app.people.models import Membership
from app.questionnaires.models import QuestionnaireVersion
from app.rounds.models import Round, RoundException, RoundState
from app.rounds.rules import Audience, Candidate


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A round, with the questionnaire that it issues."""

    id: int
    title: str
    state: RoundState
    school_year: str
    opens_on: date
    due_on: date
    closed_at: datetime | None
    previous_round_id: int | None
    version_id: int
    questionnaire_key: str
    questionnaire_version: int
    questionnaire_title: str

    def opens_later(self, today: date) -> bool:
        """Say whether the round was issued before the day from which it can be answered."""
        return self.state is RoundState.OPEN and today < self.opens_on


_LINE = (
    select(
        col(Round.id),
        col(Round.title),
        col(Round.state),
        col(Round.school_year),
        col(Round.opens_on),
        col(Round.due_on),
        col(Round.closed_at),
        col(Round.previous_round_id),
        col(Round.version_id),
        col(QuestionnaireVersion.key),
        col(QuestionnaireVersion.version),
        col(QuestionnaireVersion.title),
    )
    .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Round.version_id))
    .order_by(col(Round.due_on).desc(), col(Round.id).desc())
)


def rounds(session: Session) -> tuple[RoundLine, ...]:
    """Return all rounds, the latest due date first."""
    return tuple(RoundLine(*row) for row in session.execute(_LINE))


def round_line(session: Session, round_id: int) -> RoundLine:
    """Return one round, or raise NotFoundError."""
    row = session.execute(_LINE.where(col(Round.id) == round_id)).first()
    if row is None:
        raise NotFoundError
    return RoundLine(*row)


def audience(session: Session, round_id: int) -> Audience:
    """Return whom a round asks, or raise NotFoundError."""
    found = session.execute(
        select(col(Round.kinds), col(Round.phases)).where(col(Round.id) == round_id)
    ).first()
    if found is None:
        raise NotFoundError
    rows = session.execute(
        select(col(RoundException.organisation_id), col(RoundException.included)).where(
            col(RoundException.round_id) == round_id
        )
    ).all()
    return Audience(
        kinds=frozenset(found[0]),
        phases=frozenset(found[1]),
        included=frozenset(organisation for organisation, included in rows if included),
        excluded=frozenset(organisation for organisation, included in rows if not included),
    )


@dataclass(frozen=True, slots=True)
class Invitee:
    """An organisation in the audience, and how many contacts would hear of it."""

    candidate: Candidate
    contacts: int


def may_sign_in(contact: type[Contact]) -> ColumnElement[bool]:
    """Say whether a contact can open the return: a chair of governors is rung and written to, not invited."""
    return exists().where(
        col(Membership.user_id) == col(contact.user_id),
        col(Membership.organisation_id) == col(contact.organisation_id),
    )


_CONTACTS = (
    select(func.count())
    .where(
        col(Contact.organisation_id) == col(Organisation.id),
        col(Contact.ended_at).is_(None),
        may_sign_in(Contact),
    )
    .correlate(Organisation)
    .scalar_subquery()
)


def candidates(session: Session) -> tuple[Invitee, ...]:
    """Return every organisation that can be asked, by name."""
    rows = session.execute(
        select(
            col(Organisation.id),
            col(Organisation.name),
            col(Organisation.kind),
            col(Organisation.phase),
            col(Organisation.duty),
            _CONTACTS,
        )
        .where(col(Organisation.status) != OrganisationStatus.GONE)
        .order_by(by_name(col(Organisation.name)), col(Organisation.id))
    )
    return tuple(Invitee(Candidate(*row[:5]), row[5]) for row in rows)


def invitees(session: Session, round_id: int) -> tuple[Invitee, ...]:
    """Return the organisations that a round asks, by name."""
    chosen = audience(session, round_id)
    return tuple(each for each in candidates(session) if chosen.asks(each.candidate))


def open_round_ids(session: Session) -> tuple[int, ...]:
    """Return the rounds that are collecting returns."""
    rows = session.execute(
        select(col(Round.id)).where(col(Round.state) == RoundState.OPEN).order_by(col(Round.due_on).desc())
    )
    return tuple(rows.scalars())
