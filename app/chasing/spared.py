"""Who in a round is left alone or was given more time, as one list: pauses, exemptions, extensions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Date, Select, String, and_, cast, func, literal, null, or_, select, union_all
from sqlmodel import Session, col

from app.chasing.exempting import exempt_returns, exempt_words, is_exempt
from app.chasing.models import Exemption, ExemptionKind, Extension, Pause
from app.organisations.models import Organisation
from app.people.models import User
from app.returns.models import Return


@dataclass(frozen=True, slots=True)
class SparedLine:
    """One organisation that is left alone or was given more time; no name: the whole round."""

    id: int
    what: str
    organisation_id: int | None
    organisation: str
    words: str
    reason: str
    at: datetime
    by: str
    ends_on: date | None
    in_force: bool


_NO_KIND: Final = literal("")
_NO_END: Final = cast(null(), Date)
_WORDS: Final = {"pause": "Paused", "extension": "More time"}


def spared_lines(session: Session, round_id: int, today: date) -> tuple[SparedLine, ...]:
    """Return the pauses, exemptions and extensions of a round: those in force first, the newest first."""
    lasting = or_(col(Pause.ends_on).is_(None), col(Pause.ends_on) >= today)
    pauses = _lines(
        Pause,
        (literal("pause"), _NO_KIND, col(Pause.begun_at), col(Pause.ends_on)),
        in_force=and_(col(Pause.ended_at).is_(None), lasting),
        by=col(Pause.begun_by),
    ).where(col(Pause.round_id) == round_id)
    exemptions = _lines(
        Exemption,
        (literal("exemption"), cast(col(Exemption.kind), String), col(Exemption.made_at), _NO_END),
        in_force=and_(col(Exemption.lifted_at).is_(None), is_exempt()),
        by=col(Exemption.made_by),
    ).join(Return, col(Return.id) == col(Exemption.return_id))
    extensions = _lines(
        Extension,
        (literal("extension"), _NO_KIND, col(Extension.made_at), col(Extension.due_on)),
        in_force=col(Extension.due_on) == col(Return.due_on),
        by=col(Extension.made_by),
    ).join(Return, col(Return.id) == col(Extension.return_id))
    of_round = col(Return.round_id) == round_id
    rows = session.execute(union_all(pauses, exemptions.where(of_round), extensions.where(of_round)))
    whys = {each.organisation_id: each.why for each in exempt_returns(session, round_id)}
    found = [_line(row, whys) for row in rows]
    return tuple(sorted(found, key=lambda each: (not each.in_force, -each.at.timestamp(), each.organisation)))


def _lines(made: Any, said: tuple[Any, ...], *, in_force: Any, by: Any) -> Select[Any]:
    """Read one table in the shape that all three share: what it is, its kind, its moment, its end."""
    what, kind, at, ends_on = said
    return (
        select(
            made.id.label("id"),
            what.label("what"),
            kind.label("kind"),
            made.organisation_id.label("organisation_id"),
            func.coalesce(col(Organisation.name), "").label("organisation"),
            made.reason.label("reason"),
            at.label("at"),
            col(User.name).label("by"),
            ends_on.label("ends_on"),
            in_force.label("in_force"),
        )
        .select_from(made)
        .outerjoin(Organisation, col(Organisation.id) == made.organisation_id)
        .join(User, col(User.id) == by)
    )


def _line(row: Any, whys: Mapping[int, str]) -> SparedLine:
    words = _WORDS.get(row.what, "")
    if row.what == "exemption":
        why = whys.get(row.organisation_id, "") if row.in_force else ""
        words = f"Exempt: {why or exempt_words(ExemptionKind(row.kind), [])}"
    return SparedLine(
        row.id,
        row.what,
        row.organisation_id,
        row.organisation,
        words,
        row.reason,
        row.at,
        row.by,
        row.ends_on,
        row.in_force,
    )
