"""`eleven backup` and `eleven restore`."""

import argparse
import sys
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from app.core.object_storage import ObjectStorage
from app.core.outside import file_store
from app.core.recovery.archive import Manifest, RecoveryError, identity_from, recipient_from
from app.core.recovery.backup import backup
from app.core.recovery.restore import checked, restore
from app.core.settings import settings


def add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `eleven backup` takes."""
    parser.add_argument("target", metavar="TARGET", help="a new file, a folder, or - for standard output")
    parser.add_argument("--recipient", metavar="AGEKEY", help="encrypt to this age public key (age1...)")


def add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `eleven restore` takes."""
    parser.add_argument("source", metavar="SOURCE", type=Path, help="the backup")
    parser.add_argument("--identity", metavar="FILE", type=Path, help="the file with the age key")
    parser.add_argument("--check", action="store_true", help="only check the backup; touch no database")


def run_backup(args: argparse.Namespace, address: URL, now: datetime) -> int:
    """Make a backup and say what is in it; 1 when it was not made, 3 when files of evidence are missing."""
    began = time.monotonic()
    try:
        recipient = recipient_from(args.recipient) if args.recipient else None
        made = backup(address, _evidence(), args.target, now=now, recipient=recipient)
    except (RecoveryError, DBAPIError) as problem:
        return _refuse(problem)
    size = f", {made.path.stat().st_size:,} bytes" if made.path else ""
    _say(f"{made.path or 'standard output'}: {_content(made.manifest)}{size}, {_seconds(began)}")
    if made.manifest.missing:
        _say(
            f"Attention: {len(made.manifest.missing):,} files of evidence that answers name are not in this "
            f"backup, such as {made.manifest.missing[0]}. They are not where files of evidence are kept."
        )
        return 3
    return 0


def run_restore(args: argparse.Namespace, address: URL | None) -> int:
    """Restore a backup, or only check it, and say what was in it; 1 when it was not."""
    began = time.monotonic()
    try:
        identity = identity_from(args.identity) if args.identity else None
        if args.check or address is None:
            manifest = checked(args.source, identity)
        else:
            manifest = restore(address, _evidence(), args.source, identity=identity)
    except (RecoveryError, DBAPIError, OSError) as problem:
        return _refuse(problem)
    done = "whole and readable" if args.check else "restored and compared"
    _say(f"{args.source}, made {manifest.made_at}: {done}, {_content(manifest)}, {_seconds(began)}")
    return 0


def _evidence() -> Path | ObjectStorage:
    """Return where this installation keeps its files of evidence."""
    store = file_store(settings())
    return store if isinstance(store, ObjectStorage) else settings().evidence_folder


def _refuse(problem: Exception) -> int:
    # A driver's message may quote what people wrote; its first line names what is wrong with the server.
    known = isinstance(problem, RecoveryError)
    _say(str(problem) if known else f"{type(problem).__name__}: {str(problem).splitlines()[0]}")
    return 1


def _content(manifest: Manifest) -> str:
    return (
        f"revision {manifest.revision}, {len(manifest.tables)} tables, {manifest.rows:,} rows, "
        f"{len(manifest.files):,} files"
    )


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.1f} seconds"


def _say(line: str) -> None:
    # On standard output there may be the backup itself.
    sys.stderr.write(f"{line}\n")
