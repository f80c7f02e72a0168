"""Ways to look at the demo partnership."""

from typing import Any

from sqlalchemy import Engine, Row, select, text
from sqlmodel import Session, col

from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import questionnaire_for
from app.returns.models import Return, ReturnState
from app.returns.rules import AnswerValues

Answers = dict[int, dict[str, AnswerValues]]
# Tables with a moment at which something happened.
MOMENTS = (
    ("return", "issued_at"),
    ("return", "opened_at"),
    ("return", "last_saved_at"),
    ("return", "ready_at"),
    ("return", "signed_at"),
    ("return", "sent_back_at"),
    ("answer", "updated_at"),
    ("answer_version", "saved_at"),
    ("signed_return", "signed_at"),
    ("domain_rating", "rated_at"),
    ("action", "closed_at"),
    ("action", "said_at"),
    ("action_note", "said_at"),
    ("audit_event", "at"),
    ("call", "called_at"),
    ("outbox_message", "sent_at"),
    ("round", "closed_at"),
    ("questionnaire_version", "published_at"),
)


def fetch(engine: Engine, statement: str, **values: Any) -> list[Any]:
    """Return the rows that a statement finds."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def only(engine: Engine, statement: str, **values: Any) -> Any:
    """Return the first value that a statement finds."""
    return fetch(engine, statement, **values)[0][0]


def tables(engine: Engine) -> list[str]:
    """Return the names of all tables."""
    return [name for (name,) in fetch(engine, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def hashes(engine: Engine) -> dict[str, str]:
    """Return a hash of each table's rows: equal hashes, equal content."""
    return {
        name: only(engine, f'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{name}" x')
        for name in tables(engine)
    }


def returns(session: Session, *states: ReturnState) -> list[Row[Any]]:
    """Return the returns in some states, or all."""
    columns = (
        Return.id,
        Return.version_id,
        Return.facts,
        Return.state,
        Return.answered,
        Return.total,
        Return.organisation_id,
        Return.issued_at,
    )
    statement = select(*columns).order_by(col(Return.id))  # type: ignore[call-overload]
    return list(session.execute(statement.where(col(Return.state).in_(states)) if states else statement))


def asked(session: Session, row: Row[Any]) -> Questionnaire:
    """Return what a return was asked."""
    return questionnaire_for(session, row.version_id, row.facts)
