"""Reads for the consolidated workbook: streamed, one statement each, however many returns there are.

Each function confines itself to the organisations whose returns the person may read. Kind and phase are
those of the day of issue, as everywhere where returns are counted; names and codes are today's.
Answers are read for signed returns only: what people have not signed yet is theirs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import Session, col

from app.actions.models import Action, ActionStatus
from app.chasing.exempting import is_asked
from app.core.access import Actor, visible_to
from app.core.ordering import by_name
from app.organisations.models import Identifier, Organisation
from app.people.models import User
from app.ratings.models import COUNTING, RatingSource, StoredRating, ValidatedStandard
from app.ratings.rules import Outcome
from app.returns.models import Answer, Return, ReturnState, SignedReturn
from app.returns.queries import VALUE_COLUMNS, AnswerLine, Signed
from app.returns.rules import AnswerValues

ROWS_AT_ONCE = 500
_STREAMED = {"yield_per": ROWS_AT_ONCE}
# The code that people know an organisation by: the first of these registers that it is in today.
_SCHEMES = ("urn", "ods", "gss", "ukprn", "laestab", "slug")


@dataclass(frozen=True, slots=True)
class Who:
    """An organisation in a round, as each sheet names it."""

    name: str
    code: str
    scheme: str
    kind: str
    phase: str


@dataclass(frozen=True, slots=True)
class RoundReturn:
    """One return of a round: whose it is and how far it is; `facts` decide what it was asked."""

    who: Who
    id: int
    state: ReturnState
    answered: int
    total: int
    edition: int
    due_on: date
    signed_at: datetime | None
    facts: Mapping[str, Any]


_REGISTERED = (
    select(func.json_build_array(col(Identifier.value), col(Identifier.scheme)))
    .where(
        col(Identifier.organisation_id) == col(Return.organisation_id),
        col(Identifier.valid_to).is_(None),
        col(Identifier.scheme).in_(_SCHEMES),
    )
    .order_by(func.array_position(list(_SCHEMES), col(Identifier.scheme)), col(Identifier.id))
    .limit(1)
    .correlate(Return)
    .scalar_subquery()
)
KIND = func.coalesce(Return.facts["kind"].astext, col(Organisation.kind))
PHASE = func.coalesce(Return.facts["phase"].astext, col(Organisation.phase))
WHO = (col(Organisation.name), _REGISTERED, KIND, PHASE)
_RETURN = (
    col(Return.id),
    col(Return.state),
    col(Return.answered),
    col(Return.total),
    col(Return.edition),
    col(Return.due_on),
    col(Return.signed_at),
    Return.facts,
)


def who_of(row: Any) -> Who:
    """Return whose row this is, from its first columns, which are WHO."""
    name, registered, kind, phase = row[: len(WHO)]
    code, scheme = registered or ("", "")
    return Who(name, code, scheme, kind, phase)


def _round_return(row: Any) -> RoundReturn:
    return RoundReturn(who_of(row), *row[len(WHO) : len(WHO) + len(_RETURN)])


def in_round(actor: Actor, round_id: int) -> ColumnElement[bool]:
    """Return the condition for the returns of a round that count and that a person may read."""
    return and_(of_round(actor, round_id), is_asked())


def of_round(actor: Actor, round_id: int) -> ColumnElement[bool]:
    """Return the condition for all returns of a round that a person may read, the exempt ones too."""
    return and_(col(Return.round_id) == round_id, visible_to(actor, col(Return.organisation_id)))


def _returns(actor: Actor, round_id: int, *columns: Any) -> Select[Any]:
    everything: tuple[Any, ...] = (*WHO, *_RETURN, *columns)
    return (
        select(*everything)
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(in_round(actor, round_id))
    )


# --- every return with its answers -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnsweredReturn:
    """A return with its answers by standard, and what officers made of them; none while it is not signed."""

    line: RoundReturn
    answers: Mapping[str, AnswerLine]
    validated: Mapping[str, str] = field(default_factory=dict)


_BY_NAME = (by_name(col(Organisation.name)), col(Return.id))


def answered_returns(session: Session, actor: Actor, round_id: int) -> Iterator[AnsweredReturn]:
    """Stream the returns of a round by name, signed ones with answers and judgements: three statements."""
    returns = session.execute(_returns(actor, round_id).order_by(*_BY_NAME), execution_options=_STREAMED)
    answers_of = _Blocks(session.execute(_answers(actor, round_id), execution_options=_STREAMED))
    judged_of = _Blocks(session.execute(_judged(actor, round_id), execution_options=_STREAMED))
    for row in returns:
        line = _round_return(row)
        yield AnsweredReturn(
            line,
            {each[1]: AnswerLine(AnswerValues(*each[6:]), *each[2:6]) for each in answers_of.of(line.id)},
            {each[1]: each[2] for each in judged_of.of(line.id)},
        )


def _answers(actor: Actor, round_id: int) -> Select[Any]:
    return (
        select(
            col(Answer.return_id),
            col(Answer.standard_key),
            col(Answer.version),
            col(Answer.updated_at),
            col(Answer.updated_by),
            col(User.name),
            *VALUE_COLUMNS,
        )
        .join(Return, col(Return.id) == col(Answer.return_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .join(User, col(User.id) == col(Answer.updated_by))
        .where(in_round(actor, round_id), col(Return.state) == ReturnState.SIGNED)
        .order_by(*_BY_NAME)
    )


def _judged(actor: Actor, round_id: int) -> Any:
    return (
        select(
            col(ValidatedStandard.return_id),
            col(ValidatedStandard.standard_key),
            col(ValidatedStandard.judged),
        )
        .join(Return, col(Return.id) == col(ValidatedStandard.return_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(
            in_round(actor, round_id),
            col(Return.state) == ReturnState.SIGNED,
            col(ValidatedStandard.opinion).in_(COUNTING),
            ~col(ValidatedStandard.outdated),
        )
        .order_by(*_BY_NAME)
    )


class _Blocks:
    """Rows that come return by return, in the order of the returns; not every return has some."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._blocks = groupby(rows, key=itemgetter(0))
        self._block = next(self._blocks, None)

    def of(self, return_id: int) -> list[Any]:
        """Return the rows of a return, which is the next one or has none."""
        if self._block is None or self._block[0] != return_id:
            return []
        found = list(self._block[1])
        self._block = next(self._blocks, None)
        return found


