"""Facts to try the rules of signals with."""

from datetime import date
from typing import Any

from app.signals.rules import Facts, Measured, SignalKind
from app.signals.settings import DEFAULTS, Setting, Settings, signals_from

TODAY = date(2026, 11, 16)
DUE = date(2026, 11, 2)
SIGNED = date(2026, 10, 30)
TITLES = {"policy": "Safeguarding policy", "training": "Training", "records": "Records", "culture": "Culture"}


def facts(**known: Any) -> Facts:
    """Return facts of an organisation that signed in time and signals nothing, but for what is named."""
    usual: dict[str, Any] = {
        "return_id": 1,
        "organisation_id": 7,
        "due_on": DUE,
        "signed_on": SIGNED,
        "titles": TITLES,
    }
    return Facts(**{**usual, **known})


def measured(**known: Any) -> Facts:
    """Return facts whose answers measure what is named."""
    return facts(measured=Measured(**known))


def only(kind: SignalKind, limit: int | None = None) -> Settings:
    """Return settings with one signal switched on."""
    return {
        each: Setting(on=each is kind, weight=now.weight, limit=now.limit if limit is None else limit)
        for each, now in DEFAULTS.items()
    }


def sentence(known: Facts, kind: SignalKind, limit: int | None = None, today: date = TODAY) -> str:
    """Return what a signal says about facts, or nothing."""
    found = signals_from(known, only(kind, limit), today)
    return found[0].sentence if found else ""
