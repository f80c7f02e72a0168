"""Reads about people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Select,
    String,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session, col

from app.core.access import ROLE_WORDS, Actor, OrganisationRole, PartnershipRole
from app.core.errors import NotFoundError
from app.core.models import OutboxMessage
from app.core.ordering import by_name
from app.core.scope import seeing_everything
from app.people.models import LoginSession, Membership, PartnershipMember, SecondFactor, User
from app.people.rules import token_hash

_ROLES = (
    select(func.array_agg(col(PartnershipMember.role)))
    .where(col(PartnershipMember.user_id) == col(User.id))
    .scalar_subquery()
)
_MEMBERSHIPS = (
    select(
        func.array_agg(
            cast(col(Membership.organisation_id), String) + literal(":") + cast(col(Membership.role), String)
        )
    )
    .where(col(Membership.user_id) == col(User.id))
    .scalar_subquery()
)
_ROLE_TEXT = cast(col(Membership.role), String)
_FIRST_ORGANISATION = (
    select(func.min(literal_column("organisation.name")))
    .select_from(table("organisation", column("id"), column("name")))
    .join(Membership, col(Membership.organisation_id) == literal_column("organisation.id"))
    .where(col(Membership.user_id) == col(User.id))
    .scalar_subquery()
)
_SUCCESSION = table("succession", column("predecessor_id"), column("successor_id"))
_REGISTER = table("organisation", column("id"), column("status"))
_INHERITED = (
    select(func.array_agg(_SUCCESSION.c.predecessor_id))
    .join_from(_SUCCESSION, Membership, col(Membership.organisation_id) == _SUCCESSION.c.successor_id)
    .join(_REGISTER, _REGISTER.c.id == _SUCCESSION.c.predecessor_id)
    .where(col(Membership.user_id) == col(User.id), _REGISTER.c.status == "gone")
    .scalar_subquery()
)
_BY_TOKEN = (
    select(
        col(LoginSession.id),
        col(User.id),
        col(User.name),
        col(User.email),
        cast(_ROLES, String),
        cast(_MEMBERSHIPS, String),
        col(LoginSession.last_seen_at),
        col(LoginSession.expires_at),
        col(LoginSession.factor_at),
        cast(_INHERITED, String),
    )
    .join(User, col(User.id) == col(LoginSession.user_id))
    .where(
        col(LoginSession.token_hash) == bindparam("token_hash"),
        col(LoginSession.ended_at).is_(None),
        col(LoginSession.expires_at) > bindparam("now"),
        col(User.disabled_at).is_(None),
    )
)


def _items(array: str | None) -> list[str]:
    return array.strip("{}").split(",") if array and array != "{}" else []


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in with a session, with their rights as of now, and the session's own facts."""

    actor: Actor
    changed_at: datetime
    expires_at: datetime
    factor_at: datetime | None


