"""Print the figures of a soak as the tables of docs/reliability.md; name the file with the lines of JSON."""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Line = dict[str, Any]
# The tests of QUALITY.md that a whole soak leaves figures of, and whose control it has to catch.
EXPECTED = (*range(1, 12), *range(23, 28))
_OUTCOMES = ("acknowledged", "lost", "duplicates", "inconsistent", "recovery_seconds")
_NOT_SHOWN = {"test", "at", "scale", "wrong", "noticed", *_OUTCOMES}
_LAST_OF_SAVING = 9
_GREATEST = re.compile(r"^most_|_seconds$")


def number_of(test: str) -> int:
    """Return the number in QUALITY.md with which a test's name begins."""
    found = re.match(r"\d+", test)
    return int(found[0]) if found else 0


def merged(lines: Iterable[Line]) -> list[Line]:
    """Return one line for each test, in order: counts are added, times and sizes are the greatest."""
    found: dict[str, Line] = {}
    for line in lines:
        into = found.setdefault(line["test"], {})
        for name, value in line.items():
            countable = isinstance(value, int | float) and not isinstance(value, bool)
            if name not in into or not countable or name == "scale":
                into[name] = value
            else:
                into[name] = max(into[name], value) if _GREATEST.search(name) else into[name] + value
    return sorted(found.values(), key=lambda each: (number_of(each["test"]), "control" in each["test"]))


def missing(lines: Iterable[Line]) -> list[str]:
    """Say which tests left no figures, and which no figures of their control."""
    names = [str(line["test"]) for line in lines]
    told = {number_of(name) for name in names if "control" not in name}
    controlled = {number_of(name) for name in names if "control" in name}
    lacking = {
        "no figures of test": [str(number) for number in EXPECTED if number not in told],
        "no figures of the control of test": [str(each) for each in EXPECTED if each not in controlled],
    }
    return [f"{words} {', '.join(numbers)}" for words, numbers in lacking.items() if numbers]


def tables(lines: list[Line]) -> list[str]:
    """Return all of a soak in words and tables: the run, saving and signing, then recovery and bad input."""
    tests = merged(line for line in lines if "test" in line)
    first = [line for line in tests if number_of(line["test"]) <= _LAST_OF_SAVING]
    second = [line for line in tests if number_of(line["test"]) > _LAST_OF_SAVING]
    return [
        *_run_in_words([line for line in lines if "run" in line]),
        "| fault | how often | acknowledged | lost | doubled | inconsistent | back after |",
        "|---|---|--:|--:|--:|--:|--:|",
        *(_row(line, [line.get(name, "") for name in _OUTCOMES]) for line in first),
        "",
        "| test | how often | wrong | planted fault noticed |",
        "|---|---|--:|--:|",
        *(_row(line, [line.get("wrong", ""), line.get("noticed", "")]) for line in second),
        *(f"\n**{each[:1].upper()}{each[1:]}.**" for each in missing(tests)),
    ]


def _run_in_words(runs: list[Line]) -> list[str]:
    words = []
    for run in runs:
        minutes, seconds = divmod(round(run["seconds"]), 60)
        words.append(
            f"- {run['run']}: {run['outcome']}; {run['tests']:,} tests, {run['failed']} failed, "
            f"{minutes} min {seconds} s; begun {run['at']}, {run['cores']} cores, "
            f"ELEVEN_SOAK={run['scale']:g}"
        )
    return [*words, ""] if words else []


def _row(line: Line, outcomes: list[Any]) -> str:
    shown_only = {"wrong", "noticed"} if number_of(line["test"]) <= _LAST_OF_SAVING else set()
    details = ", ".join(
        f"{name.replace('_', ' ')}: {_words(value)}"
        for name, value in line.items()
        if name not in _NOT_SHOWN - shown_only
    )
    values = [_words(value) for value in outcomes]
    if line.get("recovery_seconds", "") != "" and number_of(line["test"]) <= _LAST_OF_SAVING:
        values[-1] += " s"
    return f"| {line['test']} | {details} | {' | '.join(values)} |"


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{round(value, 2):,}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    read = Path(sys.argv[1]).read_text("utf-8").splitlines()
    sys.stdout.write("\n".join(tables([json.loads(line) for line in read])) + "\n")
