"""Signing in with the partnership's own provider, against a real one on this machine."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from app.core.access import OrganisationRole, Work
from app.core.settings import settings
from app.people import single_sign_on
from app.people.models import User
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.people.provider import LocalProvider, local_provider
from tests.people.steps import MANAGER, fingerprint, newest_link

pytestmark = pytest.mark.access


@pytest.fixture(scope="module")
def provider() -> Iterator[LocalProvider]:
    """The provider of this module, and the settings that name it."""
    config = settings()
    chosen = ("partnership_sign_in", "oidc_discovery", "oidc_client_id", "oidc_client_secret", "oidc_claim")
    before = {name: getattr(config, name) for name in chosen}
    with local_provider() as provider:
        config.partnership_sign_in = "oidc"
        config.oidc_discovery = f"{provider.address}/.well-known/openid-configuration"
        config.oidc_client_id, config.oidc_client_secret = "eleven", "of the provider"
        yield provider
    for name, value in before.items():
        setattr(config, name, value)


@pytest.fixture(autouse=True)
def _as_the_board_manager(provider: LocalProvider, work: Work, clock: MovableClock) -> None:
    assert work.actor.user_id
    clock.move(hours=2)
    settings().oidc_claim = "email"
    provider.person = {"email": MANAGER.upper(), "email_verified": True}
    provider.changed, provider.signed_by, provider.token_error = {}, "own", None


def sent_back(browser: TestClient, to: str = "/rounds") -> str:
    """Go to the provider and come back; return the address of the callback with its query."""
    away = browser.get(f"/single-sign-on?to={to}")
    assert away.status_code == 303
    back = httpx2.get(away.headers["location"]).headers["location"]
    return back.removeprefix(settings().public_address)


def answer_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def finish(browser: TestClient, back: str) -> int:
    """Press the button of the callback's page; return the status of the reply."""
    page = browser.get(back)
    if page.status_code != 200:
        return page.status_code
    return browser.post("/single-sign-on/callback", data=answer_of(page.text)).status_code


def test_a_known_person_signs_in_without_a_second_factor_of_ours(client_as: ClientAs) -> None:
    browser = client_as()
    assert "/single-sign-on" in browser.get("/sign-in").text
    back = browser.get(sent_back(browser))
    reply = browser.post("/single-sign-on/callback", data=answer_of(back.text))
    assert (reply.status_code, reply.headers["location"]) == (303, "/rounds")
    assert browser.get("/rounds").status_code == 200
    assert "second factor" not in browser.get("/account").text


def test_the_request_carries_state_nonce_and_challenge(client_as: ClientAs, provider: LocalProvider) -> None:
    location = client_as().get("/single-sign-on").headers["location"]
    query = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{provider.address}/authorize?")
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{settings().public_address}/single-sign-on/callback"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(query[name][0]) >= 32


def test_coming_back_changes_nothing_before_the_button(client_as: ClientAs, engine: Engine) -> None:
    browser = client_as()
    before = fingerprint(engine)
    page = browser.get(sent_back(browser))
    assert page.status_code == 200
    assert browser.get("/rounds").status_code == 303
    assert fingerprint(engine) == before


def test_the_provider_makes_nobody_a_person_of_the_partnership(
    client_as: ClientAs, engine: Engine, provider: LocalProvider
) -> None:
    provider.person["email"] = "stranger@example.org"
    with Session(engine) as session:
        before = session.execute(select(func.count()).select_from(User)).scalar_one()
    browser = client_as()
    page = browser.get(sent_back(browser))
    reply = browser.post("/single-sign-on/callback", data=answer_of(page.text))
    assert reply.status_code == 403
    assert "stranger@example.org" in reply.text
    with Session(engine) as session:
        assert session.execute(select(func.count()).select_from(User)).scalar_one() == before


def test_people_of_organisations_do_not_come_in_that_way(
    client_as: ClientAs, provider: LocalProvider, work: Work
) -> None:
    builders.contact(work, builders.organisation(work), "dsl@ashgrove.example.org")
    work.session.commit()
    provider.person["email"] = "dsl@ashgrove.example.org"
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 403


def test_a_disabled_person_does_not_come_in(client_as: ClientAs, work: Work, clock: MovableClock) -> None:
    user = work.session.get_one(User, work.actor.user_id)
    user.disabled_at = clock()
    work.session.commit()
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 403
    user.disabled_at = None
    work.session.commit()


