"""Table of published questionnaires: a version is frozen for ever."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

# The framework of an assurance visit is a questionnaire of its own, so that yearly rounds stay comparable.
FRAMEWORK_SUFFIX = "-visit"


class QuestionnaireVersion(SQLModel, table=True):
    """One published version of a questionnaire; a trigger refuses to change it."""

    __tablename__ = "questionnaire_version"
    __table_args__ = (UniqueConstraint("key", "version"), UniqueConstraint("key", "content_hash"))

    id: int | None = Field(default=None, primary_key=True)
    key: str
    version: int
    title: str
    school_year: str
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    content_hash: str
    published_at: datetime
    published_by: int | None = Field(default=None, foreign_key="user_account.id")
