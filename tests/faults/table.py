"""Print the figures of a soak as the table of docs/reliability.md; name the file with the lines of JSON."""

import json
import sys
from pathlib import Path
from typing import Any

_OUTCOMES = ("acknowledged", "lost", "duplicates", "inconsistent", "recovery_seconds")
_NOT_SHOWN = {"test", "at", "scale", *_OUTCOMES}


def rows(lines: list[dict[str, Any]]) -> list[str]:
    """Return the table: each test's own figures in words, then the outcomes that all share."""
    found = [
        "| fault | how often | acknowledged | lost | doubled | inconsistent | back after |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for line in sorted(lines, key=lambda each: str(each["test"])):
        details = ", ".join(
            f"{name.replace('_', ' ')}: {_words(value)}"
            for name, value in line.items()
            if name not in _NOT_SHOWN
        )
        values = [line.get(name, "") for name in _OUTCOMES]
        shown = [f"{value:,}" if isinstance(value, int) else str(value) for value in values]
        shown[-1] = f"{shown[-1]} s" if shown[-1] else ""
        found.append(f"| {line['test']} | {details} | {' | '.join(shown)} |")
    return found


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    read = Path(sys.argv[1]).read_text("utf-8").splitlines()
    sys.stdout.write("\n".join(rows([json.loads(line) for line in read])) + "\n")
