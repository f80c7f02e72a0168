"""Contacts who came after a round was issued: who has not been invited yet, and inviting them once."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import String, cast, exists, func, select
from sqlmodel import Session, col

from app.chasing.exempting import is_asked
from app.chasing.sparing import sparing
from app.core import audit
from app.core.access import REGISTER, Work
from app.core.addresses import is_undeliverable
from app.core.clock import london_date
from app.core.errors import NotFoundError, RefusedError
from app.core.models import OutboxMessage
from app.core.ordering import by_name
from app.organisations.models import Contact, Organisation, OrganisationStatus
from app.organisations.rules import CONTACT_ROLES
from app.people.models import User
from app.returns.issuing import Waiting, invite
from app.returns.models import Return, ReturnState
from app.rounds.models import RoundState
from app.rounds.queries import may_sign_in
from app.rounds.service import locked


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A contact who can sign in and has had no invitation to a return that waits for an answer."""

    name: str
    address: str
    role: str
    organisation_id: int
    organisation: str
    waiting: Waiting

    @property
    def role_words(self) -> str:
        """The role as people say it."""
        return CONTACT_ROLES.get(self.role, self.role).lower()


_INVITED = exists().where(
    col(OutboxMessage.dedupe_key)
    == func.concat("invitation:", cast(col(Return.id), String), ":", cast(col(User.id), String))
)


def newcomers(session: Session, round_id: int, today: date) -> tuple[Newcomer, ...]:
    """Return the contacts of an open round who have not been invited, by organisation and name.

    Left out are those whom mails do not reach, and those of organisations that are exempt, paused or gone.
    """
    rows = session.execute(
        select(
            col(User.name),
            col(User.email),
            func.min(col(Contact.role)),
            col(Organisation.id),
            col(Organisation.name),
            col(Return.id),
            col(Return.total),
            col(Return.due_on),
        )
        .join(Organisation, col(Organisation.id) == col(Contact.organisation_id))
        .join(User, col(User.id) == col(Contact.user_id))
        .join(Return, col(Return.organisation_id) == col(Contact.organisation_id))
        .where(
            col(Return.round_id) == round_id,
            col(Return.state) != ReturnState.SIGNED,
            is_asked(),
            col(Organisation.status) != OrganisationStatus.GONE,
            col(Contact.ended_at).is_(None),
            col(User.disabled_at).is_(None),
            may_sign_in(Contact),
            ~is_undeliverable(col(User.email)),
            ~_INVITED,
        )
        .group_by(col(User.id), col(Organisation.id), col(Return.id))
        .order_by(by_name(col(Organisation.name)), by_name(col(User.name)), col(User.id))
    ).all()
    found = [
        Newcomer(name, address, role, place, organisation, Waiting(number or 0, total, due_on))
        for name, address, role, place, organisation, number, total, due_on in rows
    ]
    if not found:
        return ()
    spared = sparing(session, round_id)
    return tuple(each for each in found if not spared.is_paused(each.organisation_id, today))


def invite_newcomers(work: Work, round_id: int) -> int:
    """Invite the contacts of an open round who have not been invited; return how many that were.

    Doing it again invites nobody twice. Raises RefusedError when there is nobody to invite or the round is
    not open, NotFoundError for people who may not chase.
    """
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    this = locked(work, round_id)
    if this.state is not RoundState.OPEN:
        raise RefusedError("This round is not open, so nobody can answer. Reopen it first.")
    waiting = {
        each.organisation_id: each.waiting
        for each in newcomers(work.session, round_id, london_date(work.now))
    }
    count, _ = invite(work, this, waiting)
    if not count:
        raise RefusedError("Nobody was invited: every contact who can sign in has had an invitation.")
    audit.record(work, "round.invited", ("round", round_id), invitations=count)
    return count
