"""Mail under faults: workers killed before, during and after a send, two at once, the server away for a day.

Never none, at most one duplicate for each kill and that with the same Message-ID, none with two healthy
workers, nothing out of date. Each check is first held against a worker that is broken on purpose.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from app.chasing.worker import Worker
from app.core import outbox
from app.core.access import Work
from app.core.models import OutboxMessage
from app.core.transports import AwayError, SmtpTransport
from tests.chasing.post_office import PostOffice
from tests.chasing.scenes import scene, sign
from tests.chasing.test_sending import FIRST, begun, lead, worker
from tests.chasing.worker_foundry import WorkerFoundry, kill

pytestmark = [pytest.mark.chasing, pytest.mark.faults]
COUNT = 40 if os.environ.get("ELEVEN_SOAK") else 12
KILLS = 10 if os.environ.get("ELEVEN_SOAK") else 2


class Killer:
    """Kills a worker at the n-th time that the mail server comes to a step, so many times in all."""

    def __init__(self, office: PostOffice, step: str, kills: int) -> None:
        self.step, self.left, self.seen = step, kills, 0
        self.process = 0
        office.hook = self

    def __call__(self, step: str) -> bool:
        """Kill at every third time, and say whether somebody was."""
        self.seen += step == self.step
        if self.left and step == self.step and self.seen % 3 == 0 and self.process:
            self.left -= 1
            kill(self.process)
            return True
        return False


@pytest.fixture(scope="module")
def foundry() -> Iterator[WorkerFoundry]:
    """The process that makes workers."""
    foundry = WorkerFoundry()
    yield foundry
    foundry.close()


def under_fire(foundry: WorkerFoundry, engine: Engine, office: PostOffice, step: str, how: str = "") -> None:
    """Let workers be killed and started again until all is quiet."""
    killer = Killer(office, step, KILLS)
    now = FIRST
    for _ in range(KILLS + 1):
        killer.process = foundry.begin(engine, office.port, now, how)
        code = foundry.exit_code()
        killer.process = 0
        # A dead worker's lease runs out before another one takes its mail.
        now += outbox.LEASE + timedelta(seconds=30)
        if code == 0 and not killer.left:
            break
    assert killer.left == 0, "nobody was killed: the test shows nothing"


def faults_of(office: PostOffice, people: list[str]) -> list[str]:
    """What went wrong, in words: mails lost, too many duplicates, duplicates under another number."""
    lost = [address for address in people if not office.got[address]]
    twice = {address: office.ids_of(address) for address in people if office.got[address] > 1}
    extra = sum(office.got[address] - 1 for address in people if office.got[address])
    found = [f"{len(lost)} lost"] if lost else []
    if extra > KILLS:
        found.append(f"{extra} duplicates after {KILLS} kills")
    if any(len(ids) > 1 for ids in twice.values()):
        found.append("a duplicate with another Message-ID")
    return found


def ready(work: Work, engine: Engine, office: PostOffice) -> list[str]:
    this = begun(work, engine, office, *(f"School {number}" for number in range(COUNT)))
    return [lead(this, name) for name in this.places]


@pytest.mark.parametrize("step", ["mail", "data", "kept"])
def test_killed_workers_lose_nothing(
    foundry: WorkerFoundry, own_engine: Engine, own_work: Work, office: PostOffice, step: str
) -> None:
    people = ready(own_work, own_engine, office)
    under_fire(foundry, own_engine, office, step)
    assert faults_of(office, people) == []
    if step != "kept":
        assert set(office.got.values()) == {1}


@pytest.mark.parametrize(
    ("step", "how", "found"),
    [("data", "ack first", f"{KILLS} lost"), ("kept", "new id", "a duplicate with another Message-ID")],
)
def test_broken_workers_are_caught(
    foundry: WorkerFoundry,
    own_engine: Engine,
    own_work: Work,
    office: PostOffice,
    *,
    step: str,
    how: str,
    found: str,
) -> None:
    people = ready(own_work, own_engine, office)
    under_fire(foundry, own_engine, office, step, how)
    assert found in faults_of(office, people)


def together(engine: Engine, office: PostOffice, count: int) -> None:
    """Let workers look and send at the same moment, each with a connection of its own."""
    start = threading.Barrier(count)

    def work(_number: int) -> None:
        config = office.settings()
        mine = Worker(engine, SmtpTransport(config), config)
        start.wait(10)
        for _ in range(COUNT):
            mine.step(FIRST, most=3)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(count)))


def test_two_healthy_workers_send_nothing_twice(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    people = ready(own_work, own_engine, office)
    together(own_engine, office, 2)
    assert {address: office.got[address] for address in people} == dict.fromkeys(people, 1)


def test_workers_without_a_lease_are_caught(
    own_engine: Engine, own_work: Work, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ready(own_work, own_engine, office)
    worker(own_engine, office).look(FIRST)
    passed = threading.Barrier(2)

    def no_lease(session: Session, now: datetime) -> OutboxMessage | None:
        message = lease(session, now)
        if message is not None:
            message.leased_until = None
            session.commit()
            # Both have read the same mail now, as they do when nobody holds it.
            with suppress(threading.BrokenBarrierError):
                passed.wait(2)
        return message

    lease: Callable[[Session, datetime], OutboxMessage | None] = outbox._lease
    monkeypatch.setattr(outbox, "_lease", no_lease)
    together(own_engine, office, 2)
    assert max(office.got[address] for address in people) > 1


def test_a_mail_server_that_is_away_for_a_day_costs_no_mail_and_sends_nothing_stale(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, *(f"School {number}" for number in range(COUNT)))
    office.close()
    at_work = worker(own_engine, office)
    # Monday 25 January is no stage's day: the ones of Friday the 22nd wait over a weekend besides.
    moment = datetime(2027, 1, 22, 9, 0, tzinfo=FIRST.tzinfo)
    for number in range(3 * 24):
        assert at_work.step(moment + timedelta(hours=number)) == 0
    sign(own_work, this.returns["School 7"], date(2027, 1, 24))
    office.open()
    back = datetime(2027, 1, 25, 9, 30, tzinfo=FIRST.tzinfo)
    at_work.step(back)
    expected = {lead(this, name): 1 for name in this.places if name != "School 7"}
    assert office.got == expected
    at_work.step(back + timedelta(hours=2))
    assert office.got == expected


def test_a_server_that_is_away_too_long_leaves_the_next_stage_to_speak(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    office.close()
    at_work = worker(own_engine, office)
    for number in range(0, 9 * 24, 6):
        at_work.step(FIRST + timedelta(hours=number))
    office.open()
    at_work.step(datetime(2027, 1, 18, 9, 0, tzinfo=FIRST.tzinfo))
    assert not office.mails
    at_work.step(datetime(2027, 1, 22, 9, 0, tzinfo=FIRST.tzinfo))
    assert office.got == {lead(this, "Oak"): 1}
    assert "in 7 days" in office.text_to(lead(this, "Oak"))


def test_a_server_that_is_away_is_not_rung_for_every_mail(own_engine: Engine, own_work: Work) -> None:
    scene(own_work, *(f"School {number}" for number in range(COUNT)))
    tries = []

    def away(mail: object) -> None:
        tries.append(mail)
        raise AwayError("nobody answers")

    outbox.deliver(own_engine, away, sender="eleven@example.org", now=own_work.now)
    assert len(tries) == 1


def test_a_mail_that_cannot_be_written_holds_up_no_other(
    own_engine: Engine, own_work: Work, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.chasing.sending import ChaseMails  # noqa: PLC0415

    this = begun(own_work, own_engine, office, "Oak", "Ash")
    prepare = ChaseMails.prepare

    def poisoned(self: ChaseMails, session: Session, message: OutboxMessage, now: datetime) -> object:
        if message.recipient == lead(this, "Oak"):
            raise ValueError("poison")
        return prepare(self, session, message, now)

    monkeypatch.setattr(ChaseMails, "prepare", poisoned)
    assert worker(own_engine, office).step(FIRST) == 1
    assert office.got == {lead(this, "Ash"): 1}
