"""The last look before a chase mail leaves: is it still due, for whom, and what stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Date, and_, bindparam, exists, or_, select, update
from sqlmodel import Session, col

from app.chasing.composing import About, Recipient, compose, values_for
from app.chasing.deciding import NOW_STAGE, is_school
from app.chasing.exempting import is_exempt
from app.chasing.models import ChaseMessage, MessageOutcome, Pause
from app.chasing.schedule import plan_of, terms
from app.chasing.stages import Course, Plan, StageKind, live_stage, may_send, next_opening, standing_of
from app.core.addresses import is_undeliverable
from app.core.clock import london_date
from app.core.letters import Letter, letters
from app.core.models import MessageState, OutboxMessage
from app.core.outbox import End, Later, Ready, Stale
from app.core.settings import Settings
from app.core.working_days import Term
from app.organisations.models import Contact, Organisation, OrganisationStatus
from app.people.models import Membership, User
from app.returns.models import Return, ReturnState
from app.rounds.models import Round, RoundState

_TODAY: Final = bindparam("today", type_=Date)
_PAUSED = exists().where(
    col(Pause.round_id) == col(Return.round_id),
    or_(col(Pause.organisation_id).is_(None), col(Pause.organisation_id) == col(Return.organisation_id)),
    col(Pause.ended_at).is_(None),
    or_(col(Pause.ends_on).is_(None), col(Pause.ends_on) >= _TODAY),
)
_STILL_CONTACT = exists().where(
    col(Contact.organisation_id) == col(Return.organisation_id),
    col(Contact.user_id) == col(ChaseMessage.user_id),
    col(Contact.ended_at).is_(None),
)
_MAY_SIGN_IN = exists().where(
    col(Membership.user_id) == col(ChaseMessage.user_id),
    col(Membership.organisation_id) == col(Return.organisation_id),
)
_LOOK: Final[Any] = (
    select(
        col(ChaseMessage.id),
        col(ChaseMessage.round_id),
        col(ChaseMessage.stage_key),
        col(ChaseMessage.kind),
        col(ChaseMessage.due_on).label("told_due"),
        col(ChaseMessage.user_id),
        col(Return.id).label("return_id"),
        col(Return.state),
        col(Return.due_on),
        col(Return.answered),
        col(Return.total),
        col(Return.facts)["kind"].astext.label("organisation_kind"),
        col(Organisation.name).label("organisation"),
        col(Organisation.status),
        col(Round.title),
        col(Round.state).label("round_state"),
        col(User.name).label("person"),
        col(User.disabled_at),
        is_exempt().label("exempt"),
        _PAUSED.label("paused"),
        _STILL_CONTACT.label("still_contact"),
        _MAY_SIGN_IN.label("may_sign_in"),
        is_undeliverable(col(ChaseMessage.address)).label("undeliverable"),
    )
    .join(Return, col(Return.id) == col(ChaseMessage.return_id))
    .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
    .join(Round, col(Round.id) == col(ChaseMessage.round_id))
    .outerjoin(User, col(User.id) == col(ChaseMessage.user_id))
    .where(
        col(ChaseMessage.outbox_id) == bindparam("outbox_id"),
        col(ChaseMessage.outcome) == MessageOutcome.WAITING,
    )
    .order_by(col(ChaseMessage.id))
)


@dataclass(frozen=True, slots=True)
class Not:
    """Why a message does not leave; `missed` when it is the person who cannot be reached."""

    reason: str
    missed: bool = False


def why_not(row: Any) -> Not | None:
    """Return why a message must not leave any more, or None; the schedule is asked afterwards."""
    reasons = (
        (row.state == ReturnState.SIGNED, "it was signed meanwhile"),
        (row.round_state != RoundState.OPEN, "the round is not open"),
        (row.status == OrganisationStatus.GONE, "the organisation is gone"),
        (row.exempt, "it is exempt"),
        (row.paused, "it is paused"),
        (row.due_on != row.told_due, "it was given more time"),
    )
    for holds, reason in reasons:
        if holds:
            return Not(reason)
    if row.undeliverable:
        return Not("mails do not reach the address", missed=True)
    if row.user_id is not None and (row.disabled_at is not None or not row.still_contact):
        return Not("the person is no contact there any more", missed=True)
    return None


class ChaseMails:
    """Looks after chase mails during one pass of the worker; schedules, terms and letters are read once."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._plans: dict[int, Plan] = {}
        self._terms: tuple[Term, ...] | None = None
        self._letters: dict[str, Letter] | None = None

    def _plan(self, session: Session, round_id: int) -> Plan:
        if round_id not in self._plans:
            self._plans[round_id] = plan_of(session, round_id)
        return self._plans[round_id]

    def prepare(self, session: Session, message: OutboxMessage, now: datetime) -> Ready | Stale | Later:
        """Look at each return that a mail speaks of once more, and write the mail about those still due."""
        today = london_date(now)
        rows = session.execute(_LOOK, {"outbox_id": message.id, "today": today}).all()
        if not rows:
            return Stale("nothing to say")
        plan = self._plan(session, rows[0].round_id)
        if rows[0].stage_key != NOW_STAGE and not may_send(now, plan.send_from, plan.send_until):
            return Later(next_opening(now, plan.send_from, plan.send_until))
        kept, dropped = [], []
        for row in rows:
            found = why_not(row) or self._off_schedule(session, row, plan, today)
            if found is None:
                kept.append(row)
            else:
                dropped.append((row, found))
        for row, found in dropped:
            _drop(session, row.id, found, now)
        if not kept:
            return Stale(dropped[0][1].reason)
        return self._written(session, kept, plan, now)

    def _off_schedule(self, session: Session, row: Any, plan: Plan, today: date) -> Not | None:
        if row.stage_key == NOW_STAGE:
            return None
        if self._terms is None:
            self._terms = terms(session)
        standing = standing_of(row.state)
        if standing is None:
            return Not("it was signed meanwhile")
        # Whatever set the schedule back came before this was queued: the latest stage is what counts.
        course = Course(standing, row.due_on, date.min, is_school(row.organisation_kind or ""))
        stage = live_stage(plan.stages, course, today, self._terms)
        if stage is None or stage.key != row.stage_key:
            return Not("its day is over")
        return None

    def _written(self, session: Session, rows: Sequence[Any], plan: Plan, now: datetime) -> Ready:
        if self._letters is None:
            self._letters = letters(session)
        first = rows[0]
        abouts = [_about(row) for row in rows]
        named = first.user_id is None
        to = Recipient(
            first.user_id or 0,
            plan.named_person if named else first.person,
            may_sign_in=not named and all(row.may_sign_in for row in rows),
        )
        values = values_for(abouts, to, self._config, now=now, today=london_date(now))
        return Ready(*compose(self._letters, StageKind(first.kind), abouts, values))

    def settled(self, session: Session, message: OutboxMessage, now: datetime, end: End) -> None:
        """Note what became of a mail on each message that was in it."""
        outcome = {
            MessageState.SENT: MessageOutcome.SENT,
            MessageState.STALE: MessageOutcome.STALE,
        }.get(end.state, MessageOutcome.BOUNCED if end.refused else MessageOutcome.FAILED)
        session.execute(
            update(ChaseMessage)
            .where(
                col(ChaseMessage.outbox_id) == message.id,
                col(ChaseMessage.outcome) == MessageOutcome.WAITING,
            )
            .values(outcome=outcome, settled_at=now)
        )


