"""Importing from the command line: the same look at what would change as on the page, then the same apply."""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from sqlalchemy import Engine
from sqlmodel import Session

from app.core.access import Actor, Work
from app.core.errors import RefusedError
from app.organisations import service
from app.organisations.import_queries import ImportPreview, import_preview
from app.organisations.models import RegisterImport
from app.organisations.service import Confirmed

SHOWN: Final = 20
COMMAND_LINE: Final = Actor(user_id=0, name="Command line", email="")

Preview = Callable[[Work], RegisterImport]


def add_arguments(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `schools`, `contacts` and `agencies` to the parser of `eleven import`; `args.what` tells which."""
    schools = subparsers.add_parser("schools", help="import schools from the national register")
    schools.add_argument("file", metavar="FILE", help="all data of establishments, CSV or Excel")
    schools.add_argument("--la", required=True, metavar="CODE", help="the local authority's three digits")
    schools.add_argument("--links", metavar="FILE", help="the register's file of links between schools")
    schools.add_argument(
        "--same",
        action="append",
        default=[],
        metavar="NEW=OLD",
        help="the school with the URN NEW continues OLD; NEW= says that it is a school of its own",
    )
    agencies = subparsers.add_parser("agencies", help="import a list of agencies")
    agencies.add_argument("file", metavar="FILE", help="code, name, kind ...; CSV or Excel")
    for each in (schools, agencies):
        each.add_argument("--gone", action="store_true", help="mark what the file does not have as gone")
        each.add_argument(
            "--many-gone", action="store_true", help="even though it is more than a fifth of the register"
        )
    contacts = subparsers.add_parser("contacts", help="import a list of contacts")
    contacts.add_argument("file", metavar="FILE", help="URN, role, name, email; CSV or Excel")
    for each in (schools, agencies, contacts):
        each.add_argument("--dry-run", action="store_true", help="only say what would change")


def run(args: argparse.Namespace, engine: Engine, now: datetime) -> int:
    """Import a file and say what it does; 1 when nothing of it could be taken or a question is open."""
    with Session(engine, expire_on_commit=False, autoflush=False) as session:
        work = Work(session, COMMAND_LINE, now)
        path = Path(args.file)
        if args.what == "contacts":
            return import_contacts(work, path, dry_run=args.dry_run)
        confirmed = Confirmed(args.gone, args.many_gone, _same(getattr(args, "same", ())))
        if args.what == "agencies":
            return import_agencies(work, path, dry_run=args.dry_run, confirmed=confirmed)
        links = Path(args.links) if args.links else None
        return import_schools(work, path, args.la, dry_run=args.dry_run, links=links, confirmed=confirmed)


def _same(typed: Iterable[str]) -> Mapping[str, str]:
    pairs = (each.partition("=") for each in typed)
    return {new.strip(): earlier.strip() for new, _, earlier in pairs}


def import_schools(
    work: Work,
    path: Path,
    la_code: str,
    *,
    dry_run: bool,
    links: Path | None = None,
    confirmed: Confirmed | None = None,
) -> int:
    """Import the schools of one authority, print what changes, and return the exit status."""

    def preview(work: Work) -> RegisterImport:
        links_data = _read(links) if links else None
        return service.preview_schools(work, _read(path), path.name, la_code, links_data)

    return _import(work, preview, dry_run=dry_run, confirmed=confirmed)


def import_contacts(work: Work, path: Path, *, dry_run: bool) -> int:
    """Import contacts, print what changes, and return the exit status."""
    return _import(work, lambda work: service.preview_contacts(work, _read(path), path.name), dry_run=dry_run)


def import_agencies(work: Work, path: Path, *, dry_run: bool, confirmed: Confirmed | None = None) -> int:
    """Import agencies, print what changes, and return the exit status."""
    return _import(
        work,
        lambda work: service.preview_agencies(work, _read(path), path.name),
        dry_run=dry_run,
        confirmed=confirmed,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise RefusedError(f"{path} cannot be read: {reason}. Check the name of the file.") from error


def _import(work: Work, preview: Preview, *, dry_run: bool, confirmed: Confirmed | None = None) -> int:
    session = work.session
    try:
        made = preview(work)
        shown = import_preview(session, made.id or 0)
        _print_preview(shown)
        if not shown.read:
            session.rollback()
            return 1
        if dry_run or not shown.changes_anything:
            session.rollback()
            _say("Nothing was changed: this was a dry run." if dry_run else "There is nothing to change.")
            return 0
        service.apply(work, made.id or 0, confirmed)
        session.commit()
    except RefusedError as problem:
        session.rollback()
        _say(problem.message, out=sys.stderr)
        for field, text in problem.problems.items():
            if text != problem.message:
                _say(f"- {text}{_HINTS.get(field.partition('-')[0], '')}", out=sys.stderr)
        return 1
    _say("Applied.")
    return 0


_HINTS: Final = {
    "same": ": use --same NEW=OLD, or --same NEW= for a school of its own",
    "many_gone": ": use --many-gone",
}


# --- in words -------------------------------------------------------------------------------------


def _say(line: str, *, out: TextIO | None = None) -> None:
    # Names come from files: a control character among them must not reach a terminal.
    text = "".join(char if char.isprintable() else " " for char in line)
    (out or sys.stdout).write(f"{text}\n")


def _print_preview(shown: ImportPreview) -> None:
    _say(
        f"{shown.line.file_name}: " + ", ".join(f"{words.lower()} {count:,}" for words, count in shown.counts)
    )
    _list("Refused", [f"row {each.row}, {each.what}: {each.reason}. {each.mend}." for each in shown.refused])
    _list("New", [", ".join((each.name, *each.cells, *filter(None, (each.address,)))) for each in shown.new])
    _list(
        "Under a new number",
        [f"{each.name}: {each.before_code} → {each.code}. {each.reason}." for each in shown.continued],
    )
    _list("Changed", [f"{each.name} ({each.code}): {_fields(each.fields)}" for each in shown.changed])
    _list(
        "To decide", [_question(each.code, each.name, each.reason, each.choices) for each in shown.decisions]
    )
    gone = "Not in this file" + (", kept" if shown.line.kind == "contacts" else " (kept without --gone)")
    _list(gone, [f"{each.name}, {each.code}: {each.why}" for each in shown.gone])
    _list("Taking over", list(shown.successions))
    _list("To know", list(shown.notes))
    _list("Passed over", [f"{words}: {count:,}" for words, count in shown.skipped])


def _fields(fields: Iterable[tuple[str, str, str]]) -> str:
    return "; ".join(f"{name}: {before} → {after}" for name, before, after in fields)


def _question(code: str, name: str, reason: str, choices: Iterable[tuple[str, str, int]]) -> str:
    earlier = ", ".join(f"{number} ({known})" for number, known, _ in choices)
    return f"{name} ({code}): {reason}. It may continue {earlier}."


def _list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    _say("")
    _say(f"{title}:")
    for line in lines[:SHOWN]:
        _say(f"  {line}")
    if len(lines) > SHOWN:
        _say(f"  and {len(lines) - SHOWN:,} more")
