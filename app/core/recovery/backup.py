"""Making a backup: every row at one moment, every file, checked and sealed, in one file.

All tables are read in one read-only snapshot, so that a backup taken while people work is the state at one
moment. Files are copied after the snapshot was taken. A file is written before the row that names it, so
every file that a row of the snapshot names was there then; files that came later are extra and harmless.
"""

import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyrage
from psycopg import sql
from sqlalchemy.engine import URL

from app.core.object_storage import ObjectStorage
from app.core.recovery.archive import PART_BYTES, ArchiveWriter, Manifest, RecoveryError, encrypted
from app.core.recovery.copied_files import copied_files
from app.core.recovery.copied_tables import (
    REVISION_TABLE,
    CopiedTable,
    Driver,
    driver_of,
    rows_out,
    sequences,
    tables,
    tables_not_in_sight,
    upkeep_engine,
)

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: where it is and what it holds."""

    path: Path | None
    manifest: Manifest


def backup(
    address: URL,
    evidence: Path | ObjectStorage,
    target: str,
    *,
    now: datetime,
    recipient: pyrage.x25519.Recipient | None = None,
) -> Made:
    """Write a backup of a database and its files of evidence to `target`.

    That is a new file, a folder, or - for standard output.

    In a folder the file is named after the time. The file is there whole or not at all.
    Raises RecoveryError with what to do.
    """
    with _written(target, now, encrypted_to=recipient) as (path, out), encrypted(out, recipient) as clear:
        writer = ArchiveWriter(clear)
        manifest = _copy(address, evidence, writer, now)
        writer.close(manifest)
    return Made(path, manifest)


def _copy(address: URL, evidence: Path | ObjectStorage, writer: ArchiveWriter, now: datetime) -> Manifest:
    engine = upkeep_engine(address)
    try:
        with engine.connect() as connection:
            driver = driver_of(connection)
            listed = _snapshot(driver)
            manifest = Manifest(_revision(driver), now.isoformat(), _program())
            manifest.files = copied_files(evidence).copy(writer, _sizes(driver))
            for table in listed:
                manifest.tables[table.name] = _add_table(writer, driver, table)
            manifest.missing = _missing(driver, manifest)
            # Read last: sequences move outside the snapshot, and only forward.
            manifest.sequences = sequences(driver)
            driver.rollback()
    finally:
        engine.dispose()
    return manifest


def _snapshot(driver: Driver) -> list[CopiedTable]:
    """Begin to read at one moment, with the tables held against changes of their columns."""
    listed = tables(driver)
    driver.rollback()
    if not listed:
        raise RecoveryError("There is nothing to back up: this database has no tables of Eleven.")
    driver.execute(_SNAPSHOT)
    names = sql.SQL(", ").join(sql.Identifier(table.name) for table in listed)
    driver.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(names))
    if tables(driver) != listed:
        raise RecoveryError("The tables were being upgraded. Wait until that is done and try again.")
    hidden = tables_not_in_sight(driver)
    if hidden:
        raise RecoveryError(
            f"This database user cannot be sure to see every row of {', '.join(hidden)}. Make backups as the "
            "user who owns the tables."
        )
    return listed


def _revision(driver: Driver) -> str:
    row = driver.execute(
        sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(REVISION_TABLE))
    ).fetchone()
    if row is None:
        raise RecoveryError("The database does not say which revision its tables have. Run: eleven migrate")
    return str(row[0])


def _program() -> str:
    with suppress(PackageNotFoundError):
        return version("eleven")
    return "0.1.0"


def _add_table(writer: ArchiveWriter, driver: Driver, table: CopiedTable) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    parts: list[dict[str, Any]] = []
    for rows, data in rows_out(driver, table, PART_BYTES):
        digest.update(data)
        count += rows
        parts.append(writer.add_rows(f"tables/{table.name}/{len(parts) + 1:06}.gz", data))
    return {"columns": list(table.columns), "rows": count, "sha256": digest.hexdigest(), "parts": parts}


_SIZES: Final = "SELECT stored_as, max(size) FROM evidence_file GROUP BY stored_as"
# What the sweep keeps: a file in which a virus was found is gone, one that was signed stays.
_NEEDED: Final = (
    "SELECT DISTINCT stored_as, sha256 FROM evidence_file WHERE scan_state <> 'infected' "
    "AND (removed_at IS NULL OR signed_edition IS NOT NULL)"
)


def _sizes(driver: Driver) -> dict[str, int]:
    """Return how many bytes each file has that the snapshot names."""
    return {name: int(size) for name, size in driver.execute(_SIZES)} if _has_evidence(driver) else {}


def _missing(driver: Driver, manifest: Manifest) -> list[str]:
    """Return the files of evidence that the snapshot needs and this backup does not hold.

    A file that was lost before must not stop every later backup; but whoever makes it must be told.
    """
    if not _has_evidence(driver):
        return []
    kept = {(str(each["name"]).rpartition("/")[2], each["sha256"]) for each in manifest.files}
    return sorted(name for name, digest in driver.execute(_NEEDED) if (name, digest) not in kept)


def _has_evidence(driver: Driver) -> bool:
    return driver.execute("SELECT to_regclass('evidence_file') IS NOT NULL").fetchone() == (True,)


# --- where it goes --------------------------------------------------------------------------------


@contextmanager
def _written(
    target: str, now: datetime, *, encrypted_to: object | None
) -> Iterator[tuple[Path | None, BinaryIO]]:
    """Open the target; a file gets its name only when all of it is on disk."""
    if target == "-":
        yield None, sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.is_dir():
        ending = ".tar.age" if encrypted_to else ".tar"
        path /= f"eleven-{now:%Y-%m-%dT%H%M%SZ}{ending}"
    if path.exists():
        raise RecoveryError(f"{path} is there already and is kept. Choose another name.")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        file = os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise RecoveryError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with file:
            yield path, cast("BinaryIO", file)
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)  # unlike a renaming, this never replaces a file that came meanwhile
        _sync_folder(path.parent)
    except OSError as error:
        raise RecoveryError(f"The backup was not made: {error.strerror or error}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
