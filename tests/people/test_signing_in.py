"""Signing in by an emailed link: spent once, by a click, where it was asked for or with the code."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update
from sqlmodel import Session, col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.settings import settings
from app.people import links
from app.people.models import LoginSession, SignInLink, User
from app.people.rules import token_hash
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.people.steps import MANAGER, fingerprint, mails_to, newest_link, shown_code, signed_in

pytestmark = pytest.mark.access


@pytest.fixture(autouse=True)
def _two_hours_later(work: Work, clock: MovableClock) -> None:
    """Give each test a board manager, and an allowance of mails of its own."""
    assert work.actor.user_id
    clock.move(hours=2)


def test_a_link_signs_in_once(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER.upper(), "to": "/rounds"})
    link = newest_link(engine)
    used = browser.post(link)
    assert (used.status_code, used.headers["location"]) == (303, "/rounds")
    assert signed_in(browser)
    assert browser.post(link).status_code == 410
    assert client_as().post(link).status_code == 410


def test_somebody_of_an_organisation_needs_no_second_factor(
    client_as: ClientAs, engine: Engine, work: Work
) -> None:
    place = builders.organisation(work)
    builders.contact(work, place, "dsl@ashgrove.example.org")
    work.session.commit()
    browser = client_as()
    browser.post("/sign-in", data={"email": "dsl@ashgrove.example.org"})
    browser.post(newest_link(engine, "dsl@ashgrove.example.org"))
    assert browser.get("/").status_code == 200


# --- scanners ------------------------------------------------------------------------------------


def scanner_without_scripts(scanner: TestClient, link: str) -> None:
    for look in (scanner.head, scanner.get, scanner.get):
        assert "set-cookie" not in look(link).headers


def scanner_with_scripts(scanner: TestClient, link: str) -> None:
    """Fetch the page and submit its form just as it stands, again and again."""
    page = scanner.get(link).text
    action = re.search(r'<form action="([^"]+)" method="post"', page)
    assert action is not None
    for _ in range(3):
        scanner.post(action[1], data={"code": ""})
        scanner.post(action[1])


@pytest.mark.parametrize("scan", [scanner_without_scripts, scanner_with_scripts])
def test_a_mail_scanner_does_not_spend_a_link(
    client_as: ClientAs, engine: Engine, scan: Callable[[TestClient, str], None]
) -> None:
    browser, scanner = client_as(), client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    link = newest_link(engine)
    before = fingerprint(engine)
    scan(scanner, link)
    assert fingerprint(engine, but=["rate_limit"]) == {k: v for k, v in before.items() if k != "rate_limit"}
    assert not signed_in(scanner)
    assert browser.post(link).status_code == 303


def test_the_scanner_would_spend_a_link_that_is_bound_to_no_browser(
    client_as: ClientAs, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the browser's mark taken away, the scanner with scripts gets in."""
    browser, scanner = client_as(), client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    monkeypatch.setattr(links, "link_state", lambda *_args, **_more: links.LinkState.OPEN)
    scanner_with_scripts(scanner, newest_link(engine))
    assert signed_in(scanner)


# --- in another browser --------------------------------------------------------------------------


