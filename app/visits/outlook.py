"""What a visit's page says at its top: how far it is, what comes next, and who does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from app.core.access import Actor, PartnershipRole
from app.core.clock import long_date
from app.visits import queries
from app.visits.lifecycle import COURSE, STATE_WORDS, VisitState
from app.visits.queries import VisitHead
from app.visits.rules import may_endorse

_S = VisitState
NEXT: Final[Mapping[VisitState, tuple[str, str]]] = MappingProxyType(
    {
        _S.SELECTED: ("Endorse the visit", "Safeguarding partners"),
        _S.ENDORSED: ("Propose a date", "Board manager or scrutiny officer"),
        _S.DATED: ("Send the selection letter", "Board manager"),
        _S.ANNOUNCED: ("Issue the framework, or use the last return", "Board manager"),
        _S.ISSUED: ("Wait for the return, then draft the lines of enquiry", "Agency, then scrutiny officer"),
        _S.PREPARING: ("Edit the lines of enquiry and agree the programme", "Scrutiny officer"),
        _S.PROGRAMMED: ("Print the pack, visit, and record the highlights", "Scrutiny officer"),
        _S.VISITED: ("Note what was heard and seen, then draft the report", "Scrutiny officer"),
        _S.REPORTING: ("Edit the report and send it to the partners", "Scrutiny officer"),
        _S.CIRCULATED: ("Agree the report, or return it with comments", "Safeguarding partners"),
        _S.AGREED: ("Release the report to the agency", "Board manager"),
        _S.RELEASED: ("Take the reply on factual accuracy, then close", "Board manager"),
        _S.CLOSED: ("SAIG follows the actions up", "SAIG"),
        _S.DROPPED: ("Nothing: the visit was dropped", "Nobody"),
    }
)


@dataclass(frozen=True, slots=True)
class Milestone:
    """One state on a visit's timeline; `on` is the day it was reached or is due, where one is known."""

    words: str
    done: bool
    here: bool
    on: str


def timeline(this: VisitHead) -> tuple[Milestone, ...]:
    """Return the course of a visit from selection to close."""
    visit = this.visit
    days: dict[VisitState, date | datetime | None] = {
        _S.SELECTED: visit.selected_at,
        _S.ANNOUNCED: visit.letter_sent_at,
        _S.ISSUED: visit.framework_issued_at or visit.framework_due,
        _S.PREPARING: this.return_signed_at or visit.return_due,
        _S.PROGRAMMED: visit.programme_at,
        _S.VISITED: visit.held_at or visit.visit_on,
        _S.CLOSED: visit.closed_at,
    }
    here = COURSE.index(this.state) if this.state in COURSE else -1
    return tuple(
        Milestone(STATE_WORDS[state], number < here, number == here, _said(days.get(state)))
        for number, state in enumerate(COURSE)
    )


def _said(day: date | datetime | None) -> str:
    return "" if day is None else f"{day.day} {day:%b %Y}"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about a visit that needs a person now."""

    text: str
    href: str
    urgent: bool = False


def alerts(session: Session, actor: Actor, today: date) -> tuple[Alert, ...]:
    """Return what the visits need from a person of the partnership, the urgent first."""
    found: list[Alert] = []
    if actor.has(PartnershipRole.BOARD_MANAGER, PartnershipRole.PSO, PartnershipRole.SAFEGUARDING_PARTNER):
        heads = queries.visits(session)
        if actor.has(PartnershipRole.BOARD_MANAGER):
            found += [_overdue(head) for head in queries.overdue(heads, today)]
        found += [alert for head in heads if (alert := _mine(session, actor, head))]
    return tuple(sorted(found, key=lambda alert: not alert.urgent))


def _overdue(head: VisitHead) -> Alert:
    back, visit_on = head.visit.return_due, head.visit.visit_on
    assert back is not None  # noqa: S101 - overdue visits have their dates
    assert visit_on is not None  # noqa: S101
    text = f"{head.organisation}: return was due {long_date(back)}, visit is on {long_date(visit_on)}"
    return Alert(text, f"/visits/{head.id}", urgent=True)


_MANAGERS = frozenset({_S.ENDORSED, _S.DATED, _S.ANNOUNCED, _S.AGREED})
_OFFICERS = frozenset({_S.PREPARING, _S.VISITED, _S.REPORTING})


def _mine(session: Session, actor: Actor, head: VisitHead) -> Alert | None:
    what, _ = NEXT[head.state]
    alert = Alert(f"{what}: {head.organisation}", f"/visits/{head.id}")
    if actor.has(PartnershipRole.BOARD_MANAGER) and head.state in _MANAGERS:
        return alert
    if actor.has(PartnershipRole.PSO) and (
        head.state in _OFFICERS or (head.state is _S.ISSUED and head.returned)
    ):
        return alert
    if actor.has(PartnershipRole.SAFEGUARDING_PARTNER) and head.state in {_S.SELECTED, _S.CIRCULATED}:
        return alert if _silent(session, actor, head) else None
    return None


def _silent(session: Session, actor: Actor, head: VisitHead) -> bool:
    """Say whether a partner that the person speaks for has not said anything yet."""
    mine = {seat.partner for seat in queries.seats(session) if seat.user_id == actor.user_id}
    if head.state is _S.SELECTED:
        said = set(queries.endorsements(session, head.id))
    else:
        report = queries.report(session, head.id)
        said = set(queries.agreements(session, head.id, report.edition if report else 1))
    return bool(mine & set(may_endorse(head.kind)) - said)
