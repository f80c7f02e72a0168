"""Thousands of tries: few mails, no hit, and nobody locked out by somebody else."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, func, select
from sqlmodel import Session, col

from app.core.access import Work
from app.core.models import OutboxMessage
from app.people import limits, links
from app.people.models import LoginSession, RateLimit
from tests.conftest import ClientAs, MovableClock
from tests.people.steps import MANAGER, mails_to, newest_link, signed_in

pytestmark = pytest.mark.access


@pytest.fixture(autouse=True)
def _afresh(work: Work, clock: MovableClock, engine: Engine) -> None:
    """Give each test a board manager and whole allowances."""
    assert work.actor.user_id
    clock.move(days=1)
    with Session(engine) as session:
        session.execute(delete(RateLimit))
        session.commit()


def asked(browser: TestClient, address: str) -> int:
    return browser.post("/sign-in", data={"email": address}).status_code


def test_a_thousand_requests_for_one_address_send_five_mails_an_hour(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    local, domain = MANAGER.split("@")
    forms = [MANAGER, MANAGER.upper(), f" {MANAGER} ", f"{local}+tag@{domain}", f"m.anager@{domain}"]
    browsers = [client_as() for _ in range(5)]
    began = clock()
    for number in range(1_000):
        clock.move(seconds=3.6)
        asked(browsers[number % 5], forms[number % len(forms)])
    leaving = select(func.count()).where(
        col(OutboxMessage.recipient) == MANAGER, col(OutboxMessage.due_at).between(began, clock())
    )
    with Session(engine) as session:
        assert 3 <= session.execute(leaving).scalar_one() <= 5
    assert not mails_to(engine, f"{local}+tag@{domain}")


def test_a_hundred_requests_at_one_moment_keep_to_the_allowance(client_as: ClientAs, engine: Engine) -> None:
    before = len(mails_to(engine, MANAGER))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: asked(client_as(), MANAGER), range(40)))
    assert len(mails_to(engine, MANAGER)) - before == 4  # three at once, and one that leaves later


def test_counting_without_waiting_for_each_other_would_send_more(
    client_as: ClientAs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an allowance that forgets what was sent lets every request through."""
    monkeypatch.setattr(links, "next_link_at", lambda _sent, now: now)
    before = len(mails_to(engine, MANAGER))
    for _ in range(12):
        asked(client_as(), MANAGER)
    assert len(mails_to(engine, MANAGER)) - before > 5


def test_ten_thousand_guesses_hit_nothing_and_are_slowed(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    person, thief = client_as(), client_as()
    asked(person, MANAGER)
    link = newest_link(engine)
    with Session(engine) as session:
        sessions = select(func.count()).select_from(LoginSession)
        before = session.execute(sessions).scalar_one()
    allowed = 0
    # Most guesses go to the service, a sample through the pages: what they do is the same.
    for _ in range(300):
        reply = thief.post(f"/sign-in/{secrets.token_urlsafe(32)}")
        assert reply.status_code in {410, 429}
        allowed += reply.status_code == 410
    with Session(engine) as session:
        for _ in range(9_700):
            spent = links.spend_link(
                session, token=secrets.token_urlsafe(32), browser="x", code="", now=clock()
            )
            assert spent is links.LinkState.CLOSED
        assert session.execute(sessions).scalar_one() == before
    assert allowed == limits.WRONG_TOKENS.at_once
    # The person clicks in the midst of it, from the same network.
    assert person.post(link).status_code == 303


def test_a_slowed_reply_says_when_to_come_back(client_as: ClientAs, clock: MovableClock) -> None:
    browser = client_as()
    replies = [browser.post("/sign-in", data={"email": f"n{n}@example.org"}) for n in range(80)]
    slowed = [reply for reply in replies if reply.status_code == 429]
    assert len(slowed) == 80 - limits.ASKING_FOR_LINKS.at_once
    wait = int(slowed[-1].headers["retry-after"])
    assert f"Wait {wait} second" in slowed[-1].text
    clock.move(seconds=wait)
    assert asked(browser, "again@example.org") == 200


def test_a_known_browser_is_not_slowed_by_others_on_its_network(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    person, others = client_as(), client_as()
    asked(person, MANAGER)
    person.post(newest_link(engine))
    person.post("/sign-out")
    clock.move(hours=1)
    assert {asked(others, f"n{n}@example.org") for n in range(80)} == {200, 429}
    assert asked(others, MANAGER) == 429
    assert asked(person, MANAGER) == 200
    assert person.post(newest_link(engine)).status_code == 303
    # The mark is for this address only, and has an allowance of its own.
    assert asked(person, "somebody.else@example.org") == 429
    person.post("/sign-out")
    assert [asked(person, MANAGER) for _ in range(7)][-1] == 429


def test_whoever_floods_an_address_gives_its_person_a_link_they_can_use(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    attacker, person = client_as(), client_as()
    for minute in range(180):
        asked(attacker, MANAGER)
        clock.move(minutes=1)
        if minute == 100:
            asked(person, MANAGER)
        if minute > 100:
            newest = mails_to(engine, MANAGER, "sign-in")[-1]
            found = re.search(r"/sign-in/\S+", newest)
            assert found is not None
            if person.post(found[0]).status_code == 303:
                break
    assert signed_in(person)
    assert minute - 100 <= 20


def test_two_people_have_two_allowances(session: Session, clock: MovableClock) -> None:
    small = limits.Allowance("of a test", 3, timedelta(seconds=10))
    assert [limits.draw(session, small, "one", clock()) for _ in range(5)] == [None, None, None, 10, 10]
    assert limits.draw(session, small, "two", clock()) is None
    clock.move(seconds=10)
    assert [limits.draw(session, small, "one", clock()) for _ in range(2)] == [None, 10]


def test_of_many_at_the_same_moment_only_the_allowed_get_through(engine: Engine, clock: MovableClock) -> None:
    small = limits.Allowance("at one moment", 5, timedelta(hours=1))

    def one(_number: int) -> bool:
        with Session(engine) as session:
            allowed = limits.draw(session, small, "all", clock()) is None
            session.commit()
            return allowed

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(40))) == 5


def test_what_is_whole_again_is_forgotten(session: Session, clock: MovableClock) -> None:
    limits.draw(session, limits.ASKING_FOR_LINKS, "network", clock())
    kept = select(func.count()).select_from(RateLimit)
    assert session.execute(kept).scalar_one() == 1
    limits.forget_whole(session, clock() + timedelta(seconds=3))
    assert session.execute(kept).scalar_one() == 0
    keys = session.execute(select(col(RateLimit.key))).scalars()
    assert not any("network" in key for key in keys)
