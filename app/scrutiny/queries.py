"""Reads for heat map, profile and what-if: stored ratings, never answers (but for one case of the what-if).

The routes' access class decides who reads ratings; safeguarding partners read them without the answers.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from app.chasing.exempting import is_asked, is_exempt
from app.core.errors import NotFoundError
from app.core.ordering import by_name
from app.organisations.models import Organisation, Succession
from app.questionnaires.models import QuestionnaireVersion
from app.ratings.models import RatingSource, StoredRating
from app.ratings.queries import RATING_COLUMNS, rating_of
from app.ratings.rules import DomainRating
from app.returns.models import Answer, Return, ReturnState
from app.rounds.models import Round
from app.scrutiny.heatmap import HeatRow, Stored

_KIND = func.coalesce(col(Return.facts)["kind"].astext, "")
_PHASE = func.coalesce(col(Return.facts)["phase"].astext, "")


# --- the heat map ----------------------------------------------------------------------------------


def _return_before(previous_round_id: int | None) -> Any:
    """Return the signed return of the round before: the organisation's own, or its only predecessor's."""
    before = aliased(Return)
    signed_then = (col(before.round_id) == previous_round_id, col(before.state) == ReturnState.SIGNED)
    own = (
        select(col(before.id))
        .where(*signed_then, col(before.organisation_id) == col(Return.organisation_id))
        .correlate(Return)
        .scalar_subquery()
    )
    inherited = (
        select(func.min(col(before.id)))
        .join(Succession, col(Succession.predecessor_id) == col(before.organisation_id))
        .where(*signed_then, col(Succession.successor_id) == col(Return.organisation_id))
        .having(func.count() == 1)
        .correlate(Return)
        .scalar_subquery()
    )
    return func.coalesce(own, inherited)


def heat_rows(session: Session, round_id: int, previous_round_id: int | None) -> list[HeatRow]:
    """Return every return that a round counts with its stored ratings and those of the round before.

    Two statements, however many years are kept.
    """
    returns = session.execute(
        select(
            col(Return.id),
            col(Return.organisation_id),
            col(Organisation.name),
            _KIND,
            _PHASE,
            col(Organisation.district),
            col(Return.state),
            _return_before(previous_round_id),
        )
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(col(Return.round_id) == round_id, is_asked())
    ).all()
    rounds = [each for each in (round_id, previous_round_id) if each is not None]
    ratings = stored_ratings(session, col(StoredRating.round_id).in_(rounds))
    nothing: dict[str, Stored] = {}
    return [
        HeatRow(
            return_id=row[0],
            organisation_id=row[1],
            organisation=row[2],
            kind=row[3],
            phase=row[4],
            district=row[5],
            signed=row[6] is ReturnState.SIGNED,
            own=ratings.get((row[0], RatingSource.SELF), nothing),
            validated=ratings.get((row[0], RatingSource.VALIDATED), nothing),
            last={
                **ratings.get((row[7], RatingSource.SELF), nothing),
                **ratings.get((row[7], RatingSource.VALIDATED), nothing),
            },
        )
        for row in returns
    ]


def stored_ratings(
    session: Session, which: ColumnElement[bool]
) -> dict[tuple[int, RatingSource], dict[str, Stored]]:
    """Return the stored ratings that a condition on `StoredRating` names: by return and source, by domain."""
    rows = session.execute(
        select(
            col(StoredRating.return_id),
            col(StoredRating.source),
            col(StoredRating.domain_key),
            col(StoredRating.outcome),
            col(StoredRating.points),
            col(StoredRating.possible),
            col(StoredRating.critical_reds),
            col(StoredRating.greens),
            col(StoredRating.unevidenced),
        ).where(which)
    )
    found: dict[tuple[int, RatingSource], dict[str, Stored]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), {})[row[2]] = Stored(*row[2:])
    return found


# --- one organisation over the years ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrganisationLine:
    """The organisation that a profile is about."""

    id: int
    name: str
    kind: str
    phase: str
    district: str


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An organisation that this one, or one of its predecessors, took over from."""

    id: int
    name: str
    on_date: date | None
    merged: bool


@dataclass(frozen=True, slots=True)
class YearReturn:
    """One return in an organisation's history, its predecessors' included."""

    id: int
    organisation_id: int
    organisation: str
    round_id: int
    round_title: str
    school_year: str
    previous_round_id: int | None
    due_on: date
    state: ReturnState
    answered: int
    total: int
    signed_at: datetime | None
    version_id: int
    facts: Mapping[str, Any]
    questionnaire_key: str
    questionnaire_title: str
    exempt: bool


