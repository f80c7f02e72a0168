"""Runs the measures that were asked for and tells what they found."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.bench.arguments import MEASURES

if TYPE_CHECKING:
    from app.bench.readings import Reading


def run(args: argparse.Namespace) -> int:
    """Measure, print one line of JSON for each figure, and a table for people on standard error.

    Returns 1 when a figure that counts misses its goal or a measure could not be taken.
    """
    # Never a partnership's own database, whatever the settings of this shell say.
    os.environ["ELEVEN_MODE"] = "test"
    os.environ.pop("DATABASE_URL", None)
    found, broken = measure(args.goals or MEASURES, pairs=args.pairs, quick=args.quick)
    _tell(_table(found))
    missed = any(reading.meets == "no" and reading.conclusive for reading in found)
    return 1 if missed or broken else 0


def measure(names: Sequence[str], *, pairs: int, quick: bool) -> tuple[list["Reading"], list[str]]:
    """Take measures one after the other and print each figure when it is there.

    Returns the figures and the names of the measures that failed.
    """
    from app.bench.registry import QUICK_PAIRS, Bench, every_measure  # noqa: PLC0415 - after the mode is set
    from app.bench.stage import Stage  # noqa: PLC0415

    registered = every_measure()
    found: list[Reading] = []
    broken: list[str] = []
    with Stage() as stage:
        bench = Bench(stage, min(pairs, QUICK_PAIRS) if quick else pairs, quick)
        for name in names:
            _tell(f"{name} ...")
            try:
                for reading in registered[name](bench):
                    found.append(reading)
                    sys.stdout.write(reading.as_json() + "\n")
                    sys.stdout.flush()
            except Exception as problem:  # noqa: BLE001 - one measure that fails must not cost the others
                broken.append(name)
                _tell(f"{name} could not be measured: {type(problem).__name__}: {problem}")
    return found, broken


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _table(found: Sequence["Reading"]) -> str:
    rows = [("goal", "figure", "min", "max", "must", "stretch", "meets", "what")]
    rows += [
        (
            each.goal,
            _figure(each.median),
            _figure(min(each.values)),
            _figure(max(each.values)),
            _figure(each.must),
            _figure(each.stretch),
            (each.meets or "–") + ("" if each.conclusive else " (inconclusive)"),
            each.what,
        )
        for each in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
