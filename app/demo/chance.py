"""Chance with a name: the same seed and names give the same numbers, whatever else is made up in between."""

import random


def chance(*names: object) -> random.Random:
    """Return a source of chance of its own for what the names say."""
    return random.Random(":".join(str(name) for name in names))  # noqa: S311 - invents a county, guards nothing
