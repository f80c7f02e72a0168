"""Reads of those who have not answered, for the workbook: whom to reach, and what happened before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.chasing.listing import Person
from app.chasing.models import Call
from app.chasing.rules import Standing
from app.core.access import Actor
from app.organisations.models import Contact, Organisation, OrganisationStatus, Succession
from app.people.models import User
from app.returns.models import Return, ReturnState
from app.scrutiny.consolidated import ROWS_AT_ONCE, WHO, Who, in_round, who_of


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
    """Stream the returns of a round that are not signed, by name, in one statement."""
    people = _people(round_id)
    calls = _calls(round_id)
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
            calls.c.made,
            before.c.asked,
            before.c.signed_at,
            _PREDECESSORS.label("predecessors"),
        )
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .outerjoin(people, people.c.organisation_id == col(Return.organisation_id))
        .outerjoin(calls, calls.c.return_id == col(Return.id))
        .outerjoin(before, before.c.organisation_id == col(Return.organisation_id))
        .where(in_round(actor, round_id), col(Return.state) != ReturnState.SIGNED)
        .order_by(col(Organisation.name), col(Return.id)),
        execution_options={"yield_per": ROWS_AT_ONCE},
    )
    for row in rows:
        yield _silent(row)


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
        call=_call(row.made),
        asked_before=bool(row.asked),
        signed_before=row.signed_at,
        predecessors=row.predecessors or "",
    )


def _call(made: list[Any] | None) -> CallMade | None:
    if made is None:
        return None
    called_at, caller, outcome, note, next_on, count = made
    return CallMade(
        datetime.fromisoformat(called_at),
        caller,
        outcome,
        note,
        date.fromisoformat(next_on) if next_on else None,
        count,
    )


def _people(round_id: int) -> Any:
    person = func.json_build_array(col(User.name), col(Contact.role), col(User.email), col(Contact.telephone))
    return (
        select(
            col(Contact.organisation_id).label("organisation_id"),
            func.json_agg(
                aggregate_order_by(person, col(Contact.role), col(User.name), col(Contact.id)), type_=JSON
            ).label("people"),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .join(Return, col(Return.organisation_id) == col(Contact.organisation_id))
        .where(
            col(Return.round_id) == round_id,
            col(Return.state) != ReturnState.SIGNED,
            col(Contact.ended_at).is_(None),
            col(User.disabled_at).is_(None),
        )
        .group_by(col(Contact.organisation_id))
        .subquery("people")
    )


def _calls(round_id: int) -> Any:
    """Each return's newest call, with the number of its calls."""
    made = func.json_build_array(
        col(Call.called_at),
        col(Call.caller_name),
        col(Call.outcome),
        col(Call.note),
        col(Call.next_on),
        func.count().over(partition_by=col(Call.return_id)),
    )
    return (
        select(col(Call.return_id), made.label("made"))
        .join(Return, col(Return.id) == col(Call.return_id))
        .where(col(Return.round_id) == round_id)
        .ext(distinct_on(col(Call.return_id)))
        .order_by(col(Call.return_id), col(Call.called_at).desc(), col(Call.id).desc())
        .subquery("calls")
    )


def _before(previous_round_id: int | None) -> Any:
    """Return what the round before knows of each organisation, or of those that it took over from."""
    own: Any = select(
        col(Return.organisation_id).label("organisation_id"),
        col(Return.signed_at).label("signed_at"),
    ).where(col(Return.round_id) == previous_round_id)
    inherited = (
        select(col(Succession.successor_id), col(Return.signed_at))
        .join(Return, col(Return.organisation_id) == col(Succession.predecessor_id))
        .where(col(Return.round_id) == previous_round_id)
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
