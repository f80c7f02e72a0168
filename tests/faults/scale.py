"""How long a fault test runs, and where its figures go.

Short by default, so that they all run with every other test. ELEVEN_SOAK=1 runs the long form, another
number that many times it; the figures are then written as lines of JSON to ELEVEN_SOAK_FILE (soak.jsonl).
A figure is a count, which is added up over the tests of one name, or (most_..., ..._seconds) a greatest one.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SOAK = float(os.environ.get("ELEVEN_SOAK") or 0)
FILE = Path(os.environ.get("ELEVEN_SOAK_FILE") or "soak.jsonl")


def times(short: int, long: int) -> int:
    """Return how many times to do something: `short` with every test run, up to `long` in a soak."""
    return max(short, round(long * SOAK)) if SOAK else short


def figures(test: str, **found: Any) -> None:
    """Print what a fault test found; a soak also keeps it."""
    line = {"test": test, **found}
    print(json.dumps(line))  # noqa: T201 - pytest shows it with -s, or when the test fails
    if SOAK:
        write({**line, "at": datetime.now(UTC).isoformat(timespec="seconds"), "scale": SOAK})


def write(line: dict[str, Any]) -> None:
    """Add a line to the file of figures, in one piece: two processes may write at once."""
    with FILE.open("ab", buffering=0) as file:
        file.write(f"{json.dumps(line)}\n".encode())


def lines_of(file: Path) -> list[dict[str, Any]]:
    """Return the lines of a file of figures; none if there is no such file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
