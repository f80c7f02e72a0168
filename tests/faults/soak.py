"""Run the long forms of the fault tests in two steps, and say loudly what came of them.

First tests/faults alone, one test after the other, for its figures are times; then the other tests that are
marked `faults`, two files at a time. The second step runs whatever became of the first. Figures go to the
file of tests.faults.scale, which begins anew; what an earlier run left there is kept beside it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from tests.faults.scale import FILE, SOAK, lines_of, write
from tests.faults.table import missing, tables

Run = Callable[[list[str]], int]
STEPS: Final = (
    ("Faults, alone", ("-n", "0", "tests/faults")),
    (
        "The other tests marked faults",
        ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--ignore=tests/faults", "tests"),
    ),
)


def _pytest(arguments: list[str]) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "faults", *arguments], check=False
    ).returncode


def counted(report: Path) -> tuple[int, int]:
    """Return how many tests a report of pytest tells of, and how many of them failed or broke off."""
    if not report.exists():
        return 0, 0
    suites = list(ET.parse(report).getroot().iter("testsuite"))  # noqa: S314 - our own file
    failed = sum(int(suite.get(kind, "0")) for suite in suites for kind in ("failures", "errors"))
    return sum(int(suite.get("tests", "0")) for suite in suites), failed


def step(name: str, arguments: Sequence[str], run: Run) -> bool:
    """Run one step, note what came of it, and say whether all was well."""
    at, began = datetime.now(UTC), time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.xml"
        code = run([*arguments, f"--junitxml={report}"])
        tests, failed = counted(report)
    well = code == 0 and tests > 0
    note(
        name,
        at,
        time.monotonic() - began,
        outcome="passed" if well else f"FAILED (code {code})",
        counts=(tests, failed),
    )
    return well


def note(name: str, at: datetime, seconds: float, *, outcome: str, counts: tuple[int, int]) -> None:
    """Write a line about a step, or about the whole run, into the file of figures."""
    write(
        {
            "run": name,
            "at": at.isoformat(timespec="minutes"),
            "seconds": round(seconds, 1),
            "cores": len(os.sched_getaffinity(0)),
            "scale": SOAK,
            "outcome": outcome,
            "tests": counts[0],
            "failed": counts[1],
        }
    )


def soak(run: Run = _pytest, steps: Sequence[tuple[str, Sequence[str]]] = STEPS) -> int:
    """Run all steps and return the exit code: 0 only if all passed and every test left its figures."""
    at, began = datetime.now(UTC), time.monotonic()
    if FILE.exists():
        FILE.replace(FILE.with_name(f"{FILE.stem}-before{FILE.suffix}"))
    well = [step(name, arguments, run) for name, arguments in steps]
    lines = lines_of(FILE)
    lacking = missing(line for line in lines if "test" in line)
    whole = all(well) and not lacking
    runs = [line for line in lines if "run" in line]
    counts = (sum(line["tests"] for line in runs), sum(line["failed"] for line in runs))
    note(
        "The whole soak", at, time.monotonic() - began, outcome="passed" if whole else "FAILED", counts=counts
    )
    sys.stdout.write("\n".join(["", *tables(lines_of(FILE)), ""]))
    if not whole:
        told = [name for (name, _), passed in zip(steps, well, strict=True) if not passed] + lacking
        sys.stderr.write(f"\nTHE SOAK FAILED: {'; '.join(told)}\n")
    return 0 if whole else 1


if __name__ == "__main__":
    if not SOAK:
        sys.exit("Set ELEVEN_SOAK, to 1 for the long forms: `make soak` does.")
    sys.exit(soak())