def signed_in_by_token(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in with a session token, in one statement."""
    row = session.connection().execute(_BY_TOKEN, {"token_hash": token_hash(token), "now": now}).first()
    if row is None:
        return None
    organisations: dict[int, set[OrganisationRole]] = {}
    for item in _items(row[5]):
        organisation, role = item.split(":")
        organisations.setdefault(int(organisation), set()).add(OrganisationRole(role))
    actor = Actor(
        user_id=int(row[1] or 0),
        name=row[2],
        email=row[3],
        session_id=int(row[0] or 0),
        roles=frozenset(PartnershipRole(role) for role in _items(row[4])),
        organisations={key: frozenset(roles) for key, roles in organisations.items()},
        inherited=frozenset(int(item) for item in _items(row[9])),
    )
    return SignedIn(actor, changed_at=row[6], expires_at=row[7], factor_at=row[8])


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person at an organisation, with what they do on its return."""

    user_id: int
    name: str
    email: str
    roles: tuple[OrganisationRole, ...]


def colleagues(session: Session, organisation_id: int) -> tuple[Colleague, ...]:
    """Return the people of an organisation who may sign in, leads first."""
    first = func.min(case((col(Membership.role) == OrganisationRole.LEAD, 0), else_=1))
    rows = session.execute(
        select(
            col(User.id),
            col(User.name),
            col(User.email),
            cast(
                func.array_agg(
                    aggregate_order_by(cast(col(Membership.role), String), cast(col(Membership.role), String))
                ),
                String,
            ),
        )
        .join(Membership, col(Membership.user_id) == col(User.id))
        .where(col(Membership.organisation_id) == organisation_id, col(User.disabled_at).is_(None))
        .group_by(col(User.id), col(User.name), col(User.email))
        .order_by(first, by_name(col(User.name)), col(User.id))
    )
    return tuple(
        Colleague(row[0], row[1], row[2], tuple(OrganisationRole(role) for role in _items(row[3])))
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demo whom a visitor can be, with one click."""

    user_id: int
    name: str
    role: str
    place: str


DEMO_DOMAIN = "demo.example.org"


def demo_people(session: Session) -> tuple[DemoPerson, ...]:
    """Return the people of the demo who are offered for sign-in: one for each role."""
    offered = (
        select(
            col(User.id),
            col(User.name),
            cast(_ROLES, String),
            cast(_MEMBERSHIPS, String),
            _FIRST_ORGANISATION,
        )
        .where(col(User.email).endswith("@" + DEMO_DOMAIN), col(User.disabled_at).is_(None))
        .order_by(col(User.id))
    )
    with seeing_everything(session):  # the demo introduces its people, with their places, before they sign in
        rows = session.execute(offered).all()
    people = []
    for user_id, name, roles, memberships, place in rows:
        held = _items(roles) or sorted({item.split(":")[1] for item in _items(memberships)})
        people.append(DemoPerson(user_id, name, " and ".join(ROLE_WORDS[role] for role in held), place or ""))
    return tuple(people)


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """A mail in the demo's outbox."""

    id: int
    recipient: str
    subject: str
    body: str
    created_at: datetime
    state: str
    leaves_at: datetime


def _outbox_line(message: OutboxMessage) -> OutboxLine:
    return OutboxLine(
        message.id or 0,
        message.recipient,
        message.subject,
        message.body,
        message.created_at,
        message.state.value,
        message.due_at,
    )


def outbox_messages(session: Session, most: int = 100) -> tuple[OutboxLine, ...]:
    """Return the newest mails of the demo's outbox."""
    newest = select(OutboxMessage).order_by(col(OutboxMessage.id).desc()).limit(most)
    with seeing_everything(session):  # the demo shows its mails to whoever tries it
        return tuple(_outbox_line(message) for message in session.execute(newest).scalars())


def outbox_message(session: Session, message_id: int) -> OutboxLine:
    """Return one mail of the demo's outbox, or raise NotFoundError."""
    with seeing_everything(session):  # as above
        message = session.get(OutboxMessage, message_id)
    if message is None:
        raise NotFoundError
    return _outbox_line(message)


def users_by_email(session: Session, emails: list[str]) -> dict[str, int]:
    """Return the ids of the users with these addresses."""
    if not emails:
        return {}
    rows = session.execute(select(col(User.email), col(User.id)).where(col(User.email).in_(emails)))
    return {email: user_id for email, user_id in rows}  # noqa: C416 - rows are not pairs to the type checker


def member_by_email(session: Session, address: str) -> tuple[int, str] | None:
    """Return the id and name of the person of the partnership with an address, unless switched off."""
    row = session.execute(
        select(col(User.id), col(User.name)).where(
            col(User.email) == address, col(User.disabled_at).is_(None), _ROLES.is_not(None)
        )
    ).first()
    return (row[0], row[1]) if row else None


def board_managers(session: Session) -> tuple[tuple[str, str], ...]:
    """Return names and addresses of the board managers."""
    rows = session.execute(
        select(col(User.name), col(User.email))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(col(PartnershipMember.role) == PartnershipRole.BOARD_MANAGER, col(User.disabled_at).is_(None))
        .order_by(col(User.id))
    )
    return tuple((row[0], row[1]) for row in rows)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A browser in which a person is signed in."""

    id: int
    browser: str
    created_at: datetime
    changed_at: datetime


def open_sessions(session: Session, user_id: int, now: datetime) -> tuple[OpenSession, ...]:
    """Return where a person is signed in, the newest first."""
    rows = session.execute(
        select(
            col(LoginSession.id),
            col(LoginSession.browser),
            col(LoginSession.created_at),
            col(LoginSession.last_seen_at),
        )
        .where(
            col(LoginSession.user_id) == user_id,
            col(LoginSession.ended_at).is_(None),
            col(LoginSession.expires_at) > now,
        )
        .order_by(col(LoginSession.id).desc())
    )
    return tuple(OpenSession(row[0], row[1], row[2], row[3]) for row in rows)


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation at which a person has roles."""

    organisation_id: int
    name: str
    roles: tuple[OrganisationRole, ...]


def places_of(session: Session, user_id: int) -> tuple[Place, ...]:
    """Return a person's organisations with their roles there."""
    rows = session.execute(
        select(
            col(Membership.organisation_id),
            literal_column("organisation.name"),
            cast(func.array_agg(aggregate_order_by(_ROLE_TEXT, _ROLE_TEXT)), String),
        )
        .select_from(Membership)
        .join(
            table("organisation", column("id"), column("name")),
            col(Membership.organisation_id) == literal_column("organisation.id"),
        )
        .where(col(Membership.user_id) == user_id)
        .group_by(col(Membership.organisation_id), literal_column("organisation.name"))
        .order_by(by_name(literal_column("organisation.name")))
    )
    return tuple(
        Place(row[0], row[1], tuple(OrganisationRole(role) for role in _items(row[2]))) for row in rows
    )


@dataclass(frozen=True, slots=True)
class Person:
    """A person as those who look after people see them."""

    user_id: int
    name: str
    email: str
    roles: tuple[PartnershipRole, ...]
    disabled_at: datetime | None
    has_factor: bool
    last_signed_in: datetime | None
    places: tuple[Place, ...] = ()


_LAST_SIGN_IN = (
    select(func.max(col(LoginSession.created_at)))
    .where(col(LoginSession.user_id) == col(User.id))
    .scalar_subquery()
)
_HAS_FACTOR = select(func.count()).where(col(SecondFactor.user_id) == col(User.id)).scalar_subquery()
_PERSON = select(
    col(User.id),
    col(User.name),
    col(User.email),
    cast(_ROLES, String),
    col(User.disabled_at),
    _HAS_FACTOR,
    _LAST_SIGN_IN,
)


def _people(session: Session, statement: Select[Any], places: tuple[Place, ...] = ()) -> tuple[Person, ...]:
    return tuple(
        Person(
            user_id=row[0],
            name=row[1],
            email=row[2],
            roles=tuple(sorted(PartnershipRole(role) for role in _items(row[3]))),
            disabled_at=row[4],
            has_factor=bool(row[5]),
            last_signed_in=row[6],
            places=places,
        )
        for row in session.execute(statement)
    )


def members(session: Session) -> tuple[Person, ...]:
    """Return the people of the partnership; those whose access is switched off come last."""
    order = (col(User.disabled_at).is_not(None), by_name(col(User.name)), col(User.id))
    return _people(session, _PERSON.where(_ROLES.is_not(None)).order_by(*order))


def people_like(session: Session, searched: str, most: int = 50) -> tuple[Person, ...]:
    """Return the people, of organisations too, in whose name or address a text occurs."""
    text = searched.strip().lower()
    found = func.lower(col(User.name)).contains(text, autoescape=True) | col(User.email).contains(
        text, autoescape=True
    )
    return _people(session, _PERSON.where(found).order_by(by_name(col(User.name)), col(User.id)).limit(most))


def person(session: Session, user_id: int) -> Person:
    """Return one person with their organisations, or raise NotFoundError."""
    found = _people(session, _PERSON.where(col(User.id) == user_id), places_of(session, user_id))
    if not found:
        raise NotFoundError
    return found[0]
