"""The worker's round: queue what is due, send what waits, ask the mail service what arrived."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine, or_, select, update
from sqlmodel import Session, col

from app.chasing.models import ChaseMessage, MessageOutcome
from app.chasing.more_time import MORE_TIME_KIND, MoreTime
from app.chasing.queueing import MAIL_KIND, queue_due
from app.chasing.sending import ChaseMails, Invitations
from app.core import notify, outbox
from app.core.addresses import mark_undeliverable
from app.core.models import AddressFault, MessageState, OutboxMessage
from app.core.settings import Settings
from app.core.transports import AwayError, SmtpTransport, Transport

LOOK_EVERY: Final = timedelta(minutes=5)
ASK_EVERY: Final = timedelta(minutes=15)
ASK_FOR: Final = timedelta(days=5)
_AT_A_TIME: Final = 50


class Worker:
    """One worker process; any number may run beside each other."""

    def __init__(self, engine: Engine, send: Transport, config: Settings) -> None:
        self._engine = engine
        self._send = send
        self._config = config
        self._looked_at: datetime | None = None

    def step(self, now: datetime, *, most: int = 100) -> int:
        """Do what there is to do at a moment and return how many mails left."""
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY or now < self._looked_at:
            self.look(now)
        if isinstance(self._send, notify.NotifyTransport):
            ask_what_arrived(self._engine, self._send, now)
        config = self._config
        try:
            return outbox.deliver(
                self._engine,
                self._send,
                sender=config.mail_from,
                now=now,
                most=most,
                handlers={
                    MAIL_KIND: ChaseMails(config),
                    MORE_TIME_KIND: MoreTime(config),
                    "invitation": Invitations(),
                },
                per_minute=config.mails_per_minute,
            )
        finally:
            # A connection is kept while there is something to send, not while the worker waits.
            if isinstance(self._send, SmtpTransport):
                self._send.close()

    def look(self, now: datetime) -> int:
        """Queue what is due and return how many returns are told."""
        self._looked_at = now
        with Session(self._engine, expire_on_commit=False) as session:
            queued = queue_due(session, now)
            session.commit()
        return queued


def ask_what_arrived(engine: Engine, service: notify.NotifyTransport, now: datetime) -> int:
    """Ask the mail service about mails of the last days that it took, and return how many are settled."""
    settled = 0
    with Session(engine, expire_on_commit=False) as session:
        waiting = session.execute(
            select(OutboxMessage)
            .where(
                col(OutboxMessage.provider_id).is_not(None),
                col(OutboxMessage.delivery).is_(None),
                col(OutboxMessage.sent_at) > now - ASK_FOR,
                or_(col(OutboxMessage.asked_at).is_(None), col(OutboxMessage.asked_at) < now - ASK_EVERY),
            )
            .order_by(col(OutboxMessage.sent_at))
            .limit(_AT_A_TIME)
            .with_for_update(skip_locked=True)
        ).scalars()
        for message in list(waiting):
            try:
                status = service.status(message.provider_id or "")
            except AwayError:
                break
            settled += _note(session, message, status, now)
        session.commit()
    return settled


def _note(session: Session, message: OutboxMessage, status: str | None, now: datetime) -> bool:
    """Note what the service says about a mail; an address that it gave up for good is marked."""
    message.asked_at = now
    failed = status == notify.ADDRESS_FAULT or status in notify.GIVEN_UP
    if status == notify.ARRIVED or failed:
        message.delivery = status
    if failed:
        message.state, message.last_error = MessageState.FAILED, f"GOV.UK Notify: {status}"
        bounced = status == notify.ADDRESS_FAULT
        if bounced:
            mark_undeliverable(session, message.recipient, AddressFault.REPORTED, str(status), now)
        session.execute(
            update(ChaseMessage)
            .where(col(ChaseMessage.outbox_id) == message.id)
            .values(outcome=MessageOutcome.BOUNCED if bounced else MessageOutcome.FAILED, why_not=str(status))
        )
    session.flush()
    return message.delivery is not None