# --- every return with its domain ratings ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DomainLine:
    """The rating of one domain in a heat map; `validated` is empty while nobody has reviewed it."""

    domain_key: str
    outcome: Outcome
    points: int
    possible: int
    critical_reds: int
    unevidenced: int
    validated: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A return with its ratings in the questionnaire's order; none while it is not signed."""

    line: RoundReturn
    ratings: tuple[DomainLine, ...]


def profiles(session: Session, actor: Actor, round_id: int) -> Iterator[Profile]:
    """Stream the returns of a round with their ratings, the gravest profile first, unsigned ones last.

    The order is that of the rule for organisations: critical reds, red domains, amber domains, lowest share.
    """
    graded = _graded(round_id)
    rows = session.execute(
        _returns(actor, round_id, graded.c.ratings)
        .outerjoin(graded, graded.c.return_id == col(Return.id))
        .order_by(
            (col(Return.state) == ReturnState.SIGNED).desc(),
            graded.c.critical_reds.desc().nulls_last(),
            graded.c.reds.desc().nulls_last(),
            graded.c.ambers.desc().nulls_last(),
            graded.c.lowest.asc().nulls_last(),
            *_BY_NAME,
        ),
        execution_options=_STREAMED,
    )
    for row in rows:
        line = _round_return(row)
        stored = (row.ratings or ()) if line.state is ReturnState.SIGNED else ()
        yield Profile(line, _domain_lines(stored))


