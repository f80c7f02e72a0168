"""The demo partnership: big enough to be honest, the same each time, and true to the program's own rules."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from time import perf_counter, process_time
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, Row, create_engine, func, select, text
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.actions.queries import asked_about
from app.core.access import Actor, PartnershipRole
from app.core.database import owner_engine
from app.demo.load import NotEmptyError, is_loaded, load
from app.demo.phrases import sentences
from app.demo.versions import SECTION_11, SECTION_175, definition, version_before
from app.organisations.models import Organisation
from app.people.queries import demo_people
from app.questionnaires.checker import check_text
from app.questionnaires.definition import Questionnaire, content_hash
from app.questionnaires.queries import questionnaire_for
from app.questionnaires.rules import parse_fact
from app.ratings.models import RatingSource, StoredRating
from app.ratings.queries import RATING_COLUMNS, rating_of
from app.ratings.rules import DomainRating
from app.returns.models import Answer, AnswerVersion, Return, ReturnState, SignedReturn
from app.returns.queries import latest_signed
from app.returns.rules import FIELDS, AnswerValues, answered_in, from_stored, gaps
from app.returns.signing import domain_ratings, snapshot_hash
from app.returns.signoff import promises
from tests.conftest import NOW

Answers = dict[int, dict[str, AnswerValues]]


@dataclass(frozen=True, slots=True)
class Seconds:
    """How long loading took."""

    wall: float
    process: float


@pytest.fixture(scope="module")
def engine(database: URL) -> Iterator[Engine]:
    """Connections as the owner of the tables: rows are copied in bulk, which row-level security rules out."""
    engine = owner_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def seconds(engine: Engine) -> Seconds:
    """Load the demo into the module's database once, and say how long it took."""
    wall, process = perf_counter(), process_time()
    load(engine, now=NOW)
    return Seconds(perf_counter() - wall, process_time() - process)


@pytest.fixture(scope="module")
def demo(engine: Engine, seconds: Seconds) -> Engine:
    """Return the loaded database."""
    assert seconds
    return engine


@pytest.fixture(scope="module")
def second(server: URL, template: str) -> Iterator[Engine]:
    """Another empty, migrated database."""
    name = f"demo_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    engine = owner_engine(server.set(database=name))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def looking(demo: Engine) -> Iterator[Session]:
    """Open a session that looks at the loaded demo and changes nothing."""
    with Session(demo) as session:
        yield session
        session.rollback()


@pytest.fixture(scope="module")
def answers(demo: Engine) -> Answers:
    """All answers as they stand, by return and standard."""
    found: Answers = {}
    with Session(demo) as session:
        columns = [getattr(Answer, name) for name in FIELDS]
        for row in session.execute(select(col(Answer.return_id), col(Answer.standard_key), *columns)):
            found.setdefault(row[0], {})[row[1]] = AnswerValues(*row[2:])
    return found


def _rows(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement), values)]


def _one(engine: Engine, statement: str, **values: Any) -> Any:
    return _rows(engine, statement, **values)[0][0]


