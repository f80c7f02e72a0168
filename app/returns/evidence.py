"""Changes to evidence files: adding, removing, using last year's again, freezing them with a signature."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from sqlalchemy import func, insert, select, update
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.core.settings import settings
from app.core.storage import Kept, Storage, StorageError
from app.returns.evidence_queries import AVAILABLE, FileLine, files_of
from app.returns.file_names import distinct, ending_of, safe_name
from app.returns.file_types import FileType, type_of
from app.returns.models import EvidenceFile, Return, ReturnState, ScanState
from app.returns.queries import ReturnHead
from app.returns.refusals import RefusedFileError
from app.returns.service import ROUND_CLOSED, SIGNED_ALREADY, Held, hold
from app.rounds.models import RoundState

FIELD: Final = "file"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a person's browser sent it: its name as given, its content, its size in bytes."""

    name: str
    content: BinaryIO
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where evidence goes, and whether it waits for a scanner first."""

    storage: Storage
    scanned: bool


def _refused(message: str) -> RefusedError:
    return RefusedError(message, {FIELD: message})


def add(work: Work, this: ReturnHead, standard_key: str, upload: Upload, place: Place) -> str:
    """Take a file as evidence for a standard and return the name that it goes by.

    The same content sent twice is one file. Raises RefusedError for what is not taken, StorageError when the
    store is full or away; nothing is left of either.
    """
    if not this.open_for_answers:
        raise RefusedError(SIGNED_ALREADY if this.round_state is RoundState.OPEN else ROUND_CLOSED)
    name, found = checked(upload)
    kept = place.storage.put(upload.content)
    try:
        held = hold(work, this.id)
        shown, is_new = _add(work, held, standard_key, _New(name, found.key, kept), scanned=place.scanned)
    except BaseException:
        _throw_away(place.storage, kept)
        raise
    if not is_new:
        _throw_away(place.storage, kept)
    return shown


def checked(upload: Upload) -> tuple[str, FileType]:
    """Return the safe name and the kind of a file, or raise RefusedError in words that people can act on."""
    most = settings().evidence_file_bytes
    name = safe_name(upload.name)
    if upload.size > most:
        raise _refused(
            f"“{name}” is larger than {settings().evidence_file_megabytes} MB, which is the most. "
            "Make it smaller, for example by saving it as PDF, or upload it in parts."
        )
    try:
        return name, type_of(upload.content, upload.size, ending_of(name))
    except RefusedFileError as problem:
        raise _refused(f"“{name}” was not taken. {problem}") from problem


def _throw_away(storage: Storage, kept: Kept) -> None:
    # If the store does not answer now, the sweep finds the file later: no row names it.
    with suppress(StorageError):
        storage.remove(kept.name)


@dataclass(frozen=True, slots=True)
class _New:
    name: str
    type_key: str
    kept: Kept
    carried_from: int | None = None


def _add(work: Work, held: Held, standard_key: str, new: _New, *, scanned: bool) -> tuple[str, bool]:
    here = files_of(work.session, work.actor, held.id).get(standard_key, ())
    for line in here:
        if line.sha256 == new.kept.sha256 and not line.refused:
            return line.name, False
    _room_for(1, here)
    state = ScanState.WAITING if scanned else ScanState.NOT_SCANNED
    name = distinct(new.name, [line.name for line in here])
    _insert(work, held, standard_key, new, name=name, state=state)
    return name, True


def _room_for(more: int, here: Collection[FileLine]) -> None:
    most = settings().evidence_files_per_standard
    if sum(not line.refused for line in here) + more > most:
        raise _refused(
            f"There is room for {most} files beside each standard. Remove one that matters less first."
        )


def _insert(work: Work, held: Held, standard_key: str, new: _New, *, name: str, state: ScanState) -> None:
    file_id = (
        work.session.connection()
        .execute(
            insert(EvidenceFile)
            .values(
                organisation_id=held.organisation_id,
                return_id=held.id,
                standard_key=standard_key,
                name=name,
                type_key=new.type_key,
                size=new.kept.size,
                sha256=new.kept.sha256,
                stored_as=new.kept.name,
                uploaded_at=work.now,
                uploaded_by=work.actor.user_id,
                carried_from=new.carried_from,
                scan_state=state,
                scan_due_at=work.now if state is ScanState.WAITING else None,
                scan_attempts=0,
                scan_detail="",
            )
            .returning(col(EvidenceFile.id))
        )
        .scalar_one()
    )
    _note_work(work, held)
    audit.record(
        work,
        "evidence.carried_over" if new.carried_from else "evidence.added",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=standard_key,
        file=file_id,
        name=name,
        size=new.kept.size,
        sha256=new.kept.sha256,
        carried_from=new.carried_from,
    )


def _note_work(work: Work, held: Held) -> None:
    """Count a file as work on the return, as a saved answer is: nobody is chased as if they had not begun."""
    work.session.execute(
        update(Return)
        .where(col(Return.id) == held.id)
        .values(
            state=ReturnState.READY if held.state is ReturnState.READY else ReturnState.IN_PROGRESS,
            started_at=func.coalesce(col(Return.started_at), work.now),
            opened_at=func.coalesce(col(Return.opened_at), work.now),
            last_saved_at=work.now,
        )
    )


def remove(work: Work, return_id: int, file_id: int) -> str:
    """Take a file away from an answer and return its name.

    A signed edition that holds the file keeps it; otherwise the worker deletes the content later.
    Raises NotFoundError for a file that is not there (any more), RefusedError after the signature.
    """
    held = hold(work, return_id)
    row = work.session.execute(
        update(EvidenceFile)
        .where(
            col(EvidenceFile.id) == file_id,
            col(EvidenceFile.return_id) == held.id,
            col(EvidenceFile.removed_at).is_(None),
        )
        .values(removed_at=work.now, removed_by=work.actor.user_id)
        .returning(col(EvidenceFile.name), col(EvidenceFile.standard_key), col(EvidenceFile.sha256))
    ).first()
    if row is None:
        raise NotFoundError
    audit.record(
        work,
        "evidence.removed",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=row[1],
        file=file_id,
        name=row[0],
        sha256=row[2],
    )
    return str(row[0])


def carry_over(work: Work, return_id: int, standard_key: str, lines: Collection[FileLine]) -> int:
    """Use last year's files again for a standard: the same stored content, linked once more.

    `lines` are files that the person may read and that are not used yet. Returns how many were taken.
    """
    held = hold(work, return_id)
    here = files_of(work.session, work.actor, held.id).get(standard_key, ())
    used = {line.stored_as for line in here}
    # Locked, so that nobody removes the file of last year, and then its content, while it gets a second link.
    rows = work.session.execute(
        select(col(EvidenceFile.id), col(EvidenceFile.scan_state))
        .where(
            col(EvidenceFile.id).in_([line.id for line in lines if line.stored_as not in used]),
            col(EvidenceFile.removed_at).is_(None),
            col(EvidenceFile.scan_state).in_(AVAILABLE),
        )
        .with_for_update(read=True)
    )
    states = {row[0]: row[1] for row in rows}
    _room_for(len(states), here)
    names = [line.name for line in here]
    for line in lines:
        if line.id in states:
            kept = Kept(line.stored_as, line.size, line.sha256)
            names.append(distinct(line.name, names))
            new = _New(line.name, line.type_key, kept, line.id)
            _insert(work, held, standard_key, new, name=names[-1], state=states[line.id])
    return len(states)


def freeze(work: Work, return_id: int, edition: int) -> dict[str, list[dict[str, Any]]]:
    """Bind a return's files to the edition that is being signed, and return what it remembers of them."""
    work.session.execute(
        update(EvidenceFile)
        .where(
            col(EvidenceFile.return_id) == return_id,
            col(EvidenceFile.removed_at).is_(None),
            col(EvidenceFile.scan_state) != ScanState.INFECTED,
        )
        .values(signed_edition=edition)
    )
    every = files_of(work.session, work.actor, return_id)
    return {
        key: [line.snapshot() for line in lines if not line.refused]
        for key, lines in every.items()
        if any(not line.refused for line in lines)
    }
