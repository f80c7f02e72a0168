"""Reads of published questionnaires: a version never changes, so a process keeps what it has read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.core.errors import NotFoundError
from app.questionnaires.definition import OrganisationFacts, Questionnaire, from_content
from app.questionnaires.models import QuestionnaireVersion
from app.questionnaires.rules import routed


@dataclass(frozen=True, slots=True)
class Published:
    """One line of the list of questionnaires."""

    id: int
    key: str
    version: int
    title: str
    school_year: str
    content_hash: str
    published_at: datetime


_COLUMNS = (
    col(QuestionnaireVersion.id),
    col(QuestionnaireVersion.key),
    col(QuestionnaireVersion.version),
    col(QuestionnaireVersion.title),
    col(QuestionnaireVersion.school_year),
    col(QuestionnaireVersion.content_hash),
    col(QuestionnaireVersion.published_at),
)

# A database's versions are kept by content hash: equal hashes are equal questionnaires.
_FROZEN: dict[str, Questionnaire] = {}
_HASHES: dict[tuple[str, int], str] = {}


def published(session: Session) -> tuple[Published, ...]:
    """Return all published versions, the newest of each questionnaire first."""
    rows = session.execute(
        select(*_COLUMNS).order_by(col(QuestionnaireVersion.key), col(QuestionnaireVersion.version).desc())
    )
    return tuple(Published(*row) for row in rows)


def version_line(session: Session, version_id: int) -> Published:
    """Return the line of one version, or raise NotFoundError."""
    row = session.execute(select(*_COLUMNS).where(col(QuestionnaireVersion.id) == version_id)).first()
    if row is None:
        raise NotFoundError
    return Published(*row)


def version_id(session: Session, key: str, version: int) -> int:
    """Return the id of a version, or raise NotFoundError."""
    found = session.execute(
        select(col(QuestionnaireVersion.id)).where(
            col(QuestionnaireVersion.key) == key, col(QuestionnaireVersion.version) == version
        )
    ).scalar()
    if found is None:
        raise NotFoundError
    return int(found)


def _database_name(session: Session) -> str:
    return str(session.get_bind().engine.url.database)


def questionnaire(session: Session, of_version: int) -> Questionnaire:
    """Return a published questionnaire; from the second time on without a statement."""
    place = (_database_name(session), of_version)
    if place not in _HASHES:
        row = session.execute(
            select(col(QuestionnaireVersion.content_hash), col(QuestionnaireVersion.content)).where(
                col(QuestionnaireVersion.id) == of_version
            )
        ).first()
        if row is None:
            raise NotFoundError
        _FROZEN.setdefault(row[0], from_content(row[1]))
        _HASHES[place] = row[0]
    return _FROZEN[_HASHES[place]]


@lru_cache(maxsize=2_000)
def _routed(whole: Questionnaire, facts: OrganisationFacts) -> Questionnaire:
    return routed(whole, facts)


def facts_from(stored: Mapping[str, Any]) -> OrganisationFacts:
    """Return an organisation's facts as they were frozen in its return."""
    return OrganisationFacts(
        kind=stored["kind"],
        phase=stored["phase"],
        features=frozenset(stored["features"]),
        governance=stored["governance"],
    )


def questionnaire_for(session: Session, of_version: int, stored_facts: Mapping[str, Any]) -> Questionnaire:
    """Return what one organisation is asked, in its own words."""
    return _routed(questionnaire(session, of_version), facts_from(stored_facts))
