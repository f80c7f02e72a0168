"""Reads of response progress and of the chase list, from stored columns only."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import JSON, Select, and_, exists, func, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlmodel import Session, col

from app.chasing.deciding import is_school
from app.chasing.exempting import is_asked
from app.chasing.listing import ChaseRow, LoggedCall, Person, callees
from app.chasing.models import Call
from app.chasing.progress import RoundDays
from app.chasing.rules import LastCall, LastYear, Standing, chase_state, days_overdue, ringing
from app.chasing.schedule import plan_of, terms
from app.chasing.stages import Course, call_since, standing_of
from app.core.addresses import is_undeliverable
from app.core.clock import london_date
from app.organisations.models import Contact, Organisation, Succession
from app.people.models import User
from app.ratings.models import RatingSource, StoredRating
from app.returns.models import Return, ReturnState
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine

_PRESENT = and_(col(Contact.ended_at).is_(None), col(User.disabled_at).is_(None))
_HAS_CONTACT = exists(
    select(col(Contact.id))
    .join(User, col(User.id) == col(Contact.user_id))
    .where(
        col(Contact.organisation_id) == col(Return.organisation_id),
        _PRESENT,
        ~is_undeliverable(col(User.email)),
    )
    .correlate(Return)
)
# Kind and phase count as they were on the day of issue: a later change of the register moves no figure.
_KIND = func.coalesce(col(Return.facts)["kind"].astext, "").label("kind")
_PHASE = func.coalesce(col(Return.facts)["phase"].astext, "").label("phase")
_STANDING = (
    col(Return.state),
    col(Return.due_on),
    col(Return.total),
    col(Return.answered),
    _HAS_CONTACT,
    col(Return.started_at),
    col(Return.last_saved_at),
    col(Return.ready_at),
    col(Return.signed_at),
    col(Return.sent_back_at),
)


# --- progress -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """One return in the counts, with what the organisation was when it was asked."""

    kind: str
    phase: str
    district: str
    trust: str
    standing: Standing

    @property
    def signed_on(self) -> date | None:
        """The day of the signature that is in force."""
        return london_date(self.standing.signed_at) if self.standing.signed_at else None


def return_lines(session: Session, *round_ids: int | None) -> dict[int, list[ReturnLine]]:
    """Return the returns of some rounds for counting, by round, in one statement."""
    wanted = [each for each in round_ids if each is not None]
    rows = session.execute(
        select(
            col(Return.round_id),
            _KIND,
            _PHASE,
            col(Organisation.district),
            col(Organisation.trust_name),
            *_STANDING,
        )
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(col(Return.round_id).in_(wanted), is_asked())
    )
    found: dict[int, list[ReturnLine]] = {each: [] for each in wanted}
    for row in rows:
        found[row[0]].append(ReturnLine(row[1], row[2], row[3], row[4], Standing(*row[5:])))
    return found


def as_of(line: RoundLine, today: date) -> date:
    """Return the day up to which a round is counted: today, or the day on which it was closed."""
    closed = line.state is RoundState.CLOSED and line.closed_at is not None
    return london_date(line.closed_at) if closed and line.closed_at else today


def round_days(line: RoundLine, returns: list[ReturnLine], today: date) -> RoundDays:
    """Return what the lines by day need of a round."""
    return RoundDays(
        opens_on=line.opens_on,
        due_on=line.due_on,
        known_to=as_of(line, today),
        asked=len(returns),
        signed_on=tuple(sorted(each.signed_on for each in returns if each.signed_on)),
    )


# --- the chase list -------------------------------------------------------------------------------


def _of_round(round_id: int) -> Select[Any]:
    return select(col(Return.organisation_id)).where(col(Return.round_id) == round_id)


def contacts_of(round_id: int) -> Any:
    """Each organisation's contacts in a round: name, role, address, telephone."""
    person = func.json_build_array(
        col(User.name),
        col(Contact.role),
        col(User.email),
        col(Contact.telephone),
        is_undeliverable(col(User.email)),
    )
    return (
        select(
            col(Contact.organisation_id).label("organisation_id"),
            func.json_agg(
                aggregate_order_by(person, col(Contact.role), col(User.name), col(Contact.id)), type_=JSON
            ).label("people"),
        )
        .join(User, col(User.id) == col(Contact.user_id))
        .where(_PRESENT, col(Contact.organisation_id).in_(_of_round(round_id)))
        .group_by(col(Contact.organisation_id))
        .subquery("contacts")
    )


def latest_calls(round_id: int) -> Any:
    """Each return's newest call, with the number of its calls."""
    return (
        select(
            col(Call.return_id),
            col(Call.called_at),
            col(Call.caller_name),
            col(Call.outcome),
            col(Call.note),
            col(Call.next_on),
            func.count().over(partition_by=col(Call.return_id)).label("calls"),
        )
        .join(Return, col(Return.id) == col(Call.return_id))
        .where(col(Return.round_id) == round_id)
        .ext(distinct_on(col(Call.return_id)))
        .order_by(col(Call.return_id), col(Call.called_at).desc(), col(Call.id).desc())
        .subquery("calls")
    )


