"""What the partnership has set for its visits: points, capacity, draws, Word templates. Reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.core.errors import NotFoundError
from app.visits.models import VisitDraw, VisitSetting, VisitTemplate
from app.visits.programme import Capacity, capacity_from
from app.visits.selection import Weights, weights_from


def _setting(session: Session, name: str) -> Mapping[str, int]:
    value = session.execute(select(col(VisitSetting.value)).where(col(VisitSetting.name) == name)).scalar()
    return value or {}


def weights(session: Session) -> Weights:
    """Return the partnership's points for each reason."""
    return weights_from(_setting(session, "weights"))


def capacity(session: Session) -> Capacity:
    """Return the partnership's capacity for visits."""
    return capacity_from(dict(_setting(session, "capacity")))


@dataclass(frozen=True, slots=True)
class DrawLine:
    """A draw that was made."""

    seed: int
    pool: int
    chosen: tuple[int, ...]
    drawn_at: datetime


def last_draw(session: Session) -> DrawLine | None:
    """Return the newest draw, or None."""
    row = session.execute(
        select(
            col(VisitDraw.seed),
            func.cardinality(VisitDraw.__table__.c.pool),  # type: ignore[attr-defined]
            col(VisitDraw.chosen),
            col(VisitDraw.drawn_at),
        )
        .order_by(col(VisitDraw.id).desc())
        .limit(1)
    ).first()
    return DrawLine(row[0], row[1], tuple(row[2]), row[3]) if row else None


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A Word template of the partnership's own."""

    id: int
    file_name: str
    in_use: bool
    uploaded_at: datetime


def templates(session: Session) -> tuple[TemplateLine, ...]:
    """Return the templates, the newest first, without their content."""
    rows = session.execute(
        select(
            col(VisitTemplate.id),
            col(VisitTemplate.file_name),
            col(VisitTemplate.in_use),
            col(VisitTemplate.uploaded_at),
        ).order_by(col(VisitTemplate.id).desc())
    )
    return tuple(TemplateLine(*row) for row in rows)


def template_content(session: Session, template_id: int | None = None) -> bytes | None:
    """Return a template's file, or the one in use; None when Eleven's own is in use."""
    query = select(col(VisitTemplate.content))
    if template_id is None:
        query = query.where(col(VisitTemplate.in_use)).order_by(col(VisitTemplate.id).desc())
    else:
        query = query.where(col(VisitTemplate.id) == template_id)
    content = session.execute(query.limit(1)).scalar()
    if content is None and template_id is not None:
        raise NotFoundError
    return content
