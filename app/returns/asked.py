"""Older actions that a return asks about: beside their standards, and each with an answer before signing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import any_, bindparam, func, or_, select, union_all
from sqlmodel import Session, col

from app.actions import service as actions
from app.actions.models import Action
from app.actions.queries import AskedAction, asked_about
from app.actions.rules import LIVE, ActionStatus
from app.core.access import Actor, Confined, Work
from app.core.errors import NotFoundError
from app.organisations.models import Succession
from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire_for
from app.returns.models import Return
from app.returns.queries import HEADS, ReturnHead
from app.returns.service import hold

# The questionnaire of a visit's framework: lines of enquiry ask about actions on the day.
OF_A_VISIT: Final = "-visit"


def asks_about_actions(questionnaire: Questionnaire) -> bool:
    """Say whether a return asks about older actions: a visit's framework does not."""
    return not questionnaire.key.endswith(OF_A_VISIT)


def asked_of(
    session: Session, actor: Actor, this: ReturnHead, questionnaire: Questionnaire
) -> tuple[AskedAction, ...]:
    """Return the older actions that a return asks about, the first due first."""
    if not asks_about_actions(questionnaire):
        return ()
    return asked_about(session, actor, this.id, this.organisation_id, this.issued_at)


def answer(work: Work, this: ReturnHead, action_id: int, said: actions.Said) -> None:
    """Say in a return what became of an older action.

    Under the lock of saving and signing. Raises RefusedError once the return is signed or its round closed.
    """
    held = hold(work, this.id)
    questionnaire = questionnaire_for(work.session, held.version_id, held.facts)
    if action_id not in {each.line.id for each in asked_of(work.session, work.actor, this, questionnaire)}:
        raise NotFoundError
    actions.say(work, action_id, said)


# --- beside the questions --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beside:
    """An older action as it stands beside a question: few words, and whether it has its answer."""

    id: int
    domain_key: str
    standard_key: str
    what: str
    status: ActionStatus
    answered: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """The older actions on the page of a domain: by standard, and those whose standard is not asked now."""

    by_standard: Mapping[str, Sequence[Beside]] = field(default_factory=dict)
    of_domain: Sequence[Beside] = ()


_OWN_AND_TAKEN_OVER = union_all(
    select(col(Return.organisation_id)).correlate(Return),
    select(col(Succession.predecessor_id))
    .where(col(Succession.successor_id) == col(Return.organisation_id))
    .correlate(Return),
).scalar_subquery()
_OLDER = (
    select(
        func.json_agg(
            func.json_build_array(
                col(Action.id),
                col(Action.domain_key),
                col(Action.standard_key),
                col(Action.what),
                col(Action.status),
                func.coalesce(col(Action.said_at) >= col(Return.issued_at), False),
            )
        )
    )
    .where(
        # As an array, so that each organisation's actions are found by their index.
        col(Action.organisation_id) == any_(func.array(_OWN_AND_TAKEN_OVER)),
        col(Action.created_at) < col(Return.issued_at),
        or_(col(Action.return_id).is_(None), col(Action.return_id) != col(Return.id)),
        or_(col(Action.status).in_(LIVE), col(Action.said_at) >= col(Return.issued_at)),
    )
    .correlate(Return)
    .scalar_subquery()
)
# One statement with the head: the page of questions is asked most of all.
_HEAD_AND_OLDER = Confined(
    HEADS.add_columns(_OLDER).where(col(Return.id) == bindparam("return_id")), col(Return.organisation_id)
)


def head_and_older(session: Session, actor: Actor, return_id: int) -> tuple[ReturnHead, tuple[Beside, ...]]:
    """Return the head of a return that the person may read, with older actions, or raise NotFoundError."""
    row: Any = _HEAD_AND_OLDER.rows(session, actor, return_id=return_id).first()
    if row is None:
        raise NotFoundError
    older = tuple(
        Beside(number, domain, standard, what, ActionStatus(status), answered)
        for number, domain, standard, what, status, answered in row[-1] or ()
    )
    return ReturnHead(*row[:-1]), older


def placed(older: Sequence[Beside], questionnaire: Questionnaire, domain_key: str) -> Placed:
    """Return which older actions stand where on a domain's page.

    By the key of their standard, wherever it is asked now. When it is asked no more, at their domain; when
    that has gone too, on the list of all of them only.
    """
    if not asks_about_actions(questionnaire):
        return Placed()
    asked = {standard.key for domain in questionnaire.domains for standard in domain.standards}
    by_standard: dict[str, list[Beside]] = {}
    for each in older:
        if each.standard_key in asked:
            by_standard.setdefault(each.standard_key, []).append(each)
    return Placed(
        by_standard,
        tuple(each for each in older if each.standard_key not in asked and each.domain_key == domain_key),
    )