def organisation_line(session: Session, organisation_id: int) -> OrganisationLine:
    """Return an organisation, or raise NotFoundError."""
    row = session.execute(
        select(
            col(Organisation.id),
            col(Organisation.name),
            col(Organisation.kind),
            col(Organisation.phase),
            col(Organisation.district),
        ).where(col(Organisation.id) == organisation_id)
    ).first()
    if row is None:
        raise NotFoundError
    return OrganisationLine(*row)


def _lineage(organisation_id: int) -> Any:
    """Return the organisation and all before it; UNION stops at a circle of successions."""
    start: Select[Any] = select(col(Organisation.id).label("id")).where(
        col(Organisation.id) == organisation_id
    )
    line = start.cte("lineage", recursive=True)
    older = select(col(Succession.predecessor_id)).join(line, line.c.id == col(Succession.successor_id))
    return line.union(older)


def predecessors(session: Session, organisation_id: int) -> tuple[Predecessor, ...]:
    """Return all organisations whose history came here, the latest succession first."""
    line = _lineage(organisation_id)
    rows = session.execute(
        select(col(Organisation.id), col(Organisation.name), col(Succession.on_date), col(Succession.merged))
        .join(Succession, col(Succession.predecessor_id) == col(Organisation.id))
        .where(col(Succession.successor_id).in_(select(line.c.id)))
        .order_by(col(Succession.on_date).desc().nulls_last(), by_name(col(Organisation.name)))
    )
    return tuple(Predecessor(*row) for row in rows if row[0] != organisation_id)


def years(session: Session, organisation_id: int) -> tuple[YearReturn, ...]:
    """Return the returns of an organisation and its predecessors, the latest due date first."""
    line = _lineage(organisation_id)
    rows = session.execute(
        select(
            col(Return.id),
            col(Return.organisation_id),
            col(Organisation.name),
            col(Round.id),
            col(Round.title),
            col(Round.school_year),
            col(Round.previous_round_id),
            col(Return.due_on),
            col(Return.state),
            col(Return.answered),
            col(Return.total),
            col(Return.signed_at),
            col(Return.version_id),
            col(Return.facts),
            col(QuestionnaireVersion.key),
            col(QuestionnaireVersion.title),
            is_exempt(),
        )
        .join(Round, col(Round.id) == col(Return.round_id))
        .join(QuestionnaireVersion, col(QuestionnaireVersion.id) == col(Return.version_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(col(Return.organisation_id).in_(select(line.c.id)))
        .order_by(col(Round.due_on).desc(), by_name(col(Organisation.name)), col(Return.id).desc())
    )
    return tuple(YearReturn(*row) for row in rows)


def ratings_of_returns(
    session: Session, return_ids: Collection[int]
) -> dict[tuple[int, RatingSource], dict[str, DomainRating]]:
    """Return the stored ratings of some returns by return and source, in the questionnaire's order."""
    rows = session.execute(
        select(col(StoredRating.return_id), col(StoredRating.source), *RATING_COLUMNS)
        .where(col(StoredRating.return_id).in_(return_ids))
        .order_by(col(StoredRating.return_id), col(StoredRating.position))
    )
    found: dict[tuple[int, RatingSource], dict[str, DomainRating]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), {})[row[2]] = rating_of(tuple(row[2:]))
    return found


# --- what if ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RatedLine:
    """One domain of one signed return with its stored self-rating."""

    return_id: int
    organisation_id: int
    organisation: str
    rating: DomainRating


def rated_lines(session: Session, round_id: int) -> list[RatedLine]:
    """Return the stored self-ratings of a round's signed returns, by organisation and domain."""
    rows = session.execute(
        select(
            col(StoredRating.return_id),
            col(StoredRating.organisation_id),
            col(Organisation.name),
            *RATING_COLUMNS,
        )
        .join(Organisation, col(Organisation.id) == col(StoredRating.organisation_id))
        .where(col(StoredRating.round_id) == round_id, col(StoredRating.source) == RatingSource.SELF)
        .order_by(by_name(col(Organisation.name)), col(StoredRating.return_id), col(StoredRating.position))
    )
    return [RatedLine(row[0], row[1], row[2], rating_of(tuple(row[3:]))) for row in rows]


def critical_ambers(
    session: Session,
    return_ids: Iterable[int],
    *,
    critical: Collection[str],
    amber_levels: Collection[str],
) -> set[tuple[int, str]]:
    """Return which critical standards are amber in some returns, as (return, standard), streamed.

    The only read of answers here, for domains whose stored rating cannot tell: nothing but the fact that
    a critical standard is amber leaves it.
    """
    rows = session.execute(
        select(col(Answer.return_id), col(Answer.standard_key))
        .where(
            col(Answer.return_id).in_(sorted(set(return_ids))),
            col(Answer.standard_key).in_(sorted(critical)),
            col(Answer.level).in_(sorted(amber_levels)),
        )
        .execution_options(yield_per=1_000)
    )
    return {(row[0], row[1]) for row in rows}
