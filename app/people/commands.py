"""`eleven retention`: what has been kept for long enough, told or taken away."""

import argparse
import sys
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from app.core.settings import settings
from app.people.retention import Done, due, run


def line(each: Done, *, dry_run: bool) -> str:
    """Write what became of a rule in one line."""
    if each.failed:
        return f"{each.rule.what}: could not be finished; the log says why"
    would = "would be " if dry_run else ""
    return f"{each.rule.what}: {each.count:,} {would}{each.rule.then} ({each.period.words} {each.rule.after})"


def retention(args: argparse.Namespace, engine: Engine, now: datetime) -> int:
    """Do the day's retention, or say what it would do; return 1 when a rule could not be finished."""
    if args.dry_run:
        with Session(engine) as session:
            done = tuple(due(session, now, settings()))
    else:
        done = run(engine, now)
    for each in done:
        sys.stdout.write(f"{line(each, dry_run=args.dry_run)}\n")
    return 1 if any(each.failed for each in done) else 0
