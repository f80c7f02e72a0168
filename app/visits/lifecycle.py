"""The life of a visit: its states, the steps between them, and who may take each.

The order is that of the framework's "proposed format for the assurance visit". A step that is not in the
table is refused; a state that nothing leads out of is an end.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from app.core.access import PartnershipRole


class VisitState(StrEnum):
    """How far a visit is."""

    SELECTED = "selected"
    ENDORSED = "endorsed"
    DATED = "dated"
    ANNOUNCED = "announced"
    ISSUED = "issued"
    PREPARING = "preparing"
    PROGRAMMED = "programmed"
    VISITED = "visited"
    REPORTING = "reporting"
    CIRCULATED = "circulated"
    AGREED = "agreed"
    RELEASED = "released"
    CLOSED = "closed"
    DROPPED = "dropped"


class Step(StrEnum):
    """What somebody does to take a visit on."""

    ENDORSE = "endorse"
    PROPOSE_DATE = "propose_date"
    MOVE_DATE = "move_date"
    WAIVE = "waive"
    SEND_LETTER = "send_letter"
    ISSUE_FRAMEWORK = "issue_framework"
    USE_LAST_RETURN = "use_last_return"
    PREPARE = "prepare"
    AGREE_PROGRAMME = "agree_programme"
    HOLD = "hold"
    DRAFT_REPORT = "draft_report"
    CIRCULATE = "circulate"
    RETURN_REPORT = "return_report"
    AGREE_REPORT = "agree_report"
    RELEASE = "release"
    CLOSE = "close"
    DROP = "drop"


_BM, _PSO, _SP = PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO, PartnershipRole.SAFEGUARDING_PARTNER
_S = VisitState
_BEFORE_THE_VISIT: Final = (_S.DATED, _S.ANNOUNCED, _S.ISSUED, _S.PREPARING, _S.PROGRAMMED)


@dataclass(frozen=True, slots=True)
class Rule:
    """One step: from which states, to which, and for which roles; `to` None keeps the state."""

    words: str
    begins: frozenset[VisitState]
    to: VisitState | None
    roles: frozenset[PartnershipRole]


def _rule(words: str, begins: Collection[VisitState], to: VisitState | None, *roles: PartnershipRole) -> Rule:
    return Rule(words, frozenset(begins), to, frozenset(roles))


RULES: Final[Mapping[Step, Rule]] = MappingProxyType(
    {
        Step.ENDORSE: _rule("Endorse the visit", (_S.SELECTED,), _S.ENDORSED, _SP),
        Step.PROPOSE_DATE: _rule("Propose a date", (_S.ENDORSED,), _S.DATED, _BM, _PSO),
        Step.MOVE_DATE: _rule("Move the visit", _BEFORE_THE_VISIT, None, _BM, _PSO),
        Step.WAIVE: _rule("Record a waiver for short notice", _BEFORE_THE_VISIT, None, _BM),
        Step.SEND_LETTER: _rule("Send the selection letter", (_S.DATED,), _S.ANNOUNCED, _BM),
        Step.ISSUE_FRAMEWORK: _rule("Issue the framework", (_S.ANNOUNCED,), _S.ISSUED, _BM),
        Step.USE_LAST_RETURN: _rule("Use the last return", (_S.ANNOUNCED,), _S.PREPARING, _BM, _PSO),
        Step.PREPARE: _rule("Draft the lines of enquiry", (_S.ISSUED,), _S.PREPARING, _BM, _PSO),
        Step.AGREE_PROGRAMME: _rule("Agree the programme", (_S.PREPARING,), _S.PROGRAMMED, _BM, _PSO),
        Step.HOLD: _rule("Record the visit and its highlights", (_S.PROGRAMMED,), _S.VISITED, _BM, _PSO),
        Step.DRAFT_REPORT: _rule("Draft the report", (_S.VISITED,), _S.REPORTING, _BM, _PSO),
        Step.CIRCULATE: _rule("Send the report to the partners", (_S.REPORTING,), _S.CIRCULATED, _BM, _PSO),
        Step.RETURN_REPORT: _rule("Return the report with comments", (_S.CIRCULATED,), _S.REPORTING, _SP),
        Step.AGREE_REPORT: _rule("Agree the report", (_S.CIRCULATED,), _S.AGREED, _SP),
        Step.RELEASE: _rule("Release the report to the agency", (_S.AGREED,), _S.RELEASED, _BM),
        Step.CLOSE: _rule("Close the visit", (_S.RELEASED,), _S.CLOSED, _BM),
        Step.DROP: _rule("Drop the visit", (_S.SELECTED, _S.ENDORSED, *_BEFORE_THE_VISIT), _S.DROPPED, _BM),
    }
)

STATE_WORDS: Final[Mapping[VisitState, str]] = MappingProxyType(
    {
        _S.SELECTED: "Waiting for endorsement",
        _S.ENDORSED: "Endorsed, no date yet",
        _S.DATED: "Date proposed",
        _S.ANNOUNCED: "Agency told",
        _S.ISSUED: "Framework with the agency",
        _S.PREPARING: "Being prepared",
        _S.PROGRAMMED: "Programme agreed",
        _S.VISITED: "Visited",
        _S.REPORTING: "Report being written",
        _S.CIRCULATED: "Report with the partners",
        _S.AGREED: "Report agreed",
        _S.RELEASED: "Report released",
        _S.CLOSED: "Closed",
        _S.DROPPED: "Dropped",
    }
)
# The way a visit usually goes, for the timeline.
COURSE: Final = tuple(state for state in VisitState if state is not _S.DROPPED)
# The agency knows of the visit from its letter on.
KNOWN_TO_AGENCY: Final = frozenset(COURSE[COURSE.index(_S.ANNOUNCED) :])
HELD: Final = frozenset(COURSE[COURSE.index(_S.VISITED) :])
UNDER_WAY: Final = frozenset(COURSE) - {_S.CLOSED}


class IllegalMoveError(Exception):
    """A step that does not begin in this state, or that this person may not take."""


def may_take(step: Step, state: VisitState, roles: Collection[PartnershipRole]) -> bool:
    """Say whether somebody with these roles may take a step in a state."""
    rule = RULES[step]
    return state in rule.begins and not rule.roles.isdisjoint(roles)


def after(step: Step, state: VisitState, roles: Collection[PartnershipRole]) -> VisitState:
    """Return the state that a step leads to. Raises IllegalMoveError with a sentence for the person."""
    rule = RULES[step]
    if rule.roles.isdisjoint(roles):
        raise IllegalMoveError(f"You may not do this: {rule.words.lower()}.")
    if state not in rule.begins:
        raise IllegalMoveError(
            f"This cannot be done now: {rule.words.lower()}. The visit stands at “{STATE_WORDS[state]}”."
        )
    return rule.to or state


def next_steps(state: VisitState, roles: Collection[PartnershipRole]) -> tuple[Step, ...]:
    """Return what somebody with these roles may do now, in the order of the framework."""
    return tuple(step for step in Step if may_take(step, state, roles))