def _about(row: Any) -> About:
    standing = standing_of(row.state)
    if standing is None:
        raise ValueError(f"return {row.return_id} is signed")
    return About(row.return_id, row.organisation, row.title, standing, row.due_on, row.answered, row.total)


def _drop(session: Session, message_id: int, why: Not, now: datetime) -> None:
    outcome = MessageOutcome.BOUNCED if why.missed else MessageOutcome.STALE
    session.execute(
        update(ChaseMessage)
        .where(col(ChaseMessage.id) == message_id)
        .values(outcome=outcome, settled_at=now, why_not=why.reason)
    )


class Invitations:
    """Looks after invitations: none to those who have signed meanwhile, or whom mails do not reach."""

    def prepare(self, session: Session, message: OutboxMessage, now: datetime) -> Ready | Stale:
        """Say whether an invitation is still wanted; it is as it was written when the round was issued."""
        del now
        number = message.dedupe_key.split(":")[1]
        row = session.execute(
            select(
                col(Return.state),
                col(Round.state),
                is_exempt(),
                is_undeliverable(col(OutboxMessage.recipient)),
            )
            .join(Round, col(Round.id) == col(Return.round_id))
            .join(OutboxMessage, and_(col(OutboxMessage.id) == message.id))
            .where(col(Return.id) == int(number))
        ).first()
        if row is None or row[0] == ReturnState.SIGNED or row[1] != RoundState.OPEN or row[2]:
            return Stale("nobody waits for an answer any more")
        return Stale("mails do not reach the address") if row[3] else Ready(message.subject, message.body)

    def settled(self, session: Session, message: OutboxMessage, now: datetime, end: End) -> None:
        """Nothing more to note: the outbox holds what became of an invitation."""
