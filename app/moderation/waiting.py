"""What waits for one officer, on the desk and on the home page, over all rounds."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from app.moderation import queue
from app.moderation.interests import barred
from app.moderation.models import ModerationShare
from app.organisations.models import Organisation
from app.questionnaires.queries import questionnaire
from app.ratings.models import Opinion, ValidatedStandard
from app.ratings.rules import counted
from app.returns.models import Return


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change by another officer that waits for a second opinion."""

    return_id: int
    organisation: str
    domain_key: str
    standard_key: str
    title: str
    by: str


def second_opinions(session: Session, user_id: int) -> tuple[Waiting, ...]:
    """Return the changes that a person could give a second opinion on, the longest waiting first."""
    found = session.execute(
        select(
            col(ValidatedStandard.return_id),
            col(Organisation.name),
            col(ValidatedStandard.domain_key),
            col(ValidatedStandard.standard_key),
            col(ValidatedStandard.judged_by_name),
            col(Return.version_id),
        )
        .join(Return, col(Return.id) == col(ValidatedStandard.return_id))
        .join(Organisation, col(Organisation.id) == col(ValidatedStandard.organisation_id))
        .where(
            col(ValidatedStandard.opinion) == Opinion.WAITING,
            ~col(ValidatedStandard.outdated),
            col(ValidatedStandard.judged_by) != user_id,
            col(ValidatedStandard.organisation_id).not_in(barred(session, user_id)),
        )
        .order_by(col(ValidatedStandard.judged_at), col(ValidatedStandard.standard_key))
    )
    return tuple(
        Waiting(row[0], row[1], row[2], row[3], questionnaire(session, row[5]).standard(row[3]).title, row[4])
        for row in found.all()
    )


def mine(session: Session, user_id: int) -> tuple[queue.QueueRow, ...]:
    """Return the returns of which an officer has a domain, but for those that are released."""
    shares = select(col(ModerationShare.return_id)).where(col(ModerationShare.user_id) == user_id)
    every = queue.rows(session, col(Return.id).in_(shares))
    return tuple(row for row in every if row.stage is not queue.Stage.RELEASED)


@dataclass(frozen=True, slots=True)
class Alert:
    """What moderation has for an officer's home page."""

    text: str
    href: str


def alerts(session: Session, user_id: int) -> tuple[Alert, ...]:
    """Return what waits for an officer: answers that came back, returns in hand, second opinions."""
    every, waiting = mine(session, user_id), len(second_opinions(session, user_id))
    found = [
        Alert(
            f"{row.organisation}: {counted(row.answered, 'answer')} came back", f"/moderation/{row.return_id}"
        )
        for row in every
        if row.answered
    ]
    if waiting:
        found.append(Alert(f"{counted(waiting, 'second opinion')} to give", "/moderation"))
    if every:
        found.append(Alert(f"{counted(len(every), 'return')} with you to moderate", "/moderation"))
    return tuple(found)
