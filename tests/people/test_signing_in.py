"""Signing in by an emailed link."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select, update
from sqlmodel import Session, col

from app.core.access import PartnershipRole, Work
from app.core.models import OutboxMessage
from app.core.settings import settings
from app.people import service
from app.people.models import LoginSession, User
from app.people.rules import token_hash
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access
ADDRESS = "manager@partnership.example.org"


def mails_to(engine: Engine, address: str) -> list[str]:
    with Session(engine) as session:
        return list(
            session.execute(
                select(col(OutboxMessage.body))
                .where(col(OutboxMessage.recipient) == address)
                .order_by(col(OutboxMessage.id))
            ).scalars()
        )


def newest_link(engine: Engine, address: str = ADDRESS) -> str:
    found = re.search(r"/sign-in/[\w-]+", mails_to(engine, address)[-1])
    assert found is not None
    return found[0]


@pytest.fixture(autouse=True)
def _an_hour_later(work: Work, clock: MovableClock) -> None:  # noqa: ARG001 - there is a manager, then
    clock.move(hours=2)


def test_a_link_signs_in_once(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": ADDRESS.upper(), "to": "/rounds"})
    link = newest_link(engine)
    used = browser.post(link)
    assert (used.status_code, used.headers["location"]) == (303, "/rounds")
    assert browser.get("/rounds").status_code == 200
    assert client_as().post(link).status_code == 410


def test_looking_at_a_link_does_not_spend_it(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": ADDRESS})
    link = newest_link(engine)
    for look in (browser.head, browser.get, browser.get):
        assert "set-cookie" not in look(link).headers
    assert browser.post(link).status_code == 303


def test_eight_claimants_get_one_session(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    client_as().post("/sign-in", data={"email": ADDRESS})
    token = newest_link(engine).rsplit("/", 1)[1]

    def claim(_number: int) -> bool:
        with Session(engine) as session:
            spent = service.spend_link(session, settings(), token=token, now=clock())
            session.commit()
            return spent is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 1


def test_a_link_ends_after_ten_minutes(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": ADDRESS})
    clock.move(minutes=10)
    reply = browser.post(newest_link(engine))
    assert reply.status_code == 410
    assert "Get a new link" in reply.text


def test_known_and_unknown_addresses_read_the_same(client_as: ClientAs) -> None:
    browser = client_as()
    known = browser.post("/sign-in", data={"email": ADDRESS})
    unknown = browser.post("/sign-in", data={"email": "nobody@example.org"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert {k: v for k, v in known.headers.items() if k != "date"} == {
        k: v for k, v in unknown.headers.items() if k != "date"
    }


def test_at_most_five_mails_an_hour(client_as: ClientAs, engine: Engine) -> None:
    before = len(mails_to(engine, ADDRESS))
    browser = client_as()
    for _ in range(12):
        browser.post("/sign-in", data={"email": ADDRESS})
    assert len(mails_to(engine, ADDRESS)) - before == 5


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
    browser.post("/sign-in", data={"email": ADDRESS, "to": target})
    assert browser.post(newest_link(engine)).headers["location"] == "/"


def test_a_disabled_person_is_out_on_the_next_request(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = client_as(PartnershipRole.PSO, email="pso@partnership.example.org")
    assert browser.get("/").status_code == 200
    with Session(engine) as session:
        session.execute(
            update(User).where(col(User.email) == "pso@partnership.example.org").values(disabled_at=clock())
        )
        session.commit()
    assert browser.get("/").status_code == 303


def test_signing_out_ends_the_session(client_as: ClientAs) -> None:
    browser = client_as(PartnershipRole.PSO)
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/").status_code == 303


def test_a_session_ends_by_itself(client_as: ClientAs, clock: MovableClock) -> None:
    browser: TestClient = client_as(PartnershipRole.PSO)
    clock.move(hours=settings().session_hours)
    assert browser.get("/").status_code == 303


def test_only_hashes_of_tokens_are_stored(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as(PartnershipRole.PSO)
    secrets = set(browser.cookies.values())
    with Session(engine) as session:
        stored = set(session.execute(select(col(LoginSession.token_hash))).scalars())
        assert session.execute(select(func.count()).select_from(LoginSession)).scalar_one() == len(stored)
    assert not secrets & stored
    assert {token_hash(secret) for secret in secrets} <= stored
