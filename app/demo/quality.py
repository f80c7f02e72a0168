"""How good each organisation is, at what, and how it answers: the latent truth behind the demo's ratings."""

import random
import re
from dataclasses import dataclass
from typing import Literal

from app.questionnaires.definition import Level, Standard

Style = Literal["careful", "brief", "wordy", "pasted", "whitewash", "copied", "rushed"]

_STYLES: tuple[Style, ...] = ("careful", "brief", "wordy", "pasted", "whitewash", "copied", "rushed")
_STYLE_WEIGHTS = (58, 20, 11, 2, 3, 3, 3)
# What a hundred audits of schools found weakest (FIELD.md, section 1.8), and what agencies find hard.
_WEAK = re.compile(
    r"risk|record|voice|heard|govern|board|recruit|central|shortlist|supervis|provider|contract|letting|"
    r"differences|pattern|equal|escalat|alternative|filter|emotional|budget|change|actions"
)
_GREEN_FROM, _RED_BELOW, _CRITICAL_RED_BELOW = 0.5, -0.46, -0.66
_WHITEWASHED = 0.97


@dataclass(frozen=True, slots=True)
class Quality:
    """An organisation's strength overall, in each domain and on each standard; keen ones answer early."""

    base: float
    domains: tuple[float, ...]
    standards: dict[str, float]
    keenness: float
    style: Style
    evidenced: float


def quality(rng: random.Random, keys: tuple[str, ...]) -> Quality:
    """Make up how good an organisation is; `keys` are all standards that it could be asked about."""
    base = rng.gauss(0, 1)
    return Quality(
        base=base,
        domains=tuple(rng.gauss(0, 1) for _ in range(8)),
        standards={key: rng.gauss(0, 1) for key in keys},
        keenness=0.45 * base + rng.gauss(0, 1),
        style=rng.choices(_STYLES, _STYLE_WEIGHTS)[0],
        evidenced=min(1.0, max(0.35, rng.gauss(0.87, 0.11))),
    )


def level_key(
    rng: random.Random,
    of: Quality,
    standard: Standard,
    position: int,
    scale: tuple[Level, ...],
    *,
    shift: float,
) -> str:
    """Return the level that an organisation gives itself; `shift` is how much better this year is."""
    if of.style == "whitewash" and rng.random() < _WHITEWASHED:
        return _by_rag(scale, "green")
    score = (
        0.92
        + 0.5 * of.base
        + 0.45 * of.domains[position % len(of.domains)]
        + 0.45 * of.standards.get(standard.key, 0.0)
        + 0.35 * rng.gauss(0, 1)
        + shift
        - (0.42 if _WEAK.search(standard.key) else 0.0)
        + (0.4 if standard.critical else 0.0)
    )
    if score > _GREEN_FROM:
        return _by_rag(scale, "green")
    lowest = _CRITICAL_RED_BELOW if standard.critical else _RED_BELOW
    return _by_rag(scale, "red" if score < lowest else "amber")


def _by_rag(scale: tuple[Level, ...], rag: str) -> str:
    return next(level.key for level in scale if level.rag == rag)
