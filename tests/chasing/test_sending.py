"""From the schedule to a real mail server: who gets what when, and what stops a mail at the last moment."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlmodel import Session, col

from app.chasing.models import ChaseMessage, MessageOutcome, Pause
from app.chasing.worker import Worker
from app.core.access import OrganisationRole, Work
from app.core.models import MessageState, OutboxMessage, UndeliverableAddress
from app.core.transports import SmtpTransport
from app.organisations.models import Contact
from app.returns.models import Return, ReturnState
from tests import builders
from tests.chasing.post_office import PostOffice
from tests.chasing.scenes import Scene, close, put, scene, sign
from tests.conftest import NOW

pytestmark = pytest.mark.chasing
# The round is due on Friday 29 January 2027: three weeks before is Friday the 8th.
FIRST = datetime(2027, 1, 8, 9, 0, tzinfo=UTC)


def worker(engine: Engine, office: PostOffice, **more: Any) -> Worker:
    config = office.settings(**more)
    return Worker(engine, SmtpTransport(config), config)


def begun(work: Work, engine: Engine, office: PostOffice, *names: str) -> Scene:
    """A round whose invitations have left."""
    this = scene(work, *names)
    worker(engine, office).step(NOW)
    assert len(office.mails) == len(names)
    office.mails.clear()
    return this


def lead(this: Scene, name: str) -> str:
    return f"lead-{this.places[name]}@example.org"


def outcomes(engine: Engine) -> dict[str, int]:
    with Session(engine) as session:
        found: dict[str, int] = {}
        for outcome in session.execute(select(col(ChaseMessage.outcome))).scalars():
            found[str(outcome)] = found.get(str(outcome), 0) + 1
        return found


def test_a_reminder_leaves_on_its_day_once_and_says_everything(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak & <Elm> Primary")
    at_work = worker(own_engine, office)
    assert at_work.step(FIRST - timedelta(days=1)) == 0
    assert at_work.step(FIRST) == 1
    for minutes in (6, 12, 60):
        assert at_work.step(FIRST + timedelta(minutes=minutes)) == 0
    mail = office.mails[0]
    assert mail["To"] == lead(this, "Oak & <Elm> Primary")
    assert mail["Subject"].startswith("Due in 21 days: Section 175, 2026 to 2027")
    text = office.text_to(mail["To"])
    for said in (
        "Wolds and Coast Safeguarding Children Partnership",
        "Section 11 of the Children Act 2004",
        "Friday 29 January 2027, in 21 days",
        "Nobody has opened it yet",
        "/invitation/",
        f"?to=/returns/{this.returns['Oak & <Elm> Primary']}",
        "hours for the ",
        "Are you the wrong person?",
        "?to=/account/hand-over",
        "Ring 01632 960000",
    ):
        assert said in text, said
    assert "((" not in text
    html = mail.get_body(("html",))
    assert html is not None
    content = html.get_content()
    assert "Oak &amp; &lt;Elm&gt; Primary" in content
    assert "<img" not in content
    assert 'lang="en"' in content
    assert content.count("<a href=") == 2


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"state": ReturnState.ISSUED}, "Nobody has opened it yet"),
        ({"state": ReturnState.OPENED}, "nothing is answered yet"),
        ({"state": ReturnState.IN_PROGRESS, "answered": 34}, "34 of"),
        ({"state": ReturnState.READY, "answered": 40}, "Only the signature is missing"),
    ],
)
def test_each_state_has_its_own_text(
    own_engine: Engine, own_work: Work, office: PostOffice, state: dict[str, Any], said: str
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    put(own_work, this.returns["Oak"], **state)
    worker(own_engine, office).step(FIRST)
    assert said in office.text_to(lead(this, "Oak"))


def test_who_looks_after_several_schools_gets_one_mail_that_lists_them(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    names = [f"School {number}" for number in range(12)]
    places = {name: builders.organisation(own_work, name) for name in names}
    for place in places.values():
        builders.contact(
            own_work, place, "trust@example.org", name="Tess Trust", role="trust_safeguarding_lead"
        )
    round_id = builders.open_round(own_work, places.values())
    signed = builders.return_of(own_work, round_id, places["School 3"]).id
    own_work.session.commit()
    at_work = worker(own_engine, office)
    at_work.step(NOW)
    office.mails.clear()
    at_work.look(FIRST)
    sign(own_work, signed, date(2027, 1, 8))
    assert at_work.step(FIRST) == 1
    text = office.text_to("trust@example.org")
    assert "self-assessments of 11 organisations" in text
    assert "- School 0: never opened, due 29 Jan 2027, in 21 days" in text
    assert "School 3:" not in text
    assert text.count("\n- ") == 11
    assert outcomes(own_engine) == {"sent": 11, "stale": 1}


Meanwhile = Callable[[Work, Scene], None]


def signs(work: Work, this: Scene) -> None:
    sign(work, this.returns["Oak"], date(2027, 1, 8))


def closes(work: Work, this: Scene) -> None:
    close(work, this.round_id)


def pauses(work: Work, this: Scene) -> None:
    work.session.add(
        Pause(
            round_id=this.round_id,
            organisation_id=this.places["Oak"],
            reason="Inspection",
            begun_at=FIRST,
            begun_by=work.actor.user_id,
        )
    )
    work.session.commit()


def gives_time(work: Work, this: Scene) -> None:
    put(work, this.returns["Oak"], due_on=date(2027, 2, 26))


def leaves(work: Work, this: Scene) -> None:
    work.session.execute(
        update(Contact).where(col(Contact.organisation_id) == this.places["Oak"]).values(ended_at=FIRST)
    )
    work.session.commit()


@pytest.mark.faults
@pytest.mark.parametrize("meanwhile", [signs, closes, pauses, gives_time, leaves])
def test_what_happens_between_queue_and_sending_stops_the_mail(
    own_engine: Engine, own_work: Work, office: PostOffice, meanwhile: Meanwhile
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Ash")
    at_work = worker(own_engine, office)
    assert at_work.look(FIRST) == 2
    meanwhile(own_work, this)
    at_work.step(FIRST)
    assert lead(this, "Oak") not in office.got
    assert office.got[lead(this, "Ash")] == (0 if meanwhile is closes else 1)


@pytest.mark.faults
def test_a_worker_that_does_not_look_again_is_caught(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    from app.core import outbox  # noqa: PLC0415

    this = begun(own_work, own_engine, office, "Oak")
    worker(own_engine, office).look(FIRST)
    signs(own_work, this)
    send = SmtpTransport(office.settings())
    outbox.deliver(own_engine, send, sender="eleven@example.org", now=FIRST)
    send.close()
    assert lead(this, "Oak") in office.got


def test_quiet_hours_and_days_off_keep_mails_back(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    at_work = worker(own_engine, office)
    assert at_work.step(FIRST.replace(hour=6)) == 0
    assert at_work.look(FIRST) == 1
    # The worker was busy until the evening: the mail waits for the next working morning.
    assert at_work.step(FIRST.replace(hour=20)) == 0
    assert at_work.step(FIRST + timedelta(days=1)) == 0
    assert at_work.step(datetime(2027, 1, 11, 8, 29, tzinfo=UTC)) == 0
    assert at_work.step(datetime(2027, 1, 11, 8, 31, tzinfo=UTC)) == 1
    assert office.got == {lead(this, "Oak"): 1}


def test_the_whole_ladder_of_one_school_that_never_answers(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    oak = this.places["Oak"]
    builders.contact(
        own_work, oak, "head@example.org", name="Hera Head", role="head_teacher",
        rights=(OrganisationRole.SIGNATORY,),
    )  # fmt: skip
    builders.contact(
        own_work, oak, "chair@example.org", name="Cora Chair", role="chair_of_governors", rights=()
    )
    own_work.session.commit()
    at_work = worker(own_engine, office)
    got: list[tuple[str, str]] = []
    day = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    while day < datetime(2027, 4, 1, tzinfo=UTC):
        at_work.step(day)
        got += [(f"{day:%d %b}", str(mail["To"])) for mail in office.mails]
        office.mails.clear()
        day += timedelta(days=1)
    dsl = lead(this, "Oak")
    assert got == [
        ("08 Jan", dsl),
        ("22 Jan", dsl),
        ("28 Jan", dsl),
        ("01 Feb", dsl),
        ("05 Feb", dsl),
        ("08 Feb", "head@example.org"),
        ("12 Feb", dsl),
        ("19 Feb", "chair@example.org"),
    ]


def test_an_address_that_is_refused_stops_and_the_next_contact_takes_over(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    builders.contact(own_work, this.places["Oak"], "deputy@example.org", role="deputy_safeguarding_lead")
    own_work.session.commit()
    dead = lead(this, "Oak")
    office.refuses[dead] = "550 5.1.1 no such user"
    at_work = worker(own_engine, office)
    at_work.step(FIRST)
    assert not office.mails
    with Session(own_engine) as session:
        bad = session.get_one(UndeliverableAddress, dead)
        assert "no such user" in bad.detail
        message = session.execute(
            select(OutboxMessage).where(
                col(OutboxMessage.recipient) == dead, col(OutboxMessage.kind) == "chase"
            )
        ).scalar_one()
        assert message.state is MessageState.FAILED
    at_work.step(FIRST + timedelta(minutes=6))
    assert office.got == {"deputy@example.org": 1}
    assert outcomes(own_engine) == {"bounced": 1, "sent": 1}
    del office.refuses[dead]
    at_work.step(FIRST + timedelta(minutes=12))
    at_work.step(datetime(2027, 1, 22, 9, 0, tzinfo=UTC))
    assert office.got == {"deputy@example.org": 2}


def test_with_nobody_left_to_write_to_nothing_is_queued_again_and_again(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    office.refuses[lead(this, "Oak")] = "550 no"
    at_work = worker(own_engine, office)
    for minutes in range(0, 60, 6):
        at_work.step(FIRST + timedelta(minutes=minutes))
    with Session(own_engine) as session:
        assert (
            len(
                session.execute(select(col(OutboxMessage.id)).where(col(OutboxMessage.kind) == "chase")).all()
            )
            == 1
        )


def test_a_mailbox_that_is_full_for_now_is_tried_again(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Ash")
    office.refuses[lead(this, "Oak")] = "452 mailbox full"
    at_work = worker(own_engine, office)
    at_work.step(FIRST)
    assert office.got == {lead(this, "Ash"): 1}
    office.refuses.clear()
    at_work.step(FIRST + timedelta(minutes=6))
    assert office.got == {lead(this, "Ash"): 1, lead(this, "Oak"): 1}


def test_no_more_mails_leave_in_a_minute_than_the_limit(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    begun(own_work, own_engine, office, *(f"School {number}" for number in range(10)))
    at_work = worker(own_engine, office, mails_per_minute=4)
    left = [at_work.step(FIRST + timedelta(seconds=20 * number)) for number in range(10)]
    assert sum(left) == 10
    assert all(sum(left[number : number + 3]) <= 4 for number in range(10))


def test_a_return_that_was_given_more_time_is_reminded_for_its_new_date(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    at_work = worker(own_engine, office)
    at_work.step(FIRST)
    put(own_work, this.returns["Oak"], due_on=date(2027, 2, 26))
    at_work.step(datetime(2027, 1, 22, 9, 0, tzinfo=UTC))
    assert len(office.mails) == 1
    at_work.step(datetime(2027, 2, 5, 9, 0, tzinfo=UTC))
    assert len(office.mails) == 2
    assert "Friday 26 February 2027, in 21 days" in office.text_to(lead(this, "Oak"))


def test_every_message_is_noted_with_its_outcome(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak")
    worker(own_engine, office).step(FIRST)
    with Session(own_engine) as session:
        message = session.execute(select(ChaseMessage)).scalar_one()
        this_return = session.get_one(Return, this.returns["Oak"])
        assert message.outcome is MessageOutcome.SENT
        assert (message.stage_key, message.due_on) == ("before-21", this_return.due_on)
        assert (message.settled_at, message.state_then) == (FIRST, "not_opened")
