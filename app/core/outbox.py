"""The outbox: mails are rows in the transaction of their cause; a worker sends them afterwards.

A mail whose kind has a handler is written, and may be found out of date, at the moment of sending.
"""

import json
import logging
import smtplib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any, Final, Protocol

from sqlalchemy import Engine, func, select, text, update
from sqlmodel import Session, col

from app.core.addresses import mark_undeliverable
from app.core.mail_html import as_html
from app.core.models import AddressFault, MessageState, OutboxMessage
from app.core.settings import settings
from app.core.transports import AwayError, ComplaintError, RefusedAddressError, Transport

LOG = logging.getLogger("eleven")
LEASE: Final = timedelta(minutes=2)
RETRY_AFTER: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=1)
# A mail that the server complains of again and again is given up; a server that is away is waited for.
MOST_ATTEMPTS: Final = 12
GIVE_UP_AFTER: Final = timedelta(days=5)
_MINUTE: Final = timedelta(minutes=1)
_PACE_LOCK: Final = text("SELECT pg_advisory_xact_lock(1127001)")
# The service is away, whatever the mail: a connection that fails, or one that is cut.
_AWAY: Final = (
    AwayError, ConnectionError, TimeoutError, smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person. Equal dedupe keys are the same mail: it is queued once."""

    dedupe_key: str
    kind: str
    recipient: str
    subject: str
    body: str
    organisation_id: int | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail as it shall leave now."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Stale:
    """A mail that must not leave any more, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """A mail that must not leave before a moment."""

    until: datetime


@dataclass(frozen=True, slots=True)
class End:
    """What became of a mail; `refused` when the mail server will never deliver to its address."""

    state: MessageState
    refused: bool = False


class Handler(Protocol):
    """Looks after the mails of one kind: writes them as they leave, and notes what became of them."""

    def prepare(self, session: Session, message: OutboxMessage, now: datetime) -> Ready | Stale | Later:
        """Say whether a mail is still due, and what stands in it."""

    def settled(self, session: Session, message: OutboxMessage, now: datetime, end: "End") -> None:
        """Note that a mail left, was given up, or is not sent any more."""


# One statement for any number of mails: a list of thousands of VALUES takes longer to read than to store.
_ENQUEUE: Final = text(
    """
    INSERT INTO outbox_message (dedupe_key, kind, recipient, subject, body, organisation_id, message_id,
        state, created_at, due_at, attempts)
    SELECT r.dedupe_key, r.kind, r.recipient, r.subject, r.body, r.organisation_id, r.message_id,
        'waiting', :now, :due_at, 0
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (dedupe_key text, kind text, recipient text,
        subject text, body text, organisation_id int, message_id text)
    ON CONFLICT DO NOTHING
    """
)
_ENQUEUE_ASKING: Final = text(f"{_ENQUEUE} RETURNING dedupe_key, id")


def _message_row(mail: Mail, domain: str) -> dict[str, Any]:
    return {
        "dedupe_key": mail.dedupe_key,
        "kind": mail.kind,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "body": mail.body,
        "organisation_id": mail.organisation_id,
        "message_id": f"<{uuid.uuid4().hex}@{domain}>",
    }


def _values(mails: Sequence[Mail], now: datetime, domain: str, due_at: datetime | None) -> dict[str, Any]:
    rows = json.dumps([_message_row(mail, domain) for mail in mails])
    return {"rows": rows, "now": now, "due_at": due_at or now}


def enqueue(
    session: Session,
    mails: Sequence[Mail],
    now: datetime,
    *,
    domain: str = "eleven",
    due_at: datetime | None = None,
) -> int:
    """Put mails into the outbox, each dedupe key once, and return how many were new.

    They leave at once, or at `due_at`.
    """
    if not mails:
        return 0
    # Nothing is asked back and no conflict column named: whoever hands a mail in may not read the outbox.
    return session.connection().execute(_ENQUEUE, _values(mails, now, domain, due_at)).rowcount


def enqueued(
    session: Session,
    mails: Sequence[Mail],
    now: datetime,
    *,
    domain: str = "eleven",
    due_at: datetime | None = None,
) -> dict[str, int]:
    """Put mails into the outbox and return the numbers of those that were new, by dedupe key.

    For the partnership and the program: whoever may not read the outbox calls `enqueue`.
    """
    if not mails:
        return {}
    found = session.connection().execute(_ENQUEUE_ASKING, _values(mails, now, domain, due_at))
    return {key: int(number) for key, number in found}


def as_email(message: OutboxMessage, sender: str) -> EmailMessage:
    """Return the mail as it leaves, with the Message-ID that it keeps over every attempt."""
    subject = " ".join(message.subject.split())
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = subject
    mail["Message-ID"] = message.message_id
    mail["Date"] = formatdate(message.created_at.timestamp())
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    mail.add_alternative(as_html(message.body, subject, settings().public_address), subtype="html")
    return mail


# --- sending --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """How mails are sent: by what, in whose name, how many a minute, and who looks after which kind."""

    send: Transport
    sender: str
    handlers: Mapping[str, Handler]
    per_minute: int | None = None

    def handler(self, message: OutboxMessage) -> Handler | None:
        """Return who looks after a mail's kind."""
        return self.handlers.get(message.kind)


def deliver(
    engine: Engine,
    send: Transport,
    *,
    sender: str,
    now: datetime,
    most: int = 100,
    handlers: Mapping[str, Handler] | None = None,
    per_minute: int | None = None,
) -> int:
    """Send the mails that are due, each under a lease of its own, and return how many left.

    What became of a mail is committed together with the lease of the next, so a worker that is killed has
    at most one mail whose outcome nobody noted. A mail that the server complains of is tried again, at most
    twelve times; when the service is away everything waits for it, up to five days.
    """
    how = Delivery(send, sender, handlers or {}, per_minute)
    left = 0
    with Session(engine, expire_on_commit=False) as session:
        for _ in range(most):
            message = _next(session, how, now)
            if message is None:
                break
            went_on, sent = _send(session, how, message, now)
            left += sent
            if not went_on:
                break
        session.commit()
    return left


def _next(session: Session, how: Delivery, now: datetime) -> OutboxMessage | None:
    """Lease the next mail that is due and still wanted; this also commits the outcome of the one before."""
    while True:
        if how.per_minute is not None and _used_up(session, how.per_minute, now):
            session.commit()
            return None
        message = _lease(session, now)
        if message is None or _is_wanted(session, how, message, now):
            session.commit()
            return message


def _used_up(session: Session, per_minute: int, now: datetime) -> bool:
    """Say whether this minute's mails have left or are leaving; workers ask one after the other."""
    session.execute(_PACE_LOCK)
    leaving = (col(OutboxMessage.state) == MessageState.WAITING) & (col(OutboxMessage.leased_until) > now)
    recent = col(OutboxMessage.sent_at) > now - _MINUTE
    found: int = session.execute(
        select(func.count()).select_from(OutboxMessage).where(recent | leaving)
    ).scalar_one()
    return found >= per_minute


def _lease(session: Session, now: datetime) -> OutboxMessage | None:
    due = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state) == MessageState.WAITING, col(OutboxMessage.due_at) <= now)
        .where((col(OutboxMessage.leased_until).is_(None)) | (col(OutboxMessage.leased_until) < now))
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    message: OutboxMessage | None = session.execute(due).scalar()
    if message is not None:
        message.leased_until = now + LEASE
        message.attempts += 1
        session.flush()
    return message


