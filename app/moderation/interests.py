"""Conflicts of interest: who holds a role where, and what people have declared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from app.core import audit
from app.core.access import Actor, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.ordering import by_name
from app.moderation.models import DeclaredInterest, ModerationShare
from app.moderation.rules import Conflict, conflict
from app.organisations.models import Organisation, Succession
from app.people.models import Membership, User

DECLARERS = (PartnershipRole.PSO, PartnershipRole.BOARD_MANAGER)


@dataclass(frozen=True, slots=True)
class InterestLine:
    """An interest that somebody has declared."""

    id: int
    user_id: int
    name: str
    organisation_id: int
    organisation: str
    what: str
    declared_at: datetime


def declared(session: Session, user_id: int | None = None) -> tuple[InterestLine, ...]:
    """Return the interests that stand, of everybody or of one person, by organisation."""
    wanted = (
        select(
            col(DeclaredInterest.id),
            col(DeclaredInterest.user_id),
            col(User.name),
            col(Organisation.id),
            col(Organisation.name),
            col(DeclaredInterest.what),
            col(DeclaredInterest.declared_at),
        )
        .join(User, col(User.id) == col(DeclaredInterest.user_id))
        .join(Organisation, col(Organisation.id) == col(DeclaredInterest.organisation_id))
        .where(col(DeclaredInterest.ended_at).is_(None))
        .order_by(by_name(col(Organisation.name)), col(User.name))
    )
    if user_id is not None:
        wanted = wanted.where(col(DeclaredInterest.user_id) == user_id)
    return tuple(InterestLine(*row) for row in session.execute(wanted))


def barred(session: Session, user_id: int) -> frozenset[int]:
    """Return the organisations that a person does not moderate.

    They hold a role there or at what took it over, or they declared an interest.
    """
    roles = select(col(Membership.organisation_id)).where(col(Membership.user_id) == user_id)
    taken_over = select(col(Succession.predecessor_id)).where(col(Succession.successor_id).in_(roles))
    said = select(col(DeclaredInterest.organisation_id)).where(
        col(DeclaredInterest.user_id) == user_id, col(DeclaredInterest.ended_at).is_(None)
    )
    return frozenset(session.execute(roles.union(taken_over, said)).scalars())


def conflict_of(session: Session, actor: Actor, organisation_id: int) -> Conflict | None:
    """Return why the person at work may not moderate an organisation, or None."""
    said = select(col(DeclaredInterest.id)).where(
        col(DeclaredInterest.user_id) == actor.user_id,
        col(DeclaredInterest.organisation_id) == organisation_id,
        col(DeclaredInterest.ended_at).is_(None),
    )
    return conflict(
        holds_a_role=bool(actor.organisations.get(organisation_id)) or organisation_id in actor.inherited,
        declared=session.execute(said).first() is not None,
    )


def choices(session: Session) -> tuple[tuple[int, str], ...]:
    """Return all organisations with their ids, by name, for the form."""
    rows = session.execute(
        select(col(Organisation.id), col(Organisation.name)).order_by(by_name(col(Organisation.name)))
    )
    return tuple((row[0], row[1]) for row in rows)


def declare(work: Work, organisation_id: int | None, what: str) -> None:
    """Declare an interest in an organisation; what one had to moderate there goes back to the others."""
    if not work.actor.has(*DECLARERS):
        raise RefusedError("Only those who moderate declare interests here.")
    problems = {}
    if organisation_id is None or work.session.get(Organisation, organisation_id) is None:
        problems["organisation"] = "Choose the organisation"
    if not what.strip():
        problems["what"] = "Say what the interest is, like “my partner works there”"
    if problems or organisation_id is None:
        raise RefusedError("", problems)
    if organisation_id in {each.organisation_id for each in declared(work.session, work.actor.user_id)}:
        raise RefusedError("", {"organisation": "You have declared an interest in this organisation already"})
    work.session.add(
        DeclaredInterest(
            user_id=work.actor.user_id,
            organisation_id=organisation_id,
            what=what.strip(),
            declared_at=work.now,
        )
    )
    work.session.flush()
    audit.record(
        work,
        "interest.declared",
        ("organisation", organisation_id),
        organisation_id=organisation_id,
        what=what.strip(),
        given_back=len(_give_back(work, [organisation_id])),
    )


def _give_back(work: Work, organisation_ids: Iterable[int]) -> list[str]:
    return list(
        work.session.execute(
            delete(ModerationShare)
            .where(
                col(ModerationShare.user_id) == work.actor.user_id,
                col(ModerationShare.organisation_id).in_(list(organisation_ids)),
            )
            .returning(col(ModerationShare.domain_key))
        ).scalars()
    )


def end(work: Work, interest_id: int) -> None:
    """End an interest of one's own."""
    ended = work.session.execute(
        update(DeclaredInterest)
        .where(
            col(DeclaredInterest.id) == interest_id,
            col(DeclaredInterest.user_id) == work.actor.user_id,
            col(DeclaredInterest.ended_at).is_(None),
        )
        .values(ended_at=work.now)
        .returning(col(DeclaredInterest.organisation_id))
    ).scalar()
    if ended is None:
        raise NotFoundError
    audit.record(work, "interest.ended", ("organisation", ended), organisation_id=ended)