def test_another_browser_needs_the_code(client_as: ClientAs, engine: Engine) -> None:
    computer, telephone = client_as(), client_as()
    code = shown_code(computer.post("/sign-in", data={"email": MANAGER, "to": "/rounds"}).text)
    link = newest_link(engine)
    assert "six digits" in telephone.get(link).text
    wrong = telephone.post(link, data={"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422
    assert "Enter the six digits that are shown where you asked" in wrong.text
    used = telephone.post(link, data={"code": f"{code[:3]} {code[3:]}"})
    assert (used.status_code, used.headers["location"]) == (303, "/rounds")
    assert signed_in(telephone)
    assert not signed_in(computer)


def test_guessing_the_code_closes_the_link_for_others_only(client_as: ClientAs, engine: Engine) -> None:
    browser, thief = client_as(), client_as()
    code = shown_code(browser.post("/sign-in", data={"email": MANAGER}).text)
    link = newest_link(engine)
    guesses = [f"{(int(code) + step) % 1_000_000:06d}" for step in range(1, 6)]
    statuses = [thief.post(link, data={"code": guess}).status_code for guess in guesses]
    assert statuses == [422, 422, 422, 422, 410]
    assert thief.post(link, data={"code": code}).status_code == 410
    assert browser.post(link).status_code == 303


def test_a_code_fits_its_own_person_only(client_as: ClientAs, engine: Engine, work: Work) -> None:
    builders.contact(work, builders.organisation(work), "other@ashgrove.example.org")
    work.session.commit()
    mine, theirs, third = client_as(), client_as(), client_as()
    mine.post("/sign-in", data={"email": MANAGER})
    code = shown_code(theirs.post("/sign-in", data={"email": "other@ashgrove.example.org"}).text)
    assert third.post(newest_link(engine), data={"code": code}).status_code == 422


def test_a_link_that_another_browser_caused_works_where_the_person_asked(
    client_as: ClientAs, engine: Engine
) -> None:
    stranger, person = client_as(), client_as()
    for _ in range(10):
        stranger.post("/sign-in", data={"email": MANAGER})
    person.post("/sign-in", data={"email": MANAGER, "to": "/people"})
    used = person.post(newest_link_of_now(engine))
    assert (used.status_code, used.headers["location"]) == (303, "/people")


def newest_link_of_now(engine: Engine) -> str:
    found = re.search(r"/sign-in/[\w-]+", mails_to(engine, MANAGER, "sign-in")[-2])
    assert found is not None
    return found[0]


# --- claims --------------------------------------------------------------------------------------


def claimants(engine: Engine, claim: Callable[[Session], object]) -> int:
    def one(_number: int) -> bool:
        with Session(engine) as session:
            spent = claim(session)
            session.commit()
            return bool(spent)

    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(one, range(8)))


def test_eight_claimants_get_one_session(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    asked = client_as().post("/sign-in", data={"email": MANAGER})
    token, code = newest_link(engine).rsplit("/", 1)[1], shown_code(asked.text)
    with Session(engine) as session:
        session.execute(update(SignInLink).values(tries=-8))
        session.commit()

    def claim(session: Session) -> bool:
        spent = links.spend_link(session, token=token, browser="another", code=code, now=clock())
        return isinstance(spent, links.Spent)

    assert claimants(engine, claim) == 1


def test_claimants_who_read_before_they_write_would_all_win(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    """The control: looking first and then marking the link as spent lets several of eight in."""
    client_as().post("/sign-in", data={"email": MANAGER})
    token = newest_link(engine).rsplit("/", 1)[1]
    together = Barrier(8)

    def claim(session: Session) -> bool:
        link = session.execute(
            select(SignInLink).where(col(SignInLink.token_hash) == token_hash(token))
        ).scalar_one()
        is_open = link.spent_at is None
        together.wait(10)
        link.spent_at = clock()
        return is_open

    assert claimants(engine, claim) > 1


def test_a_link_ends_after_ten_minutes(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    clock.move(minutes=10)
    reply = browser.post(newest_link(engine))
    assert reply.status_code == 410
    assert "Get a new link" in reply.text


def altered(link: str) -> str:
    return link[:-1] + ("A" if link[-1] != "A" else "B")


def test_a_link_that_a_newer_one_replaced_signs_nobody_in(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    codes = [shown_code(browser.post("/sign-in", data={"email": MANAGER}).text)]
    older = newest_link(engine)
    codes.append(shown_code(browser.post("/sign-in", data={"email": MANAGER}).text))
    newer = newest_link(engine)
    assert newer != older
    assert browser.post(newer).status_code == 303
    browser.post("/sign-out")
    for claimant in (browser, client_as()):
        assert "Get a new link" in claimant.get(older).text
        for code in ("", *codes):
            assert claimant.post(older, data={"code": code}).status_code in {410, 422}
        assert not signed_in(claimant)


def test_altered_and_made_up_links_lead_to_a_new_one(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    for link in (altered(newest_link(engine)), "/sign-in/made-up", "/sign-in/" + "x" * 3_000):
        for reply in (browser.get(link), browser.post(link)):
            assert reply.status_code == 410
            assert "Get a new link" in reply.text


def test_a_disabled_persons_link_is_closed(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    set_disabled(engine, MANAGER, clock())
    assert browser.post(newest_link(engine)).status_code == 410
    set_disabled(engine, MANAGER, None)


def set_disabled(engine: Engine, address: str, moment: datetime | None) -> None:
    with Session(engine) as session:
        session.execute(update(User).where(col(User.email) == address).values(disabled_at=moment))
        session.commit()


# --- what strangers learn ------------------------------------------------------------------------


def told(browser: TestClient, address: str) -> tuple[int, str, dict[str, str]]:
    reply = browser.post("/sign-in", data={"email": address})
    return reply.status_code, reply.text, {k: v for k, v in reply.headers.items() if k != "date"}


def test_known_unknown_and_disabled_addresses_read_the_same(
    client_as: ClientAs, engine: Engine, clock: MovableClock, work: Work
) -> None:
    builders.contact(work, builders.organisation(work), "left@ashgrove.example.org")
    work.session.commit()
    set_disabled(engine, "left@ashgrove.example.org", clock())
    browser = client_as()
    browser.post("/sign-in", data={"email": "somebody@example.org"})
    before = len(mails_to(engine, "left@ashgrove.example.org"))
    replies = [
        told(browser, address) for address in (MANAGER, "nobody@example.org", "left@ashgrove.example.org")
    ]
    assert replies[0] == replies[1] == replies[2]
    assert len(mails_to(engine, "left@ashgrove.example.org")) == before


def test_a_page_that_named_the_address_would_be_noticed(client_as: ClientAs) -> None:
    """The control: two replies that differ in one word are not equal."""
    browser = client_as()
    browser.post("/sign-in", data={"email": "somebody@example.org"})
    status, body, headers = told(browser, MANAGER)
    assert (status, body.replace("If that address", "That address"), headers) != told(
        browser, "nobody@example.org"
    )


def test_a_bad_address_is_answered_with_how_to_mend_it(client_as: ClientAs) -> None:
    reply = client_as().post("/sign-in", data={"email": "not an address"})
    assert reply.status_code == 422
    assert "like name@example.org" in reply.text
    assert 'value="not an address"' in reply.text


@pytest.mark.parametrize(
    "target",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"],
)
def test_a_sign_in_leads_to_this_site_only(client_as: ClientAs, engine: Engine, target: str) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER, "to": target})
    assert browser.post(newest_link(engine)).headers["location"] == "/"


def test_only_hashes_of_tokens_are_stored(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as(PartnershipRole.PSO)
    secrets = set(browser.cookies.values())
    with Session(engine) as session:
        stored = set(session.execute(select(col(LoginSession.token_hash))).scalars())
        assert session.execute(select(func.count()).select_from(LoginSession)).scalar_one() == len(stored)
    assert not secrets & stored
    assert {token_hash(secret) for secret in secrets} <= stored


# --- invitations ---------------------------------------------------------------------------------


def test_an_invitation_signs_nobody_in_and_mails_a_link(
    client_as: ClientAs, engine: Engine, work: Work, clock: MovableClock
) -> None:
    place = builders.organisation(work, "Birch School")
    user_id = builders.contact(work, place, "dsl@birch.example.org")
    work.session.commit()
    link = links.invitation_link(settings(), user_id=user_id, to="/returns/7", now=clock())
    path = link.removeprefix(settings().public_address)
    clock.move(days=21)
    browser = client_as()
    before = fingerprint(engine)
    shown = browser.get(path)
    assert shown.status_code == 200
    assert "d•••@birch.example.org" in shown.text
    assert "dsl@birch" not in shown.text
    assert fingerprint(engine) == before
    assert not signed_in(browser)
    browser.post(path.split("?", 1)[0], data={"to": "/returns/7"})
    assert not signed_in(browser)
    used = browser.post(newest_link(engine, "dsl@birch.example.org"))
    assert (used.status_code, used.headers["location"]) == (303, "/returns/7")


def test_an_invitation_of_a_round_leads_to_its_return(
    client_as: ClientAs, engine: Engine, work: Work
) -> None:
    place = builders.organisation(work, "Cedar School")
    builders.contact(work, place, "dsl@cedar.example.org")
    round_id = builders.open_round(work, [place])
    return_id = builders.return_of(work, round_id, place).id
    work.session.commit()
    found = re.search(r"/invitation/\S+", mails_to(engine, "dsl@cedar.example.org")[-1])
    assert found is not None
    browser = client_as()
    page = browser.get(found[0]).text
    assert f'name="to" value="/returns/{return_id}"' in page
    browser.post(found[0].split("?", 1)[0], data={"to": f"/returns/{return_id}"})
    browser.post(newest_link(engine, "dsl@cedar.example.org"))
    assert browser.get(f"/returns/{return_id}").status_code == 200


def test_old_altered_and_disabled_invitations_offer_another_way(
    client_as: ClientAs, engine: Engine, work: Work, clock: MovableClock
) -> None:
    place = builders.organisation(work, "Elder School")
    user_id = builders.contact(work, place, "dsl@elder.example.org")
    work.session.commit()
    token = links.invitation_link(settings(), user_id=user_id, to="/", now=clock()).split("/invitation/")[1][
        :-5
    ]
    assert client_as().get(f"/invitation/{token}").status_code == 200
    other = str(user_id + 1) + token[token.index(".") :]
    for bad in (altered(token), other, "1.2.3", "x"):
        for reply in (client_as().get(f"/invitation/{bad}"), client_as().post(f"/invitation/{bad}")):
            assert reply.status_code == 410
            assert "enter your email address" in reply.text
    set_disabled(engine, "dsl@elder.example.org", clock())
    assert client_as().get(f"/invitation/{token}").status_code == 410
    set_disabled(engine, "dsl@elder.example.org", None)
    clock.move(days=settings().invitation_days + 1)
    assert client_as().get(f"/invitation/{token}").status_code == 410


def test_somebody_of_two_organisations_sees_both(client_as: ClientAs, work: Work) -> None:
    places = [builders.organisation(work, name) for name in ("North School", "South School")]
    for place in places:
        builders.contact(work, place, "trust@example.org", role="trust_safeguarding_lead")
    builders.open_round(work, places)
    work.session.commit()
    person = client_as(OrganisationRole.LEAD, organisation=places[0], email="trust@example.org")
    home = person.get("/").text
    assert "North School" in home
    assert "South School" in home
    account = person.get("/account").text
    assert "North School" in account
    assert "South School" in account


def test_an_empty_address_is_asked_for_and_a_wrong_one_explained(client_as: ClientAs) -> None:
    browser = client_as()
    assert "Enter your email address" in browser.post("/sign-in", data={"email": " ", "to": "/"}).text
    wrong = browser.post("/sign-in", data={"email": "somebody at school", "to": "/"}).text
    assert "in the correct form, like name@example.org" in wrong
