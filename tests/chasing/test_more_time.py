"""More time: those who answer are told once, by one mail that lists all their organisations."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlmodel import col

from app.chasing import holding
from app.chasing.models import Extension
from app.core.access import Work
from app.core.errors import RefusedError
from app.core.models import AddressFault, OutboxMessage, UndeliverableAddress
from app.organisations.models import Contact
from tests import builders
from tests.chasing.post_office import PostOffice
from tests.chasing.scenes import Scene, close, put, sign
from tests.chasing.test_sending import begun, lead, worker
from tests.conftest import NOW

pytestmark = pytest.mark.chasing
LATER = date(2027, 3, 31)
SOON = NOW + timedelta(minutes=10)


def extend(work: Work, this: Scene, *names: str, to: date = LATER) -> int:
    later = Work(work.session, work.actor, SOON)
    done = holding.extend(later, this.round_id, [this.returns[name] for name in names], to, "A flood")
    work.session.commit()
    return done


def test_those_who_answer_are_told_of_the_new_day_once(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Elm")
    assert extend(own_work, this, "Oak") == 1
    with pytest.raises(RefusedError):
        extend(own_work, this, "Oak")
    own_work.session.rollback()
    at_work = worker(own_engine, office)
    # In the evening, too: somebody asked for it and waits.
    for hours in (0, 1, 10):
        at_work.step(SOON + timedelta(hours=hours))
    assert office.got == {lead(this, "Oak"): 1}
    text = office.text_to(lead(this, "Oak"))
    for said in (
        "has given Oak more time",
        "Now due: Wednesday 31 March 2027, in 135 days",
        "- Oak: never opened, due 31 Mar",
        "Section 11 of the Children Act 2004",
        f"?to=/returns/{this.returns['Oak']}",
        "?to=/account/hand-over",
        "Ring 01632 960000",
    ):
        assert said in text, said
    assert "((" not in text
    assert str(office.mails[0]["Subject"]).startswith("More time: Section 175")


def test_who_looks_after_several_gets_one_mail_that_lists_those_with_more_time(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Elm", "Ash")
    for name in ("Oak", "Elm", "Ash"):
        builders.contact(
            own_work, this.places[name], "trust@example.org", name="Tess", role="trust_safeguarding_lead"
        )
    own_work.session.commit()
    extend(own_work, this, "Oak", "Elm")
    worker(own_engine, office).step(SOON)
    assert office.got == {lead(this, "Oak"): 1, lead(this, "Elm"): 1, "trust@example.org": 1}
    text = office.text_to("trust@example.org")
    assert "has given 2 organisations more time" in text
    assert "- Oak: never opened" in text
    assert "- Elm: never opened" in text
    assert "Ash" not in text


def _signs(work: Work, this: Scene) -> None:
    sign(work, this.returns["Oak"], date(2026, 11, 16))


def _changed_again(work: Work, this: Scene) -> None:
    at = SOON + timedelta(minutes=1)
    work.session.add(
        Extension(
            return_id=this.returns["Oak"],
            organisation_id=this.places["Oak"],
            due_before=LATER,
            due_on=LATER + timedelta(days=9),
            reason="Longer",
            made_at=at,
            made_by=work.actor.user_id,
        )
    )
    put(work, this.returns["Oak"], due_on=LATER + timedelta(days=9))


def _leaves(work: Work, this: Scene) -> None:
    place = this.places["Oak"]
    work.session.execute(
        update(Contact).where(col(Contact.organisation_id) == place).values(ended_at=work.now)
    )
    work.session.commit()


def _exempt(work: Work, this: Scene) -> None:
    holding.exempt(work, this.round_id, [this.returns["Oak"]], "closed", "Gone")
    work.session.commit()


@pytest.mark.parametrize(
    "meanwhile", [_signs, _changed_again, _leaves, _exempt, lambda work, this: close(work, this.round_id)]
)
def test_what_happens_before_it_leaves_stops_it(
    own_engine: Engine, own_work: Work, office: PostOffice, meanwhile: Callable[[Work, Scene], Any]
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    extend(own_work, this, "Oak")
    meanwhile(own_work, this)
    worker(own_engine, office).step(SOON + timedelta(minutes=2))
    assert office.got == {}
    states = select(col(OutboxMessage.state)).where(col(OutboxMessage.kind) == "more-time")
    assert list(own_work.session.execute(states).scalars()) == ["stale"]


def test_a_dead_address_a_closed_round_and_a_chair_who_cannot_sign_in_get_none(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Elm")
    builders.contact(own_work, this.places["Elm"], "chair@example.org", role="chair_of_governors", rights=())
    own_work.session.add(
        UndeliverableAddress(address=lead(this, "Oak"), fault=AddressFault.BY_HAND, detail="", since=NOW)
    )
    own_work.session.commit()
    extend(own_work, this, "Oak", "Elm")
    close(own_work, this.round_id)
    extend(own_work, this, "Oak", "Elm", to=LATER + timedelta(days=3))
    queued = select(col(OutboxMessage.recipient)).where(col(OutboxMessage.kind) == "more-time")
    assert list(own_work.session.execute(queued).scalars()) == [lead(this, "Elm")]
