"""The demo's rounds and returns: every state, and nothing from the future."""

from itertools import pairwise

from sqlalchemy import Engine

from app.returns.models import ReturnState
from tests.conftest import NOW
from tests.demo.looking import MOMENTS, fetch, only


def test_255_of_535_schools_did_not_answer_last_year(demo: Engine) -> None:
    rows = dict(
        fetch(demo, "SELECT state = 'signed', count(*) FROM \"return\" WHERE round_id = 2 GROUP BY 1")
    )
    assert rows == {True: 280, False: 255}


def test_every_state_is_there_in_both_open_rounds(demo: Engine) -> None:
    for round_id in (3, 4):
        states = fetch(demo, 'SELECT DISTINCT state FROM "return" WHERE round_id = :id', id=round_id)
        assert {state for (state,) in states} == {state.value for state in ReturnState}
    assert only(demo, 'SELECT count(*) FROM "return" WHERE round_id = 4') == 535
    assert only(demo, 'SELECT count(*) FROM "return" WHERE sent_back_at IS NOT NULL') >= 6
    assert (
        only(
            demo,
            'SELECT count(*) FROM "return" r JOIN round ON round.id = round_id WHERE r.due_on > round.due_on',
        )
        >= 5
    )
    assert (
        only(
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
    [(state, share)] = fetch(demo, statement, kind="maintained_school", name="Ashgrove%", round=4)
    assert state == "in_progress"
    assert 55 <= share <= 65
    assert fetch(demo, statement, kind="leisure_and_culture", name="%", round=3) == [("ready", 100)]


def test_nothing_happened_in_the_future_or_out_of_order(demo: Engine) -> None:
    for table, column in MOMENTS:
        assert only(demo, f'SELECT max({column}) FROM "{table}"') <= NOW, (table, column)
    order = ("issued_at", "opened_at", "started_at", "last_saved_at", "ready_at", "signed_at")
    for first, then in pairwise(order):
        assert only(demo, f'SELECT count(*) FROM "return" WHERE {then} < {first}') == 0, (first, then)
    assert (
        only(demo, 'SELECT count(*) FROM "return" WHERE started_at IS NULL AND last_saved_at IS NOT NULL')
        == 0
    )


def test_each_contact_of_an_open_round_was_invited_once(demo: Engine) -> None:
    invited = only(demo, "SELECT count(*) FROM outbox_message WHERE kind = 'invitation' AND state = 'sent'")
    reached = only(
        demo,
        'SELECT count(*) FROM (SELECT DISTINCT r.id, c.user_id FROM "return" r JOIN contact c '
        "ON c.organisation_id = r.organisation_id AND c.ended_at IS NULL WHERE r.round_id IN (3, 4)) x",
    )
    assert invited == reached > 1_000
    assert only(demo, "SELECT count(*) FROM call") > 100
