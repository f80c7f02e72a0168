"""What the demo stores is what the program itself would compute from the answers."""

from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.actions.queries import asked_about
from app.core.access import Actor, PartnershipRole
from app.questionnaires.rules import parse_fact
from app.ratings.models import RatingSource, StoredRating
from app.ratings.queries import RATING_COLUMNS, rating_of
from app.ratings.rules import DomainRating
from app.returns.models import AnswerVersion, Return, ReturnState, SignedReturn
from app.returns.queries import latest_signed
from app.returns.rules import AnswerValues, answered_in, from_stored, gaps
from app.returns.signing import domain_ratings, snapshot_hash
from app.returns.signoff import promises
from tests.conftest import NOW
from tests.demo.looking import Answers, asked, fetch, only, returns


def test_progress_is_what_a_recount_gives(looking: Session, answers: Answers) -> None:
    for row in returns(looking):
        questions = asked(looking, row).questions
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
    signed = returns(looking, ReturnState.SIGNED)
    assert stored.keys() == {row.id for row in signed}
    for row in signed:
        assert tuple(stored[row.id]) == domain_ratings(asked(looking, row), answers[row.id])


def test_ratings_of_all_colours_are_there_and_the_board_sees_some_differently(demo: Engine) -> None:
    outcomes = dict(
        fetch(demo, "SELECT outcome, count(*) FROM domain_rating WHERE source = 'self' GROUP BY 1")
    )
    coloured = outcomes["red"] + outcomes["amber"] + outcomes["green"]
    assert 0.03 < outcomes["red"] / coloured < 0.15
    assert 0.25 < outcomes["amber"] / coloured < 0.5
    assert outcomes["insufficient"] > 0
    validated = fetch(
        demo,
        "SELECT v.outcome = s.outcome, count(*) FROM domain_rating v JOIN domain_rating s USING "
        "(return_id, domain_key) WHERE v.source = 'validated' AND s.source = 'self' GROUP BY 1",
    )
    assert dict(validated)[False] > 50
    reviewed = only(demo, "SELECT count(DISTINCT return_id) FROM domain_rating WHERE source = 'validated'")
    assert reviewed == 280 + 42, "last year's moderation is finished"


def test_versions_equal_the_history(demo: Engine, looking: Session, answers: Answers) -> None:
    wrong = (
        "SELECT count(*) FROM answer a WHERE version <> (SELECT count(*) FROM answer_version v WHERE "
        "v.return_id = a.return_id AND v.standard_key = a.standard_key AND v.accepted)"
    )
    assert only(demo, wrong) == 0
    latest: dict[tuple[int, str], tuple[int, AnswerValues]] = {}
    columns = [getattr(AnswerVersion, name) for name in ("return_id", "standard_key", "version", "values")]
    statement = select(*columns).where(col(AnswerVersion.accepted))
    for return_id, key, version, values in looking.execute(statement):
        if version > latest.get((return_id, key), (0, None))[0]:
            latest[(return_id, key)] = version, from_stored(values)
    assert {place: values for place, (_, values) in latest.items()} == {
        (return_id, key): values for return_id, given in answers.items() for key, values in given.items()
    }
    assert only(demo, "SELECT max(version) FROM answer") == 4
    assert only(demo, "SELECT count(*) FROM answer_version WHERE NOT accepted") > 0


def test_nothing_stands_in_the_way_of_what_is_signed_or_ready(looking: Session, answers: Answers) -> None:
    for row in returns(looking, ReturnState.SIGNED, ReturnState.READY):
        stopping = [gap for gap in gaps(asked(looking, row), answers[row.id]) if gap.stops_signing]
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
    changed = fetch(demo, f"SELECT return_id, standard_key FROM action WHERE id IN ({anew})")
    assert changed, "another day was agreed for some"
    for return_id, *promise in fetch(demo, f"SELECT {columns} FROM action WHERE source = 'return'"):
        stored.setdefault(return_id, set()).add(tuple(promise))
    for row in returns(looking, ReturnState.SIGNED):
        expected = {
            (each.domain_key, each.standard_key, each.level, each.what, each.owner, each.due_on)
            for each in promises(asked(looking, row), answers[row.id])
        }
        other_days = {promise for promise in stored.get(row.id, set()) if (row.id, promise[1]) in changed}
        kept = {promise for promise in expected if (row.id, promise[1]) not in changed}
        assert stored.get(row.id, set()) - other_days == kept
    states = fetch(demo, "SELECT DISTINCT status, due_on < :today FROM action", today=NOW.date())
    assert {("open", True), ("open", False), ("under_way", True), ("under_way", False)} <= set(states)
    assert {"done", "dropped", "accepted", "closed"} <= {status for status, _ in states}


def test_every_older_action_has_its_answer_before_a_return_is_signed_or_ready(looking: Session) -> None:
    everybody = Actor(0, "Eleven", "", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
    left = 0
    for row in returns(looking, ReturnState.SIGNED, ReturnState.READY, ReturnState.IN_PROGRESS):
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
    for row in returns(looking):
        questionnaire = asked(looking, row)
        for key, values in answers.get(row.id, {}).items():
            if values.fact:
                assert parse_fact(questionnaire.standard(key), values.fact) == values.fact
