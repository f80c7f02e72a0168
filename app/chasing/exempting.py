"""Who owes no answer in a round: one condition for every count, and the words that show them apart.

Whoever is exempt counts neither as asked nor as missing. An exempt organisation that signs all the same has
answered: it counts like every other.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, exists, select
from sqlmodel import Session, col

from app.chasing.models import Exemption, ExemptionKind
from app.core.clock import london_date
from app.core.ordering import name_key
from app.core.scope import seeing_everything
from app.organisations.models import Organisation, Succession
from app.people.models import User
from app.returns.models import Return, ReturnState

EXEMPTION_WORDS: Final[Mapping[ExemptionKind, str]] = {
    ExemptionKind.MERGED: "Merged with another organisation",
    ExemptionKind.CLOSED: "Closed, or closing before it is due",
    ExemptionKind.ELSEWHERE: "Answers through another partnership",
    ExemptionKind.OTHER: "Another reason",
}


def is_exempt() -> ColumnElement[bool]:
    """Return the condition for returns that owe no answer, for any statement that reads returns."""
    return (
        exists()
        .where(
            col(Exemption.return_id) == col(Return.id),
            col(Exemption.lifted_at).is_(None),
            col(Return.state) != ReturnState.SIGNED,
        )
        .correlate(Return)
    )


def is_asked() -> ColumnElement[bool]:
    """Return the condition for returns that count: all but those that owe no answer."""
    return ~is_exempt()


@dataclass(frozen=True, slots=True)
class Exempt:
    """An organisation that owes no answer in a round: what it was when it was asked, why, and who said so."""

    return_id: int
    organisation_id: int
    organisation: str
    kind: str
    phase: str
    district: str
    why: str
    reason: str
    since: date
    by: str


def exempt_among(session: Session, return_ids: Collection[int]) -> frozenset[int]:
    """Return which of some returns owe no answer, and nothing else of what the partnership noted about it.

    The caller has made sure that the person may read these returns.
    """
    if not return_ids:
        return frozenset()
    # Why somebody is exempt is for the partnership; that nothing is owed is for the organisation too.
    with seeing_everything(session):
        rows = session.execute(
            select(col(Return.id)).where(col(Return.id).in_(sorted(return_ids)), is_exempt())
        ).scalars()
        return frozenset(int(each or 0) for each in rows)


def exempt_words(kind: ExemptionKind, successors: list[str]) -> str:
    """Say why an organisation owes no answer, in lower case: merged into Oakfield Academy."""
    if kind is ExemptionKind.MERGED and successors:
        return f"merged into {' and '.join(successors)}"
    words = EXEMPTION_WORDS[kind]
    return words[:1].lower() + words[1:]


def exempt_returns(session: Session, round_id: int) -> tuple[Exempt, ...]:
    """Return who owes no answer in a round, by name, in two statements at most."""
    rows = session.execute(
        select(
            Exemption,
            col(Organisation.name),
            col(Organisation.district),
            col(Return.facts),
            col(User.name),
        )
        .join(Return, col(Return.id) == col(Exemption.return_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .join(User, col(User.id) == col(Exemption.made_by))
        .where(col(Return.round_id) == round_id, col(Exemption.lifted_at).is_(None), is_exempt())
    ).all()
    merged = [each.organisation_id for each, *_ in rows if each.kind is ExemptionKind.MERGED]
    successors = _successors(session, merged)
    found = [
        Exempt(
            return_id=each.return_id,
            organisation_id=each.organisation_id,
            organisation=name,
            kind=facts.get("kind", ""),
            phase=facts.get("phase", ""),
            district=district,
            why=exempt_words(each.kind, successors.get(each.organisation_id, [])),
            reason=each.reason,
            since=london_date(each.made_at),
            by=by,
        )
        for each, name, district, facts, by in rows
    ]
    return tuple(sorted(found, key=lambda each: (name_key(each.organisation), each.return_id)))


def _successors(session: Session, organisation_ids: list[int]) -> Mapping[int, list[str]]:
    """Return into which organisations others have gone, by name."""
    if not organisation_ids:
        return {}
    rows = session.execute(
        select(col(Succession.predecessor_id), col(Organisation.name))
        .join(Organisation, col(Organisation.id) == col(Succession.successor_id))
        .where(col(Succession.predecessor_id).in_(organisation_ids))
        .order_by(col(Organisation.name))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for organisation_id, name in rows:
        found[organisation_id].append(name)
    return found
