"""Handing over: somebody who no longer does their work names who does, and a board manager confirms it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import audit, outbox
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.core.rendering import render_text
from app.core.settings import settings
from app.organisations.contacts import lock_register
from app.organisations.models import Contact, HandOver, HandOverState, Organisation
from app.people import managing, service
from app.people import queries as people
from app.people.links import invitation_link
from app.people.models import User
from app.people.rules import LONGEST_NAME, is_address, normal_address

LONGEST_NOTE = 1_000


def ask(work: Work, organisation_id: int | None, *, name: str, address: str, note: str) -> None:
    """Say that somebody else does the person's work at an organisation from now on.

    Until a board manager confirms it nothing changes. Raises RefusedError with the fields at fault,
    NotFoundError when the person has no role there.
    """
    if organisation_id is None:
        problem = {"organisation_id": "Choose the organisation whose work you hand over"}
        raise RefusedError("Nothing was sent.", problem)
    if not work.actor.holds(organisation_id):
        raise NotFoundError
    problems = {}
    if not name or len(name) > LONGEST_NAME:
        problems["name"] = f"Enter their name, in {LONGEST_NAME} characters or fewer"
    if not is_address(address):
        problems["email"] = "Enter their email address in the correct form, like name@example.org"
    elif normal_address(address) == work.actor.email:
        problems["email"] = "This is your own address. Enter that of the person who takes over"
    if len(note) > LONGEST_NOTE:
        problems["note"] = f"Shorten this to {LONGEST_NOTE:,} characters or fewer"
    if problems:
        raise RefusedError("Nothing was sent.", problems)
    statement = insert(HandOver).values(
        organisation_id=organisation_id,
        leaver_id=work.actor.user_id,
        name=name,
        email=normal_address(address),
        note=note,
        asked_at=work.now,
        state=HandOverState.WAITING,
        reason="",
    )
    made = work.session.execute(
        statement.on_conflict_do_nothing(
            index_elements=["organisation_id", "leaver_id"],
            index_where=text("state = 'waiting'"),
        ).returning(col(HandOver.id))
    ).scalar()
    if made is None:
        raise RefusedError("You have told us already. We have not confirmed it yet.")
    audit.record(work, "hand_over.asked", ("hand_over", made), organisation_id=organisation_id)
    _tell_board_managers(work, made, organisation_id, name)


def _tell_board_managers(work: Work, hand_over_id: int, organisation_id: int, successor: str) -> None:
    config = settings()
    place = work.session.get_one(Organisation, organisation_id).name
    mails = [
        outbox.Mail(
            f"hand-over:{hand_over_id}:{address}",
            "hand-over",
            address,
            f"{place}: a change of contact to confirm",
            render_text(
                "mails/hand-over-asked.txt",
                name=name,
                leaver=work.actor.name,
                successor=successor,
                organisation=place,
                link=f"{config.public_address}/hand-overs",
                partnership_name=config.partnership_name,
            ),
        )
        for name, address in people.board_managers(work.session)
    ]
    outbox.enqueue(work.session, mails, work.now)


@dataclass(frozen=True, slots=True)
class HandOverLine:
    """A hand-over in the board manager's queue."""

    id: int
    organisation_id: int
    organisation: str
    leaver: str
    leaver_email: str
    name: str
    email: str
    note: str
    asked_at: datetime
    state: str
    decided_at: datetime | None
    known: bool


def _lines(rows: Iterable[Any]) -> tuple[HandOverLine, ...]:
    return tuple(
        HandOverLine(
            each.id or 0,
            each.organisation_id,
            organisation,
            leaver,
            leaver_email,
            each.name,
            each.email,
            each.note,
            each.asked_at,
            each.state.value,
            each.decided_at,
            known,
        )
        for each, organisation, leaver, leaver_email, known in rows
    )


def hand_overs(session: Session, *, decided: bool, most: int = 100) -> tuple[HandOverLine, ...]:
    """Return the hand-overs that wait, the oldest first, or those last decided."""
    known = (
        select(func.count() > 0)
        .select_from(User)
        .where(col(User.email) == col(HandOver.email))
        .correlate(HandOver)
        .scalar_subquery()
    )
    statement = (
        select(HandOver, col(Organisation.name), col(User.name), col(User.email), known)
        .join(Organisation, col(Organisation.id) == col(HandOver.organisation_id))
        .join(User, col(User.id) == col(HandOver.leaver_id))
        .limit(most)
    )
    waiting = col(HandOver.state) == HandOverState.WAITING
    if decided:
        statement = statement.where(~waiting).order_by(col(HandOver.decided_at).desc())
    else:
        statement = statement.where(waiting).order_by(col(HandOver.asked_at), col(HandOver.id))
    return _lines(session.execute(statement))


def waiting_count(session: Session) -> int:
    """Return how many hand-overs wait for a board manager."""
    waiting = select(func.count()).where(col(HandOver.state) == HandOverState.WAITING)
    return int(session.execute(waiting).scalar_one())


def own_waiting(session: Session, user_id: int) -> frozenset[int]:
    """Return the organisations that a person has handed over, not yet confirmed."""
    rows = session.execute(
        select(col(HandOver.organisation_id)).where(
            col(HandOver.leaver_id) == user_id, col(HandOver.state) == HandOverState.WAITING
        )
    )
    return frozenset(rows.scalars())


