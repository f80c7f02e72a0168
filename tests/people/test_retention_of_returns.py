"""Returns of old rounds go whole; nothing of an open round ever does: three walls, each holding alone."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from app.core.access import Actor, PartnershipRole, Work
from app.core.database import owner_engine
from app.core.held.register import REGISTER
from app.people import keeping, retention, retention_rules, service
from app.people.keeping import RoundFact
from app.people.retention_rules import RULES
from app.ratings.service import RatedReturn
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders
from tests.access.moderated import moderated
from tests.conftest import NOW, MovableClock
from tests.people import alone

pytestmark = pytest.mark.access
database, engine, clock = alone.database, alone.engine, alone.clock
OF_RETURN = {held.table: held.of_return for held in REGISTER if held.of_return}
RETURNS = [each for each in RULES if each.key == "returns"]


# What else belongs to a return: a file, a reminder, an exemption that was lifted, more time.
OF_THE_ROUND = 'FROM "return" WHERE round_id = :round'
BESIDE_A_RETURN = (
    f"""
    INSERT INTO evidence_file (organisation_id, return_id, standard_key, name, type_key, size, sha256,
        stored_as, uploaded_at, uploaded_by, scan_state, scan_due_at, scan_attempts, scan_detail)
    SELECT organisation_id, id, 'governors-lead', 'minutes.txt', 'text', 1, repeat('a', 64),
        'file-' || id, now(), :me, 'clean', now(), 0, '' {OF_THE_ROUND}
    """,
    f"""
    INSERT INTO chase_message (dedupe_key, round_id, return_id, organisation_id, stage_key, kind, due_on,
        state_then, address, queued_at, outcome, why_not)
    SELECT 'told-' || id, round_id, id, organisation_id, 'now', 'reminder', due_on, 'not_opened', '', now(),
        'sent', '' {OF_THE_ROUND}
    """,
    f"""
    INSERT INTO exemption (return_id, organisation_id, kind, reason, made_at, made_by, lifted_at)
    SELECT id, organisation_id, 'other', 'Flood', now(), :me, now() {OF_THE_ROUND}
    """,
    f"""
    INSERT INTO extension (return_id, organisation_id, due_before, due_on, reason, made_at, made_by)
    SELECT id, organisation_id, due_on, due_on + 7, 'Flood', now(), :me {OF_THE_ROUND}
    """,
    f"""
    INSERT INTO visit (organisation_id, return_id, state, calibration, points, reasons, why, selected_at,
        waiver, letter, highlights, young_comment, closed_why)
    SELECT organisation_id, id, 'issued', false, 0, '', '', now(), '', '', '', '', '' {OF_THE_ROUND}
    """,
    """
    INSERT INTO visit_slot (visit_id, organisation_id, begins, ends, what, who)
    SELECT v.id, v.organisation_id, '09:00', '10:00', 'Talk', ''
    FROM visit v JOIN "return" r ON r.id = v.return_id WHERE r.round_id = :round
    """,
    f"""
    INSERT INTO signal_measure (return_id, organisation_id, edition, measured, measured_at)
    SELECT id, organisation_id, 1, '{{}}', now() {OF_THE_ROUND}
    """,
)


def filled_round(work: Work, places: list[int], title: str) -> int:
    """Issue a round of which each organisation has signed its return, after a call, with an action."""
    version = work.session.execute(text("SELECT max(id) FROM questionnaire_version")).scalar()
    round_id = builders.open_round(work, places, title=title, version_id=version)
    standard = "governors-lead"
    for place in places:
        this = builders.return_of(work, round_id, place)
        questionnaire = builders.content()
        standard, other = (each["key"] for each in questionnaire["domains"][0]["standards"][:2])
        builders.signed_return(work, round_id, place, **{standard.replace("-", "_"): builders.RED})
        of = RatedReturn(this.id, round_id, place)
        moderated(work, of, questionnaire["domains"][0]["key"], (standard, other), "Officer")
        work.session.execute(
            text(
                "INSERT INTO domain_colleague (return_id, domain_key, organisation_id, user_id) "
                "VALUES (:id, 'leadership', :place, :me)"
            ),
            {"id": this.id, "place": place, "me": work.actor.user_id},
        )
    work.session.execute(
        text(
            "INSERT INTO call (return_id, organisation_id, called_at, called_by, caller_name, outcome, note) "
            "SELECT id, organisation_id, now(), :me, 'Morgan', 'spoke', '' FROM \"return\" "
            "WHERE round_id = :round"
        ),
        {"me": work.actor.user_id, "round": round_id},
    )
    for statement in BESIDE_A_RETURN:
        work.session.execute(text(statement), {"me": work.actor.user_id, "round": round_id})
    return round_id


def close(work: Work, round_id: int, moment: datetime) -> None:
    rounds.set_state(Work(work.session, work.actor, moment), round_id, RoundState.CLOSED)


def held_of(engine: Engine, round_id: int) -> dict[str, str]:
    """Return a hash of what each table holds of a round's returns; empty where it holds nothing."""
    found = {}
    with engine.connect() as connection:
        for table, column in OF_RETURN.items():
            statement = (
                f'SELECT md5(string_agg(x::text, chr(10) ORDER BY x::text)) FROM "{table}" x '
                f'JOIN "return" r ON r.id = x."{column}" WHERE r.round_id = :round'
            )
            found[table] = str(connection.execute(text(statement), {"round": round_id}).scalar() or "")
    return found


