"""What other rooms notice about an organisation, and when schools are in session, as visits take it in."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from sqlmodel import Session

from app.chasing.deciding import terms
from app.core.working_days import Term
from app.signals.queries import Standing, signals_now
from app.signals.rules import Signal, SignalKind
from app.signals.settings import RULES
from app.visits.enquiry import Said
from app.visits.selection import Noticed

# Lines of enquiry ask about these from their own sources, standard by standard and action by action.
_ASKED_OTHERWISE: Final = frozenset(
    {SignalKind.UNEVIDENCED, SignalKind.DOWN, SignalKind.OVERDUE_ACTIONS, SignalKind.VOICES_BELOW}
)


def _of(session: Session, organisation_id: int, today: date) -> tuple[Signal, ...]:
    standing = signals_now(session, today, (organisation_id,)).get(organisation_id)
    return standing.signals if standing else ()


def _said(signals: Iterable[Signal]) -> tuple[Said, ...]:
    return tuple(
        Said(each.kind.value, "signals", "", f"{RULES[each.kind].title}: {each.sentence}.")
        for each in signals
    )


def signals_of(session: Session, organisation_id: int, today: date) -> tuple[Said, ...]:
    """Return the signals about an organisation as sentences, the weightiest first.

    Without those that lines of enquiry draw from the answers and actions themselves.
    """
    return _said(each for each in _of(session, organisation_id, today) if each.kind not in _ASKED_OTHERWISE)


def voices_of(session: Session, organisation_id: int, today: date) -> tuple[Said, ...]:
    """Return where staff see a standard otherwise than their leaders; none while staff are not asked."""
    return _said(
        each for each in _of(session, organisation_id, today) if each.kind is SignalKind.VOICES_BELOW
    )


def noticed(session: Session, today: date) -> Mapping[int, Standing]:
    """Return what all organisations signal now, for the selection."""
    return signals_now(session, today)


def voices_below(standing: Standing | None) -> tuple[str, ...]:
    """Return what staff see otherwise than their leaders; none while they are not asked."""
    signals = standing.signals if standing else ()
    return tuple(each.sentence for each in signals if each.kind is SignalKind.VOICES_BELOW)


def adding_points(standing: Standing | None) -> tuple[Noticed, ...]:
    """Return the signals whose weight counts in the selection: those that it has no points of its own for."""
    signals = standing.signals if standing else ()
    return tuple(
        Noticed(each.kind.value, each.weight, each.sentence)
        for each in signals
        if RULES[each.kind].adds_points
    )


def school_terms(session: Session) -> tuple[Term, ...]:
    """Return the school terms that are entered; with none every working day counts as term."""
    return terms(session)