def _graded(round_id: int) -> Any:
    own = col(StoredRating.source) == RatingSource.SELF
    coloured = and_(own, col(StoredRating.outcome).in_(("red", "amber", "green")))
    rating = func.json_build_array(
        col(StoredRating.domain_key),
        col(StoredRating.source),
        col(StoredRating.outcome),
        col(StoredRating.points),
        col(StoredRating.possible),
        col(StoredRating.critical_reds),
        col(StoredRating.unevidenced),
    )
    share = 10_000 * col(StoredRating.points) / func.nullif(col(StoredRating.possible), 0)
    return (
        select(
            col(StoredRating.return_id),
            func.json_agg(aggregate_order_by(rating, col(StoredRating.position)), type_=JSON).label(
                "ratings"
            ),
            func.sum(col(StoredRating.critical_reds)).filter(own).label("critical_reds"),
            func.count().filter(own, col(StoredRating.outcome) == "red").label("reds"),
            func.count().filter(own, col(StoredRating.outcome) == "amber").label("ambers"),
            func.min(share).filter(coloured).label("lowest"),
        )
        .where(col(StoredRating.round_id) == round_id)
        .group_by(col(StoredRating.return_id))
        .subquery("graded")
    )


def _domain_lines(stored: Sequence[Sequence[Any]]) -> tuple[DomainLine, ...]:
    validated = {key: outcome for key, source, outcome, *_ in stored if source == RatingSource.VALIDATED}
    return tuple(
        DomainLine(key, outcome, points, possible, critical_reds, unevidenced, validated.get(key))
        for key, source, outcome, points, possible, critical_reds, unevidenced in stored
        if source == RatingSource.SELF
    )


# --- actions ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionLine:
    """An action that an organisation promised in a signed return."""

    who: Who
    domain_key: str
    standard_key: str
    level: str
    what: str
    owner: str
    due_on: date | None
    status: ActionStatus
    created_at: datetime
    closed_at: datetime | None


def actions(session: Session, actor: Actor, round_id: int) -> Iterator[ActionLine]:
    """Stream the actions of a round, organisation by organisation, the first due first.

    What somebody promised who was made exempt later is still promised.
    """
    return _actions(session, of_round(actor, round_id))


def return_actions(session: Session, actor: Actor, return_id: int) -> Iterator[ActionLine]:
    """Stream the actions of one return, the first due first."""
    mine = and_(col(Return.id) == return_id, visible_to(actor, col(Return.organisation_id)))
    return _actions(session, mine)


def _actions(session: Session, wanted: ColumnElement[bool]) -> Iterator[ActionLine]:
    rows = session.execute(
        select(
            *WHO,
            col(Action.domain_key),
            col(Action.standard_key),
            col(Action.level),
            col(Action.what),
            col(Action.owner),
            col(Action.due_on),
            col(Action.status),
            col(Action.created_at),
            col(Action.closed_at),
        )
        .join(Return, col(Return.id) == col(Action.return_id))
        .join(Organisation, col(Organisation.id) == col(Return.organisation_id))
        .where(wanted)
        .order_by(*_BY_NAME, col(Action.due_on).asc().nulls_last(), col(Action.id)),
        execution_options=_STREAMED,
    )
    for row in rows:
        yield ActionLine(who_of(row), *row[len(WHO) :])


# --- what an organisation signed -------------------------------------------------------------------


def editions(session: Session, actor: Actor, return_id: int) -> Iterator[Signed]:
    """Stream the signed editions of a return, the first one first: each frozen as it was signed."""
    rows = session.execute(
        select(
            col(SignedReturn.edition),
            col(SignedReturn.content),
            col(SignedReturn.content_hash),
            col(SignedReturn.declaration),
            col(SignedReturn.signatory_name),
            col(SignedReturn.signed_at),
        )
        .where(col(SignedReturn.return_id) == return_id, visible_to(actor, col(SignedReturn.organisation_id)))
        .order_by(col(SignedReturn.edition)),
        execution_options=_STREAMED,
    )
    for row in rows:
        yield Signed(*row)
