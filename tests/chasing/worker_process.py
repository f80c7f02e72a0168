"""Workers in processes of their own, so that tests can kill them: the program's, or broken ones.

Run as a module, it loads the program once and forks a worker for each line of standard input ({"database",
"port", "at", "how"}). It answers with the worker's process and, at its end, with its exit code.
"""

import json
import os
import sys
import traceback
from datetime import datetime, timedelta
from typing import Any

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


def work(database: str, port: int, at: str, how: str) -> None:
    """Work until nothing is due at a moment of the test's clock."""
    break_it(how)
    config = Settings(mode="test", smtp_host="127.0.0.1", smtp_port=port, smtp_starttls=False)
    engine = build_engine(make_url(database), 2, scope=Scope.SYSTEM)
    worker = Worker(engine, SmtpTransport(config), config)
    now = datetime.fromisoformat(at)
    while worker.step(now):
        now += timedelta(seconds=1)
    engine.dispose()


def main() -> None:
    """Fork a worker for each line that comes in, one after the other."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_a_worker(json.loads(line))
        print(pid, flush=True)  # noqa: T201 - the answer
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _be_a_worker(wanted: dict[str, Any]) -> None:
    try:
        work(**wanted)
        os._exit(0)
    finally:
        # Only a failure comes here.
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    main()
