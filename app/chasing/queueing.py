"""Queueing of chase mails: what the schedule says is due, and what somebody sends to a selection at once."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from app.chasing.deciding import NOW_STAGE, Due, addressed, decide, desk_of, mails_of
from app.chasing.models import ChaseBatch, ChaseMessage, MessageOutcome
from app.chasing.schedule import plan_of
from app.chasing.stages import Stage, StageKind, may_send
from app.core import audit, outbox
from app.core.access import REGISTER, Work
from app.core.clock import london_date, long_date
from app.core.errors import NotFoundError, RefusedError
from app.rounds.models import RoundState
from app.rounds.queries import open_round_ids, round_line

MAIL_KIND: Final = "chase"
# Stands in the outbox until the mail is written, which is when it leaves.
_UNWRITTEN: Final = "Reminder (written when it leaves)"
_ONE_AT_A_TIME: Final = text("SELECT pg_try_advisory_xact_lock(1127, :round_id)")


def queue_due(session: Session, now: datetime) -> int:
    """Queue what the schedules of all open rounds say is due now, and return how many returns are told.

    Outside the hours of a round nothing is queued for it. Two workers at once queue everything once: a round
    is looked at by one of them, and each message is unique besides.
    """
    queued = 0
    for round_id in open_round_ids(session):
        plan = plan_of(session, round_id)
        if not may_send(now, plan.send_from, plan.send_until):
            continue
        if not session.execute(_ONE_AT_A_TIME, {"round_id": round_id}).scalar():
            continue
        due = decide(session, desk_of(session, round_id), round_id, london_date(now))
        queued += write(session, round_id, due, now)
    return queued


def dedupe_key(due: Due, batch_id: int | None) -> str:
    """Return what makes a message unique: return, kind, stage, due date, recipient."""
    stage = f"{due.stage.key}:{batch_id}" if batch_id else due.stage.key
    address = due.to.address if due.to else ""
    return message_key(due.of.return_id, due.stage.kind, stage, due.of.due_on, address)


def message_key(return_id: int, kind: StageKind, stage: str, due_on: date, address: str) -> str:
    """Return a message's key; the address is only a mark in it, so that it can be forgotten elsewhere."""
    mark = hashlib.sha256(address.encode()).hexdigest()[:16]
    return f"{return_id}:{kind}:{stage}:{due_on}:{mark}"


def write(
    session: Session, round_id: int, due: Iterable[Due], now: datetime, *, batch_id: int | None = None
) -> int:
    """Write messages and the mails in which they leave; return how many returns are told."""
    groups = mails_of(due)
    keys = {group: f"{MAIL_KIND}:{uuid.uuid4().hex}" for group in groups}
    mails = [
        outbox.Mail(
            keys[group],
            MAIL_KIND,
            group[1],
            _UNWRITTEN,
            "",
            every[0].of.organisation_id if len(every) == 1 else None,
        )
        for group, every in groups.items()
    ]
    numbers = outbox.enqueued(session, mails, now)
    rows = [_row(each, batch_id, numbers[keys[group]]) for group, every in groups.items() for each in every]
    if not rows:
        return 0
    values = {"rows": json.dumps(rows, default=str), "round_id": round_id, "batch_id": batch_id, "now": now}
    return len(session.connection().execute(_WRITE, values).all())


_WRITE: Final = text(
    """
    INSERT INTO chase_message (dedupe_key, round_id, return_id, organisation_id, batch_id, stage_key, kind,
        due_on, state_then, address, user_id, queued_at, outbox_id, outcome, why_not)
    SELECT r.dedupe_key, :round_id, r.return_id, r.organisation_id, :batch_id, r.stage_key, r.kind,
        r.due_on, r.state_then, r.address, r.user_id, :now, r.outbox_id, 'waiting', ''
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (dedupe_key text, return_id int, organisation_id int,
        stage_key text, kind text, due_on date, state_then text, address text, user_id int, outbox_id bigint)
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING id
    """
)


