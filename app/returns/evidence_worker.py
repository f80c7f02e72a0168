"""What the worker does for evidence files: scanning those that wait, and sweeping up what nobody needs."""

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, ScalarResult, or_, select, update
from sqlmodel import Session, col

from app.core import audit, outbox
from app.core.access import Actor, Work
from app.core.rendering import render_text
from app.core.scanning import Outcome, Scanner, Verdict
from app.core.settings import settings
from app.core.storage import FileGoneError, Storage, StorageError
from app.organisations.models import Organisation
from app.people.models import User
from app.returns.models import EvidenceFile, Return, ScanState
from app.rounds.models import Round

LEASE: Final = timedelta(minutes=5)
FIRST_RETRY: Final = timedelta(seconds=30)
LAST_RETRY: Final = timedelta(minutes=30)
GRACE: Final = timedelta(hours=1)
"""How old a stored file must be before it can be an orphan: an upload's row is written after its content."""

KEPT_AFTER_REMOVAL: Final = timedelta(days=1)
"""How long a removed file's content stays, so that a backup that was just begun finds all that it names."""

SWEEP_EVERY: Final = timedelta(hours=1)
SCANNER: Final = Actor(0, "Virus scanner", "")
LOG = logging.getLogger("eleven")


class EvidenceWorker:
    """Tends the evidence files of one installation; any number may run beside each other."""

    def __init__(self, engine: Engine, storage: Storage, scanner: Scanner | None) -> None:
        self._engine = engine
        self._storage = storage
        self._scanner = scanner
        self._swept_at: datetime | None = None

    def tend(self, now: datetime) -> int:
        """Scan what is due, and sweep once an hour; return how many files were looked at."""
        count = scan_due(self._engine, self._storage, self._scanner, now=now)
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            with suppress(StorageError):
                sweep(self._engine, self._storage, now)
        return count


# --- scanning --------------------------------------------------------------------------------------


def scan_due(
    engine: Engine, storage: Storage, scanner: Scanner | None, *, now: datetime, most: int = 50
) -> int:
    """Scan the files that wait, each under a lease of its own, and return how many were looked at.

    What the scanner says it does not know is tried again, ever more rarely, and never becomes available.
    Without a scanner nothing waits: files that were uploaded while one was set become available.
    """
    count = 0
    with Session(engine, expire_on_commit=False) as session:
        while count < most and (this := _lease(session, now)) is not None:
            count += 1
            verdict = _look_at(storage, scanner, this)
            _record(session, storage, this, verdict, now)
    return count