LIES: dict[str, dict[str, object]] = {
    "another audience": {"aud": "somebody-else"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "too old": {"exp": 1_700_000_000},
    "address not verified": {"email_verified": False},
    "verified in words": {"email_verified": "true"},
    "no address": {"email": ""},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_proves_nothing_is_refused_with_a_page(
    client_as: ClientAs, provider: LocalProvider, lie: str
) -> None:
    provider.changed = LIES[lie]
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 400
    assert browser.get("/rounds").status_code == 303


def test_the_same_answer_without_a_lie_is_taken(client_as: ClientAs) -> None:
    """The control of the refusals above."""
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 303


@pytest.mark.parametrize("signed_by", ["stranger", "secret", "none"])
def test_only_the_providers_own_signature_counts(
    client_as: ClientAs, provider: LocalProvider, signed_by: str
) -> None:
    provider.signed_by = signed_by
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 400


@pytest.mark.parametrize(
    "stray",
    [
        "",
        "?code=x",
        "?code=x&state=y",
        "?error=access_denied",
        "?state=" + "x" * 5_000,
        "?code=%00&state=%00",
    ],
)
def test_a_stray_callback_gets_a_clear_page(client_as: ClientAs, stray: str) -> None:
    browser = client_as()
    reply = browser.get(f"/single-sign-on/callback{stray}")
    assert reply.status_code == 400
    assert "Signing in did not work" in reply.text
    # Somebody who has left, too.
    browser.get("/single-sign-on")
    assert finish(browser, f"/single-sign-on/callback{stray}") in {400, 422}


def test_an_answer_is_good_in_the_browser_that_left_only(client_as: ClientAs) -> None:
    person, thief = client_as(), client_as()
    back = sent_back(person)
    thief.get("/single-sign-on")
    assert finish(thief, back) == 400
    assert finish(client_as(), back) == 400


def test_an_answer_is_good_once_and_for_ten_minutes(client_as: ClientAs, clock: MovableClock) -> None:
    browser = client_as()
    back = sent_back(browser)
    assert finish(browser, back) == 303
    assert finish(browser, back) == 400
    late = client_as()
    back = sent_back(late)
    clock.move(minutes=11)
    assert finish(late, back) == 400


def test_an_error_of_the_provider_gets_a_clear_page(client_as: ClientAs, provider: LocalProvider) -> None:
    provider.token_error = "server_error"
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 400


def test_a_provider_that_does_not_answer_gets_a_clear_page(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "oidc_discovery", "http://127.0.0.1:9/")
    reply = client_as().get("/single-sign-on")
    assert reply.status_code == 502
    assert "Signing in did not work" in reply.text


def test_entra_is_told_apart_by_user_name(client_as: ClientAs, provider: LocalProvider) -> None:
    settings().oidc_claim = "preferred_username"
    provider.person = {"email": "liar@example.org", "preferred_username": MANAGER}
    browser = client_as()
    assert finish(browser, sent_back(browser)) == 303


def test_an_emailed_link_leads_people_of_the_partnership_to_the_provider(
    client_as: ClientAs, engine: Engine
) -> None:
    browser = client_as()
    browser.post("/sign-in", data={"email": MANAGER})
    assert browser.post(newest_link(engine)).status_code == 303
    assert browser.get("/rounds").status_code == 303
    assert "Sign in with your work account" in browser.get("/second-factor").text
    assert browser.post("/second-factor", data={"code": "123456"}).status_code == 422
    assert browser.post("/second-factor/set-up", data={"code": "123456"}).status_code == 303
    assert browser.get("/rounds").status_code == 303
    assert finish(browser, sent_back(browser)) == 303
    assert browser.get("/rounds").status_code == 200


def test_people_of_organisations_go_on_with_links(client_as: ClientAs, work: Work) -> None:
    place = builders.organisation(work)
    work.session.commit()
    assert client_as(OrganisationRole.LEAD, organisation=place).get("/").status_code == 200


def test_without_the_setting_the_door_is_not_there(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "partnership_sign_in", "second_factor")
    for path in ("/single-sign-on", "/single-sign-on/callback?code=x&state=y"):
        assert client_as().get(path).status_code == 404
    assert client_as().post("/single-sign-on/callback").status_code == 404
    assert "/single-sign-on" not in client_as().get("/sign-in").text


def test_nothing_secret_reaches_the_log(
    client_as: ClientAs, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.changed = {"nonce": "x"}
    browser = client_as()
    back = sent_back(browser)
    finish(browser, back)
    said = "\n".join(record.getMessage() for record in caplog.records if record.name == "eleven")
    assert "single sign-on" in said
    for secret in parse_qs(urlsplit(back).query)["state"] + [settings().oidc_client_secret]:
        assert secret not in said


def test_the_description_is_read_once_for_many(client_as: ClientAs, provider: LocalProvider) -> None:
    single_sign_on.provider(settings())._known.clear()
    provider.asked.clear()
    for _ in range(3):
        client_as().get("/single-sign-on")
    assert provider.asked == ["/.well-known/openid-configuration"]