def _tables(engine: Engine) -> list[str]:
    return [name for (name,) in _rows(engine, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _hashes(engine: Engine) -> dict[str, str]:
    return {
        name: _one(engine, f'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{name}" x')
        for name in _tables(engine)
    }


def _returns(session: Session, *states: ReturnState) -> list[Row[Any]]:
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


def _asked(session: Session, row: Row[Any]) -> Questionnaire:
    return questionnaire_for(session, row.version_id, row.facts)


# --- loading -------------------------------------------------------------------------------------


def test_it_loads_in_well_under_a_minute(seconds: Seconds) -> None:
    assert seconds.wall < 60
    assert seconds.process < 60


def test_the_planner_knows_the_tables_from_the_first_page_on(looking: Session) -> None:
    """Row-level security's conditions make plans without statistics slow: a workbook took over a minute."""
    unknown = text(
        "SELECT relname FROM pg_class WHERE relname IN ('return', 'answer', 'domain_rating', 'membership') "
        "AND relkind = 'r' AND reltuples <= 0"
    )
    assert list(looking.execute(unknown).scalars()) == []


def test_the_same_seed_and_moment_give_the_same_content(demo: Engine, second: Engine) -> None:
    with Session(second) as session:
        assert not is_loaded(session)
    told: list[tuple[str, float]] = []
    load(second, now=NOW, tell=lambda part, took: told.append((part, took)))
    assert _hashes(second) == _hashes(demo)
    assert len(told) == 8
    assert all(took >= 0 for _, took in told)


def test_another_seed_gives_other_content_and_another_day_other_moments(demo: Engine, second: Engine) -> None:
    _empty(second)
    now = datetime.fromisoformat("2027-02-28T23:50:00+00:00")
    load(second, now=now, seed=12)
    assert _hashes(second)["organisation"] != _hashes(demo)["organisation"]
    for table, column in _MOMENTS:
        assert _one(second, f'SELECT max({column}) FROM "{table}"') <= now, (table, column)
    assert _rows(second, "SELECT state, count(*) FROM round GROUP BY state ORDER BY state") == [
        ("closed", 2),
        ("open", 2),
    ]


def _empty(engine: Engine) -> None:
    names = ", ".join(f'"{name}"' for name in _tables(engine) if name != "alembic_version")
    with engine.begin() as connection:
        # What was published, signed or done refuses to be emptied, by triggers.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def test_a_database_in_use_is_refused_and_left_alone(demo: Engine) -> None:
    before = _hashes(demo)
    with pytest.raises(NotEmptyError, match="empty database only"):
        load(demo, now=NOW)
    assert _hashes(demo) == before


def test_it_says_that_it_is_loaded(looking: Session) -> None:
    assert is_loaded(looking)


def test_what_people_add_afterwards_gets_ids_of_its_own(looking: Session) -> None:
    highest = looking.execute(select(func.max(col(Organisation.id)))).scalar_one()
    new = Organisation(
        name="New", kind="police", duty="section_11", governance="agency", created_at=NOW, updated_at=NOW
    )
    looking.add(new)
    looking.flush()
    assert new.id == highest + 1


# --- the register --------------------------------------------------------------------------------

_SCHOOLS = "FROM organisation WHERE status <> 'gone' AND governance <> 'agency'"


def test_there_are_535_schools_and_60_of_them_are_independent(demo: Engine) -> None:
    assert _one(demo, f"SELECT count(*) {_SCHOOLS}") == 535
    independent = "AND duty = 'section_157' AND governance = 'independent'"
    assert _one(demo, f"SELECT count(*) {_SCHOOLS} {independent}") == 60


def test_the_mix_of_schools_is_believable(demo: Engine) -> None:
    kinds = Counter(dict(_rows(demo, f"SELECT kind, count(*) {_SCHOOLS} GROUP BY kind")))
    assert kinds["special_school"] == 24 + 8
    assert kinds["alternative_provision"] == 9
    assert kinds["nursery_school"] == 6
    assert kinds["college"] == 5
    assert kinds["special_post_16"] == 3
    assert 190 <= kinds["academy"] <= 215
    assert 220 <= kinds["maintained_school"] <= 245
    assert _one(demo, f"SELECT count(*) {_SCHOOLS} AND phase = 'secondary'") >= 60
    sizes = [
        count
        for (count,) in _rows(
            demo,
            "SELECT count(*) FROM organisation WHERE trust_code <> '' "
            "GROUP BY trust_code HAVING count(*) > 1",
        )
    ]
    assert len(sizes) == 25
    assert max(sizes) == 18


def test_agencies_of_all_kinds_are_there(demo: Engine) -> None:
    rows = _rows(demo, "SELECT kind, count(*) FROM organisation WHERE governance = 'agency' GROUP BY kind")
    assert 45 <= sum(count for _, count in rows) <= 60
    assert len(rows) == 22
    assert dict(rows)["district_council"] == 8
    assert dict(rows)["general_practice"] == 12


def test_conversions_keep_the_old_number_and_mergers_their_predecessors(demo: Engine) -> None:
    converted = _rows(
        demo,
        "SELECT o.kind, r.facts->>'kind' FROM identifier i JOIN organisation o ON o.id = i.organisation_id "
        'JOIN "return" r ON r.organisation_id = o.id AND r.round_id = 2 '
        "WHERE i.scheme = 'urn' AND i.valid_to IS NOT NULL AND o.status = 'open'",
    )
    assert len(converted) == 9
    assert set(converted) == {("academy", "maintained_school")}
    assert _one(demo, "SELECT count(*) FROM succession WHERE merged") == 4
    assert _one(demo, "SELECT count(DISTINCT successor_id) FROM succession") == 2


def test_some_names_are_very_long(demo: Engine) -> None:
    assert _one(demo, "SELECT count(*) FROM organisation WHERE length(name) >= 90") >= 3


def test_nearly_everybody_has_a_contact(demo: Engine) -> None:
    without = _rows(
        demo,
        "SELECT governance = 'agency', count(*) FROM organisation o WHERE status <> 'gone' AND NOT EXISTS "
        "(SELECT FROM contact c WHERE c.organisation_id = o.id AND c.ended_at IS NULL) GROUP BY 1",
    )
    assert dict(without) == {False: 7, True: 1}
    served = _rows(
        demo, "SELECT count(*) FROM contact WHERE role = 'trust_safeguarding_lead' GROUP BY user_id"
    )
    assert len(served) == 4
    assert max(served) == (12,)


def test_every_address_and_number_is_made_up(demo: Engine) -> None:
    address = re.compile(r"[\w.+'-]+@[\w.-]+\w")
    number = re.compile(r"\b0\d{4} ?\d{6}\b")
    for table in _tables(demo):
        for (row,) in _rows(demo, f'SELECT x::text FROM "{table}" x'):
            assert all(found.endswith("example.org") for found in address.findall(row)), row
            if table not in {"answer_version", "signed_return"}:
                assert all(found.startswith("01632 960") for found in number.findall(row)), row
    typed = _rows(demo, "SELECT telephone FROM organisation UNION SELECT telephone FROM contact")
    assert all(re.fullmatch(r"01632 960\d{3}", telephone) for (telephone,) in typed)
    assert _one(demo, "SELECT bool_and(postcode LIKE 'ZW%') FROM organisation")


def test_one_person_of_each_role_is_offered_for_signing_in(looking: Session) -> None:
    people = demo_people(looking)
    assert people[0].name == "Morgan Ellery"
    assert [person.role for person in people] == [
        "Board manager", "Administrator", "Professional scrutiny officer", "Safeguarding partner",
        "Independent scrutineer", "Lead", "Contributor", "Signatory", "Lead", "Signatory",
    ]  # fmt: skip
    assert people[5].place == "Ashgrove Primary School"


# --- rounds and returns --------------------------------------------------------------------------


def test_255_of_535_schools_did_not_answer_last_year(demo: Engine) -> None:
    rows = dict(
        _rows(demo, "SELECT state = 'signed', count(*) FROM \"return\" WHERE round_id = 2 GROUP BY 1")
    )
    assert rows == {True: 280, False: 255}


def test_every_state_is_there_in_both_open_rounds(demo: Engine) -> None:
    for round_id in (3, 4):
        states = _rows(demo, 'SELECT DISTINCT state FROM "return" WHERE round_id = :id', id=round_id)
        assert {state for (state,) in states} == {state.value for state in ReturnState}
    assert _one(demo, 'SELECT count(*) FROM "return" WHERE round_id = 4') == 535
    assert _one(demo, 'SELECT count(*) FROM "return" WHERE sent_back_at IS NOT NULL') >= 6
    assert (
        _one(
            demo,
            'SELECT count(*) FROM "return" r JOIN round ON round.id = round_id WHERE r.due_on > round.due_on',
        )
        >= 5
    )
    assert (
        _one(
            demo,
            "SELECT count(*) FROM \"return\" WHERE round_id = 3 AND state <> 'signed' AND due_on < :today",
            today=NOW.date(),
        )
        > 5
    )


def test_the_demo_organisations_are_where_visitors_want_them(demo: Engine) -> None:
    statement = (
        'SELECT r.state, 100 * r.answered / r.total FROM "return" r JOIN organisation o '
        "ON o.id = r.organisation_id WHERE o.kind = :kind AND o.name LIKE :name AND r.round_id = :round"
    )
    [(state, share)] = _rows(demo, statement, kind="maintained_school", name="Ashgrove%", round=4)
    assert state == "in_progress"
    assert 55 <= share <= 65
    assert _rows(demo, statement, kind="leisure_and_culture", name="%", round=3) == [("ready", 100)]


_MOMENTS = (
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


def test_nothing_happened_in_the_future_or_out_of_order(demo: Engine) -> None:
    for table, column in _MOMENTS:
        assert _one(demo, f'SELECT max({column}) FROM "{table}"') <= NOW, (table, column)
    order = ("issued_at", "opened_at", "started_at", "last_saved_at", "ready_at", "signed_at")
    for first, then in pairwise(order):
        assert _one(demo, f'SELECT count(*) FROM "return" WHERE {then} < {first}') == 0, (first, then)
    assert (
        _one(demo, 'SELECT count(*) FROM "return" WHERE started_at IS NULL AND last_saved_at IS NOT NULL')
        == 0
    )


def test_each_contact_of_an_open_round_was_invited_once(demo: Engine) -> None:
    invited = _one(demo, "SELECT count(*) FROM outbox_message WHERE kind = 'invitation' AND state = 'sent'")
    reached = _one(
        demo,
        'SELECT count(*) FROM (SELECT DISTINCT r.id, c.user_id FROM "return" r JOIN contact c '
        "ON c.organisation_id = r.organisation_id AND c.ended_at IS NULL WHERE r.round_id IN (3, 4)) x",
    )
    assert invited == reached > 1_000
    assert _one(demo, "SELECT count(*) FROM call") > 100


# --- stored is computed --------------------------------------------------------------------------


def test_progress_is_what_a_recount_gives(looking: Session, answers: Answers) -> None:
    for row in _returns(looking):
        questions = _asked(looking, row).questions
        assert row.total == len(questions)
        assert row.answered == answered_in(questions, answers.get(row.id, {}))


def test_self_ratings_are_what_the_rule_makes_of_the_answers(looking: Session, answers: Answers) -> None:
    stored: dict[int, list[DomainRating]] = {}
    statement = (
        select(col(StoredRating.return_id), *RATING_COLUMNS)
        .where(col(StoredRating.source) == RatingSource.SELF)
        .order_by(col(StoredRating.return_id), col(StoredRating.position))
    )
    for row in looking.execute(statement):
        stored.setdefault(row[0], []).append(rating_of(tuple(row[1:])))
    signed = _returns(looking, ReturnState.SIGNED)
    assert stored.keys() == {row.id for row in signed}
    for row in signed:
        assert tuple(stored[row.id]) == domain_ratings(_asked(looking, row), answers[row.id])


def test_ratings_of_all_colours_are_there_and_the_board_sees_some_differently(demo: Engine) -> None:
    outcomes = dict(
        _rows(demo, "SELECT outcome, count(*) FROM domain_rating WHERE source = 'self' GROUP BY 1")
    )
    coloured = outcomes["red"] + outcomes["amber"] + outcomes["green"]
    assert 0.03 < outcomes["red"] / coloured < 0.15
    assert 0.25 < outcomes["amber"] / coloured < 0.5
    assert outcomes["insufficient"] > 0
    validated = _rows(
        demo,
        "SELECT v.outcome = s.outcome, count(*) FROM domain_rating v JOIN domain_rating s USING "
        "(return_id, domain_key) WHERE v.source = 'validated' AND s.source = 'self' GROUP BY 1",
    )
    assert dict(validated)[False] > 50
    reviewed = _one(demo, "SELECT count(DISTINCT return_id) FROM domain_rating WHERE source = 'validated'")
    assert 0.6 < reviewed / (280 + 42) < 0.8


def test_versions_equal_the_history(demo: Engine, looking: Session, answers: Answers) -> None:
    wrong = (
        "SELECT count(*) FROM answer a WHERE version <> (SELECT count(*) FROM answer_version v WHERE "
        "v.return_id = a.return_id AND v.standard_key = a.standard_key AND v.accepted)"
    )
    assert _one(demo, wrong) == 0
    latest: dict[tuple[int, str], tuple[int, AnswerValues]] = {}
    columns = [getattr(AnswerVersion, name) for name in ("return_id", "standard_key", "version", "values")]
    statement = select(*columns).where(col(AnswerVersion.accepted))
    for return_id, key, version, values in looking.execute(statement):
        if version > latest.get((return_id, key), (0, None))[0]:
            latest[(return_id, key)] = version, from_stored(values)
    assert {place: values for place, (_, values) in latest.items()} == {
        (return_id, key): values for return_id, given in answers.items() for key, values in given.items()
    }
    assert _one(demo, "SELECT max(version) FROM answer") == 4
    assert _one(demo, "SELECT count(*) FROM answer_version WHERE NOT accepted") > 0


def test_nothing_stands_in_the_way_of_what_is_signed_or_ready(looking: Session, answers: Answers) -> None:
    for row in _returns(looking, ReturnState.SIGNED, ReturnState.READY):
        stopping = [gap for gap in gaps(_asked(looking, row), answers[row.id]) if gap.stops_signing]
        assert not stopping, (row.id, stopping)


def test_signed_editions_are_frozen_as_the_program_freezes_them(looking: Session, answers: Answers) -> None:
    editions = {row.id: row for row in looking.execute(select(col(Return.id), col(Return.edition)))}
    newest: dict[int, int] = {}
    statement = select(SignedReturn).order_by(col(SignedReturn.return_id), col(SignedReturn.edition))
    for signed in looking.execute(statement).scalars():
        assert snapshot_hash(signed.content) == signed.content_hash
        newest[signed.return_id] = signed.edition
        state = looking.get(Return, signed.return_id)
        if state and state.state is ReturnState.SIGNED and state.edition == signed.edition:
            given = answers[signed.return_id]
            kept = {key: from_stored(values) for key, values in signed.content["answers"].items()}
            assert {key: values for key, values in kept.items() if values.answered} == {
                key: values for key, values in given.items() if values.answered
            }
    assert newest == {key: row.edition for key, row in editions.items() if row.edition}
    assert max(newest.values()) == 2


def test_actions_are_those_that_the_returns_promised(
    demo: Engine, looking: Session, answers: Answers
) -> None:
    stored: dict[int, set[Any]] = {}
    columns = "return_id, domain_key, standard_key, level, what, owner, due_on"
    anew = "SELECT action_id FROM action_note WHERE kind = 'change'"
    changed = _rows(demo, f"SELECT return_id, standard_key FROM action WHERE id IN ({anew})")
    assert changed, "another day was agreed for some"
    for return_id, *promise in _rows(demo, f"SELECT {columns} FROM action WHERE source = 'return'"):
        stored.setdefault(return_id, set()).add(tuple(promise))
    for row in _returns(looking, ReturnState.SIGNED):
        expected = {
            (each.domain_key, each.standard_key, each.level, each.what, each.owner, each.due_on)
            for each in promises(_asked(looking, row), answers[row.id])
        }
        other_days = {promise for promise in stored.get(row.id, set()) if (row.id, promise[1]) in changed}
        kept = {promise for promise in expected if (row.id, promise[1]) not in changed}
        assert stored.get(row.id, set()) - other_days == kept
    states = _rows(demo, "SELECT DISTINCT status, due_on < :today FROM action", today=NOW.date())
    assert {("open", True), ("open", False), ("under_way", True), ("under_way", False)} <= set(states)
    assert {"done", "dropped", "accepted", "closed"} <= {status for status, _ in states}


def test_every_older_action_has_its_answer_before_a_return_is_signed_or_ready(looking: Session) -> None:
    everybody = Actor(0, "Eleven", "", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
    left = 0
    for row in _returns(looking, ReturnState.SIGNED, ReturnState.READY, ReturnState.IN_PROGRESS):
        older = asked_about(looking, everybody, row.id, row.organisation_id, row.issued_at)
        owed = [each for each in older if not each.answered]
        if row.state is ReturnState.IN_PROGRESS:
            left += len(owed)
            continue
        assert not owed, row.id
        signed = latest_signed(looking, everybody, row.id)
        if row.state is ReturnState.SIGNED and signed:
            frozen = signed.content.get("earlier_actions", [])
            assert {each["id"] for each in frozen} == {each.line.id for each in older}, row.id
    assert left > 5


def test_facts_are_in_the_form_in_which_the_program_stores_them(looking: Session, answers: Answers) -> None:
    for row in _returns(looking):
        questionnaire = _asked(looking, row)
        for key, values in answers.get(row.id, {}).items():
            if values.fact:
                assert parse_fact(questionnaire.standard(key), values.fact) == values.fact


# --- questionnaires and texts --------------------------------------------------------------------


@pytest.mark.parametrize("key", [SECTION_11, SECTION_175])
def test_this_years_version_is_the_file_and_last_years_is_sound(demo: Engine, key: str) -> None:
    content = definition(key)
    before = version_before(content)
    published = _rows(
        demo, "SELECT version, content_hash FROM questionnaire_version WHERE key = :key ORDER BY 1", key=key
    )
    assert published == [(1, content_hash(before)), (2, content_hash(content))]
    assert check_text(yaml.safe_dump(before, sort_keys=False, allow_unicode=True), f"{key}.yaml") == []


def test_there_are_many_different_sentences() -> None:
    assert len(sentences()) == len(set(sentences())) > 150


def test_people_typed_what_people_type(demo: Engine, answers: Answers) -> None:
    texts = Counter(
        written
        for given in answers.values()
        for values in given.values()
        for written in (values.comment, values.evidence)
        if written
    )
    assert "=1+1" in texts
    assert any("<b>" in written for written in texts)
    assert any("\n" in written for written in texts)
    assert any("é" in written for written in texts)
    assert max(len(written) for written in texts) > 1_000
    assert not any("{" in written for written in texts)
    greens = _rows(demo, "SELECT evidence = '', count(*) FROM answer WHERE level = 'green' GROUP BY 1")
    bare = dict(greens)[True] / sum(count for _, count in greens)
    assert 0.1 < bare < 0.22
