"""How fast: deciding over a nation's schools, queueing thousands, and sending beside the bare mail server.

The short form runs with a tenth of the organisations; ELEVEN_SOAK=1 takes all 24,500 and 10,000 mails.
Figures are printed, so that a run with -s shows them.
"""

import os
import smtplib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.bench import world
from app.chasing.deciding import decide, desk_of
from app.chasing.queueing import queue_due
from app.chasing.worker import Worker
from app.core import outbox
from app.core.models import OutboxMessage
from app.core.transports import SmtpTransport
from tests.chasing.post_office import PostOffice

pytestmark = pytest.mark.chasing
FULL = bool(os.environ.get("ELEVEN_SOAK"))
ORGANISATIONS = 24_500 if FULL else 2_450
MAILS = 10_000 if FULL else 1_000
PAST_ROUNDS = 5
SENT = 600 if FULL else 150
# Three weeks before the bench's rounds are due.
AT = datetime(2027, 1, 8, 9, 0, tzinfo=UTC)


def say(what: str, value: float, unit: str) -> None:
    print(f"\n{what}: {value:,.3f} {unit}", end="")  # noqa: T201 - figures are for people


def issued(engine: Engine, *, year: int = 2026) -> int:
    round_id = world.prepare_round(engine, year=year)
    world.issue_round(engine, round_id)
    with engine.begin() as connection:
        # Invitations are another measure's business.
        connection.execute(text("DELETE FROM outbox_message"))
        connection.execute(text("ANALYZE"))
    return round_id


def spent(session: Session) -> float:
    """CPU seconds of this process and of the session's server process so far.

    Other people's work on the machine makes clocks on the wall wander; this hardly.
    """
    pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def deciding(engine: Engine, round_id: int) -> tuple[float, float, int]:
    """Return CPU and wall seconds of deciding, the least of three, and how many are due."""
    cpu, wall, found = [], [], 0
    for _ in range(3):
        with Session(engine) as session:
            before, begun = spent(session), perf_counter()
            found = len(decide(session, desk_of(session, round_id), round_id, date(2027, 1, 8)))
            wall.append(perf_counter() - begun)
            cpu.append(spent(session) - before)
    return min(cpu), min(wall), found


def test_deciding_is_quick_and_flat_in_past_rounds_and_queueing_too(own_engine: Engine) -> None:
    world.add_schools(own_engine, ORGANISATIONS)
    this = issued(own_engine)
    first, wall, found = deciding(own_engine, this)
    say(f"deciding over {ORGANISATIONS:,}, one round, CPU", first, "s")
    say("the same, on the wall", wall, "s")
    assert found == ORGANISATIONS
    for year in range(2026 - PAST_ROUNDS, 2026):
        issued(own_engine, year=year)
        with own_engine.begin() as connection:
            closing = "UPDATE round SET state = 'closed', closed_at = now() WHERE id <> :id"
            connection.execute(text(closing), {"id": this})
    later, wall, _ = deciding(own_engine, this)
    say(f"deciding over {ORGANISATIONS:,}, {PAST_ROUNDS} past rounds kept, CPU", later, "s")
    say("the same, on the wall", wall, "s")
    assert first < 2.0 * ORGANISATIONS / 24_500 + 0.1
    assert later < first * 1.3 + 0.1
    with Session(own_engine) as session:
        places = "SELECT organisation_id FROM return WHERE round_id = :id ORDER BY id OFFSET :kept"
        exempt = "UPDATE organisation SET status = 'gone' WHERE id IN (" + places + ")"
        session.connection().execute(text(exempt), {"id": this, "kept": MAILS})
        session.commit()
        before, begun = spent(session), perf_counter()
        queued = queue_due(session, AT)
        session.commit()
        wall = perf_counter() - begun
        taken = spent(session) - before
    say(f"queueing {queued:,} messages, CPU", taken, "s")
    say("the same, on the wall", wall, "s")
    assert queued == MAILS
    assert taken < 10 * MAILS / 10_000 + 0.1


def bare(office: PostOffice, mails: list[OutboxMessage]) -> tuple[float, float]:
    """Messages a second through one bare connection, and CPU seconds for each: the floor."""
    ready = [outbox.as_email(each, "eleven@example.org") for each in mails]
    begun, cpu = perf_counter(), process_time()
    with smtplib.SMTP("127.0.0.1", office.port) as server:
        for mail in ready:
            server.send_message(mail)
    return len(ready) / (perf_counter() - begun), (process_time() - cpu) / len(ready)


def test_the_worker_keeps_up_with_the_mail_server(own_engine: Engine, office: PostOffice) -> None:
    world.add_schools(own_engine, SENT)
    issued(own_engine)
    config = office.settings()
    worker = Worker(own_engine, SmtpTransport(config), config)
    assert worker.look(AT) == SENT
    cpu, begun, left, moment = process_time(), perf_counter(), 0, AT
    while count := worker.step(moment):
        left += count
        moment += timedelta(seconds=1)
    rate = left / (perf_counter() - begun)
    cpu = process_time() - cpu
    assert left == len(office.mails) == SENT
    with Session(own_engine) as session:
        sent = list(session.execute(text("SELECT id FROM outbox_message WHERE state = 'sent'")).scalars())
        messages = [session.get_one(OutboxMessage, number) for number in sent]
    floor, floor_cpu = bare(office, messages)
    say("worker", rate, "mails a second")
    say("bare SMTP, same server and mails", floor, "mails a second")
    say("worker, share of the floor", rate / floor, "")
    say("CPU of worker and mail server for one mail", 1_000 * cpu / SENT, "ms")
    say("CPU of the bare floor for one mail", 1_000 * floor_cpu, "ms")
    # On a busy machine each question to the database waits its turn, so the CPU is what is judged.
    assert cpu / SENT < 10 * floor_cpu
