"""The worker and evidence files: scanned before anybody opens them, swept when nobody needs them."""

import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.core.access import Work
from app.core.models import AuditEvent, OutboxMessage
from app.core.scanning import Clamd, Outcome, Verdict
from app.core.settings import settings
from app.core.storage import LocalFolder, Opened, StorageError
from app.returns import evidence_worker, signoff
from app.returns.evidence_worker import EvidenceWorker, scan_due, sweep
from app.returns.models import EvidenceFile, ScanState
from app.returns.rules import AnswerValues
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.core.fake_clamd import EICAR, FakeClamd, clamd
from tests.returns.evidence_scenes import School, asked, file_rows, lead_of, school, send
from tests.returns.file_makers import pdf

pytestmark = [pytest.mark.files, pytest.mark.faults]
INFECTED = pdf(EICAR)


@pytest.fixture
def store(app: FastAPI, tmp_path: Path) -> Iterator[LocalFolder]:
    """The program's files, in a folder of this test."""
    before, app.state.storage = app.state.storage, LocalFolder(tmp_path / "evidence")
    yield app.state.storage
    app.state.storage = before


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClamd]:
    """A running scanner that the settings name."""
    with clamd() as running:
        monkeypatch.setattr(settings(), "scanner", running.address)
        yield running


@pytest.fixture
def place(work: Work, store: LocalFolder) -> School:
    assert store
    return school(work)


def scan(engine: Engine, store: LocalFolder, fake: FakeClamd, now: datetime, seconds: float = 5) -> int:
    return scan_due(engine, store, Clamd(fake.address, seconds), now=now)


def test_a_file_waits_for_the_scanner_and_then_opens(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    (row,) = file_rows(work, place)
    assert row.scan_state is ScanState.WAITING
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 404
    assert "Being checked for viruses" in lead.get(place.evidence).text
    assert scan(engine, store, fake, work.now) == 1
    assert file_rows(work, place)[0].scan_state is ScanState.CLEAN
    assert lead.get(f"{place.path}/files/{row.id}").content == pdf()
    assert scan(engine, store, fake, work.now) == 0


def test_an_infected_file_is_refused_deleted_told_and_audited(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place, "Bad.pdf", INFECTED)
    send(lead, place, "Good.pdf", pdf())
    assert scan(engine, store, fake, work.now) == 2
    bad, good = file_rows(work, place)
    assert (bad.scan_state, bad.scan_detail) == (ScanState.INFECTED, "Eicar-Signature")
    assert good.scan_state is ScanState.CLEAN
    assert not store.exists(bad.stored_as)
    assert store.exists(good.stored_as)
    assert lead.get(f"{place.path}/files/{bad.id}").status_code == 404
    assert "Refused: harmful" in lead.get(place.evidence).text
    mails = work.session.execute(
        select(OutboxMessage).where(col(OutboxMessage.kind) == "evidence-refused")
    ).scalars()
    (mail,) = [mail for mail in mails if mail.organisation_id == place.this.organisation_id]
    assert "Bad.pdf" in mail.body
    assert mail.recipient.startswith("lead-")
    event = work.session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "evidence.infected", col(AuditEvent.subject_id) == place.this.id
        )
    ).scalar_one()
    assert (event.actor_name, event.detail["virus"]) == ("Virus scanner", "Eicar-Signature")


