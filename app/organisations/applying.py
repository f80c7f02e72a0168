"""Writing a plan into the register: organisations, their identifiers and successions, in bulk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Date, and_, bindparam, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.clock import london_date
from app.core.errors import RefusedError
from app.organisations.difference import FieldChange
from app.organisations.known import FACT_COLUMNS
from app.organisations.models import Identifier, Organisation, OrganisationStatus, Succession
from app.organisations.plan import SECOND_NAMES, Changed, Decision, Gone, Plan, Register
from app.organisations.stored import plain

_COLUMN_OF: Final[Mapping[str, str]] = {"parent": "trust_code"}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person said when applying.

    `gone`: mark what is missing as gone, `many_gone`: even though it is many; `same`: for each new number
    with a question, the earlier number that it continues, or "" for an organisation of its own.
    """

    gone: bool = False
    many_gone: bool = False
    same: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Applied:
    """How many organisations (or contacts) an import added, changed, continued and marked as gone."""

    added: int = 0
    changed: int = 0
    continued: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """One import being written: what the register knew, and the facts of the file's rows by key."""

    work: Work
    import_id: int
    scheme: str
    register: Register
    facts: Mapping[str, Mapping[str, Any]]

    @property
    def today(self) -> date:
        """The day of the import in London."""
        return london_date(self.work.now)


def check_confirmed(plan: Plan, confirmed: Confirmed) -> None:
    """Raise RefusedError unless every question of a plan has one possible answer."""
    problems: dict[str, str] = {}
    taken = {each.before_key: each.name for each in plan.continued}
    for decision in plan.decisions:
        if problem := _problem(decision, confirmed.same.get(decision.key), taken):
            problems[f"same-{decision.key}"] = problem
        elif answer := confirmed.same.get(decision.key):
            taken[answer] = decision.name
    if confirmed.gone and plan.many_gone and not confirmed.many_gone:
        problems["many_gone"] = (
            f"{len(plan.gone)} of {plan.known} would go. Tick that this is right, or check that you have "
            "chosen the right file"
        )
    if problems:
        raise RefusedError("Nothing was imported: there are questions to answer first.", problems)


def _problem(decision: Decision, answer: str | None, taken: Mapping[str, str]) -> str | None:
    if answer is None:
        return (
            f"Choose whether {decision.name} is the same school as before" if decision.must_answer else None
        )
    if answer and answer not in {each.key for each in decision.candidates}:
        return f"Choose one of the schools that {decision.name} may continue"
    if answer in taken:
        return f"Choose again: {taken[answer]} continues that school already"
    return None


def write_plan(writing: Writing, plan: Plan, confirmed: Confirmed, decided: Sequence[Changed]) -> Applied:
    """Write a plan whose questions are answered; `decided` are those that people said continue another."""
    answered = {each.key for each in decided}
    added = [
        *(each.key for each in plan.new),
        *(each.key for each in plan.decisions if each.key not in answered),
    ]
    continued = [*plan.continued, *decided]
    going = [each for each in plan.gone if each.key not in {one.before_key for one in continued}]
    going = going if confirmed.gone else []
    ids = {key: known.organisation_id for key, known in writing.register.current.items()}
    ids |= _add(writing, added) | {each.key: each.organisation_id for each in continued}
    _change(writing, [*plan.changed, *continued])
    _mark_gone(writing, going)
    _name(writing, plan, added, ids, continued)
    _succeed(writing, plan, ids)
    _tell(writing, added, ids, [*plan.changed, *continued], going)
    return Applied(len(added), len(plan.changed), len(continued), len(going))


# --- organisations --------------------------------------------------------------------------------


def _stored(facts: Mapping[str, Any]) -> dict[str, Any]:
    named = {_COLUMN_OF.get(name, name): value for name, value in facts.items()}
    return {name: value for name, value in named.items() if name in FACT_COLUMNS}


