"""The second factor of the partnership's people: nothing without it, each code once, few tries."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, update
from sqlmodel import Session, col

from app.core.access import Access, PartnershipRole, Work
from app.core.routes import ACCESS
from app.people import guard, second_factor, service, totp
from app.people.models import LoginSession, RecoveryCode, SecondFactor
from tests.conftest import ClientAs, MovableClock
from tests.people.steps import MANAGER, code_of, fingerprint, mails_to, newest_link, secret_on, shown_code

pytestmark = pytest.mark.access


@pytest.fixture(autouse=True)
def _afresh(work: Work, clock: MovableClock) -> None:
    """Give each test a board manager who has no second factor yet."""
    clock.move(hours=2)
    second_factor.forget(work, work.actor.user_id)
    work.session.commit()


def arrived(client_as: ClientAs, engine: Engine) -> TestClient:
    """Return the board manager's browser after the emailed link."""
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER, "to": "/rounds"})
    browser.post(newest_link(engine))
    return browser


def set_up(browser: TestClient, clock: MovableClock) -> tuple[str, list[str]]:
    """Set the app up; return its secret and the recovery codes that were shown."""
    secret, sealed = secret_on(browser.get("/second-factor").text)
    done = browser.post("/second-factor/set-up", data={"sealed": sealed, "code": code_of(secret, clock())})
    assert done.status_code == 200
    return secret, re.findall(r"<code>([\w-]+)</code>", done.text)


def test_without_a_second_factor_no_route_does_anything(client_as: ClientAs, engine: Engine) -> None:
    browser = arrived(client_as, engine)
    before = fingerprint(engine)
    for route, access in ACCESS.items():
        if access in {Access.PUBLIC, Access.ON_THE_WAY_IN}:
            continue
        method, path = route.split(" ", 1)
        reply = browser.request(method, re.sub(r"\{[^}]*\}", "1", path))
        if access is Access.DEMO:
            assert reply.status_code == 404, route
        elif method == "GET":
            assert reply.status_code == 303, route
            assert reply.headers["location"].startswith("/second-factor"), route
        else:
            assert reply.status_code == 401, route
    assert fingerprint(engine) == before


