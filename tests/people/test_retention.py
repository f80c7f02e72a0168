"""Retention, rule by rule: what is due goes, what is not stays, and who left long ago is erased."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import OrganisationRole, Work
from app.core.settings import settings
from app.people import keeping, retention, service
from app.people.retention_rules import RULES
from tests.conftest import NOW, MovableClock
from tests.people import alone
from tests.people.old_rows import (
    MADE,
    events,
    mail_of,
    number,
    person,
    place_of,
    put,
    rows_of,
    rule,
    run,
    session_of,
)

pytestmark = pytest.mark.access
database, engine, clock = alone.database, alone.engine, alone.clock


def due_count(engine: Engine, clock: MovableClock, key: str) -> int:
    with Session(engine) as session:
        return next(each.count for each in retention.due(session, clock(), settings(), [rule(key)]))


@pytest.mark.parametrize("key", sorted({each.key for each in RULES} - {"people", "returns"}))
def test_each_rule_takes_what_is_due_and_nothing_else(
    engine: Engine, work: Work, clock: MovableClock, key: str
) -> None:
    this = rule(key)
    period = this.period(settings())
    cut = keeping.before(period, clock())
    user = person(work)
    for ended in (cut - timedelta(seconds=1), cut, cut + timedelta(days=1)):
        MADE[key](work.session, user, ended)
    work.session.commit()
    one = due_count(engine, clock, key)
    assert one >= 1
    assert run(engine, clock, key) == {key: one}
    assert due_count(engine, clock, key) == 0
    clock.move(days=2)
    assert run(engine, clock, key) == {key: 2 * one}, "the other two are due two days later"
    assert run(engine, clock, key) == {key: 0}
    told = events(engine, "retention.done")
    assert [each["count"] for each in told] == [one, 2 * one]
    assert {each["rule"] for each in told} == {key}


def test_what_is_emptied_leaves_its_skeleton(engine: Engine, work: Work, clock: MovableClock) -> None:
    long_ago = NOW - timedelta(days=900)
    user = person(work)
    for key in ("mails", "sign_in_mails", "imports"):
        MADE[key](work.session, user, long_ago)
    work.session.commit()
    run(engine, clock)
    assert rows_of(engine, "outbox_message") == 2
    assert number(engine, "SELECT count(*) FROM outbox_message WHERE body || subject || recipient <> ''") == 0
    assert number(engine, "SELECT count(*) FROM outbox_message WHERE dedupe_key <> ''") == 2
    assert number(engine, "SELECT count(*) FROM register_import WHERE rows = '[]'") == 2
    assert (
        number(engine, "SELECT count(*) FROM register_import WHERE state = 'discarded' AND preview = '{}'")
        == 1
    )
    assert (
        number(engine, 'SELECT count(*) FROM register_import WHERE preview = \'{"applied": {"added": 1}}\'')
        == 1
    )


def test_a_mail_that_waits_keeps_its_text(engine: Engine, work: Work, clock: MovableClock) -> None:
    mail_of(work.session, NOW - timedelta(days=900), "sign-in")
    work.session.execute(text("UPDATE outbox_message SET state = 'waiting', sent_at = NULL"))
    work.session.commit()
    assert sum(run(engine, clock).values()) == 0


# --- people who have left -------------------------------------------------------------------------


def erased_in(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id FROM user_account WHERE email LIKE '%@erased.invalid'"))
        return set(found.scalars())


def test_people_who_left_long_ago_are_erased_and_nobody_else(
    engine: Engine, work: Work, clock: MovableClock
) -> None:
    long_ago, lately = NOW - timedelta(days=800), NOW - timedelta(days=30)
    then = Work(work.session, service.NOBODY, long_ago)
    people = {
        name: service.ensure_users(then, [(f"{name}@example.org", name)])[f"{name}@example.org"]
        for name in ("off", "off-lately", "nowhere", "seen", "contact", "member", "ended-lately")
    }
    place = place_of(work.session, "Ashgrove")
    for name, when in (("off", long_ago), ("off-lately", lately)):
        work.session.execute(
            text("UPDATE user_account SET disabled_at = :when WHERE id = :id"),
            {"when": when, "id": people[name]},
        )
    service.grant_membership(
        work, user_id=people["member"], organisation_id=place, role=OrganisationRole.LEAD
    )
    service.grant_membership(work, user_id=people["off"], organisation_id=place, role=OrganisationRole.LEAD)
    for name, ended in (("contact", None), ("ended-lately", lately)):
        put(
            work.session,
            "contact",
            organisation_id=place,
            user_id=people[name],
            role="dsl",
            telephone="",
            created_at=long_ago,
            ended_at=ended,
        )
    session_of(work.session, people["seen"], lately)
    work.session.commit()
    assert run(engine, clock, "people") == {"people": 2}
    assert erased_in(engine) == {people["off"], people["nowhere"]}
    clock.move(days=1)
    assert run(engine, clock, "people") == {"people": 0}, "nobody is erased twice"