def _add(writing: Writing, added: Sequence[str]) -> dict[str, int]:
    """Insert organisations and return their ids by key."""
    if not added:
        return {}
    now = writing.work.now
    rows = [_stored(writing.facts[key]) | {"created_at": now, "updated_at": now} for key in added]
    statement = insert(Organisation).returning(col(Organisation.id), sort_by_parameter_order=True)
    made = writing.work.session.connection().execute(statement, rows).scalars()
    return {key: int(made_id or 0) for key, made_id in zip(added, made, strict=True)}


def _change(writing: Writing, changed: Sequence[Changed]) -> None:
    """Write changed facts; the others keep what the register has."""
    known = {each.organisation_id: each.facts for each in writing.register.current.values()}
    rows = []
    for each in changed:
        values = {name: known[each.organisation_id][name] for name in FACT_COLUMNS}
        values |= _stored({one.field: one.after for one in each.fields})
        row = {f"new_{name}": value for name, value in values.items()}
        rows.append(row | {"this": each.organisation_id, "now": writing.work.now})
    if not rows:
        return
    statement = (
        update(Organisation)
        .where(col(Organisation.id) == bindparam("this"))
        .values({name: bindparam(f"new_{name}") for name in FACT_COLUMNS} | {"updated_at": bindparam("now")})
    )
    writing.work.session.connection().execute(statement, rows)


def _mark_gone(writing: Writing, going: Sequence[Gone]) -> None:
    if not going:
        return
    statement = (
        update(Organisation)
        .where(col(Organisation.id) == bindparam("this"))
        .values(
            status=OrganisationStatus.GONE,
            closes_on=func.coalesce(bindparam("closed", type_=Date), col(Organisation.closes_on)),
            updated_at=bindparam("now"),
        )
    )
    rows = [
        {"this": each.organisation_id, "closed": each.closed_on, "now": writing.work.now} for each in going
    ]
    writing.work.session.connection().execute(statement, rows)


# --- identifiers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Naming:
    """One identifier that begins or ends to belong to an organisation."""

    organisation_id: int
    scheme: str
    value: str
    day: date | None


def _name(
    writing: Writing,
    plan: Plan,
    added: Sequence[str],
    ids: Mapping[str, int],
    continued: Sequence[Changed],
) -> None:
    """End identifiers that no longer hold, then give those that begin to."""
    without = {(each.key, each.scheme) for each in plan.unclaimed}
    ends, begins = [], []
    for key in added:
        opened = writing.facts[key].get("opened_on")
        begins.append(_Naming(ids[key], writing.scheme, key, opened))
        for scheme in SECOND_NAMES:
            value = writing.facts[key].get(scheme)
            if value and (key, scheme) not in without:
                begins.append(_Naming(ids[key], scheme, str(value), opened))
    for each in (*plan.changed, *continued):
        for change in each.fields:
            if change.field in SECOND_NAMES:
                ends += _naming(each, change.field, change.before, writing.today)
                begins += _naming(each, change.field, change.after, writing.today)
    for each in continued:
        opened = writing.facts[each.key].get("opened_on")
        last = opened - timedelta(days=1) if opened else writing.today
        ends.append(_Naming(each.organisation_id, writing.scheme, each.before_key, last))
        begins.append(_Naming(each.organisation_id, writing.scheme, each.key, opened))
    _end(writing, ends)
    _begin(writing, begins)


def _naming(changed: Changed, scheme: str, value: object, day: date) -> list[_Naming]:
    return [_Naming(changed.organisation_id, scheme, str(value), day)] if value else []


_THIS_NAME: Final = and_(
    col(Identifier.scheme) == bindparam("this_scheme"), col(Identifier.value) == bindparam("this_value")
)


def _end(writing: Writing, ends: Sequence[_Naming]) -> None:
    if not ends:
        return
    statement = (
        update(Identifier)
        .where(_THIS_NAME, col(Identifier.organisation_id) == bindparam("holder"))
        .values(valid_to=bindparam("day"))
    )
    rows = [
        {
            "this_scheme": each.scheme,
            "this_value": each.value,
            "holder": each.organisation_id,
            "day": each.day,
        }
        for each in ends
    ]
    writing.work.session.connection().execute(statement, rows)