def test_a_guard_that_forgot_the_second_factor_would_be_noticed(
    client_as: ClientAs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the roles left in place, the pages open."""
    browser = arrived(client_as, engine)
    monkeypatch.setattr(guard, "replace", lambda actor, **_: actor)
    assert browser.get("/rounds").status_code == 200


def test_setting_up_leads_in_and_shows_ten_codes_once(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = arrived(client_as, engine)
    assert browser.get("/rounds").headers["location"] == "/second-factor?to=%2Frounds"
    page = browser.get("/second-factor?to=/rounds").text
    assert '<svg viewBox="' in page
    assert "data:" not in page
    secret, codes = set_up(browser, clock)
    assert len(codes) == 10
    assert browser.get("/rounds").status_code == 200
    for path in ("/account", "/second-factor", "/rounds"):
        text = browser.get(path).text
        assert not any(code in text for code in codes)
        assert secret not in text


def test_looking_at_the_set_up_page_stores_nothing(client_as: ClientAs, engine: Engine) -> None:
    browser = arrived(client_as, engine)
    before = fingerprint(engine)
    assert browser.get("/second-factor").status_code == 200
    assert fingerprint(engine) == before


def test_neither_secret_nor_codes_stand_in_the_database(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    secret, codes = set_up(arrived(client_as, engine), clock)
    with Session(engine) as session:
        stored = session.execute(select(col(SecondFactor.sealed_secret))).scalars().all()
        marks = session.execute(select(col(RecoveryCode.code_mark))).scalars().all()
    assert len(marks) == 10
    assert not any(secret in text for text in stored)
    assert not any(code in mark or totp.plain_recovery_code(code) in mark for code in codes for mark in marks)


def test_a_wrong_first_code_keeps_the_same_picture(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = arrived(client_as, engine)
    secret, sealed = secret_on(browser.get("/second-factor").text)
    reply = browser.post("/second-factor/set-up", data={"sealed": sealed, "code": "000000"})
    assert reply.status_code == 422
    again, sealed = secret_on(reply.text)
    assert again == secret
    assert 'href="otpauth://totp/' in reply.text, "a telephone cannot scan the page that it shows itself"
    assert f"secret={secret}" in reply.text
    done = browser.post("/second-factor/set-up", data={"sealed": sealed, "code": code_of(secret, clock())})
    assert done.status_code == 200


def test_a_secret_is_good_for_its_own_person_and_for_an_hour(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    other = client_as(PartnershipRole.PSO, email="pso@partnership.example.org", second_factor=False)
    secret, sealed = secret_on(other.get("/second-factor").text)
    browser = arrived(client_as, engine)
    for form in ({"sealed": sealed}, {"sealed": "made up"}, {}):
        reply = browser.post("/second-factor/set-up", data={**form, "code": code_of(secret, clock())})
        assert reply.status_code == 422
    secret, sealed = secret_on(browser.get("/second-factor").text)
    for _ in range(2):
        clock.move(minutes=40)
        browser.get("/second-factor")
    reply = browser.post("/second-factor/set-up", data={"sealed": sealed, "code": code_of(secret, clock())})
    assert reply.status_code == 422


def test_a_second_app_cannot_be_set_up_beside_the_first(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    late = arrived(client_as, engine)
    secret, sealed = secret_on(late.get("/second-factor").text)
    set_up(arrived(client_as, engine), clock)
    reply = late.post("/second-factor/set-up", data={"sealed": sealed, "code": code_of(secret, clock())})
    assert reply.status_code == 422
    assert late.get("/rounds").status_code == 303


def test_the_next_sign_in_asks_for_the_code_and_takes_it_once(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    secret, _ = set_up(arrived(client_as, engine), clock)
    clock.move(minutes=5)
    first, second = arrived(client_as, engine), arrived(client_as, engine)
    assert "Enter the code from your app" in first.get("/second-factor").text
    code = code_of(secret, clock())
    cookie = first.cookies["eleven"]
    reply = first.post("/second-factor", data={"code": f"{code[:3]} {code[3:]}", "to": "/rounds"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/rounds")
    assert first.get("/rounds").status_code == 200
    assert first.cookies["eleven"] != cookie
    assert second.post("/second-factor", data={"code": code}).status_code == 422
    assert second.get("/rounds").status_code == 303


def test_of_eight_who_use_one_code_one_gets_in(
    client_as: ClientAs, engine: Engine, clock: MovableClock, work: Work
) -> None:
    secret, codes = set_up(arrived(client_as, engine), clock)
    clock.move(minutes=5)

    def spend(typed: str) -> bool:
        with Session(engine) as session:
            spent = second_factor.spend_code(session, work.actor.user_id, typed, clock())
            session.commit()
            return spent is not None

    for typed in (code_of(secret, clock()), codes[0]):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(spend, [typed] * 8)) == 1


def test_a_step_that_is_not_stored_would_let_a_code_in_twice(
    client_as: ClientAs, engine: Engine, clock: MovableClock, work: Work
) -> None:
    """The control: when the last step is forgotten, the same code works again."""
    secret, _ = set_up(arrived(client_as, engine), clock)
    clock.move(minutes=5)
    for _ in range(2):
        with Session(engine) as session:
            session.execute(update(SecondFactor).values(last_step=0))
            code = code_of(secret, clock())
            assert second_factor.spend_code(session, work.actor.user_id, code, clock()) == "app"
            session.commit()


def test_a_recovery_code_lets_in_once(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    _, codes = set_up(arrived(client_as, engine), clock)
    browser = arrived(client_as, engine)
    assert browser.post("/second-factor", data={"code": codes[3].upper()}).status_code == 303
    assert "You have 9 recovery codes left" in browser.get("/account").text
    again = arrived(client_as, engine)
    assert again.post("/second-factor", data={"code": codes[3]}).status_code == 422


def test_five_wrong_codes_end_the_session_and_are_told(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    secret, _ = set_up(arrived(client_as, engine), clock)
    clock.move(minutes=5)
    thief, person = arrived(client_as, engine), arrived(client_as, engine)
    before = len(mails_to(engine, MANAGER, "wrong-codes"))
    guesses = [f"{(int(code_of(secret, clock())) + step) % 1_000_000:06d}" for step in range(10, 15)]
    statuses = [thief.post("/second-factor", data={"code": guess}).status_code for guess in guesses]
    assert statuses == [422, 422, 422, 422, 429]
    assert thief.post("/second-factor", data={"code": code_of(secret, clock())}).status_code == 401
    assert len(mails_to(engine, MANAGER, "wrong-codes")) == before + 1
    # Nobody else's tries count against the person.
    assert person.post("/second-factor", data={"code": code_of(secret, clock())}).status_code == 303


def test_tries_that_are_not_counted_would_go_on(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    """The control: with the count set back after each try, the sixth is still looked at."""
    set_up(arrived(client_as, engine), clock)
    clock.move(minutes=5)
    thief = arrived(client_as, engine)
    for _ in range(7):
        assert thief.post("/second-factor", data={"code": "12345x"}).status_code == 422
        with Session(engine) as session:
            session.execute(update(LoginSession).values(factor_tries=0))
            session.commit()


def test_new_recovery_codes_cost_a_code_and_end_the_old_ones(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = arrived(client_as, engine)
    secret, old = set_up(browser, clock)
    clock.move(minutes=1)
    assert browser.post("/account/recovery-codes", data={"code": "000000"}).status_code == 422
    reply = browser.post("/account/recovery-codes", data={"code": code_of(secret, clock())})
    new = re.findall(r"<code>([\w-]+)</code>", reply.text)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert arrived(client_as, engine).post("/second-factor", data={"code": old[0]}).status_code == 422
    assert arrived(client_as, engine).post("/second-factor", data={"code": new[0]}).status_code == 303


def test_moving_to_another_telephone_signs_out_everywhere(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = arrived(client_as, engine)
    secret, _ = set_up(browser, clock)
    elsewhere = client_as(PartnershipRole.BOARD_MANAGER, email=MANAGER)
    clock.move(minutes=1)
    reply = browser.post("/account/second-factor/remove", data={"code": code_of(secret, clock())})
    assert reply.status_code == 303
    for each in (browser, elsewhere):
        assert each.get("/rounds").headers["location"].startswith("/sign-in")
    fresh, _ = set_up(arrived(client_as, engine), clock)
    assert fresh != secret


def test_the_code_of_the_mail_is_not_the_second_factor(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    code = shown_code(browser.post("/sign-in", data={"email": MANAGER}).text)
    browser.post(newest_link(engine))
    browser.post("/second-factor", data={"code": code})
    assert browser.get("/rounds").status_code == 303


def test_a_role_that_comes_in_mid_session_brings_the_second_factor(client_as: ClientAs, work: Work) -> None:
    person = client_as(email="newcomer@example.org", second_factor=False)
    assert person.get("/account").status_code == 200
    user_id = service.ensure_users(work, [("newcomer@example.org", "New")])["newcomer@example.org"]
    service.grant_partnership_role(work, user_id=user_id, role=PartnershipRole.PSO)
    work.session.commit()
    assert person.get("/account").headers["location"].startswith("/second-factor")
