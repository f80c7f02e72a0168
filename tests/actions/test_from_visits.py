"""Actions of visits, those of an agency without any return included; and how older rows were brought over."""

import json
import uuid
from collections.abc import Iterator
from datetime import date

import pytest
from alembic import command
from sqlalchemy import create_engine, select, text
from sqlalchemy.engine import URL
from sqlmodel import col

from app.actions.from_visits import actions_from_visit
from app.actions.models import Action, ActionSource
from app.core.access import Work
from app.core.embedded import ensure_database
from app.core.errors import RefusedError
from app.core.migrate import alembic_config
from app.returns import asked, queries
from app.visits import reporting
from app.visits.lifecycle import VisitState
from app.visits.models import Visit
from tests import builders
from tests.actions import scenes
from tests.visits import scenes as visits

pytestmark = pytest.mark.visits


def test_an_agency_without_any_return_can_have_actions(work: Work) -> None:
    place = visits.agency(work)
    visit = Visit(
        organisation_id=place, state=VisitState.RELEASED, why="Due", selected_at=work.now,
        visit_on=date(2026, 11, 2), framework_due=date(2026, 9, 21), return_due=date(2026, 10, 12),
    )  # fmt: skip
    work.session.add(visit)
    work.session.flush()
    number = visit.id or 0
    with pytest.raises(RefusedError):
        reporting.add_action(work, number, reporting.NewAction("", " ", "Chief", scenes.DUE))
    new = reporting.NewAction("leadership-and-governance", "Draw the chart", "Chief", scenes.DUE)
    reporting.add_action(work, number, new)
    stored = work.session.execute(select(Action).where(col(Action.organisation_id) == place)).scalar_one()
    assert (stored.return_id, stored.source, stored.source_id) == (None, ActionSource.VISIT, number)
    assert [each.what for each in actions_from_visit(work.session, place, number)] == ["Draw the chart"]
    # Its first return, a month later, asks what has become of it.
    then = scenes.later(work, 30)
    made = builders.open_round(then, [place], version_id=builders.published(work, "section-11"))
    this = builders.return_of(work, made, place)
    older = asked.asked_of(work.session, work.actor, this, queries.questionnaire_of(work.session, this))
    assert [each.line.what for each in older] == ["Draw the chart"]


@pytest.fixture
def empty(server: URL) -> Iterator[URL]:
    """A database without tables."""
    name = f"actions_{uuid.uuid4().hex[:8]}"
    yield ensure_database(server, name)
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


BEFORE = (
    """
    INSERT INTO questionnaire_version (id, key, version, title, school_year, content, content_hash,
        published_at)
    VALUES (1, 'k', 1, 't', 'y', CAST(:content AS jsonb), 'h', now())
    """,
    """
    INSERT INTO "return" (id, round_id, organisation_id, version_id, state, facts, due_on, total, answered,
        edition, issued_at) VALUES (1, 1, 1, 1, 'issued', '{}', now(), 1, 0, 0, now())
    """,
    """
    INSERT INTO action (organisation_id, return_id, round_id, domain_key, standard_key, level, what, owner,
        status, created_at)
    SELECT 1, 1, 1, 'd', key, '', 'w', 'o', 'open', now()
    FROM unnest(ARRAY['s', 'visit-7-1', 'visit-7-2']) AS key
    """,
)
STANDARD = {"key": "s", "title": "The line"}
CONTENT = {"domains": [{"key": "d", "title": "Leadership", "standards": [STANDARD]}]}


def stored(address: URL, columns: str) -> list[tuple[object, ...]]:
    engine = create_engine(address)
    with engine.connect() as connection:
        connection.execute(text("SET eleven.scope = 'system'"))
        rows = connection.execute(text(f"SELECT {columns} FROM action ORDER BY id")).all()
    engine.dispose()
    return [tuple(row) for row in rows]


def test_actions_of_older_versions_keep_their_place_and_get_their_titles(empty: URL) -> None:
    config = alembic_config(empty)
    command.upgrade(config, "0010")
    engine = create_engine(empty)
    with engine.begin() as connection:
        # Only the tables that the step reads have rows: no foreign key is looked at here.
        connection.execute(text(f'ALTER DATABASE "{empty.database}" SET session_replication_role = replica'))
        connection.execute(text("SET session_replication_role = replica"))
        for statement in BEFORE:
            connection.execute(text(statement), {"content": json.dumps(CONTENT)})
    engine.dispose()
    command.upgrade(config, "0013")
    assert stored(empty, "source, source_id, standard_key, domain_title, standard_title") == [
        ("return", None, "s", "Leadership", "The line"),
        ("visit", 7, "", "Leadership", ""),
        ("visit", 7, "", "Leadership", ""),
    ]
    command.downgrade(config, "0010")
    assert stored(empty, "standard_key") == [("s",), ("visit-7-2",), ("visit-7-3",)]