def _take_over(writing: Writing, again: Sequence[_Naming]) -> None:
    """End numbers at their holders up to now, because the register gives them to somebody else."""
    if not again:
        return
    statement = (
        update(Identifier)
        .where(_THIS_NAME, col(Identifier.valid_to).is_(None))
        .values(valid_to=bindparam("day"))
    )
    rows = [
        {"this_scheme": each.scheme, "this_value": each.value, "day": each.day or writing.today}
        for each in again
    ]
    writing.work.session.connection().execute(statement, rows)


def _begin(writing: Writing, begins: Sequence[_Naming]) -> None:
    """Insert identifiers.

    A number that the register is kept by stands in the table once: if it was somebody's before, it passes
    on. Other numbers are given again; whoever had them before had them until then.
    """
    connection = writing.work.session.connection()
    known = [each for each in begins if (each.scheme, each.value) in writing.register.held]
    held = [each for each in known if each.scheme == writing.scheme]
    fresh = [each for each in begins if each not in held]
    _take_over(writing, [each for each in known if each not in held])
    if held:
        statement = (
            update(Identifier)
            .where(_THIS_NAME)
            .values(organisation_id=bindparam("holder"), valid_from=bindparam("day"), valid_to=None)
        )
        connection.execute(
            statement,
            [
                {
                    "this_scheme": each.scheme,
                    "this_value": each.value,
                    "holder": each.organisation_id,
                    "day": each.day,
                }
                for each in held
            ],
        )
    if fresh:
        rows = [
            {
                "organisation_id": each.organisation_id,
                "scheme": each.scheme,
                "value": each.value,
                "valid_from": each.day,
            }
            for each in fresh
        ]
        connection.execute(insert(Identifier), rows)


# --- successions and the audit trail --------------------------------------------------------------


def _succeed(writing: Writing, plan: Plan, ids: Mapping[str, int]) -> None:
    """Join the history of organisations that follow others without continuing them."""
    rows = [
        {
            "predecessor_id": candidate.organisation_id,
            "successor_id": ids[decision.key],
            "merged": decision.verdict == "merged",
            "on_date": writing.facts[decision.key].get("opened_on"),
        }
        for decision in plan.decisions
        if not decision.must_answer
        for candidate in decision.candidates
        if candidate.organisation_id != ids[decision.key]
    ]
    rows += [
        {"predecessor_id": ids[before], "successor_id": ids[after], "merged": False, "on_date": None}
        for before, after in plan.successions
    ]
    if rows:
        statement = upsert(Succession).on_conflict_do_nothing()
        writing.work.session.connection().execute(statement, rows)


def _tell(
    writing: Writing,
    added: Iterable[str],
    ids: Mapping[str, int],
    changed: Iterable[Changed],
    going: Iterable[Gone],
) -> None:
    """Write one audit event for each organisation that an import touched."""
    events = [
        _event(writing, "organisation.added", ids[key], key=key, name=writing.facts[key]["name"])
        for key in added
    ]
    for each in changed:
        event = "organisation.renumbered" if each.before_key else "organisation.changed"
        detail = {"before": each.before_key, "after": each.key} if each.before_key else {}
        events.append(_event(writing, event, each.organisation_id, fields=_fields(each.fields), **detail))
    events += [
        _event(writing, "organisation.gone", each.organisation_id, closed_on=plain(each.closed_on))
        for each in going
    ]
    audit.record_many(writing.work, events)


def _fields(fields: Iterable[FieldChange]) -> list[list[Any]]:
    return [[each.field, plain(each.before), plain(each.after)] for each in fields]


def _event(writing: Writing, event: str, organisation_id: int, **detail: Any) -> audit.Event:
    about = {"import": writing.import_id, **detail}
    return audit.Event(event, ("organisation", organisation_id), organisation_id, about)