def one(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def run(engine: Engine, clock: MovableClock) -> retention.Done:
    return retention.run(engine, clock(), rules=RETURNS)[0]


def test_old_returns_go_with_all_that_belongs_to_them_and_others_stay(
    engine: Engine, work: Work, clock: MovableClock
) -> None:
    places = [builders.organisation(work, f"School {letter}") for letter in "AB"]
    old, kept, still_open = (filled_round(work, places, title) for title in ("Old", "Kept", "Open"))
    close(work, old, datetime(2020, 7, 1, tzinfo=UTC))
    close(work, kept, datetime(2020, 9, 1, tzinfo=UTC))
    work.session.execute(
        text("UPDATE round SET opens_on = '2015-09-01', due_on = '2015-12-01' WHERE id = :id"),
        {"id": still_open},
    )
    work.session.commit()
    before = {each: held_of(engine, each) for each in (old, kept, still_open)}
    assert all(before[old].values()), "each table that goes with a return has something to lose"
    trail = one(engine, "SELECT count(*) FROM audit_event")
    done = run(engine, clock)
    assert (done.count, done.failed) == (2, False)
    assert not any(held_of(engine, old).values())
    assert held_of(engine, kept) == before[kept]
    assert held_of(engine, still_open) == before[still_open]
    assert one(engine, "SELECT count(*) FROM visit_slot") == 4, "what belongs to a visit goes with it"
    assert one(engine, "SELECT count(*) FROM round") == 3, "the round says nothing about a person and stays"
    assert one(engine, "SELECT count(*) FROM audit_event") == trail + 1, "the trail stays and adds this"


def test_a_round_that_was_reopened_is_open(engine: Engine, work: Work, clock: MovableClock) -> None:
    this = filled_round(work, [builders.organisation(work)], "Old")
    close(work, this, datetime(2015, 7, 1, tzinfo=UTC))
    rounds.set_state(work, this, RoundState.OPEN)
    work.session.commit()
    before = held_of(engine, this)
    assert run(engine, clock).count == 0
    assert held_of(engine, this) == before


def forgetful(facts: list[RoundFact], *_rest: object) -> frozenset[int]:
    """The broken rule of the controls: every round is due."""
    return frozenset(fact.id for fact in facts)


def test_a_wrong_rule_alone_deletes_nothing_of_an_open_round(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = filled_round(work, [builders.organisation(work)], "Open")
    work.session.commit()
    before = held_of(engine, this)
    monkeypatch.setattr(retention_rules, "rounds_due", forgetful)
    assert run(engine, clock).count == 0, "the statement looks at the round again"
    assert held_of(engine, this) == before


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Break the rule and the statement: neither looks at whether a round is open."""
    monkeypatch.setattr(retention_rules, "rounds_due", forgetful)
    found = text('SELECT id FROM "return" WHERE round_id = ANY(:rounds) LIMIT :most')
    monkeypatch.setattr(retention_rules, "_OLD_RETURNS", found)


def test_a_wrong_rule_and_a_wrong_statement_are_stopped_by_the_database(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = filled_round(work, [builders.organisation(work)], "Open")
    work.session.commit()
    before = held_of(engine, this)
    blind(monkeypatch)
    assert run(engine, clock).failed
    assert held_of(engine, this) == before


def test_without_any_of_the_three_it_is_seen(
    engine: Engine, work: Work, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with rule, statement and trigger broken, the same check finds the round gone."""
    this = filled_round(work, [builders.organisation(work)], "Open")
    work.session.commit()
    before = held_of(engine, this)
    blind(monkeypatch)
    owner = owner_engine(engine.url)
    with owner.begin() as connection:
        for table in ("answer_version", "signed_return"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {table}_is_frozen"))
    owner.dispose()
    assert run(engine, clock).count == 1
    assert held_of(engine, this) != before


@pytest.mark.parametrize("table", ["answer_version", "signed_return"])
@pytest.mark.parametrize("word", ["", "SET LOCAL eleven.retention = 'on'"])
def test_histories_and_signatures_stay_frozen(engine: Engine, work: Work, table: str, word: str) -> None:
    this = filled_round(work, [builders.organisation(work)], "Open")
    if not word:
        close(work, this, datetime(2015, 7, 1, tzinfo=UTC))
    work.session.commit()
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET organisation_id = organisation_id"):
        with engine.connect() as connection:
            connection.execute(text(word or "SELECT 1"))
            with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
                connection.execute(text(statement))


@pytest.mark.parametrize("table", ["audit_event", "questionnaire_version"])
def test_the_trail_and_questionnaires_know_no_exception(engine: Engine, work: Work, table: str) -> None:
    close(work, filled_round(work, [builders.organisation(work)], "Old"), datetime(2015, 7, 1, tzinfo=UTC))
    work.session.commit()
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL eleven.retention = 'on'"))
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            connection.execute(text(f"DELETE FROM {table}"))


def test_whatever_refers_to_a_return_goes_with_it() -> None:
    """A new table that refers to a return, or to a row that goes with one, must say how it goes."""
    order = [held.table for held in REGISTER]
    for name, table in SQLModel.metadata.tables.items():
        for key in table.foreign_keys:
            parent = key.column.table.name
            if parent == "return":
                assert OF_RETURN.get(name) == key.parent.name, f"{name}.{key.parent.name}"
            elif parent in OF_RETURN and parent != name and key.ondelete != "CASCADE":
                assert name in OF_RETURN, f"{name} refers to {parent}, which goes with its return"
            if name in OF_RETURN and parent in OF_RETURN and parent != name:
                assert order.index(parent) < order.index(name), f"{name} must go before {parent}"


def test_whatever_a_rule_deletes_nothing_else_refers_to() -> None:
    swept = {sweep.table for rule in RULES for sweep in rule.sweeps if not sweep.change}
    swept |= {held.table for held in REGISTER if held.removed_with}
    for name, table in SQLModel.metadata.tables.items():
        for key in table.foreign_keys:
            # What cascades goes with the row that it refers to; what is set null lets go of it.
            stops = key.column.table.name in swept and key.ondelete not in {"CASCADE", "SET NULL"}
            assert not stops, f"{name}.{key.parent.name} would stop a deletion"


# --- many rounds at once --------------------------------------------------------------------------

STATES = st.sampled_from(["draft", "open", "closed"])
CLOSED_AT = st.dates(date(2012, 1, 1), date(2026, 11, 15)).map(
    lambda day: datetime.combine(day, time(12), UTC)
)
SPECS = st.lists(st.tuples(STATES, CLOSED_AT), min_size=1, max_size=4)


@given_settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs=SPECS)
def test_only_what_is_closed_and_old_goes(engine: Engine, specs: list[tuple[str, datetime]]) -> None:
    clock = MovableClock(NOW)
    with Session(engine, expire_on_commit=False) as session:
        work = Work(session, service.NOBODY, clock())
        address = "m@partnership.example.org"
        user_id = service.ensure_users(work, [(address, "M")])[address]
        actor = Actor(user_id, "M", address, roles=frozenset({PartnershipRole.BOARD_MANAGER}))
        work = Work(session, actor, clock())
        place = builders.organisation(work)
        made = [filled_round(work, [place], "Round") for _ in specs]
        for round_id, (state, moment) in zip(made, specs, strict=True):
            closed = {"state": state, "at": moment if state == "closed" else None, "id": round_id}
            session.execute(text("UPDATE round SET state = :state, closed_at = :at WHERE id = :id"), closed)
        session.execute(text("DELETE FROM retention_run"))
        session.commit()
    before = {round_id: held_of(engine, round_id) for round_id in made}
    assert not run(engine, clock).failed
    for round_id, (state, moment) in zip(made, specs, strict=True):
        after = held_of(engine, round_id)
        if state == "closed" and keeping.kept_until(moment.date(), 6) < NOW.date():
            assert not any(after.values())
        else:
            assert after == before[round_id]