def test_an_infected_file_is_no_evidence(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    person = builders.as_person(work, place.this.organisation_id)
    builders.save(person, place.this.id, place.key, AnswerValues(level="green"))
    work.session.commit()
    send(lead, place, "Bad.pdf", INFECTED)
    assert "no evidence given" not in lead.get(f"{place.path}/check").text
    scan(engine, store, fake, work.now)
    assert "no evidence given" in lead.get(f"{place.path}/check").text


@pytest.mark.parametrize("illness", ["silent", "error", "limit", "away"])
def test_an_ill_scanner_never_makes_a_file_available_and_is_asked_again(
    illness: str, place: School, fake: FakeClamd, client_as: ClientAs, work: Work, store: LocalFolder
) -> None:
    engine = work.session.get_bind()
    assert isinstance(engine, Engine)
    lead = lead_of(place, client_as)
    send(lead, place)
    address = fake.address
    if illness == "silent":
        fake.answer = None
    elif illness == "error":
        fake.answer = lambda _: b"stream: lstat() failed ERROR\0"
    elif illness == "limit":
        fake.size_limit = 10
    else:
        fake.address = "tcp://127.0.0.1:1"
    now = work.now
    for _ in range(3):
        assert scan(engine, store, fake, now, seconds=0.3) == 1
        (row,) = file_rows(work, place)
        assert row.scan_state is ScanState.WAITING
        assert row.scan_detail
        assert lead.get(f"{place.path}/files/{row.id}").status_code == 404
        assert scan(engine, store, fake, now, seconds=0.3) == 0  # not at once again
        assert row.scan_due_at is not None
        assert now < row.scan_due_at <= now + evidence_worker.LAST_RETRY
        now = row.scan_due_at
    # The control: the scanner is well again, and the same file opens.
    fake.address, fake.size_limit, fake.answer = address, None, lambda _: b"stream: OK\0"
    assert scan(engine, store, fake, now) == 1
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 200


def test_a_worker_that_took_unknown_for_clean_would_be_caught(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    """The control: with such a scanner behind it, the file does become available."""

    class Careless:
        def scan(self, content: object) -> Verdict:
            del content
            return Verdict(Outcome.CLEAN)

    fake.size_limit = 10
    lead = lead_of(place, client_as)
    send(lead, place)
    scan_due(engine, store, Careless(), now=work.now)
    (row,) = file_rows(work, place)
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 200


def test_a_worker_killed_in_the_middle_of_a_scan_is_followed_by_another(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    class Killed(BaseException):
        pass

    class Dies:
        def scan(self, content: object) -> Verdict:
            del content
            raise Killed

    send(lead_of(place, client_as), place)
    with pytest.raises(Killed):
        scan_due(engine, store, Dies(), now=work.now)
    assert scan(engine, store, fake, work.now) == 0  # its lease still runs
    assert scan(engine, store, fake, work.now + evidence_worker.LEASE) == 1
    assert file_rows(work, place)[0].scan_state is ScanState.CLEAN


def test_without_a_scanner_files_are_available_at_once_and_those_that_waited_too(
    place: School, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place)
    (row,) = file_rows(work, place)
    assert row.scan_state is ScanState.NOT_SCANNED
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 200
    with Session(engine) as session:
        session.get_one(EvidenceFile, row.id).scan_state = ScanState.WAITING
        session.get_one(EvidenceFile, row.id).scan_due_at = work.now
        session.commit()
    scan_due(engine, store, None, now=work.now)
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 200


# --- sweeping --------------------------------------------------------------------------------------


def age(store: LocalFolder, hours: float = 3) -> None:
    """Make everything in the store look older."""
    moment = datetime.now(UTC).timestamp() - hours * 3600
    for path in store.root.rglob("*"):
        os.utime(path, (moment, moment))


def names(store: LocalFolder) -> set[str]:
    return {item.name for item in store.items()}


def test_the_sweep_takes_orphans_and_leaves_what_a_row_or_a_new_upload_needs(
    place: School, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    import io  # noqa: PLC0415

    send(lead_of(place, client_as), place)
    (row,) = file_rows(work, place)
    orphan = store.put(io.BytesIO(b"its transaction was rolled back")).name
    age(store)
    fresh = store.put(io.BytesIO(b"its transaction is not committed yet")).name
    (store.incoming / ("0" * 32)).write_bytes(b"half")
    now = datetime.now(UTC)
    assert sweep(engine, store, now) == 1
    assert names(store) == {row.stored_as, fresh}
    assert orphan not in names(store)
    age(store)
    sweep(engine, store, now)
    assert list(store.incoming.iterdir()) == []
    assert names(store) == {row.stored_as}


def test_a_sweep_that_does_not_ask_the_database_would_lose_evidence(
    place: School, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    """The control: the broken variant deletes a file that an answer needs, and the reader misses it."""

    def nothing_is_named(session: Session, names: Collection[str], now: datetime) -> set[str]:
        del session, names, now
        return set()

    lead = lead_of(place, client_as)
    send(lead, place)
    (row,) = file_rows(work, place)
    age(store)
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 200
    sweep(engine, store, datetime.now(UTC), named=nothing_is_named)
    assert lead.get(f"{place.path}/files/{row.id}").status_code == 404


def test_a_removed_file_goes_after_a_day_unless_a_signed_edition_or_another_year_holds_it(
    place: School,
    client_as: ClientAs,
    work: Work,
    engine: Engine,
    store: LocalFolder,
    clock: MovableClock,
) -> None:
    lead = lead_of(place, client_as)
    send(lead, place, "Signed.pdf", pdf(b"% signed"))
    person = builders.as_person(work, place.this.organisation_id)
    builders.answer_all(person, place.this)
    signoff.sign(person, place.again(work), declared=True)
    work.session.commit()
    next_year = asked(work, place.this.organisation_id, previous=place.this.round_id)
    lead.post(f"{next_year.evidence}/last-year")
    signoff.send_back(work, place.this.id, "Look again")
    work.session.commit()
    send(lead, place, "Draft.pdf", pdf(b"% draft"))
    kept, draft = file_rows(work, place)
    for row in (kept, draft):
        assert lead.post(f"{place.path}/files/{row.id}/remove").status_code == 303
    age(store)
    removed_at = clock()
    sweep(engine, store, max(removed_at, datetime.now(UTC)) + timedelta(hours=0))
    later = max(removed_at, datetime.now(UTC)) + timedelta(days=2)
    sweep(engine, store, later)
    assert names(store) == {kept.stored_as}
    (carried,) = file_rows(work, next_year)
    assert carried.stored_as == kept.stored_as
    assert lead.get(f"{next_year.path}/files/{carried.id}").content == pdf(b"% signed")


def test_the_worker_goes_on_while_the_store_is_away(
    place: School, fake: FakeClamd, client_as: ClientAs, work: Work, engine: Engine, store: LocalFolder
) -> None:
    class Away(LocalFolder):
        def open(self, name: str) -> Opened:
            raise StorageError(f"no way to {name}")

        def discard_unfinished(self, before: datetime) -> int:
            raise StorageError(f"nothing before {before}")

    send(lead_of(place, client_as), place)
    worker = EvidenceWorker(engine, Away(store.root), Clamd(fake.address, 5))
    assert worker.tend(work.now) == 1
    (row,) = file_rows(work, place)
    assert row.scan_state is ScanState.WAITING
    assert "cannot be read" in row.scan_detail
