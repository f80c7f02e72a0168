"""`eleven audit`: seal the trail, say where it ends, and verify it."""

import argparse
import sys
from pathlib import Path

from sqlalchemy import Engine

from app.core import audit_sealing
from app.core.audit_chain import Head, HeadError, head_text, read_head
from app.core.clock import Clock, date_and_time

GOOD, BAD, UNREADABLE = 0, 1, 2


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Describe the commands of the trail and return their parser."""
    audit = commands.add_parser("audit", help="seal and verify the audit trail")
    each = audit.add_subparsers(dest="what", required=True)
    each.add_parser("seal", help="chain the events that are not chained yet")
    each.add_parser("head", help="print where the chain ends, to be kept elsewhere")
    checking = each.add_parser("verify", help="find changed, missing, swapped and added events")
    checking.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="FILE",
        help="a head that was kept; give it several times for several heads",
    )
    return audit


def run(args: argparse.Namespace, engine: Engine, clock: Clock) -> int:
    """Seal first, then do what was asked; 0 is good, 1 a broken trail, 2 a head that cannot be read."""
    if args.what == "verify":
        return _verify(engine, clock, args.head)
    done = audit_sealing.seal(engine, clock())
    if args.what == "seal":
        print(f"{done:,} events were sealed.")  # noqa: T201 - a command speaks
        return GOOD
    with engine.connect() as connection:
        end = audit_sealing.end_of_chain(connection)
    now = audit_sealing.written(clock())
    print(head_text(Head(end.position, end.hash, now)))  # noqa: T201
    return GOOD


def _verify(engine: Engine, clock: Clock, files: list[str]) -> int:
    try:
        kept = tuple(read_head(Path(name).read_text("utf-8")) for name in files)
    except (OSError, HeadError) as unread:
        print(unread, file=sys.stderr)  # noqa: T201
        return UNREADABLE
    audit_sealing.seal(engine, clock())
    problem, end, waiting = audit_sealing.verify(engine, kept)
    if problem:
        print(f"The audit trail is not whole. {problem.sentence}")  # noqa: T201
        return BAD
    against = f", and holds {_heads(len(kept))}" if kept else ""
    print(f"The audit trail is whole: {end.position:,} events from the first to the last{against}.")  # noqa: T201
    if not kept:
        print("No kept head was given, so an end that was cut off would not be seen.")  # noqa: T201
    if waiting:
        print(f"{waiting:,} events came in meanwhile and wait to be sealed.")  # noqa: T201
    print(f"Looked at on {date_and_time(clock())}.")  # noqa: T201
    return GOOD


def _heads(count: int) -> str:
    return "the head that was kept" if count == 1 else f"all {count} heads that were kept"
