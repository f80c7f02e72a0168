"""What other rooms notice about an organisation, and when schools are in session, as visits take it in."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from app.chasing.schedule import terms
from app.core.working_days import Term
from app.signals.queries import Standing, signals_now
from app.signals.rules import Signal, SignalKind
from app.signals.settings import RULES
from app.visits.enquiry import Said
from app.visits.selection import Noticed

_K = SignalKind
# What leaders are asked about a signal. Not here: what lines of enquiry ask from their own sources, standard
# by standard and action by action, and a visit that is overdue, which the agency cannot explain.
_QUESTIONS: Final[Mapping[SignalKind, str]] = MappingProxyType(
    {
        _K.NOT_RETURNED: "What kept you from answering, and when will you?",
        _K.LATE: "What held your return up, and what would help next time?",
        _K.VALIDATED_BELOW: "Where do you and the partnership see it otherwise, and why?",
        _K.IDENTICAL: "Several answers share a text: what is different in each of these areas?",
        _K.HASTY: "Who took part in your return, and how did you come to your judgements?",
        _K.ALL_GREEN: "Everything is green: how do you know, and what would you still improve?",
        _K.FAR_FROM_PEERS: "You see yourselves far from others of your kind: what explains it?",
        _K.UNCHANGED: "What has happened since last year that your return does not tell?",
        _K.OLD_EVIDENCE: "What newer evidence can you show us?",
        _K.NEW_LEADERS: "What did those who are new find, and what have they changed?",
        _K.CONVERTED: "What did becoming an academy change for safeguarding?",
        _K.BOUNCED: "Whom can we write to about safeguarding, and who reads it?",
    }
)


def _of(session: Session, organisation_id: int, today: date) -> tuple[Signal, ...]:
    standing = signals_now(session, today, (organisation_id,)).get(organisation_id)
    return standing.signals if standing else ()


def _said(signals: Iterable[Signal]) -> tuple[Said, ...]:
    return tuple(
        Said(
            each.kind.value,
            "signals",
            "",
            f"{RULES[each.kind].title}: {each.sentence}.",
            _QUESTIONS.get(each.kind, ""),
        )
        for each in signals
    )


def signals_of(session: Session, organisation_id: int, today: date) -> tuple[Said, ...]:
    """Return the signals about an organisation as sentences, the weightiest first.

    Only those that leaders can be asked about and that no other source asks about.
    """
    return _said(each for each in _of(session, organisation_id, today) if each.kind in _QUESTIONS)


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
