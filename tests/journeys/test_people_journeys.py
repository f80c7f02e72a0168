"""Signing in and looking after people in a real browser, each page looked at by an accessibility engine."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from app.core.access import PartnershipRole, Work
from app.core.settings import settings
from app.people import second_factor, service
from app.people.models import User
from app.people.queries import DEMO_DOMAIN, users_by_email
from tests import builders
from tests.conftest import MovableClock
from tests.journeys.conftest import NewVisitor, Visitor
from tests.people.provider import LocalProvider, local_provider
from tests.people.steps import code_of, mails_to, newest_link, secret_on, shown_code

pytestmark = [pytest.mark.journey, pytest.mark.access]
BOSS, LEAD = f"boss@{DEMO_DOMAIN}", f"lead@{DEMO_DOMAIN}"
LONG_NAME = "St Wilfrid's Roman Catholic Voluntary Academy and Nursery, Upper Thorngumbald-on-the-Water"


@pytest.fixture(autouse=True)
def _people(work: Work, clock: MovableClock) -> None:
    """Begin with a board manager who has no second factor, and a lead of two schools."""
    clock.move(hours=2)
    boss = service.ensure_users(work, [(BOSS, "Morgan Boss")])[BOSS]
    service.grant_partnership_role(work, user_id=boss, role=PartnershipRole.BOARD_MANAGER)
    second_factor.forget(work, boss)
    work.session.get_one(User, boss).disabled_at = None
    if LEAD not in users_by_email(work.session, [LEAD]):
        for name in ("Ashgrove Primary School", LONG_NAME):
            builders.contact(work, builders.organisation(work, name), LEAD, name="Rhiannon Lead")
    work.session.commit()


def by_link(visitor: Visitor, engine: Engine, address: str) -> None:
    """Ask for a link and open it in the same browser."""
    visitor.go("/sign-in")
    visitor.page.get_by_label("Your email address").fill(address)
    visitor.press("Send me a link")
    visitor.sees("Check your email")
    visitor.go(newest_link(engine, address))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_board_manager_sets_up_an_app_and_comes_in(
    visitor: NewVisitor, engine: Engine, clock: MovableClock, *, scripts: bool
) -> None:
    person = visitor(scripts=scripts)
    by_link(person, engine, BOSS)
    person.press("Continue")
    person.sees("Set up your second factor")
    if scripts:
        person.look("set up")
        box = person.page.locator("svg.qr-code").bounding_box()
        assert box is not None
        assert box["width"] > 200
    secret, _ = secret_on(person.page.content())
    person.page.get_by_label("Code from the app").fill("000000")
    person.press("Continue")
    person.sees("There is a problem")
    person.page.get_by_label("Code from the app").fill(code_of(secret, clock()))
    person.press("Continue")
    person.sees("Keep your recovery codes")
    if scripts:
        person.look("recovery codes")
    person.press("I have kept them")
    person.sees("What needs you now")
    person.press("Sign out")
    clock.move(minutes=2)
    by_link(person, engine, BOSS)
    person.press("Continue")
    person.sees("Enter the code from your app")
    if scripts:
        person.look("code")
    person.page.get_by_label("Code").fill(code_of(secret, clock()))
    person.press("Continue")
    person.sees("What needs you now")


def test_a_link_that_is_opened_on_a_telephone_asks_for_the_code(visitor: NewVisitor, engine: Engine) -> None:
    computer, telephone = visitor(), visitor()
    computer.go("/sign-in")
    computer.page.get_by_label("Your email address").fill(LEAD)
    computer.press("Send me a link")
    computer.sees("Check your email")
    computer.look("check your email")
    telephone.go(newest_link(engine, LEAD))
    telephone.look("code of the other browser")
    telephone.page.get_by_label("The code").fill(shown_code(computer.page.content()))
    telephone.press("Continue")
    telephone.sees("Your self-assessments")
    telephone.follow("Rhiannon Lead")
    telephone.sees("Where you are signed in")
    telephone.look("account")


def test_the_demos_outbox_leads_all_the_way(visitor: NewVisitor, engine: Engine) -> None:
    person = visitor()
    person.go("/sign-in")
    person.page.get_by_label("Your email address").fill(LEAD)
    person.press("Send me a link")
    person.follow("demo's outbox")
    person.follow("Your link to sign in")
    person.page.locator(".mail-body a").first.click()
    person.press("Continue")
    person.sees("Your self-assessments")
    assert mails_to(engine, LEAD)


def test_a_contact_hands_over_and_the_board_manager_confirms(visitor: NewVisitor) -> None:
    leaver = visitor("Rhiannon Lead")
    leaver.go("/account/hand-over")
    leaver.look("hand over")
    leaver.press("Tell the partnership")
    leaver.sees("Choose the organisation")
    leaver.look("hand over, refused")
    leaver.page.get_by_label(LONG_NAME).check()
    leaver.page.get_by_label("Their name").fill("Jo Successor")
    leaver.page.get_by_label("Their work email address").fill("jo.successor@example.org")
    leaver.press("Tell the partnership")
    leaver.sees("You have told us about")
    manager = visitor("Morgan Boss")
    manager.follow("People")
    manager.look("people")
    manager.follow("Changes of contact to confirm")
    manager.look("changes of contact")
    manager.press("Confirm: Jo Successor takes over")
    manager.sees("Decided lately")
    manager.look("changes of contact, decided")
    manager.go("/people?q=successor")
    manager.follow("Jo Successor")
    manager.sees(LONG_NAME)
    manager.look("person of an organisation")
    manager.go("/people")
    manager.follow("Morgan Boss")
    manager.go("/people?q=boss")
    manager.page.locator("main").get_by_role("link", name="Morgan Boss").first.click()
    manager.press("Switch access off")
    manager.look("person of the partnership")


def test_people_are_warned_before_they_are_signed_out_and_can_stay(
    visitor: NewVisitor, clock: MovableClock
) -> None:
    person = visitor()
    person.page.clock.install()
    person.sign_in("Rhiannon Lead")
    person.sees("Your self-assessments")
    idle = settings().session_idle_minutes
    warning = person.page.get_by_role("region", name="Your session")
    assert not warning.is_visible()
    clock.move(minutes=idle - 3)
    person.page.clock.run_for((idle - 3) * 60_000 + 10_000)
    person.sees("You will be signed out in about 2 minutes")
    person.look("warning")
    person.press("Stay signed in")
    warning.wait_for(state="detached")
    clock.move(minutes=idle - 5)
    person.go("/account")
    person.sees("Where you are signed in")
    clock.move(minutes=idle + 1)
    person.page.clock.run_for((idle + 1) * 60_000)
    person.sees("You have been signed out")
    assert not warning.get_by_role("button", name="Stay signed in").is_visible(), "nobody can stay any more"
    assert warning.get_by_role("link", name="Sign in again (opens in a new tab)").is_visible()


@pytest.fixture
def provider() -> Iterator[LocalProvider]:
    """A provider on this machine, and the settings that name it."""
    config = settings()
    with local_provider() as provider:
        config.partnership_sign_in = "oidc"
        config.oidc_discovery = f"{provider.address}/.well-known/openid-configuration"
        config.oidc_client_id, config.oidc_client_secret = "eleven", "of the provider"
        provider.person = {"email": BOSS, "email_verified": True}
        yield provider
    config.partnership_sign_in, config.oidc_discovery = "second_factor", ""
    config.oidc_client_id = config.oidc_client_secret = ""


@pytest.mark.parametrize("scripts", [True, False])
def test_the_browser_may_go_to_the_provider_and_back(
    visitor: NewVisitor, provider: LocalProvider, *, scripts: bool
) -> None:
    person = visitor(scripts=scripts)
    person.go("/sign-in?to=/people")
    person.follow("Sign in with your work account")
    if not scripts:
        person.press("Continue")
    person.sees("Who works for")
    assert person.page.url.endswith("/people"), "no code or state stays in the address"
    provider.person["email"] = "stranger@example.org"
    person.press("Sign out")
    person.go("/single-sign-on")
    if scripts:
        person.sees("You are not on the list")
        person.look("not on the list")
        person.go("/single-sign-on/callback?code=x")
        person.look("did not work")
