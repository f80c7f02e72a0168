"""Reads of evidence files: each confined to those who may read the answers that the files belong to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlmodel import Session, col

from app.core.access import Actor, Confined, visible_to
from app.core.errors import NotFoundError
from app.people.models import User
from app.returns.file_types import TYPES, FileType
from app.returns.models import EvidenceFile, ScanState
from app.returns.queries import ReturnHead, previous_signed_return_id

AVAILABLE = frozenset({ScanState.CLEAN, ScanState.NOT_SCANNED})


@dataclass(frozen=True, slots=True)
class FileLine:
    """An evidence file as its pages show it."""

    id: int
    standard_key: str
    name: str
    type_key: str
    size: int
    sha256: str
    stored_as: str
    uploaded_at: datetime
    uploaded_by_name: str
    scan_state: ScanState
    scan_detail: str
    carried_from: int | None

    @property
    def type(self) -> FileType:
        """The kind of the file."""
        return TYPES[self.type_key]

    @property
    def available(self) -> bool:
        """Say whether the file can be opened."""
        return self.scan_state in AVAILABLE

    @property
    def waiting(self) -> bool:
        """Say whether the file still waits for the virus scanner."""
        return self.scan_state is ScanState.WAITING

    @property
    def refused(self) -> bool:
        """Say whether the file was thrown away because of a virus."""
        return self.scan_state is ScanState.INFECTED

    @property
    def size_words(self) -> str:
        """The size as people read it."""
        return size_words(self.size)

    def snapshot(self) -> dict[str, Any]:
        """Return what a signed return remembers of the file."""
        return {
            "id": self.id,
            "name": self.name,
            "type": self.type_key,
            "size": self.size,
            "sha256": self.sha256,
        }


def size_words(size: int) -> str:
    """Write a size in bytes as people read it: 350 bytes, 12 KB, 3.4 MB."""
    if size < 1_000:
        return f"{size} bytes"
    if size < 999_500:
        return f"{round(size / 1_000)} KB"
    return f"{size / 1_000_000:.1f} MB"


_COLUMNS = (
    col(EvidenceFile.id),
    col(EvidenceFile.standard_key),
    col(EvidenceFile.name),
    col(EvidenceFile.type_key),
    col(EvidenceFile.size),
    col(EvidenceFile.sha256),
    col(EvidenceFile.stored_as),
    col(EvidenceFile.uploaded_at),
    col(User.name),
    col(EvidenceFile.scan_state),
    col(EvidenceFile.scan_detail),
    col(EvidenceFile.carried_from),
)


def _every_line() -> Select[Any]:
    columns: tuple[Any, ...] = _COLUMNS
    return (
        select(*columns)
        .join(User, col(User.id) == col(EvidenceFile.uploaded_by))
        .order_by(col(EvidenceFile.id))
    )


# Every page of questions asks it.
_FILES = Confined(
    _every_line().where(
        col(EvidenceFile.return_id) == bindparam("return_id"), col(EvidenceFile.removed_at).is_(None)
    ),
    col(EvidenceFile.organisation_id),
)


def _lines(actor: Actor, return_id: int) -> Select[Any]:
    return _every_line().where(
        col(EvidenceFile.return_id) == return_id, visible_to(actor, col(EvidenceFile.organisation_id))
    )


def files_of(session: Session, actor: Actor, return_id: int) -> dict[str, tuple[FileLine, ...]]:
    """Return the files of a return by standard, in the order of their upload."""
    found: dict[str, tuple[FileLine, ...]] = {}
    for row in _FILES.rows(session, actor, return_id=return_id):
        line = FileLine(*row)
        found[line.standard_key] = (*found.get(line.standard_key, ()), line)
    return found


def count_of(session: Session, actor: Actor, return_id: int) -> int:
    """Count the files that a return gives as evidence."""
    counted = session.execute(
        select(func.count())
        .select_from(EvidenceFile)
        .where(
            col(EvidenceFile.return_id) == return_id,
            col(EvidenceFile.removed_at).is_(None),
            col(EvidenceFile.scan_state) != ScanState.INFECTED,
            visible_to(actor, col(EvidenceFile.organisation_id)),
        )
    )
    return int(counted.scalar_one())


def file_to_open(session: Session, actor: Actor, return_id: int, file_id: int) -> FileLine:
    """Return a file that the person may open, or raise NotFoundError.

    A file that was removed later stays open while a signed edition holds it.
    """
    row = session.execute(
        _lines(actor, return_id).where(
            col(EvidenceFile.id) == file_id,
            col(EvidenceFile.scan_state).in_(AVAILABLE),
            or_(col(EvidenceFile.removed_at).is_(None), col(EvidenceFile.signed_edition).is_not(None)),
        )
    ).first()
    if row is None:
        raise NotFoundError
    return FileLine(*row)


def last_years_files(
    session: Session, actor: Actor, this: ReturnHead, standard_key: str, here: Mapping[str, Any]
) -> tuple[FileLine, ...]:
    """Return the files of last year's signed return at a standard that are not used again yet.

    `here` are this year's files by standard. A file of a predecessor is offered only to people who may read
    the predecessor's answers.
    """
    previous = previous_signed_return_id(session, this)
    if previous is None:
        return ()
    used = {line.stored_as for line in here.get(standard_key, ())}
    rows = session.execute(
        _lines(actor, previous).where(
            col(EvidenceFile.standard_key) == standard_key,
            col(EvidenceFile.scan_state).in_(AVAILABLE),
            col(EvidenceFile.removed_at).is_(None),
        )
    )
    return tuple(line for line in (FileLine(*row) for row in rows) if line.stored_as not in used)
