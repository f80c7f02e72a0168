"""Mails about a visit: to the agency, to the safeguarding partners, to the board managers."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.access import PartnershipRole, Work
from app.core.clock import long_date
from app.people.models import PartnershipMember
from app.people.writing import answerable, write_to, write_to_partnership
from app.visits.queries import VisitHead, seats
from app.visits.rules import Partner


def to_agency(work: Work, this: VisitHead, kind: str, subject: str, **words: str) -> int:
    """Queue a mail to the agency's leads and signatories and return to how many people it goes."""
    reached = answerable(work.session, this.organisation_id)
    day = long_date(this.visit.visit_on) if this.visit.visit_on else ""
    write_to(
        work,
        reached,
        kind,
        key=f"{this.id}:{work.now.isoformat()}",
        subject=f"{subject}: {this.organisation}",
        organisation_id=this.organisation_id,
        path=f"/our-visits/{this.id}",
        organisation=this.organisation,
        day=day,
        **words,
    )
    return len(reached)


def to_partners(work: Work, this: VisitHead, who: Iterable[Partner], subject: str, what: str) -> None:
    """Queue a mail to those who speak for these safeguarding partners."""
    wanted = set(who)
    ids = [seat.user_id for seat in seats(work.session) if seat.partner in wanted]
    _to_partnership(work, this, ids, subject, what)


def to_board_managers(work: Work, this: VisitHead, subject: str, what: str) -> None:
    """Queue a mail to the board managers."""
    managers = select(col(PartnershipMember.user_id)).where(
        col(PartnershipMember.role) == PartnershipRole.BOARD_MANAGER
    )
    _to_partnership(work, this, managers, subject, what)


def _to_partnership(
    work: Work, this: VisitHead, to: Iterable[int] | Select[Any], subject: str, what: str
) -> None:
    write_to_partnership(
        work,
        to,
        "visit-partnership",
        key=f"{this.id}:{work.now.isoformat()}:{subject}",
        subject=f"{subject}: {this.organisation}",
        path=f"/visits/{this.id}",
        what=what,
        organisation=this.organisation,
    )
