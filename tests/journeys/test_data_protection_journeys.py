"""Seeing what is held, downloading it and erasing somebody, in a real browser."""

import json

import pytest

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people import service
from app.people.models import User
from app.people.queries import DEMO_DOMAIN
from tests import builders
from tests.journeys.conftest import NewVisitor

pytestmark = [pytest.mark.journey, pytest.mark.access]
BOSS, LEAD = f"boss@{DEMO_DOMAIN}", f"lead@{DEMO_DOMAIN}"


@pytest.fixture(autouse=True)
def _people(work: Work) -> None:
    """Begin with a board manager, and a school with two leads of whom one has signed its return."""
    boss = service.ensure_users(work, [(BOSS, "Morgan Boss")])[BOSS]
    service.grant_partnership_role(work, user_id=boss, role=PartnershipRole.BOARD_MANAGER)
    work.session.get_one(User, boss).disabled_at = None
    place = builders.organisation(work, "Ashgrove Primary School")
    builders.contact(work, place, LEAD, name="Rhiannon Lead")
    builders.contact(work, place, f"leaver-{place}@ashgrove.example.org", name=f"Lee {place} Leaver")
    version = builders.published(work) if place == 1 else 1
    round_id = builders.open_round(work, [place], version_id=version)
    builders.as_person(
        work, place, OrganisationRole.SIGNATORY, address=f"leaver-{place}@ashgrove.example.org"
    )
    builders.signed_return(work, round_id, place)
    work.session.commit()


def test_somebody_sees_and_downloads_what_is_held_about_them(visitor: NewVisitor) -> None:
    person = visitor("Rhiannon Lead")
    person.go("/privacy")
    person.look("privacy notice")
    person.go("/account")
    person.follow("See what Eleven holds about you")
    person.sees("Where you are a contact")
    person.look("own data")
    with person.page.expect_download() as waiting:
        person.press("Download all of it (JSON)")
    assert json.loads(waiting.value.path().read_text("utf-8"))["about"]["email"] == LEAD


@pytest.mark.parametrize("scripts", [True, False])
def test_a_board_manager_shows_and_erases(visitor: NewVisitor, *, scripts: bool) -> None:
    manager = visitor("Morgan Boss", scripts=scripts)
    manager.go("/people?q=leaver-")
    manager.page.locator("main").get_by_role("link", name="Leaver").last.click()
    if scripts:
        manager.look("person")
    person = manager.page.url
    manager.press("Show what Eleven holds")
    manager.sees("Where you are a contact")
    if scripts:
        manager.look("somebody's data")
    manager.page.goto(person)
    manager.follow("Erase")
    manager.sees("What stays, and why")
    if scripts:
        manager.look("erase")
    manager.page.locator("main form button").click()
    manager.sees("Nobody was erased")
    if scripts:
        manager.look("erase, refused")
    manager.page.get_by_label("Yes, erase them").check()
    manager.page.locator("main form button").click()
    manager.sees("Former colleague")
    if scripts:
        manager.look("erased")
