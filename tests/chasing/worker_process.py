"""A worker in a process of its own, so that tests can kill it: the program's, or one of the broken ones."""

import os
import sys
from datetime import datetime, timedelta

os.environ["ELEVEN_MODE"] = "test"

from sqlalchemy.engine import make_url

from app.chasing.worker import Worker
from app.core import outbox
from app.core.database import build_engine
from app.core.models import MessageState
from app.core.scope import Scope
from app.core.settings import Settings
from app.core.transports import SmtpTransport


def break_it(how: str) -> None:
    """Plant a fault that the tests must catch."""
    if how == "ack first":
        settle = outbox._settle

        def ack_first(session, delivery, message, now):  # type: ignore[no-untyped-def]
            settle(session, delivery, message, now, MessageState.SENT, sent_at=now)
            session.commit()
            delivery.send(outbox.as_email(message, delivery.sender))
            return True, True

        outbox._send = ack_first
    elif how == "new id":
        as_email = outbox.as_email

        def another_id(message, sender):  # type: ignore[no-untyped-def]
            mail = as_email(message, sender)
            mail.replace_header("Message-ID", f"<{os.getpid()}-{message.id}@eleven>")
            return mail

        outbox.as_email = another_id


def main(database: str, port: str, at: str, how: str = "") -> None:
    """Work until nothing is due at a moment of the test's clock."""
    break_it(how)
    config = Settings(mode="test", smtp_host="127.0.0.1", smtp_port=int(port), smtp_starttls=False)
    engine = build_engine(make_url(database), 2, scope=Scope.SYSTEM)
    worker = Worker(engine, SmtpTransport(config), config)
    now = datetime.fromisoformat(at)
    while worker.step(now):
        now += timedelta(seconds=1)
    engine.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
