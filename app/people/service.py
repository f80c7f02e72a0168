"""Changes about people: signing in and out, roles at organisations."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import audit, outbox
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import RefusedError
from app.core.rendering import render_text
from app.core.settings import Settings
from app.people.models import LoginSession, Membership, PartnershipMember, SignInLink, User
from app.people.queries import users_by_email
from app.people.rules import is_address, normal_address, safe_return_path, token_hash

LINKS_AN_HOUR = 5
NOBODY = Actor(user_id=0, name="Eleven", email="")


def request_link(session: Session, config: Settings, *, address: str, return_to: str, now: datetime) -> None:
    """Mail a sign-in link to an address if a person has it; the caller answers the same either way."""
    user = session.execute(
        select(User).where(col(User.email) == normal_address(address), col(User.disabled_at).is_(None))
    ).scalar()
    if user is None or user.id is None:
        return
    recent = session.execute(
        select(func.count()).where(
            col(SignInLink.user_id) == user.id, col(SignInLink.created_at) > now - timedelta(hours=1)
        )
    ).scalar_one()
    if recent >= LINKS_AN_HOUR:
        return
    token = secrets.token_urlsafe(32)
    link = SignInLink(
        user_id=user.id,
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + timedelta(minutes=config.sign_in_link_minutes),
        return_to=safe_return_path(return_to),
    )
    session.add(link)
    session.flush()
    body = render_text(
        "mails/sign-in.txt",
        partnership_name=config.partnership_name,
        name=user.name,
        link=f"{config.public_address}/sign-in/{token}",
        minutes=config.sign_in_link_minutes,
        phone=config.partnership_phone,
    )
    mail = outbox.Mail(f"sign-in:{link.id}", "sign-in", user.email, "Your link to sign in", body)
    outbox.enqueue(session, [mail], now)


def spend_link(session: Session, config: Settings, *, token: str, now: datetime) -> tuple[str, str] | None:
    """Spend a sign-in link and return the new session's token and where to go; None if it is not open.

    One conditional UPDATE decides between claimants: reading first would let two of them win.
    """
    row = session.execute(
        update(SignInLink)
        .where(
            col(SignInLink.token_hash) == token_hash(token),
            col(SignInLink.spent_at).is_(None),
            col(SignInLink.expires_at) > now,
            and_(
                col(SignInLink.user_id) == col(User.id),
                col(User.disabled_at).is_(None),
            ),
        )
        .values(spent_at=now)
        .returning(col(SignInLink.user_id), col(SignInLink.return_to), col(User.name))
    ).first()
    if row is None:
        return None
    return start_session(session, config, user_id=row[0], name=row[2], now=now), row[1]


def start_session(session: Session, config: Settings, *, user_id: int, name: str, now: datetime) -> str:
    """Sign a person in and return the token for their browser."""
    token = secrets.token_urlsafe(32)
    login = LoginSession(
        user_id=user_id,
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + timedelta(hours=config.session_hours),
    )
    session.add(login)
    session.flush()
    work = Work(session, Actor(user_id=user_id, name=name, email=""), now)
    audit.record(work, "user.signed_in", ("user", user_id))
    return token


def sign_out(work: Work) -> None:
    """End the session in which the person works."""
    work.session.execute(
        update(LoginSession).where(col(LoginSession.id) == work.actor.session_id).values(ended_at=work.now)
    )
    audit.record(work, "user.signed_out", ("user", work.actor.user_id))


def ensure_users(work: Work, people: Sequence[tuple[str, str]]) -> dict[str, int]:
    """See to it that each (address, name) is a user, and return the ids by address.

    A known person keeps the name that they have.
    """
    wanted = {normal_address(address): name for address, name in people}
    if wanted:
        rows = [{"email": email, "name": name, "created_at": work.now} for email, name in wanted.items()]
        work.session.connection().execute(insert(User).on_conflict_do_nothing(index_elements=["email"]), rows)
    return users_by_email(work.session, list(wanted))


def grant_membership(work: Work, *, user_id: int, organisation_id: int, role: OrganisationRole) -> bool:
    """Give a person a role at an organisation; return False if they had it."""
    return bool(grant_memberships(work, [(user_id, organisation_id, role)]))


def grant_memberships(work: Work, grants: Sequence[tuple[int, int, OrganisationRole]]) -> int:
    """Give people roles at organisations in one statement and return how many were new."""
    if not grants:
        return 0
    statement = insert(Membership).on_conflict_do_nothing().returning(col(Membership.organisation_id))
    rows = [{"user_id": user, "organisation_id": place, "role": role} for user, place, role in set(grants)]
    new = work.session.connection().execute(statement, rows).all()
    return len(new)


def revoke_memberships(work: Work, *, user_id: int, organisation_id: int) -> None:
    """Take all roles of a person at an organisation away; what they wrote stays."""
    work.session.execute(
        delete(Membership).where(
            col(Membership.user_id) == user_id, col(Membership.organisation_id) == organisation_id
        )
    )
    audit.record(work, "colleague.removed", ("user", user_id), organisation_id=organisation_id)


def invite_colleague(
    work: Work, *, organisation_id: int, name: str, address: str, roles: Sequence[OrganisationRole]
) -> int:
    """Let a lead bring a colleague or a signatory to their own organisation's return.

    Raises RefusedError with the field at fault.
    """
    problems = {}
    if not name:
        problems["name"] = "Enter your colleague's name"
    if not is_address(address):
        problems["email"] = "Enter an email address in the correct form, like name@example.org"
    if not roles:
        problems["roles"] = "Choose what your colleague will do"
    if problems:
        raise RefusedError("Your colleague was not invited.", problems)
    user_id = ensure_users(work, [(address, name)])[normal_address(address)]
    for role in roles:
        grant_membership(work, user_id=user_id, organisation_id=organisation_id, role=role)
    audit.record(
        work,
        "colleague.invited",
        ("user", user_id),
        organisation_id=organisation_id,
        roles=[role.value for role in roles],
    )
    return user_id


def grant_partnership_role(work: Work, *, user_id: int, role: PartnershipRole) -> None:
    """Give a person a role for the partnership."""
    work.session.connection().execute(
        insert(PartnershipMember).on_conflict_do_nothing(), {"user_id": user_id, "role": role}
    )
    audit.record(work, "user.role_granted", ("user", user_id), role=role.value)
