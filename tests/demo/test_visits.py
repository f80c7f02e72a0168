"""The demo as it is served: evidence files, moderation, visits and a year; nothing from the future."""

import io
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.access import Actor, PartnershipRole
from app.core.database import owner_engine
from app.core.storage import LocalFolder
from app.demo.load import load
from app.demo.moderation import add_moderation
from app.demo.planner import add_planner
from app.demo.visits import add_visits
from app.moderation import queue
from app.moderation.rules import validated_rating
from app.planner.year import KIND_WORDS, PlanYear, YearKind, cells
from app.planner.year_queries import entry_marks
from app.ratings.models import RatingSource
from app.ratings.queries import ratings_of
from app.ratings.validated import judged_of
from app.returns import queries as returns
from app.returns.file_names import ending_of, safe_name
from app.returns.file_types import type_of
from app.returns.models import EvidenceFile, Return, ReturnState, SignedReturn
from app.rounds.queries import rounds
from app.signals.measuring import measure_all
from app.signals.queries import preview
from app.signals.rules import SignalKind
from app.signals.settings import DEFAULTS
from app.visits.lifecycle import VisitState

pytestmark = pytest.mark.visits
NOW = datetime.fromisoformat("2026-11-21T16:30:00+00:00")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalFolder:
    """Where the demo's evidence files are."""
    return LocalFolder(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def demo(database: URL, store: LocalFolder) -> Iterator[Engine]:
    """The demo with its evidence files, its moderation and its visits."""
    engine = owner_engine(database)
    load(engine, now=NOW, storage=store)
    add_moderation(engine, NOW)
    add_visits(engine, NOW)
    add_planner(engine, NOW)
    yield engine
    engine.dispose()


def column(engine: Engine, statement: str) -> list[object]:
    with engine.connect() as connection:
        return list(connection.execute(text(statement)).scalars())


@pytest.mark.files
@pytest.mark.faults
def test_some_returns_have_documents_that_open(demo: Engine, store: LocalFolder) -> None:
    with Session(demo) as session:
        rows = list(session.execute(select(EvidenceFile)).scalars())
        signed = {
            (row.return_id, row.edition): row.content["files"]
            for row in session.execute(select(SignedReturn)).scalars()
        }
        unsigned = session.execute(
            select(func.count(func.distinct(col(EvidenceFile.return_id))))
            .join(Return, col(Return.id) == col(EvidenceFile.return_id))
            .where(col(Return.state) != ReturnState.SIGNED)
        ).scalar_one()
    assert {row.stored_as for row in rows} == {item.name for item in store.items()}
    assert {row.type_key for row in rows} == {"docx", "pdf", "csv", "txt"}
    assert unsigned
    for row in rows:
        content = b"".join(store.open(row.stored_as))
        assert type_of(io.BytesIO(content), row.size, ending_of(row.name)).key == row.type_key
        assert safe_name(row.name) == row.name
        if row.signed_edition is not None:
            frozen = signed[row.return_id, row.signed_edition][row.standard_key]
            assert row.sha256 in {each["sha256"] for each in frozen}


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
    counted = "SELECT count(*) FROM visit UNION ALL SELECT count(*) FROM planner_entry"
    before = column(demo, counted)
    add_visits(demo, NOW)
    add_planner(demo, NOW)
    assert column(demo, counted) == before


@pytest.mark.parametrize("begins", [2025, 2026, 2027])
def test_every_activity_has_something_in_each_year(demo: Engine, begins: int) -> None:
    year = PlanYear(YearKind.SCHOOL, begins)
    with Session(demo) as session:
        marks = entry_marks(session, year.first, year.last)
    assert {mark.activity for mark in marks} == {"own:Reviews", *KIND_WORDS}
    assert len({month for month, _ in cells(year, marks)}) >= 10


def test_a_meeting_was_cancelled_and_another_moved(demo: Engine) -> None:
    different = "SELECT replaced_by IS NULL FROM planner_exception ORDER BY 1"
    assert column(demo, different) == [False, True]
    assert column(demo, "SELECT DISTINCT title FROM planner_entry WHERE for_agencies") == [
        "Staff engagement event"
    ]


def test_moderation_is_finished_last_year_and_in_every_state_this_year(demo: Engine) -> None:
    with Session(demo) as session:
        done = [queue.counts(queue.of_round(session, round_id)) for round_id in (1, 2)]
        assert [each[queue.Stage.RELEASED] for each in done] == [42, 280]
        rows = queue.of_round(session, 4)
        assert all(queue.counts(rows).values())
        assert sum(row.second_opinions for row in rows) > 1
        assert any(row.asked for row in rows)
        assert any(row.answered for row in rows)


def test_validated_ratings_are_what_the_rule_makes_of_the_judgements(demo: Engine) -> None:
    reader = Actor(0, "", "", roles=frozenset({PartnershipRole.PSO}))
    with Session(demo) as session:
        judged = "SELECT return_id FROM moderation ORDER BY return_id % 7, return_id LIMIT 60"
        for number in session.execute(text(judged)).scalars().all():
            this = returns.head(session, reader, number)
            asked = returns.questionnaire_of(session, this)
            values = returns.values_of(returns.answers(session, reader, number))
            found = judged_of(session, number)
            made = {
                domain.key: rating
                for domain in asked.domains
                if (rating := validated_rating(domain, values, found, asked)) is not None
            }
            assert ratings_of(session, number, RatingSource.VALIDATED) == made, number


def test_nothing_was_moderated_in_the_future(demo: Engine) -> None:
    for table, name in (
        ("validated_standard", "judged_at"),
        ("moderation", "released_at"),
        ("moderation_message", "said_at"),
    ):
        assert column(demo, f"SELECT count(*) FROM {table} WHERE {name} > '{NOW.isoformat()}'") == [0], name


def test_most_kinds_of_signals_are_there_to_be_seen(demo: Engine) -> None:
    assert measure_all(demo, NOW) > 500
    found = set()
    with Session(demo) as session:
        for each in rounds(session):
            by_kind = preview(session, each.id, DEFAULTS, NOW.date()).by_kind
            found |= {kind for kind, count in by_kind.items() if count}
    # Staff are not asked yet; the mails that bounce are those that the demo's worker sends.
    assert set(SignalKind) - found <= {SignalKind.VOICES_BELOW, SignalKind.BOUNCED}
