"""Restoring a backup into an empty database: checked before, compared after, all of it or nothing.

Tables, rows and their comparison are one transaction. Whatever goes wrong in it, the database is empty again.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

import pyrage
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from app.core.archive import (
    DamagedError,
    Manifest,
    RecoveryError,
    check,
    each_member,
    opened,
    rows_of,
    unreadable_is_damaged,
)
from app.core.backup import FOLDER
from app.core.copied_tables import (
    Driver,
    driver_of,
    fingerprint,
    rows_in,
    set_sequences,
    tables,
    upkeep_engine,
)
from app.core.migrate import alembic_config, migrate

_CHUNK: Final = 1 << 20


def checked(path: Path, identity: pyrage.x25519.Identity | None = None) -> Manifest:
    """Check a backup without restoring it: every part, the seal, and that this program knows its tables.

    Raises RecoveryError and DamagedError.
    """
    with opened(path, identity) as source:
        manifest = check(source)
    _refuse_unknown_revision(manifest)
    for name in _file_names(manifest):
        _refuse_odd_path(name)
    return manifest


def restore(
    address: URL, evidence: Path, path: Path, *, identity: pyrage.x25519.Identity | None = None
) -> Manifest:
    """Restore a backup into a database without tables and a folder of evidence without files.

    A backup of an earlier version is brought up to date afterwards. Raises RecoveryError with what to do.
    """
    _refuse_files(evidence)
    engine = upkeep_engine(address)
    try:
        with engine.connect() as connection:
            _refuse_filled(driver_of(connection))
            manifest = checked(path, identity)
            # The transaction is begun here, so that the making of the tables does not end it.
            with (
                _files_in_waiting(evidence, manifest) as waiting,
                opened(path, identity) as source,
                connection.begin(),
            ):
                _load(connection, manifest, source, waiting)
                _compare(driver_of(connection), manifest)
                _put_in_place(waiting, evidence)
    finally:
        engine.dispose()
    migrate(address)
    return manifest


# --- before ---------------------------------------------------------------------------------------


def _refuse_unknown_revision(manifest: Manifest) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(None))
    try:
        known = scripts.get_revision(manifest.revision)
    except CommandError:
        known = None
    if known is None:
        raise RecoveryError(
            f"This backup has tables of revision {manifest.revision}, which this version of Eleven does not "
            "know. Restore it with the version that made it, or a later one."
        )


def _refuse_filled(driver: Driver) -> None:
    found = driver.execute(
        "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S')"
    ).fetchone()
    driver.rollback()
    if found is None or found[0]:
        raise RecoveryError(
            "The database is not empty, and nothing in it was touched. Make a new one, name it in "
            "DATABASE_URL, and restore into that."
        )


def _refuse_files(evidence: Path) -> None:
    if evidence.exists() and any(evidence.iterdir()):
        raise RecoveryError(f"{evidence} is not empty, and nothing in it was touched. Move it away first.")


def _file_names(manifest: Manifest) -> Iterator[str]:
    return (str(each["name"]) for each in manifest.files)


def _refuse_odd_path(name: str) -> None:
    parts = PurePosixPath(name).parts
    if len(parts) < 3 or parts[0] != "files" or parts[1] != FOLDER or {"..", "/"} & {*parts}:
        raise DamagedError(f"it names a file {name!r}, which is no place for files")


# --- loading --------------------------------------------------------------------------------------


def _load(connection: Connection, manifest: Manifest, source: BinaryIO, waiting: Path) -> None:
    config = alembic_config(None)
    config.attributes["connection"] = connection
    command.upgrade(config, manifest.revision)
    driver = driver_of(connection)
    listed = {table.name: table.columns for table in tables(driver)}
    kept = {name: tuple(table["columns"]) for name, table in manifest.tables.items()}
    if {name: {*columns} for name, columns in listed.items()} != {
        name: {*columns} for name, columns in kept.items()
    }:
        raise DamagedError(f"its tables are not those of revision {manifest.revision}")
    with _without_constraints(driver, list(listed)):
        with unreadable_is_damaged():
            _read_parts(driver, manifest, source, waiting)
        set_sequences(driver, manifest.sequences)


def _read_parts(driver: Driver, manifest: Manifest, source: BinaryIO, waiting: Path) -> None:
    hashes = {member.name: member.sha256 for member in manifest.members()}
    for name, content in each_member(source):
        kind, _, rest = name.partition("/")
        if kind == "files":
            _refuse_odd_path(name)
            found = _write_file(waiting / rest, content)
        elif kind == "tables":
            data = content.read()
            found = hashlib.sha256(data).hexdigest()
            table = rest.partition("/")[0]
            rows_in(driver, table, manifest.tables[table]["columns"], [rows_of(data)])
        else:
            continue
        if found != hashes.get(name):
            raise DamagedError(f"{name} changed while it was read")


def _write_file(path: Path, content: BinaryIO) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


_FOREIGN_KEYS: Final = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0
"""
_ROW_SECURITY: Final = """
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relforcerowsecurity
"""


@contextmanager
def _without_constraints(driver: Driver, names: list[str]) -> Iterator[None]:
    """Lift, for this transaction, what would stand in the way of copying rows in any order.

    Foreign keys are made again from their own definitions, so they are checked against every row. Triggers
    that keep signed and published rows from changing, and row-level security, which forbids COPY, come back
    as they were.
    """
    keys = driver.execute(_FOREIGN_KEYS).fetchall()
    forced = [name for (name,) in driver.execute(_ROW_SECURITY)]
    for table, key, _ in keys:
        driver.execute(f"ALTER TABLE {table} DROP CONSTRAINT {_quoted(driver, key)}".encode())
    for table in forced:
        driver.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY".encode())
    for name in names:
        driver.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(name)))
        # What a migration put in by itself is in the backup too.
        driver.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
    yield
    for name in names:
        driver.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(name)))
    for table, key, definition in keys:
        driver.execute(f"ALTER TABLE {table} ADD CONSTRAINT {_quoted(driver, key)} {definition}".encode())
    for table in forced:
        driver.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY".encode())


def _quoted(driver: Driver, name: str) -> str:
    return sql.Identifier(name).as_string(driver)


# --- after ----------------------------------------------------------------------------------------


def _compare(driver: Driver, manifest: Manifest) -> None:
    """Read every table back as a backup would and compare."""
    for table in tables(driver):
        kept: dict[str, Any] = manifest.tables[table.name]
        if fingerprint(driver, table) != (kept["rows"], kept["sha256"]):
            raise RecoveryError(
                f"After restoring, the table {table.name} is not what the backup holds. Nothing was kept."
            )


@contextmanager
def _files_in_waiting(evidence: Path, manifest: Manifest) -> Iterator[Path]:
    """Give a folder within the one that files go to; what is left in it at the end is thrown away.

    Without files none is made: the folder of evidence may not be there at all.
    """
    if not manifest.files:
        yield evidence
        return
    evidence.mkdir(parents=True, exist_ok=True, mode=0o700)
    waiting = Path(tempfile.mkdtemp(prefix=".restoring-", dir=evidence))
    try:
        yield waiting
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def _put_in_place(waiting: Path, evidence: Path) -> None:
    """Put the files where they belong, before the rows that name them are there for good.

    The folder itself stays: it can be a volume of its own.
    """
    if waiting == evidence:
        return
    for each in (waiting / FOLDER).iterdir():
        each.rename(evidence / each.name)
    handle = os.open(evidence, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
