"""Evidence files of an action: they stand with its standard, in the returns that ask about it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from app.actions.queries import ActionLine
from app.core.access import Actor
from app.organisations.models import Succession
from app.questionnaires.definition import Questionnaire
from app.returns.evidence_queries import FileLine, files_of
from app.returns.queries import ReturnHead, questionnaire_of, returns_of


@dataclass(frozen=True, slots=True)
class Place:
    """A return that asks about an action's standard: the files there, and whether the reader may add some."""

    this: ReturnHead
    domain_key: str
    files: tuple[FileLine, ...]
    may_add: bool


def places_of(session: Session, actor: Actor, action: ActionLine) -> tuple[Place, ...]:
    """Return where files that show an action stand or can be added, the newest return first.

    What was signed before the action came up says nothing of it, but for the return that it came with. The
    returns of a successor count: it carries the action on.
    """
    if not action.standard_key:
        return ()
    found = []
    for this in returns_of(session, actor, _carriers(session, action.organisation_id)):
        came_with = this.id == action.return_id
        if this.signed_at is not None and this.signed_at <= action.created_at and not came_with:
            continue
        domain_key = _domain_of(questionnaire_of(session, this), action.standard_key)
        if domain_key is None:
            continue
        files = files_of(session, actor, this.id).get(action.standard_key, ())
        may_add = actor.holds(this.organisation_id) and this.open_for_answers
        if files or may_add or came_with:
            found.append(Place(this, domain_key, files, may_add))
    return tuple(found)


def _carriers(session: Session, organisation_id: int) -> tuple[int, ...]:
    successors = session.execute(
        select(col(Succession.successor_id)).where(col(Succession.predecessor_id) == organisation_id)
    ).scalars()
    return (organisation_id, *successors)


def _domain_of(questionnaire: Questionnaire, standard_key: str) -> str | None:
    """Return the domain that asks for a rating of a standard: it may have moved over the years."""
    return next(
        (
            domain.key
            for domain in questionnaire.domains
            for standard in domain.rated
            if standard.key == standard_key
        ),
        None,
    )
