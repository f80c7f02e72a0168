"""The outbox: mails are rows in the transaction of their cause; a worker sends them afterwards."""

import smtplib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core.models import MessageState, OutboxMessage
from app.core.settings import Settings

LEASE = timedelta(minutes=2)
RETRY_AFTER = timedelta(minutes=5)
MOST_ATTEMPTS = 12

Transport = Callable[[EmailMessage], None]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person. Equal dedupe keys are the same mail: it is queued once."""

    dedupe_key: str
    kind: str
    recipient: str
    subject: str
    body: str
    organisation_id: int | None = None


def _message_row(mail: Mail, now: datetime, due_at: datetime, domain: str) -> dict[str, Any]:
    return {
        "dedupe_key": mail.dedupe_key,
        "kind": mail.kind,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "body": mail.body,
        "organisation_id": mail.organisation_id,
        "state": MessageState.WAITING,
        "created_at": now,
        "due_at": due_at,
        "attempts": 0,
        "message_id": f"<{uuid.uuid4().hex}@{domain}>",
    }


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
    statement = insert(OutboxMessage).inline().on_conflict_do_nothing()
    rows = [_message_row(mail, now, due_at or now, domain) for mail in mails]
    return (
        session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount
    )


def as_email(message: OutboxMessage, sender: str) -> EmailMessage:
    """Return the mail as it leaves, with the Message-ID that it keeps over every attempt."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.recipient
    mail["Subject"] = " ".join(message.subject.split())
    mail["Message-ID"] = message.message_id
    mail["Date"] = formatdate(message.created_at.timestamp())
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


def smtp_transport(config: Settings) -> Transport:
    """Send by the partnership's mail server."""

    def send(mail: EmailMessage) -> None:
        with smtplib.SMTP(config.smtp_host or "", config.smtp_port, timeout=20) as server:
            if config.smtp_starttls:
                server.starttls()
            if config.smtp_user:
                server.login(config.smtp_user, config.smtp_password or "")
            server.send_message(mail)

    return send


def folder_transport(folder: Path) -> Transport:
    """Write each mail to an .eml file: the demo has no mail server."""

    def send(mail: EmailMessage) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = str(mail["Message-ID"]).strip("<>").split("@", 1)[0]
        (folder / f"{name}.eml").write_bytes(mail.as_bytes())

    return send


def transport(config: Settings) -> Transport:
    """Return the way in which this installation sends mail."""
    return smtp_transport(config) if config.smtp_host else folder_transport(config.data_dir / "outbox")


def _lease(session: Session, now: datetime, most: int) -> list[OutboxMessage]:
    due = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state) == MessageState.WAITING, col(OutboxMessage.due_at) <= now)
        .where((col(OutboxMessage.leased_until).is_(None)) | (col(OutboxMessage.leased_until) < now))
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    messages = list(session.execute(due).scalars())
    for message in messages:
        message.leased_until = now + LEASE
        message.attempts += 1
    session.commit()
    return messages


def _record_outcome(session: Session, message: OutboxMessage, now: datetime, error: str | None) -> None:
    if error is None:
        values: dict[str, Any] = {"state": MessageState.SENT, "sent_at": now, "last_error": None}
    elif message.attempts >= MOST_ATTEMPTS:
        values = {"state": MessageState.FAILED, "last_error": error}
    else:
        values = {"due_at": now + RETRY_AFTER * message.attempts, "last_error": error, "leased_until": None}
    session.execute(update(OutboxMessage).where(col(OutboxMessage.id) == message.id).values(**values))
    session.commit()


def deliver(engine: Engine, send: Transport, *, sender: str, now: datetime, most: int = 100) -> int:
    """Send the mails that are due, each under a lease of its own, and return how many left.

    A mail that fails is tried again later; after twelve attempts it is marked as failed.
    """
    left = 0
    with Session(engine, expire_on_commit=False) as session:
        for _ in range(most):
            leased = _lease(session, now, 1)
            if not leased:
                break
            message = leased[0]
            error = None
            try:
                send(as_email(message, sender))
                left += 1
            except (OSError, smtplib.SMTPException) as problem:
                error = str(problem)[:500]
            _record_outcome(session, message, now, error)
    return left
