"""The two questionnaires in two versions each: last year's, derived from this year's, and this year's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml
from sqlmodel import Session

from app.core.access import Work
from app.core.settings import ROOT
from app.demo.timetable import Timetable
from app.people.service import NOBODY
from app.questionnaires.models import QuestionnaireVersion
from app.questionnaires.service import publish_content

SECTION_11 = "section-11"
SECTION_175 = "section-175"

_EDITIONS_BEFORE = {
    "Working Together to Safeguard Children 2026": "Working Together to Safeguard Children 2023",
    "Keeping Children Safe in Education 2026": "Keeping Children Safe in Education 2025",
}


@dataclass(frozen=True, slots=True)
class Version:
    """A published version as the rounds need it."""

    id: int
    content_hash: str
    title: str
    school_year: str
    keys: tuple[str, ...]


def definition(key: str) -> dict[str, Any]:
    """Return a questionnaire's definition as it is written in its file."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "questionnaires" / f"{key}.yaml").read_text("utf-8"))
    return content


def year_before(school_year: str) -> str:
    """Return the school year before: 2025 to 2026 before 2026 to 2027."""
    first = int(school_year.split(maxsplit=1)[0])
    return f"{first - 1} to {first}"


def version_before(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return last year's version of a definition: the same standards, none marked as new."""
    edition = str(content["guidance_edition"])
    for now, before in _EDITIONS_BEFORE.items():
        edition = edition.replace(now, before)
    domains = [
        domain
        | {
            "standards": [
                {name: value for name, value in standard.items() if name != "changed"}
                for standard in domain["standards"]
            ]
        }
        for domain in content["domains"]
    ]
    return {
        **content,
        "school_year": year_before(content["school_year"]),
        "guidance_edition": edition,
        "domains": domains,
    }


def publish_all(session: Session, table: Timetable) -> dict[tuple[str, bool], Version]:
    """Publish both years of both questionnaires; the result is found by key and "is it last year's?"."""
    dates = {
        SECTION_11: (table.agencies_last, table.agencies_now),
        SECTION_175: (table.schools_last, table.schools_now),
    }
    published = {}
    for key, (last, now) in dates.items():
        content = definition(key)
        for is_last, written, opens in ((True, version_before(content), last), (False, content, now)):
            at: datetime = opens.issued_at - timedelta(days=21)
            version = publish_content(Work(session, NOBODY, at), written)
            published[(key, is_last)] = _version(version)
    return published


def _version(version: QuestionnaireVersion) -> Version:
    standards = [standard for domain in version.content["domains"] for standard in domain["standards"]]
    return Version(
        id=version.id or 0,
        content_hash=version.content_hash,
        title=version.title,
        school_year=version.school_year,
        keys=tuple(standard["key"] for standard in standards),
    )