def _row(due: Due, batch_id: int | None, outbox_id: int) -> dict[str, Any]:
    to = due.to
    return {
        "dedupe_key": dedupe_key(due, batch_id),
        "return_id": due.of.return_id,
        "organisation_id": due.of.organisation_id,
        "stage_key": due.stage.key,
        "kind": due.stage.kind,
        "due_on": due.of.due_on,
        "state_then": due.of.standing.value,
        "address": to.address if to else "",
        "user_id": (to.user_id or None) if to else None,
        "outbox_id": outbox_id,
    }


# --- now, to a selection --------------------------------------------------------------------------

# Those who answer or sign, or their head: who is above those hears by the schedule or by telephone.
TO_CHOICES: Final[Mapping[str, StageKind]] = {"answering": StageKind.REMINDER, "head": StageKind.HEAD}


@dataclass(frozen=True, slots=True)
class Selection:
    """What would leave now to a selection, and who of it gets nothing and why."""

    mails: dict[Any, list[Due]]
    told: int
    unreachable: tuple[str, ...]
    paused: tuple[str, ...]


def selected(
    session: Session, round_id: int, return_ids: Sequence[int], kind: StageKind, now: datetime
) -> Selection:
    """Return what sending to a selection would do: the preview and the sending ask the same."""
    chosen = set(return_ids)
    desk = desk_of(session, round_id)
    today = london_date(now)
    stage = Stage(NOW_STAGE, 0, kind)
    wanted = [each for each in desk.returns if each.return_id in chosen]
    paused = [each for each in wanted if desk.sparing.is_paused(each.organisation_id, today)]
    going = [each for each in wanted if each not in paused]
    due = addressed(session, desk.plan, [(today, each, stage) for each in going])
    return Selection(
        mails_of(due),
        sum(each.to is not None for each in due),
        tuple(sorted(each.of.organisation for each in due if each.to is None)),
        tuple(sorted(each.organisation for each in paused)),
    )


def send_now(work: Work, round_id: int, return_ids: Sequence[int], to: str, *, save_key: str) -> int:
    """Send a mail to a selection at once and return the batch's id; the same save key sends once.

    Paused and exempt organisations and those that have answered are left out. Raises RefusedError when
    nobody is left, or the round is not open; NotFoundError for people who may not chase.
    """
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    line = round_line(work.session, round_id)
    before = work.session.execute(
        select(col(ChaseBatch.id)).where(
            col(ChaseBatch.save_key) == save_key, col(ChaseBatch.round_id) == round_id
        )
    ).scalar()
    if before:
        return int(before)
    if line.state is not RoundState.OPEN:
        raise RefusedError("This round is not open, so nobody can answer. Reopen it first.")
    if line.opens_later(london_date(work.now)):
        raise RefusedError(f"Nobody can answer before this round opens, on {long_date(line.opens_on)}.")
    if to not in TO_CHOICES:
        raise RefusedError("Nothing was sent.", {"to": "Choose whom to write to"})
    found = selected(work.session, round_id, return_ids, TO_CHOICES[to], work.now)
    if not found.mails:
        raise RefusedError("Nothing was sent: none of these can be written to now.")
    batch = ChaseBatch(
        round_id=round_id, made_at=work.now, made_by=work.actor.user_id, save_key=save_key[:64]
    )
    work.session.add(batch)
    work.session.flush()
    every = [each for group in found.mails.values() for each in group]
    told = write(work.session, round_id, every, work.now, batch_id=batch.id)
    audit.record(
        work, "chase.sent_now", ("round", round_id), batch=batch.id, returns=told, mails=len(found.mails)
    )
    return batch.id or 0


# --- how far a sending is -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sending:
    """How far a sending is, in organisations told."""

    id: int
    round_id: int
    made_at: datetime
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many organisations it is about."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """How many of them are settled, one way or the other."""
        return self.total - self.counts.get(MessageOutcome.WAITING, 0)


def sending(session: Session, round_id: int, batch_id: int) -> Sending:
    """Return how far a sending is, or raise NotFoundError."""
    batch = session.get(ChaseBatch, batch_id)
    if batch is None or batch.round_id != round_id:
        raise NotFoundError
    rows = session.execute(
        select(col(ChaseMessage.outcome), func.count())
        .where(col(ChaseMessage.batch_id) == batch_id)
        .group_by(col(ChaseMessage.outcome))
    )
    return Sending(batch_id, round_id, batch.made_at, {str(outcome): count for outcome, count in rows})
