"""Changes to what the partnership has set for its visits: points, capacity, seats, Word templates."""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.people.queries import members
from app.visits.models import VisitSeat, VisitSetting, VisitTemplate
from app.visits.programme import Capacity
from app.visits.rules import Partner
from app.visits.selection import Weights

MOST_POINTS = 100
_MOST_CAPACITY = {"visits_a_month": 31, "visits_a_day": 20, "pso_days_a_year": 2_000, "pso_days_a_visit": 30}


def set_weights(work: Work, typed: Mapping[str, int | None]) -> None:
    """Set the points of each reason. Raises RefusedError with each field at fault."""
    problems = {
        name: f"Enter a whole number from 0 to {MOST_POINTS}"
        for name in asdict(Weights())
        if (value := typed.get(name)) is None or value > MOST_POINTS
    }
    _store(work, "weights", {name: typed.get(name) for name in asdict(Weights())}, problems)


def set_capacity(work: Work, typed: Mapping[str, int | None]) -> None:
    """Set the partnership's capacity. Raises RefusedError with each field at fault."""
    problems = {
        name: f"Enter a whole number from 0 to {_MOST_CAPACITY[name]:,}"
        for name in asdict(Capacity())
        if (value := typed.get(name)) is None or value > _MOST_CAPACITY[name]
    }
    _store(work, "capacity", {name: typed.get(name) for name in asdict(Capacity())}, problems)


def _store(work: Work, name: str, value: dict[str, int | None], problems: dict[str, str]) -> None:
    if problems:
        raise RefusedError("Nothing was changed.", problems)
    statement = insert(VisitSetting).values(name=name, value=value)
    work.session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value})
    )
    audit.record(work, "visit.settings", ("visit_setting", 0), name=name, value=value)


def set_seat(work: Work, user_id: int, partner: Partner | None) -> None:
    """Say for which safeguarding partner a person speaks, or that they speak for none."""
    known = {
        each.user_id for each in members(work.session) if PartnershipRole.SAFEGUARDING_PARTNER in each.roles
    }
    if user_id not in known:
        raise NotFoundError
    if partner is None:
        work.session.execute(delete(VisitSeat).where(col(VisitSeat.user_id) == user_id))
    else:
        work.session.execute(
            insert(VisitSeat)
            .values(user_id=user_id, partner=partner)
            .on_conflict_do_update(index_elements=["user_id"], set_={"partner": partner})
        )
    audit.record(work, "visit.seat", ("user", user_id), partner=partner.value if partner else None)


def add_template(work: Work, file_name: str, content: bytes) -> int:
    """Keep a checked Word template, not in use yet, and return its id."""
    made = VisitTemplate(
        file_name=file_name, content=content, uploaded_at=work.now, uploaded_by=work.actor.user_id
    )
    work.session.add(made)
    work.session.flush()
    audit.record(work, "visit.template_added", ("visit_template", made.id or 0), file_name=file_name)
    return made.id or 0


def use_template(work: Work, template_id: int | None) -> None:
    """Take a template into use for reports, or Eleven's own again (None)."""
    work.session.execute(update(VisitTemplate).values(in_use=False))
    if template_id is not None:
        found = work.session.get(VisitTemplate, template_id)
        if found is None:
            raise NotFoundError
        work.session.execute(
            update(VisitTemplate).where(col(VisitTemplate.id) == template_id).values(in_use=True)
        )
    audit.record(work, "visit.template_used", ("visit_template", template_id or 0))