def _decide(work: Work, hand_over_id: int, state: HandOverState, reason: str = "") -> HandOver:
    """Mark a hand-over as decided, once: of two board managers who decide it, the second is told."""
    if not work.actor.has(PartnershipRole.BOARD_MANAGER):
        raise NotFoundError
    decided: HandOver | None = work.session.execute(
        update(HandOver)
        .where(col(HandOver.id) == hand_over_id, col(HandOver.state) == HandOverState.WAITING)
        .values(state=state, decided_at=work.now, decided_by=work.actor.user_id, reason=reason)
        .returning(HandOver)
    ).scalar()
    if decided is not None:
        return decided
    if work.session.get(HandOver, hand_over_id) is None:
        raise NotFoundError
    raise RefusedError("This hand-over was decided already.")


def confirm(work: Work, hand_over_id: int) -> None:
    """Move the leaver's roles and places at the organisation to the successor, and tell both.

    What the leaver wrote stays theirs. A leaver who serves no other organisation is switched off. Raises
    RefusedError when it was decided already, or the successor's access is switched off.
    """
    lock_register(work)
    this = _decide(work, hand_over_id, HandOverState.CONFIRMED)
    place = this.organisation_id
    service.lock_team(work, place)
    held = {each.organisation_id: each.roles for each in people.places_of(work.session, this.leaver_id)}
    if place not in held:
        raise RefusedError(
            "Whoever asked has no role there any more. Add the contact on the organisation's page."
        )
    successor = service.ensure_users(work, [(this.email, this.name)])[this.email]
    if people.person(work.session, successor).disabled_at is not None:
        raise RefusedError(f"Access for {this.email} is switched off. Switch it on first, under People.")
    grants = [(successor, place, role) for role in held[place]]
    service.grant_memberships(work, grants)
    _move_contacts(work, this, successor)
    service.revoke_memberships(work, user_id=this.leaver_id, organisation_id=place)
    if set(held) <= {place} and not people.person(work.session, this.leaver_id).roles:
        managing.switch_off(work, this.leaver_id)
    audit.record(
        work,
        "hand_over.confirmed",
        ("hand_over", hand_over_id),
        organisation_id=place,
        leaver=this.leaver_id,
        successor=successor,
        roles=[role.value for role in held[place]],
    )
    _tell_both(work, this, successor)


def _move_contacts(work: Work, this: HandOver, successor: int) -> None:
    ended = (
        update(Contact)
        .where(
            and_(
                col(Contact.organisation_id) == this.organisation_id,
                col(Contact.user_id) == this.leaver_id,
                col(Contact.ended_at).is_(None),
            )
        )
        .values(ended_at=work.now)
        .returning(col(Contact.role))
    )
    rows = [
        {
            "organisation_id": this.organisation_id,
            "user_id": successor,
            "role": role,
            "telephone": "",
            "created_at": work.now,
        }
        for role in work.session.execute(ended).scalars().all()
    ]
    if rows:
        statement = insert(Contact)
        statement = statement.on_conflict_do_update(
            index_elements=["organisation_id", "user_id", "role"], set_={"ended_at": None}
        )
        work.session.connection().execute(statement, rows)


def _tell_both(work: Work, this: HandOver, successor: int) -> None:
    config = settings()
    leaver = work.session.get_one(User, this.leaver_id)
    place = work.session.get_one(Organisation, this.organisation_id).name
    common = {
        "organisation": place,
        "leaver": leaver.name,
        "successor": this.name,
        "partnership_name": config.partnership_name,
        "phone": config.partnership_phone,
    }
    link = invitation_link(config, user_id=successor, to="/", now=work.now)
    mails = [
        outbox.Mail(
            f"hand-over:{this.id}:successor",
            "hand-over",
            this.email,
            f"{place}: you take over from {leaver.name}",
            render_text("mails/hand-over-successor.txt", link=link, **common),
            this.organisation_id,
        ),
        outbox.Mail(
            f"hand-over:{this.id}:leaver",
            "hand-over",
            leaver.email,
            f"{place}: {this.name} has taken over",
            render_text("mails/hand-over-done.txt", **common),
            this.organisation_id,
        ),
    ]
    outbox.enqueue(work.session, mails, work.now)


def decline(work: Work, hand_over_id: int, reason: str) -> None:
    """Leave everything as it is, with a reason that the person is told."""
    if not reason or len(reason) > LONGEST_NOTE:
        raise RefusedError(
            "Nothing was changed.",
            {f"reason-{hand_over_id}": f"Say why not, in {LONGEST_NOTE:,} characters or fewer"},
        )
    this = _decide(work, hand_over_id, HandOverState.DECLINED, reason)
    audit.record(
        work,
        "hand_over.declined",
        ("hand_over", hand_over_id),
        organisation_id=this.organisation_id,
        reason=reason,
    )
    config = settings()
    leaver = work.session.get_one(User, this.leaver_id)
    place = work.session.get_one(Organisation, this.organisation_id).name
    body = render_text(
        "mails/hand-over-declined.txt",
        leaver=leaver.name,
        successor=this.name,
        organisation=place,
        reason=reason,
        partnership_name=config.partnership_name,
        phone=config.partnership_phone,
    )
    mail = outbox.Mail(
        f"hand-over:{this.id}:declined",
        "hand-over",
        leaver.email,
        f"{place}: the change of contact was not made",
        body,
        this.organisation_id,
    )
    outbox.enqueue(work.session, [mail], work.now)
