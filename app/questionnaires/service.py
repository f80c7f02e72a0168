"""Publishing a questionnaire: from then on it is frozen."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.errors import RefusedError
from app.questionnaires.checker import DefinitionError, load_text
from app.questionnaires.definition import content_hash
from app.questionnaires.models import QuestionnaireVersion


def publish(work: Work, *, text: str, file_name: str) -> QuestionnaireVersion:
    """Check a definition and freeze it as the next version; the same content again is the same version.

    Raises RefusedError with every mistake, each with its line and how to mend it.
    """
    try:
        content = load_text(text, file_name)
    except DefinitionError as error:
        problems = error.problems
        mistakes = "1 mistake was" if len(problems) == 1 else f"{len(problems)} mistakes were"
        raise RefusedError(
            f"The questionnaire was not published: {mistakes} found.",
            {f"problem-{number}": str(problem) for number, problem in enumerate(problems, 1)},
        ) from error
    return publish_content(work, content)


def publish_content(work: Work, content: dict[str, Any]) -> QuestionnaireVersion:
    """Freeze a checked definition as the next version of its questionnaire."""
    digest = content_hash(content)
    same: QuestionnaireVersion | None = work.session.execute(
        select(QuestionnaireVersion).where(
            col(QuestionnaireVersion.key) == content["key"],
            col(QuestionnaireVersion.content_hash) == digest,
        )
    ).scalar()
    if same is not None:
        return same
    last = work.session.execute(
        select(func.coalesce(func.max(col(QuestionnaireVersion.version)), 0)).where(
            col(QuestionnaireVersion.key) == content["key"]
        )
    ).scalar_one()
    version = QuestionnaireVersion(
        key=content["key"],
        version=last + 1,
        title=content["title"],
        school_year=content["school_year"],
        content=content,
        content_hash=digest,
        published_at=work.now,
        published_by=work.actor.user_id or None,
    )
    work.session.add(version)
    work.session.flush()
    audit.record(
        work,
        "questionnaire.published",
        ("questionnaire", version.id or 0),
        key=version.key,
        version=version.version,
        content_hash=digest,
    )
    return version
