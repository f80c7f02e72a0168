"""Changes about people: signing in and out, roles at organisations."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import audit
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import RefusedError
from app.core.settings import Settings
from app.people.models import LoginSession, Membership, PartnershipMember, User
from app.people.queries import users_by_email
from app.people.rules import is_address, normal_address, token_hash

NOBODY = Actor(user_id=0, name="Eleven", email="")


def start_session(
    session: Session,
    config: Settings,
    *,
    user_id: int,
    name: str,
    now: datetime,
    browser: str = "",
    second_factor: bool = False,
) -> str:
    """Sign a person in and return the token for their browser.

    `second_factor` says that it was passed already: at the partnership's provider, for example.
    """
    token = secrets.token_urlsafe(32)
    login = LoginSession(
        user_id=user_id,
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + timedelta(hours=config.session_hours),
        last_seen_at=now,
        browser=browser,
        factor_at=now if second_factor else None,
    )
    session.add(login)
    session.flush()
    work = Work(session, Actor(user_id=user_id, name=name, email=""), now)
    audit.record(work, "user.signed_in", ("user", user_id))
    return token


def note_change(session: Session, session_id: int, now: datetime, every: timedelta) -> None:
    """Note in a session's row that something was changed there, at most once in a while."""
    session.execute(
        update(LoginSession)
        .where(col(LoginSession.id) == session_id, col(LoginSession.last_seen_at) <= now - every)
        .values(last_seen_at=now)
    )


def end_old_session(session: Session, token: str, now: datetime) -> None:
    """End the session that a browser had before somebody signed in there anew."""
    session.execute(
        update(LoginSession)
        .where(col(LoginSession.token_hash) == token_hash(token), col(LoginSession.ended_at).is_(None))
        .values(ended_at=now)
    )


def sign_out(work: Work) -> None:
    """End the session in which the person works."""
    end_sessions(work, work.actor.user_id, only=work.actor.session_id)
    audit.record(work, "user.signed_out", ("user", work.actor.user_id))


def end_sessions(work: Work, user_id: int, *, only: int | None = None, but: int | None = None) -> int:
    """End a person's sessions: all, only one, or all but one; return how many were open."""
    statement = update(LoginSession).where(
        col(LoginSession.user_id) == user_id, col(LoginSession.ended_at).is_(None)
    )
    if only is not None:
        statement = statement.where(col(LoginSession.id) == only)
    if but is not None:
        statement = statement.where(col(LoginSession.id) != but)
    ended = work.session.execute(statement.values(ended_at=work.now).returning(col(LoginSession.id)))
    return len(ended.all())


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


def lock_team(work: Work, organisation_id: int) -> None:
    """Let changes of one organisation's people wait for each other: two leads must not remove one another."""
    work.session.execute(
        select(col(Membership.user_id))
        .where(col(Membership.organisation_id) == organisation_id)
        .with_for_update()
    ).all()


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
    refuse_disabled(work, user_id)
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


def refuse_disabled(work: Work, user_id: int) -> None:
    """Raise RefusedError for a person whose access the partnership switched off: only it switches it on."""
    if work.session.get_one(User, user_id).disabled_at is not None:
        raise RefusedError(
            "Your colleague was not invited.",
            {"email": "Access for this address is switched off. Ring us, and we switch it on"},
        )


def grant_partnership_role(work: Work, *, user_id: int, role: PartnershipRole) -> None:
    """Give a person a role for the partnership."""
    work.session.connection().execute(
        insert(PartnershipMember).on_conflict_do_nothing(), {"user_id": user_id, "role": role}
    )
    audit.record(work, "user.role_granted", ("user", user_id), role=role.value)
