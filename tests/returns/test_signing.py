"""Signing: what was stored is what is signed, once; and the way back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from app.actions.models import Action, ActionStatus
from app.core.access import OrganisationRole, Work
from app.core.database import owner_engine
from app.core.errors import RefusedError
from app.core.models import AuditEvent, OutboxMessage
from app.ratings.queries import ratings_of
from app.returns import queries, signoff
from app.returns.models import ReturnState, SignedReturn
from app.returns.rules import AnswerValues, from_stored
from app.returns.signing import snapshot_hash
from tests import builders

pytestmark = pytest.mark.faults


@pytest.fixture
def school(work: Work) -> tuple[Work, queries.ReturnHead]:
    """A head teacher at a return that was just issued."""
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    person = builders.as_person(work, place, address=f"head-{place}@example.org", name="Alex Okafor")
    return person, builders.return_of(work, round_id, place)


def a_standard(work: Work, this: queries.ReturnHead, *, critical: bool) -> str:
    rated = queries.questionnaire_of(work.session, this).rated
    return next(standard.key for standard in rated if standard.critical is critical)


def test_signing_freezes_what_is_stored(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    builders.answer_all(work, this)
    assert signoff.sign(work, this, declared=True)
    signed = queries.latest_signed(work.session, work.actor, this.id)
    assert signed is not None
    stored = queries.values_of(queries.answers(work.session, work.actor, this.id))
    assert {key: from_stored(values) for key, values in signed.content["answers"].items()} == stored
    assert signed.content_hash == snapshot_hash(signed.content)
    assert (signed.signatory_name, signed.edition) == ("Alex Okafor", 1)


def test_signing_stores_six_ratings_and_the_actions(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = a_standard(work, this, critical=True)
    builders.answer_all(work, this, **{key.replace("-", "_"): builders.RED})
    signoff.sign(work, this, declared=True)
    ratings = ratings_of(work.session, this.id)
    assert len(ratings) == 6
    domain = queries.questionnaire_of(work.session, this).domain_of(key)
    assert domain is not None
    assert (ratings[domain.key].outcome, ratings[domain.key].deciding) == ("red", (key,))
    action = work.session.execute(select(Action).where(col(Action.return_id) == this.id)).scalar_one()
    assert (action.standard_key, action.what, action.due_on) == (
        key,
        builders.RED.action_what,
        date(2027, 3, 31),
    )


def test_a_red_without_an_action_stops_the_signature(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = a_standard(work, this, critical=False)
    builders.answer_all(work, this, **{key.replace("-", "_"): AnswerValues(level="red")})
    with pytest.raises(RefusedError, match="red needs an action"):
        signoff.sign(work, this, declared=True)


def test_a_missing_answer_does_not_stop_the_signature(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    assert signoff.sign(work, this, declared=True)
    assert {rating.outcome for rating in ratings_of(work.session, this.id).values()} == {"insufficient"}


def test_nobody_signs_without_the_declaration(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    with pytest.raises(RefusedError) as caught:
        signoff.sign(work, this, declared=False)
    assert "declared" in caught.value.problems


def test_only_a_signatory_signs(school: tuple[Work, queries.ReturnHead], work: Work) -> None:
    _, this = school
    lead = builders.as_person(work, this.organisation_id, OrganisationRole.LEAD, address="dsl@example.org")
    with pytest.raises(RefusedError, match="signatory"):
        signoff.sign(lead, this, declared=True)


def test_a_signed_return_takes_no_more_answers(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    signoff.sign(work, this, declared=True)
    with pytest.raises(RefusedError, match="signed"):
        builders.save(work, this.id, a_standard(work, this, critical=False), builders.GREEN)


def test_twenty_signatures_at_once_are_one(
    school: tuple[Work, queries.ReturnHead], work: Work, engine: Engine
) -> None:
    person, this = school
    builders.answer_all(person, this)
    work.session.commit()

    def press(_number: int) -> bool:
        with Session(engine, expire_on_commit=False) as session:
            done = signoff.sign(Work(session, person.actor, person.now), this, declared=True)
            session.commit()
            return done

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(press, range(20)))
    assert results.count(True) == 1
    with Session(engine) as session:
        counts = [
            session.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
            for table, condition in (
                (SignedReturn, col(SignedReturn.return_id) == this.id),
                (
                    AuditEvent,
                    (col(AuditEvent.event) == "return.signed") & (col(AuditEvent.subject_id) == this.id),
                ),
                (OutboxMessage, col(OutboxMessage.dedupe_key).startswith(f"receipt:{this.id}:")),
            )
        ]
    assert counts == [1, 1, 1]


def test_sending_back_keeps_everything_and_asks_for_a_new_signature(
    school: tuple[Work, queries.ReturnHead], work: Work
) -> None:
    person, this = school
    key = a_standard(person, this, critical=False)
    builders.answer_all(person, this, **{key.replace("-", "_"): builders.RED})
    signoff.sign(person, this, declared=True)
    signoff.send_back(work, this.id, "Please say what evidence you have")
    after = builders.return_of(work, this.round_id, this.organisation_id)
    assert (after.state, after.signed_at, after.answered) == (ReturnState.IN_PROGRESS, None, after.total)
    assert ratings_of(work.session, this.id) == {}
    builders.save(person, this.id, key, builders.GREEN, version=1)
    signoff.sign(person, after, declared=True)
    signed = queries.latest_signed(work.session, work.actor, this.id)
    assert signed is not None
    assert signed.edition == 2
    action = work.session.execute(select(Action).where(col(Action.return_id) == this.id)).scalar_one()
    assert action.status is ActionStatus.DROPPED


def test_sending_back_needs_a_reason(school: tuple[Work, queries.ReturnHead], work: Work) -> None:
    person, this = school
    signoff.sign(person, this, declared=True)
    with pytest.raises(RefusedError):
        signoff.send_back(work, this.id, "   ")


@pytest.mark.parametrize("table", ["signed_return", "questionnaire_version", "audit_event", "answer_version"])
def test_what_is_frozen_cannot_be_changed_or_deleted(
    school: tuple[Work, queries.ReturnHead], engine: Engine, table: str
) -> None:
    """Neither by the program, which lacks the right, nor by the owner of the tables, whom a trigger stops."""
    work, this = school
    builders.save(work, this.id, a_standard(work, this, critical=False), builders.GREEN)
    signoff.sign(work, this, declared=True)
    work.session.commit()
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DBAPIError, match=r"permission denied|append-only"), work.session.begin_nested():
            work.session.execute(text(statement))
    owner = owner_engine(engine.url)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DBAPIError, match="append-only"), owner.begin() as connection:
            connection.execute(text(statement))
    owner.dispose()


def test_nobody_signs_what_they_have_not_seen(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    builders.answer_all(work, this)
    seen = signoff.seen_mark(queries.values_of(queries.answers(work.session, work.actor, this.id)))
    key = a_standard(work, this, critical=True)
    builders.save(work, this.id, key, builders.RED, version=1)
    with pytest.raises(RefusedError, match="after you opened this page"):
        signoff.sign(work, this, declared=True, seen=seen)
    seen_again = signoff.seen_mark(queries.values_of(queries.answers(work.session, work.actor, this.id)))
    assert signoff.sign(work, this, declared=True, seen=seen_again)


def test_an_action_that_is_promised_again_is_open_again(
    school: tuple[Work, queries.ReturnHead], work: Work
) -> None:
    person, this = school
    key = a_standard(person, this, critical=False)
    builders.answer_all(person, this, **{key.replace("-", "_"): builders.RED})
    for version, values in enumerate((builders.GREEN, builders.RED), start=1):
        signoff.sign(person, this, declared=True)
        signoff.send_back(work, this.id, "Please look again")
        builders.save(person, this.id, key, values, version=version)
    signoff.sign(person, this, declared=True)
    action = work.session.execute(select(Action).where(col(Action.return_id) == this.id)).scalar_one()
    assert (action.status, action.closed_at) == (ActionStatus.OPEN, None)