def _is_wanted(session: Session, how: Delivery, message: OutboxMessage, now: datetime) -> bool:
    """Let the mail's handler look at it once more; what it wrote is stored with the lease."""
    handler = how.handler(message)
    if handler is None:
        return True
    try:
        with session.begin_nested():
            found = handler.prepare(session, message, now)
    except Exception as problem:  # a mail that cannot be written must not hold up the others
        LOG.exception("mail %s could not be written", message.id)
        _try_again(session, message, now, f"not written: {type(problem).__name__}", count=True)
        return False
    if isinstance(found, Ready):
        message.subject, message.body = found.subject, found.body
        session.flush()
        return True
    if isinstance(found, Later):
        values: dict[str, Any] = {
            "due_at": found.until,
            "leased_until": None,
            "attempts": message.attempts - 1,
        }
        _update(session, message, **values)
        return False
    _settle(session, how, message, now, MessageState.STALE, last_error=found.reason)
    return False


def _send(session: Session, how: Delivery, message: OutboxMessage, now: datetime) -> tuple[bool, bool]:
    """Send one mail and note what became of it; say whether to go on, and whether it left."""
    try:
        number = how.send(as_email(message, how.sender))
    except RefusedAddressError as problem:
        said = str(problem)[:500]
        _settle(session, how, message, now, MessageState.FAILED, refused=True, last_error=said)
        mark_undeliverable(session, message.recipient, AddressFault.REFUSED, str(problem), now)
        return True, False
    except _AWAY as problem:
        old = now - message.created_at > GIVE_UP_AFTER
        if old:
            _settle(session, how, message, now, MessageState.FAILED, last_error=str(problem)[:500])
        else:
            _try_again(session, message, now, str(problem), count=False)
        return old, False
    except (OSError, smtplib.SMTPException, ComplaintError) as problem:
        if message.attempts >= MOST_ATTEMPTS:
            _settle(session, how, message, now, MessageState.FAILED, last_error=str(problem)[:500])
        else:
            _try_again(session, message, now, str(problem), count=True)
        return True, False
    _settle(session, how, message, now, MessageState.SENT, sent_at=now, last_error=None, provider_id=number)
    return True, True


def _try_again(session: Session, message: OutboxMessage, now: datetime, error: str, *, count: bool) -> None:
    wait = min(RETRY_AFTER * message.attempts, LONGEST_WAIT) if count else RETRY_AFTER
    attempts = message.attempts if count else message.attempts - 1
    _update(session, message, due_at=now + wait, last_error=error[:500], leased_until=None, attempts=attempts)


def _settle(
    session: Session,
    how: Delivery,
    message: OutboxMessage,
    now: datetime,
    state: MessageState,
    *,
    refused: bool = False,
    **values: Any,
) -> None:
    _update(session, message, state=state, **values)
    handler = how.handler(message)
    if handler is not None:
        handler.settled(session, message, now, End(state, refused))


def _update(session: Session, message: OutboxMessage, **values: Any) -> None:
    waiting = (col(OutboxMessage.id) == message.id, col(OutboxMessage.state) == MessageState.WAITING)
    session.execute(
        update(OutboxMessage).where(*waiting).values(**values),
        execution_options={"synchronize_session": False},
    )
    session.expunge(message)
