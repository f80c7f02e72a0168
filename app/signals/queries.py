"""Reads of signals: by round for the heat map, by organisation for profiles and visits.

Signals are worked out when they are read, from stored measures and the register as it stands: a changed limit
or a contact that works again is seen at once. Who may see them is for the caller to say (`may_see`).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from app.core.access import READERS, Actor
from app.signals.facts import facts_of_round, newest_facts
from app.signals.models import SignalSetting
from app.signals.rules import Signal, SignalKind
from app.signals.settings import DEFAULTS, Setting, Settings, signals_from


def may_see(actor: Actor, organisation_id: int) -> bool:
    """Say whether a person may see an organisation's signals: whoever reads whole returns, but of others.

    A safeguarding partner reads ratings, not answers, so no signals; nobody sees those of a place that they
    answer for.
    """
    return actor.has(*READERS) and organisation_id not in actor.readable


def settings(session: Session) -> Settings:
    """Return the partnership's settings; what it has not set is as Eleven has it."""
    rows = session.execute(
        select(
            col(SignalSetting.kind),
            col(SignalSetting.switched_on),
            col(SignalSetting.weight),
            col(SignalSetting.fires_from),
        )
    )
    return {**DEFAULTS, **{row[0]: Setting(row[1], row[2], row[3]) for row in rows}}


def signal_counts(session: Session, actor: Actor, round_id: int, today: date) -> dict[int, int]:
    """Return how many signals the organisations of a round have, without those that the person may not see.

    Whoever may see none costs no statement.
    """
    if not actor.has(*READERS):
        return {}
    chosen = settings(session)
    return {
        facts.organisation_id: len(signals_from(facts, chosen, today))
        for facts in facts_of_round(session, round_id, today)
        if may_see(actor, facts.organisation_id)
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organisation signals now, from which return; `measured` is False until its texts are read."""

    organisation_id: int
    return_id: int
    signed: bool
    measured: bool
    signals: tuple[Signal, ...]

    @property
    def waits(self) -> bool:
        """Say whether the return is signed and its texts are not read yet."""
        return self.signed and not self.measured


def signals_now(
    session: Session, today: date, organisation_ids: Collection[int] | None = None
) -> dict[int, Standing]:
    """Return what organisations (all of them with None) signal now, by organisation."""
    chosen = settings(session)
    return {
        facts.organisation_id: Standing(
            facts.organisation_id,
            facts.return_id,
            facts.signed_on is not None,
            facts.measured is not None,
            signals_from(facts, chosen, today),
        )
        for facts in newest_facts(session, today, organisation_ids)
    }


def signals_seen(session: Session, actor: Actor, organisation_id: int, today: date) -> Standing | None:
    """Return what an organisation signals to a person; None if they may not see it, or nothing was asked."""
    if not may_see(actor, organisation_id):
        return None
    return signals_now(session, today, (organisation_id,)).get(organisation_id)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many organisations of a round each signal marks, whether it is switched on or not."""

    organisations: int
    by_kind: Mapping[SignalKind, int]
    marked: int
    """How many have at least one of those that are switched on."""


def preview(session: Session, round_id: int, chosen: Settings, today: date) -> Preview:
    """Return how many organisations of a round each signal would mark under settings; nothing is stored."""
    everything = {
        kind: Setting(on=True, weight=each.weight, limit=each.limit) for kind, each in chosen.items()
    }
    found: Counter[SignalKind] = Counter()
    marked = 0
    every = facts_of_round(session, round_id, today)
    for facts in every:
        kinds = {signal.kind for signal in signals_from(facts, everything, today)}
        found.update(kinds)
        marked += any(chosen[kind].on for kind in kinds)
    return Preview(len(every), {kind: found[kind] for kind in SignalKind}, marked)
