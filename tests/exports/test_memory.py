"""P7: the workbook's memory does not grow with the returns (at most 48 MiB from 600 to 5,900)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_MIB = 48
# The short form; the benchmark measures 5,900 from live data.
FEW, MANY = 600, int(os.environ.get("ELEVEN_MEMORY_RETURNS", "2400"))


def most_memory(program: str, returns: int) -> float:
    """Return the most memory that a process of its own needed for so many returns, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", program.format(returns)],
        cwd=ROOT,
        env={**os.environ, "ELEVEN_MODE": "test"},
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return float(done.stdout)


def grown(program: str) -> float:
    """Return how much more memory a program needs for many returns than for few, in MiB."""
    return most_memory(program, MANY) - most_memory(program, FEW)


ALLOWED = MOST_MIB * (MANY - FEW) / (5_900 - 600)


def test_memory_does_not_grow_with_the_returns() -> None:
    more = grown("from tests.exports import synthetic; print(synthetic.measure({})['mib'])")

    assert more <= ALLOWED, f"{more:.1f} MiB more for {MANY} returns than for {FEW}"


def test_a_list_of_everything_would_be_noticed() -> None:
    more = grown(
        "from tests.exports import synthetic as made; "
        "kept = list(made.Synthetic({}).answered_returns()); print(made.most_resident())"
    )

    assert more > ALLOWED
