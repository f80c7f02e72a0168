"""The outbox: each mail once, tried again when the server is down, never sent twice by two workers."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core import outbox
from app.core.models import MessageState, OutboxMessage

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def queue(engine: Engine, *keys: str) -> int:
    with Session(engine) as session:
        mails = [
            outbox.Mail(key, "test", f"{key}@example.org", f"About {key}", "Körper & <b>") for key in keys
        ]
        new = outbox.enqueue(session, mails, NOW)
        session.commit()
    return new


def states(engine: Engine, *keys: str) -> list[MessageState]:
    with Session(engine) as session:
        found = (
            select(OutboxMessage)
            .where(col(OutboxMessage.dedupe_key).in_(keys))
            .order_by(col(OutboxMessage.id))
        )
        return [message.state for message in session.execute(found).scalars()]


def test_the_same_mail_is_queued_once(engine: Engine) -> None:
    assert queue(engine, "once", "once") == 1
    assert queue(engine, "once") == 0
    outbox.deliver(engine, lambda _mail: None, sender="eleven@example.org", now=NOW)


def test_two_workers_send_each_mail_once(engine: Engine) -> None:
    keys = [f"many-{number}" for number in range(60)]
    queue(engine, *keys)
    sent: list[str] = []

    def work(_number: int) -> int:
        return outbox.deliver(
            engine, lambda mail: sent.append(str(mail["To"])), sender="eleven@example.org", now=NOW, most=20
        )

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(6))) == 60
    assert sorted(sent) == sorted(f"{key}@example.org" for key in keys)


def test_a_refused_mail_is_tried_again_later_with_the_same_id(engine: Engine) -> None:
    queue(engine, "later")
    ids: list[str] = []

    def broken(mail: EmailMessage) -> None:
        ids.append(str(mail["Message-ID"]))
        raise smtplib.SMTPServerDisconnected("away")

    assert outbox.deliver(engine, broken, sender="eleven@example.org", now=NOW) == 0
    assert states(engine, "later") == [MessageState.WAITING]
    assert outbox.deliver(engine, broken, sender="eleven@example.org", now=NOW) == 0
    later = NOW + timedelta(hours=1)
    assert (
        outbox.deliver(
            engine, lambda mail: ids.append(str(mail["Message-ID"])), sender="eleven@example.org", now=later
        )
        == 1
    )
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert states(engine, "later") == [MessageState.SENT]


def test_a_subject_cannot_smuggle_a_header(engine: Engine) -> None:
    with Session(engine) as session:
        mail = outbox.Mail("smuggle", "test", "a@example.org", "Hello\r\nBcc: everybody@example.org", "Text")
        outbox.enqueue(session, [mail], NOW)
        session.commit()
    seen: list[EmailMessage] = []
    outbox.deliver(engine, seen.append, sender="eleven@example.org", now=NOW)
    assert seen[0]["Bcc"] is None