def _lease(session: Session, now: datetime) -> EvidenceFile | None:
    this = session.execute(
        select(EvidenceFile)
        .where(col(EvidenceFile.scan_state) == ScanState.WAITING, col(EvidenceFile.scan_due_at) <= now)
        .order_by(col(EvidenceFile.scan_due_at), col(EvidenceFile.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar()
    if this is not None:
        this.scan_attempts += 1
        this.scan_due_at = now + LEASE
    session.commit()
    return this


def _look_at(storage: Storage, scanner: Scanner | None, this: EvidenceFile) -> Verdict | None:
    """Return what the scanner says, or None where there is no scanner."""
    if scanner is None:
        return None
    try:
        with storage.open(this.stored_as) as content:
            return scanner.scan(content)
    except StorageError as problem:
        return Verdict(Outcome.UNKNOWN, f"the stored file cannot be read: {problem}")


def _record(
    session: Session, storage: Storage, this: EvidenceFile, verdict: Verdict | None, now: datetime
) -> None:
    if verdict is None:
        values: dict[str, Any] = {"scan_state": ScanState.NOT_SCANNED, "scan_due_at": None, "scan_detail": ""}
    elif verdict.outcome is Outcome.CLEAN:
        values = {"scan_state": ScanState.CLEAN, "scan_due_at": None, "scan_detail": "", "scanned_at": now}
    elif verdict.outcome is Outcome.INFECTED:
        _condemn(session, storage, this, verdict.detail, now)
        return
    else:
        wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(this.scan_attempts - 1, 10))
        values = {"scan_due_at": now + wait, "scan_detail": verdict.detail}
        LOG.warning("evidence file %s is not scanned yet: %s", this.id, verdict.detail)
    session.execute(
        update(EvidenceFile)
        .where(col(EvidenceFile.id) == this.id, col(EvidenceFile.scan_state) == ScanState.WAITING)
        .values(**values)
    )
    session.commit()


def _condemn(session: Session, storage: Storage, this: EvidenceFile, virus: str, now: datetime) -> None:
    """Refuse a file with a virus wherever it is linked, tell who uploaded it, and delete its content."""
    rows: ScalarResult[EvidenceFile] = session.execute(
        select(EvidenceFile)
        .where(
            col(EvidenceFile.stored_as) == this.stored_as,
            col(EvidenceFile.scan_state) != ScanState.INFECTED,
        )
        .order_by(col(EvidenceFile.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    work = Work(session, SCANNER, now)
    for row in rows.all():
        row.scan_state, row.scan_detail = ScanState.INFECTED, virus
        row.scan_due_at, row.scanned_at = None, now
        audit.record(
            work,
            "evidence.infected",
            ("return", row.return_id),
            organisation_id=row.organisation_id,
            standard=row.standard_key,
            file=row.id,
            name=row.name,
            sha256=row.sha256,
            virus=virus,
        )
        _tell(work, row)
    session.commit()
    # After the commit: if the store does not answer now, the sweep deletes what no row keeps any more.
    with suppress(StorageError):
        storage.remove(this.stored_as)


def _tell(work: Work, row: EvidenceFile) -> None:
    found = work.session.execute(
        select(col(User.name), col(User.email), col(Round.title), col(Organisation.name))
        .select_from(Return)
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .join(User, col(User.id) == row.uploaded_by)
        .where(col(Return.id) == row.return_id)
    ).first()
    if found is None:
        return
    name, address, title, organisation = found
    config = settings()
    body = render_text(
        "mails/evidence-refused.txt",
        name=name,
        file=row.name,
        title=title,
        organisation=organisation,
        link=f"{config.public_address}/returns/{row.return_id}/files",
        partnership_name=config.partnership_name,
        phone=config.partnership_phone,
    )
    mail = outbox.Mail(
        f"evidence-refused:{row.id}",
        "evidence-refused",
        address,
        f"A file was refused: {title}",
        body,
        row.organisation_id,
    )
    outbox.enqueue(work.session, [mail], work.now)


# --- sweeping --------------------------------------------------------------------------------------

Named = Callable[[Session, Collection[str], datetime], set[str]]


def _named(session: Session, names: Collection[str], now: datetime) -> set[str]:
    """Return which stored files some row still needs."""
    rows = session.execute(
        select(col(EvidenceFile.stored_as))
        .where(
            col(EvidenceFile.stored_as).in_(names),
            col(EvidenceFile.scan_state) != ScanState.INFECTED,
            or_(
                col(EvidenceFile.removed_at).is_(None),
                col(EvidenceFile.removed_at) > now - KEPT_AFTER_REMOVAL,
                col(EvidenceFile.signed_edition).is_not(None),
            ),
        )
        .distinct()
    )
    return set(rows.scalars())


def sweep(engine: Engine, storage: Storage, now: datetime, *, named: Named = _named) -> int:
    """Delete stored files that no row needs, and what killed uploads left half; return how many went."""
    count = storage.discard_unfinished(now - GRACE)
    old = [item.name for item in storage.items() if item.stored_at < now - GRACE]
    with Session(engine) as session:
        for begin in range(0, len(old), 1_000):
            some = old[begin : begin + 1_000]
            for name in sorted(set(some) - named(session, some, now)):
                with suppress(FileGoneError):
                    storage.remove(name)
                    count += 1
            session.rollback()
    if count:
        LOG.info("swept %s stored files that nothing refers to", count)
    return count
