"""Looking after the partnership's people: inviting, roles, switching access off and on."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit, outbox
from app.core.access import ROLE_WORDS, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.rendering import render_text
from app.core.settings import settings
from app.people import second_factor, service
from app.people.links import invitation_link
from app.people.models import PartnershipMember, User
from app.people.rules import (
    LONGEST_NAME,
    is_address,
    is_erased,
    may_look_after,
    normal_address,
    roles_to_give,
)

LAST_BOARD_MANAGER = (
    "This is the only board manager. Make somebody else board manager first, so that the partnership is "
    "never locked out."
)

_LOCK = text("LOCK TABLE partnership_member IN SHARE ROW EXCLUSIVE MODE")


def _lock(work: Work) -> None:
    """Let changes of roles wait for each other: two board managers must not remove one another."""
    work.session.connection().execute(_LOCK)


def _roles_of(work: Work, user_id: int) -> frozenset[PartnershipRole]:
    rows = work.session.execute(
        select(col(PartnershipMember.role)).where(col(PartnershipMember.user_id) == user_id)
    )
    return frozenset(rows.scalars())


def _person(work: Work, user_id: int) -> tuple[User, frozenset[PartnershipRole]]:
    """Return somebody whom the person at work may look after.

    Raises NotFoundError for nobody, RefusedError for those whom they may not change and the erased.
    """
    user = work.session.get(User, user_id)
    if user is None:
        raise NotFoundError
    if is_erased(user.email):
        raise RefusedError("This person was erased. Invite somebody with their own name and address.")
    roles = _roles_of(work, user_id)
    if not may_look_after(work.actor, user_id, roles):
        raise RefusedError(
            "Administrators cannot change themselves or a board manager. Ask a board manager to do it."
        )
    return user, roles


def _keep_a_board_manager(work: Work, user_id: int) -> None:
    others = work.session.execute(
        select(func.count(col(User.id)))
        .join(PartnershipMember, col(PartnershipMember.user_id) == col(User.id))
        .where(
            col(PartnershipMember.role) == PartnershipRole.BOARD_MANAGER,
            col(User.disabled_at).is_(None),
            col(User.id) != user_id,
        )
    ).scalar_one()
    if not others:
        raise RefusedError(LAST_BOARD_MANAGER)


def invite(work: Work, *, name: str, address: str, roles: Sequence[PartnershipRole]) -> int:
    """Make somebody a person of the partnership and mail them how to sign in; return their id.

    Raises RefusedError with the fields at fault.
    """
    problems = {}
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = f"Enter the person's name, in {LONGEST_NAME} characters or fewer"
    if not is_address(address):
        problems["email"] = "Enter an email address in the correct form, like name@example.org"
    if not roles or not set(roles) <= set(roles_to_give(work.actor)):
        problems["roles"] = "Choose what the person does for the partnership"
    if problems:
        raise RefusedError("The person was not invited.", problems)
    _lock(work)
    user_id = service.ensure_users(work, [(address, name)])[normal_address(address)]
    user, held = _person(work, user_id)
    if user.disabled_at is not None:
        raise RefusedError(
            "The person was not invited.",
            {"email": f"Access for {user.email} is switched off. Find {user.name} below and switch it on"},
        )
    _set_roles(work, user_id, held, held | frozenset(roles))
    audit.record(work, "user.invited", ("user", user_id), roles=sorted(roles))
    _mail_invitation(work, user, roles)
    return user_id


def _mail_invitation(work: Work, user: User, roles: Sequence[PartnershipRole]) -> None:
    config = settings()
    link = f"{config.public_address}/single-sign-on"
    if not config.by_provider:
        link = invitation_link(config, user_id=user.id or 0, to="/", now=work.now)
    body = render_text(
        "mails/welcome.txt",
        name=user.name,
        inviter=work.actor.name,
        roles=[ROLE_WORDS[role] for role in roles],
        link=link,
        by_provider=config.by_provider,
        partnership_name=config.partnership_name,
        phone=config.partnership_phone,
    )
    key = f"welcome:{user.id}:{int(work.now.timestamp())}"
    mail = outbox.Mail(key, "welcome", user.email, f"{work.actor.name} invites you to Eleven", body)
    outbox.enqueue(work.session, [mail], work.now)


def _set_roles(
    work: Work, user_id: int, held: frozenset[PartnershipRole], wanted: frozenset[PartnershipRole]
) -> None:
    gone = held - wanted
    if gone:
        work.session.execute(
            delete(PartnershipMember).where(
                col(PartnershipMember.user_id) == user_id, col(PartnershipMember.role).in_(gone)
            )
        )
    rows = [{"user_id": user_id, "role": role} for role in sorted(wanted - held)]
    if rows:
        work.session.connection().execute(insert(PartnershipMember).on_conflict_do_nothing(), rows)


def change_roles(work: Work, user_id: int, roles: Sequence[PartnershipRole]) -> None:
    """Give a person exactly these roles for the partnership; it counts from their next request.

    Raises RefusedError when it would leave no board manager, or no role at all: leavers are switched off.
    """
    _lock(work)
    user, held = _person(work, user_id)
    wanted = frozenset(roles)
    if not wanted:
        raise RefusedError(
            f"{user.name}'s roles were not changed.",
            {"roles": "Choose at least one role. When somebody leaves, switch their access off instead"},
        )
    if not (wanted ^ held) <= set(roles_to_give(work.actor)):
        raise RefusedError("Only a board manager can make somebody board manager.")
    if PartnershipRole.BOARD_MANAGER in held - wanted:
        _keep_a_board_manager(work, user_id)
    if wanted == held:
        return
    _set_roles(work, user_id, held, wanted)
    audit.record(work, "user.roles_changed", ("user", user_id), before=sorted(held), after=sorted(wanted))


def must_not_lock_out(work: Work, user_id: int) -> User:
    """Return somebody who is about to go for good, with changes of roles held until this is done.

    Raises NotFoundError, RefusedError for the last board manager and for whom one may not change.
    """
    _lock(work)
    user, held = _person(work, user_id)
    if PartnershipRole.BOARD_MANAGER in held:
        _keep_a_board_manager(work, user_id)
    return user


def disable(work: Work, user_id: int) -> None:
    """Switch a person's access off: refused from their next request on. What they wrote stays.

    Raises RefusedError for the last board manager.
    """
    _lock(work)
    user, held = _person(work, user_id)
    if user.disabled_at is not None:
        return
    if PartnershipRole.BOARD_MANAGER in held:
        _keep_a_board_manager(work, user_id)
    switch_off(work, user_id)


def switch_off(work: Work, user_id: int) -> None:
    """Switch off the access of somebody who has left; the caller has looked at who may do it."""
    work.session.execute(
        update(User)
        .where(col(User.id) == user_id, col(User.disabled_at).is_(None))
        .values(disabled_at=work.now)
    )
    service.end_sessions(work, user_id)
    audit.record(work, "user.disabled", ("user", user_id))


def enable(work: Work, user_id: int) -> None:
    """Switch a person's access on again, with the roles that they had."""
    user, _ = _person(work, user_id)
    if user.disabled_at is None:
        return
    user.disabled_at = None
    work.session.flush()
    audit.record(work, "user.enabled", ("user", user_id))


def reset_second_factor(work: Work, user_id: int) -> None:
    """Let a person who lost app and recovery codes set up anew at their next sign-in."""
    _person(work, user_id)
    second_factor.forget(work, user_id)
