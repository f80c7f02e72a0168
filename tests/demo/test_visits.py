"""The demo's visits: one in each state, older ones for the commitment, and what signals have to show."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import URL
from sqlmodel import Session

from app.core.database import owner_engine
from app.demo.load import load
from app.demo.visits import add_visits
from app.rounds.queries import rounds
from app.signals.measuring import measure_all
from app.signals.queries import preview
from app.signals.rules import SignalKind
from app.signals.settings import DEFAULTS
from app.visits.lifecycle import VisitState

pytestmark = pytest.mark.visits
NOW = datetime.fromisoformat("2026-11-21T16:30:00+00:00")


@pytest.fixture(scope="module")
def demo(database: URL) -> Iterator[Engine]:
    """The demo with its visits."""
    engine = owner_engine(database)
    load(engine, now=NOW)
    add_visits(engine, NOW)
    yield engine
    engine.dispose()


def column(engine: Engine, statement: str) -> list[object]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement)).scalars())


def test_there_is_a_visit_in_each_state(demo: Engine) -> None:
    assert set(column(demo, "SELECT state FROM visit")) == {state.value for state in VisitState}


def test_the_commitment_has_a_past_and_one_agency_is_overdue(demo: Engine) -> None:
    closed = column(demo, "SELECT visit_on FROM visit WHERE state = 'closed' ORDER BY visit_on")
    assert len(closed) > 5
    assert str(closed[0]) < "2024-11-21"


def test_a_return_before_a_visit_is_overdue(demo: Engine) -> None:
    due = "SELECT return_due < date '2026-11-21' AND visit_on > date '2026-11-21' FROM visit"
    assert column(demo, f"{due} WHERE state = 'issued'") == [True]


def test_nothing_happened_in_the_future(demo: Engine) -> None:
    for name in (
        "selected_at",
        "letter_sent_at",
        "framework_issued_at",
        "programme_at",
        "held_at",
        "closed_at",
    ):
        assert column(demo, f"SELECT count(*) FROM visit WHERE {name} > '{NOW.isoformat()}'") == [0], name


def test_adding_them_again_does_nothing(demo: Engine) -> None:
    before = column(demo, "SELECT count(*) FROM visit")
    add_visits(demo, NOW)
    assert column(demo, "SELECT count(*) FROM visit") == before


def test_most_kinds_of_signals_are_there_to_be_seen(demo: Engine) -> None:
    assert measure_all(demo, NOW) > 500
    found = set()
    with Session(demo) as session:
        for each in rounds(session):
            by_kind = preview(session, each.id, DEFAULTS, NOW.date()).by_kind
            found |= {kind for kind, count in by_kind.items() if count}
    # Staff are not asked yet; the mails that bounce are those that the demo's worker sends.
    assert set(SignalKind) - found <= {SignalKind.VOICES_BELOW, SignalKind.BOUNCED}
