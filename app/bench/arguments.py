"""The arguments of `eleven bench`; imports nothing of the program, since every command builds its parser."""

import argparse
from typing import Final

MEASURES: Final = (
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "import", "issue",
)  # fmt: skip
FEWEST_PAIRS: Final = 5


def _pairs(typed: str) -> int:
    count = int(typed)
    if count < 1:
        raise argparse.ArgumentTypeError("measure at least one pair")
    return count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be asked for: which measures, how many pairs, and a quick look."""
    parser.add_argument(
        "--goal",
        action="append",
        choices=MEASURES,
        dest="goals",
        metavar="GOAL",
        help=f"measure only this (may be repeated): {', '.join(MEASURES)}",
    )
    parser.add_argument(
        "--pairs", type=_pairs, default=FEWEST_PAIRS, help="interleaved pairs for each measure (default 5)"
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes: a first look, not a result")
