"""A round's schedule and the school terms it keeps to, as they are set now."""

from sqlalchemy import select
from sqlmodel import Session, col

from app.chasing.models import ChasePlan, ChaseStage, TermDates
from app.chasing.stages import Plan, Stage, Standing4
from app.core.working_days import Term
from app.questionnaires.models import FRAMEWORK_SUFFIX, QuestionnaireVersion
from app.rounds.models import Round


def plan_of(session: Session, round_id: int) -> Plan:
    """Return a round's schedule: its own, or Eleven's; the framework of a visit has its own reminders."""
    own = session.get(ChasePlan, round_id)
    if own is None:
        return Plan(stages=()) if is_framework(session, round_id) else Plan()
    rows = session.execute(
        select(ChaseStage)
        .where(col(ChaseStage.round_id) == round_id)
        .order_by(col(ChaseStage.days), col(ChaseStage.key))
    ).scalars()
    stages = tuple(
        Stage(row.key, row.days, row.kind, frozenset(Standing4(state) for state in row.states))
        for row in rows
    )
    return Plan(stages, own.send_from, own.send_until, own.named_person, own.named_address, own=True)


def is_framework(session: Session, round_id: int) -> bool:
    """Say whether a round is the framework of an assurance visit."""
    key = session.execute(
        select(col(QuestionnaireVersion.key))
        .join(Round, col(Round.version_id) == col(QuestionnaireVersion.id))
        .where(col(Round.id) == round_id)
    ).scalar()
    return key is not None and key.endswith(FRAMEWORK_SUFFIX)


def terms(session: Session) -> tuple[Term, ...]:
    """Return the partnership's terms, in order."""
    rows = session.execute(
        select(col(TermDates.first_on), col(TermDates.last_on)).order_by(col(TermDates.first_on))
    )
    return tuple(Term(*row) for row in rows)
