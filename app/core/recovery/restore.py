"""Restoring a backup into an empty database: checked before, compared after, all of it or nothing.

Tables, rows and their comparison are one transaction. Whatever goes wrong in it, the database is empty again.
"""

import hashlib
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

from app.core.migrate import alembic_config, migrate
from app.core.object_storage import ObjectStorage
from app.core.recovery.archive import (
    DamagedError,
    Manifest,
    RecoveryError,
    check,
    each_member,
    opened,
    rows_of,
    unreadable_is_damaged,
)
from app.core.recovery.copied_files import FOLDER, Restoring, copied_files
from app.core.recovery.copied_tables import (
    Driver,
    driver_of,
    fingerprint,
    rows_in,
    set_sequences,
    tables,
    upkeep_engine,
)


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
    address: URL,
    evidence: Path | ObjectStorage,
    path: Path,
    *,
    identity: pyrage.x25519.Identity | None = None,
) -> Manifest:
    """Restore a backup into a database without tables and a place of evidence without files.

    A backup of an earlier version is brought up to date afterwards. Raises RecoveryError with what to do.
    """
    place = copied_files(evidence)
    place.refuse_filled()
    engine = upkeep_engine(address)
    try:
        with engine.connect() as connection:
            _refuse_filled(driver_of(connection))
            manifest = checked(path, identity)
            # The transaction is begun here, so that the making of the tables does not end it.
            with (
                place.restoring([*_file_names(manifest)]) as files,
                opened(path, identity) as source,
                connection.begin(),
            ):
                _load(connection, manifest, source, files)
                _compare(driver_of(connection), manifest)
                files.put_in_place()
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


def _file_names(manifest: Manifest) -> Iterator[str]:
    return (str(each["name"]) for each in manifest.files)


def _refuse_odd_path(name: str) -> None:
    parts = PurePosixPath(name).parts
    if len(parts) < 3 or parts[0] != "files" or parts[1] != FOLDER or {"..", "/"} & {*parts}:
        raise DamagedError(f"it names a file {name!r}, which is no place for files")


# --- loading --------------------------------------------------------------------------------------


def _load(connection: Connection, manifest: Manifest, source: BinaryIO, files: Restoring) -> None:
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
            _read_parts(driver, manifest, source, files)
        set_sequences(driver, manifest.sequences)


def _read_parts(driver: Driver, manifest: Manifest, source: BinaryIO, files: Restoring) -> None:
    hashes = {member.name: member.sha256 for member in manifest.members()}
    for name, content in each_member(source):
        kind, _, rest = name.partition("/")
        if kind == "files":
            _refuse_odd_path(name)
            found = files.take(rest, content)
        elif kind == "tables":
            data = content.read()
            found = hashlib.sha256(data).hexdigest()
            table = rest.partition("/")[0]
            rows_in(driver, table, manifest.tables[table]["columns"], [rows_of(data)])
        else:
            continue
        if found != hashes.get(name):
            raise DamagedError(f"{name} changed while it was read")


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
