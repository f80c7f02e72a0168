"""Addresses that mails do not reach: marked by the mail server, by its reports, or by hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from app.core import audit
from app.core.access import REGISTER, Work
from app.core.errors import NotFoundError
from app.core.models import AddressFault, UndeliverableAddress

LONGEST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True)
class BadAddress:
    """An address that mails do not reach, since when, and how we know."""

    address: str
    fault: AddressFault
    detail: str
    since: datetime


def mark_undeliverable(
    session: Session,
    address: str,
    fault: AddressFault,
    detail: str,
    now: datetime,
    *,
    by: int | None = None,
) -> bool:
    """Note that mails do not reach an address, and say whether that is new; what was noted first stays."""
    statement = (
        insert(UndeliverableAddress)
        .values(address=address.lower(), fault=fault, detail=detail[:LONGEST_DETAIL], since=now, marked_by=by)
        .on_conflict_do_nothing(index_elements=["address"])
        .returning(col(UndeliverableAddress.address))
    )
    return session.execute(statement).first() is not None


def is_undeliverable(address: Any) -> ColumnElement[bool]:
    """Return the condition that mails to an address do not arrive."""
    return exists().where(col(UndeliverableAddress.address) == address)


def bad_addresses(session: Session) -> tuple[BadAddress, ...]:
    """Return the addresses that mails do not reach, the newest first."""
    rows = session.execute(
        select(
            col(UndeliverableAddress.address),
            col(UndeliverableAddress.fault),
            col(UndeliverableAddress.detail),
            col(UndeliverableAddress.since),
        ).order_by(col(UndeliverableAddress.since).desc(), col(UndeliverableAddress.address))
    )
    return tuple(BadAddress(*row) for row in rows)


def works_again(work: Work, address: str) -> None:
    """Say that mails to an address arrive again; doing it again changes nothing."""
    if not work.actor.has(*REGISTER):
        raise NotFoundError
    gone = work.session.execute(
        delete(UndeliverableAddress)
        .where(col(UndeliverableAddress.address) == address)
        .returning(col(UndeliverableAddress.fault))
    ).scalar()
    if gone is not None:
        audit.record(work, "address.works_again", ("address", 0), address=address)