def _last_year(previous_round_id: int | None) -> Any:
    """Say what the round before knows of each organisation, or of those that it took over from."""
    lineage = union_all(
        select(col(Organisation.id).label("organisation_id"), col(Organisation.id).label("then_id")),
        select(col(Succession.successor_id), col(Succession.predecessor_id)),
    ).subquery("lineage")
    reds = (
        select(col(StoredRating.return_id), func.count().label("reds"))
        .where(
            col(StoredRating.round_id) == previous_round_id,
            col(StoredRating.source) == RatingSource.SELF,
            col(StoredRating.outcome) == "red",
        )
        .group_by(col(StoredRating.return_id))
        .subquery("reds")
    )
    return (
        select(
            lineage.c.organisation_id,
            func.bool_or(col(Return.state) == ReturnState.SIGNED).label("signed"),
            func.coalesce(func.max(reds.c.reds), 0).label("reds"),
        )
        .join(lineage, lineage.c.then_id == col(Return.organisation_id))
        .outerjoin(reds, reds.c.return_id == col(Return.id))
        .where(col(Return.round_id) == previous_round_id, is_asked())
        .group_by(lineage.c.organisation_id)
        .subquery("last_year")
    )


def _list(round_id: int, previous_round_id: int | None) -> Select[Any]:
    contacts, calls, last = contacts_of(round_id), latest_calls(round_id), _last_year(previous_round_id)
    return (
        select(
            col(Return.id).label("return_id"),
            col(Organisation.id).label("organisation_id"),
            col(Organisation.name),
            _KIND,
            _PHASE,
            col(Organisation.district),
            col(Organisation.telephone),
            col(Organisation.pupils),
            contacts.c.people,
            calls.c.called_at,
            calls.c.caller_name,
            calls.c.outcome,
            calls.c.note,
            calls.c.next_on,
            calls.c.calls,
            last.c.signed,
            last.c.reds,
            col(Organisation.trust_name),
            *_STANDING,
        )
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .outerjoin(contacts, contacts.c.organisation_id == col(Return.organisation_id))
        .outerjoin(calls, calls.c.return_id == col(Return.id))
        .outerjoin(last, last.c.organisation_id == col(Return.organisation_id))
        .where(col(Return.round_id) == round_id, is_asked())
    )


def chase_rows(
    session: Session, line: RoundLine, today: date, *, stalled_after_days: int, with_ratings: bool
) -> list[ChaseRow]:
    """Return all returns of a round with whom to ring and why, in as many statements for many as for one.

    Without `with_ratings` last year's colours are left out of the reasons: administrators read no ratings.
    """
    rows = session.execute(_list(line.id, line.previous_round_id))
    day = as_of(line, today)
    plan, term = plan_of(session, line.id), terms(session)
    listed: dict[Course, date | None] = {}

    def called_for(row: Any) -> date | None:
        standing = standing_of(row.state)
        if standing is None:
            return None
        course = Course(standing, row.due_on, date.min, is_school(row.kind))
        if course not in listed:
            listed[course] = call_since(plan.stages, course, day, term)
        return listed[course]

    return [
        _row(row, day, stalled_after_days, with_ratings=with_ratings, called_for=called_for(row))
        for row in rows
    ]


def _row(
    row: Any, today: date, stalled_after_days: int, *, with_ratings: bool, called_for: date | None
) -> ChaseRow:
    standing = Standing(*row[-len(_STANDING) :])
    state = chase_state(standing, today, stalled_after_days)
    call = _logged_call(row)
    last_year = LastYear(
        asked=row.signed is not None,
        signed=bool(row.signed),
        red_domains=(row.reds or 0) if with_ratings else 0,
    )
    return ChaseRow(
        return_id=row.return_id,
        organisation_id=row.organisation_id,
        organisation=row.name,
        kind=row.kind,
        phase=row.phase,
        district=row.district,
        telephone=row.telephone,
        pupils=row.pupils,
        standing=standing,
        state=state,
        overdue=days_overdue(standing, today),
        ringing=ringing(
            standing,
            state,
            today,
            pupils=row.pupils,
            last_year=last_year,
            last_call=LastCall(london_date(call.called_at), call.outcome, call.next_on) if call else None,
            call_since=called_for,
        ),
        contacts=callees((Person(*person) for person in row.people or ()), row.telephone),
        last_call=call,
        trust=row.trust_name,
    )


def _logged_call(row: Any) -> LoggedCall | None:
    if row.called_at is None:
        return None
    return LoggedCall(row.called_at, row.caller_name, row.outcome, row.note, row.next_on, row.calls)
