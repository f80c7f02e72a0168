"""Reads of those who have not answered, for the workbook: whom to reach, and what happened before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.chasing.exempting import Exempt, exempt_returns, is_asked, is_exempt
from app.chasing.listing import Person
from app.chasing.queries import contacts_of, latest_calls
from app.chasing.rules import Standing
from app.core.access import Actor
from app.core.ordering import by_name
from app.organisations.models import Organisation, OrganisationStatus, Succession
from app.returns.models import Return, ReturnState
from app.scrutiny.consolidated import ROWS_AT_ONCE, WHO, Who, in_round, of_round, who_of


@dataclass(frozen=True, slots=True)
class CallMade:
    """The newest call about a return, and how many there were."""

    called_at: datetime
    caller: str
    outcome: str
    note: str
    next_on: date | None
    count: int


@dataclass(frozen=True, slots=True)
class Silent:
    """A return that is not signed: whom to reach, how far it is, and what is known from before.

    `asked_before` says whether the organisation or one that it took over from was asked the round before,
    `signed_before` when that return was signed.
    """

    who: Who
    register: OrganisationStatus
    district: str
    telephone: str
    issued_at: datetime
    opened_at: datetime | None
    standing: Standing
    people: tuple[Person, ...]
    call: CallMade | None
    asked_before: bool
    signed_before: datetime | None
    predecessors: str


def silent_returns(
    session: Session, actor: Actor, round_id: int, previous_round_id: int | None
) -> Iterator[Silent]:
    """Stream the returns of a round that are not signed and owe an answer, by name, in one statement."""
    people = contacts_of(round_id)
    calls = latest_calls(round_id)
    before = _before(previous_round_id)
    rows = session.execute(
        select(
            *WHO,
            col(Organisation.status),
            col(Organisation.district),
            col(Organisation.telephone),
            col(Return.issued_at),
            col(Return.opened_at),
            col(Return.state),
            col(Return.due_on),
            col(Return.total),
            col(Return.answered),
            col(Return.started_at),
            col(Return.last_saved_at),
            col(Return.ready_at),
            col(Return.sent_back_at),
            people.c.people,
            calls.c.called_at,
            calls.c.caller_name,
            calls.c.outcome,
            calls.c.note,
            calls.c.next_on,
            calls.c.calls,
            before.c.asked,
            before.c.signed_at,
            _PREDECESSORS.label("predecessors"),
        )
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .outerjoin(people, people.c.organisation_id == col(Return.organisation_id))
        .outerjoin(calls, calls.c.return_id == col(Return.id))
        .outerjoin(before, before.c.organisation_id == col(Return.organisation_id))
        .where(in_round(actor, round_id), col(Return.state) != ReturnState.SIGNED)
        .order_by(by_name(col(Organisation.name)), col(Return.id)),
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    for row in rows:
        yield _silent(row)


def excused(session: Session, actor: Actor, round_id: int) -> Iterator[tuple[Who, Exempt]]:
    """Yield those who owe no answer in a round, by name, with the code that people know them by."""
    known = {
        row[len(WHO)]: who_of(row)
        for row in session.execute(
            select(*WHO, col(Return.id))
            .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
            .where(of_round(actor, round_id), is_exempt())
        )
    }
    for each in exempt_returns(session, round_id):
        if each.return_id in known:
            yield known[each.return_id], each


def _silent(row: Any) -> Silent:
    people = tuple(Person(*person) for person in row.people or ())
    return Silent(
        who=who_of(row),
        register=row.status,
        district=row.district,
        telephone=row.telephone,
        issued_at=row.issued_at,
        opened_at=row.opened_at,
        standing=Standing(
            state=row.state,
            due_on=row.due_on,
            total=row.total,
            answered=row.answered,
            has_contact=bool(people),
            started_at=row.started_at,
            last_saved_at=row.last_saved_at,
            ready_at=row.ready_at,
            sent_back_at=row.sent_back_at,
        ),
        people=people,
        call=_call(row),
        asked_before=bool(row.asked),
        signed_before=row.signed_at,
        predecessors=row.predecessors or "",
    )


def _call(row: Any) -> CallMade | None:
    if row.called_at is None:
        return None
    return CallMade(row.called_at, row.caller_name, row.outcome, row.note, row.next_on, row.calls)


def _before(previous_round_id: int | None) -> Any:
    """Return what the round before knows of each organisation, or of those that it took over from."""
    own: Any = select(
        col(Return.organisation_id).label("organisation_id"),
        col(Return.signed_at).label("signed_at"),
    ).where(col(Return.round_id) == previous_round_id, is_asked())
    inherited = (
        select(col(Succession.successor_id), col(Return.signed_at))
        .join(Return, col(Return.organisation_id) == col(Succession.predecessor_id))
        .where(col(Return.round_id) == previous_round_id, is_asked())
    )
    both = own.union_all(inherited).subquery("lineage")
    return (
        select(
            both.c.organisation_id,
            func.bool_or(true()).label("asked"),
            func.max(both.c.signed_at).label("signed_at"),
        )
        .group_by(both.c.organisation_id)
        .subquery("before")
    )


_Predecessor = aliased(Organisation)
_PREDECESSORS = (
    select(
        func.string_agg(
            col(_Predecessor.name), aggregate_order_by(literal_column("'; '"), col(_Predecessor.name))
        )
    )
    .join(Succession, col(Succession.predecessor_id) == col(_Predecessor.id))
    .where(col(Succession.successor_id) == col(Return.organisation_id))
    .correlate(Return)
    .scalar_subquery()
)
