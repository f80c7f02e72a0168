"""Reads about people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, bindparam, case, cast, column, func, literal, literal_column, select, table
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session, col

from app.core.access import ROLE_WORDS, Actor, OrganisationRole, PartnershipRole
from app.core.errors import NotFoundError
from app.core.models import OutboxMessage
from app.core.scope import seeing_everything
from app.people.models import LoginSession, Membership, PartnershipMember, SignInLink, User
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
_FIRST_ORGANISATION = (
    select(func.min(literal_column("organisation.name")))
    .select_from(table("organisation", column("id"), column("name")))
    .join(Membership, col(Membership.organisation_id) == literal_column("organisation.id"))
    .where(col(Membership.user_id) == col(User.id))
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


def actor_by_token(session: Session, token: str, now: datetime) -> Actor | None:
    """Return who is signed in with a session token, with their rights as of now, in one statement."""
    row = session.connection().execute(_BY_TOKEN, {"token_hash": token_hash(token), "now": now}).first()
    if row is None:
        return None
    organisations: dict[int, set[OrganisationRole]] = {}
    for item in _items(row[5]):
        organisation, role = item.split(":")
        organisations.setdefault(int(organisation), set()).add(OrganisationRole(role))
    return Actor(
        user_id=int(row[1] or 0),
        name=row[2],
        email=row[3],
        session_id=int(row[0] or 0),
        roles=frozenset(PartnershipRole(role) for role in _items(row[4])),
        organisations={key: frozenset(roles) for key, roles in organisations.items()},
    )


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
        .order_by(first, col(User.name), col(User.id))
    )
    return tuple(
        Colleague(row[0], row[1], row[2], tuple(OrganisationRole(role) for role in _items(row[3])))
        for row in rows
    )


def link_is_open(session: Session, token: str, now: datetime) -> bool:
    """Say whether a sign-in link can still be spent; asking does not spend it."""
    found = session.execute(
        select(col(SignInLink.id))
        .join(User, col(User.id) == col(SignInLink.user_id))
        .where(
            col(SignInLink.token_hash) == token_hash(token),
            col(SignInLink.spent_at).is_(None),
            col(SignInLink.expires_at) > now,
            col(User.disabled_at).is_(None),
        )
    )
    return found.first() is not None


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


def _outbox_line(message: OutboxMessage) -> OutboxLine:
    return OutboxLine(
        message.id or 0,
        message.recipient,
        message.subject,
        message.body,
        message.created_at,
        message.state.value,
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
