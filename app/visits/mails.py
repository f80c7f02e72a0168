"""Mails about a visit: to the agency, to the safeguarding partners, to the board managers."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import col

from app.core import outbox
from app.core.access import PartnershipRole, Work
from app.core.clock import long_date
from app.core.rendering import render_text
from app.core.settings import settings
from app.people.models import PartnershipMember, User
from app.people.rules import normal_address
from app.people.writing import answerable, write_to
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
    _to_partnership(work, this, col(User.id).in_(ids), subject, what)


def to_board_managers(work: Work, this: VisitHead, subject: str, what: str) -> None:
    """Queue a mail to the board managers."""
    managers = select(col(PartnershipMember.user_id)).where(
        col(PartnershipMember.role) == PartnershipRole.BOARD_MANAGER
    )
    _to_partnership(work, this, col(User.id).in_(managers), subject, what)


def _to_partnership(work: Work, this: VisitHead, which: object, subject: str, what: str) -> None:
    config = settings()
    rows = work.session.execute(
        select(col(User.id), col(User.name), col(User.email)).where(which, col(User.disabled_at).is_(None))  # type: ignore[arg-type]
    )
    mails = [
        outbox.Mail(
            dedupe_key=f"visit-partnership:{this.id}:{work.now.isoformat()}:{subject}:{user_id}",
            kind="visit-partnership",
            recipient=normal_address(address),
            subject=f"{subject}: {this.organisation}",
            body=render_text(
                "mails/visit-partnership.txt",
                name=name,
                what=what,
                organisation=this.organisation,
                link=f"{config.public_address}/visits/{this.id}",
                partnership_name=config.partnership_name,
            ),
        )
        for user_id, name, address in rows
    ]
    outbox.enqueue(work.session, mails, work.now)
