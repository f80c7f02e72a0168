"""Sessions: idle and absolute limits, one's own list, and what happens when rights change in mid-session."""

import re
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, select, update
from sqlmodel import Session, col

from app.core.access import Access, OrganisationRole, PartnershipRole, Work
from app.core.routes import ACCESS
from app.core.settings import settings
from app.people import cookies, presence
from app.people.models import LoginSession, Membership, PartnershipMember, User
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.people.steps import MANAGER, fingerprint, newest_link, signed_in

pytestmark = pytest.mark.access
PSO = "pso@partnership.example.org"


def opens(browser: TestClient) -> bool:
    return browser.get("/rounds").status_code == 200


# --- limits --------------------------------------------------------------------------------------


def test_an_idle_session_ends(client_as: ClientAs, clock: MovableClock) -> None:
    browser = client_as(PartnershipRole.PSO)
    clock.move(minutes=settings().session_idle_minutes - 1)
    assert opens(browser)
    clock.move(minutes=settings().session_idle_minutes)
    assert not opens(browser)


def test_reading_keeps_a_session_and_changes_no_row(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = client_as(PartnershipRole.PSO)
    before = fingerprint(engine)
    for _ in range(5):
        clock.move(minutes=50)
        assert opens(browser)
    assert fingerprint(engine) == before


def test_a_session_ends_in_any_case(client_as: ClientAs, clock: MovableClock) -> None:
    browser = client_as(PartnershipRole.PSO)
    for _ in range(settings().session_hours * 2 - 1):
        clock.move(minutes=30)
        assert opens(browser)
    clock.move(minutes=30)
    assert not opens(browser)


def test_a_change_is_noted_in_the_row_at_most_once_a_minute(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = client_as(PartnershipRole.PSO, email=PSO)

    def noted() -> object:
        with Session(engine) as session:
            newest = select(col(LoginSession.last_seen_at)).order_by(col(LoginSession.id).desc())
            return session.execute(newest).scalar()

    began = clock()
    for _ in range(3):
        clock.move(seconds=25)
        browser.post("/account/sessions/end-others")
    assert noted() == began + timedelta(seconds=75)
    clock.move(seconds=59)
    browser.post("/account/sessions/end-others")
    assert noted() == began + timedelta(seconds=75)


def test_a_note_that_is_altered_or_of_another_session_keeps_nobody(
    client_as: ClientAs, clock: MovableClock
) -> None:
    mine, theirs = client_as(PartnershipRole.PSO), client_as(PartnershipRole.PSO)
    clock.move(minutes=50)
    assert opens(theirs)
    note = theirs.cookies[cookies.seen_name()]
    clock.move(minutes=20)
    owner, seconds, mark = note.split(".")
    for forged in (
        note,
        f"{int(owner) - 1}.{seconds}.{mark}",
        f"{owner}.{int(seconds) + 999}.{mark}",
        "x",
        "..",
        "",
    ):
        mine.cookies.set(cookies.seen_name(), forged)
        assert not opens(mine)
    assert opens(theirs)


def test_a_note_without_a_signature_would_be_believed(
    client_as: ClientAs, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: when signatures are not looked at, a forged note keeps the session."""
    browser = client_as(PartnershipRole.PSO, email=PSO)
    page = browser.get("/account").text
    assert page
    monkeypatch.setattr(presence, "is_marked", lambda *_: True)
    clock.move(minutes=61)
    for session_id in range(1, 60):
        browser.cookies.set(cookies.seen_name(), f"{session_id}.{int(clock().timestamp())}.x")
        if opens(browser):
            return
    pytest.fail("the forged note was not believed")


def test_each_page_says_when_the_session_ends_and_offers_to_stay(
    client_as: ClientAs, clock: MovableClock
) -> None:
    browser = client_as(PartnershipRole.PSO)
    clock.move(minutes=5)
    page = browser.get("/rounds").text
    idle = settings().session_idle_minutes * 60
    assert f'data-session-seconds="{idle}"' in page
    assert f'data-session-last="{settings().session_hours * 3600 - 300}"' in page
    assert 'href="/account/stay" target="_blank"' in page
    assert "You stay signed in" in browser.get("/account/stay").text
    assert "data-session-seconds" not in client_as().get("/sign-in").text


def test_cookies_are_out_of_reach(client_as: ClientAs, clock: MovableClock) -> None:
    browser = client_as(PartnershipRole.PSO)
    clock.move(minutes=2)
    replies = [browser.get("/rounds"), client_as().post("/sign-in", data={"email": "n@example.org"})]
    jar = SimpleCookie()
    for reply in replies:
        for header in reply.headers.get_list("set-cookie"):
            jar.load(header)
    assert set(jar) == {cookies.seen_name(), cookies.asking_name()}
    for each in jar.values():
        assert each["httponly"]
        assert each["samesite"].lower() == "lax"
        assert each["path"] == "/"


def test_over_tls_every_cookie_is_bound_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "public_address", "https://eleven.example.org")
    for name in (
        cookies.cookie_name,
        cookies.seen_name,
        cookies.asking_name,
        cookies.known_name,
        cookies.provider_name,
    ):
        assert name().startswith("__Host-")


# --- one's own sessions --------------------------------------------------------------------------


def test_people_see_their_own_sessions_and_end_each(client_as: ClientAs) -> None:
    here, there = (client_as(PartnershipRole.PSO, email=PSO) for _ in range(2))
    stranger = client_as(PartnershipRole.ADMINISTRATOR)
    ends = re.findall(r"/account/sessions/(\d+)/end", here.get("/account").text)
    assert ends
    assert stranger.post(f"/account/sessions/{max(map(int, ends))}/end").status_code == 404
    assert signed_in(there)
    assert here.post(f"/account/sessions/{max(map(int, ends))}/end").status_code == 303
    assert not signed_in(there)
    assert signed_in(here)
    third = client_as(PartnershipRole.PSO, email=PSO)
    here.post("/account/sessions/end-others")
    assert not signed_in(third)
    assert signed_in(here)
    assert signed_in(stranger)


def test_signing_out_ends_the_session(client_as: ClientAs) -> None:
    browser = client_as(PartnershipRole.PSO)
    token = browser.cookies[cookies.cookie_name()]
    assert browser.post("/sign-out").status_code == 303
    thief = client_as()
    thief.cookies.set(cookies.cookie_name(), token)
    assert not signed_in(thief)


def test_signing_in_anew_ends_the_session_that_the_browser_had(
    client_as: ClientAs, work: Work, engine: Engine
) -> None:
    assert work.actor.user_id
    browser = client_as(PartnershipRole.PSO, email=PSO)
    before = browser.cookies[cookies.cookie_name()]
    browser.post("/sign-in", data={"email": MANAGER})
    browser.post(newest_link(engine))
    thief = client_as()
    thief.cookies.set(cookies.cookie_name(), before)
    assert not signed_in(thief)


# --- in mid-session ------------------------------------------------------------------------------


def refused_everywhere(browser: TestClient) -> list[str]:
    """Return the routes that still answer somebody who has no right left."""
    open_to_all = {Access.PUBLIC, Access.DEMO}
    answered = []
    for route in sorted(ACCESS):  # what is read first: signing out is among the rest
        if ACCESS[route] in open_to_all:
            continue
        method, path = route.split(" ", 1)
        reply = browser.request(method, re.sub(r"\{[^}]*\}", "1", path))
        if reply.status_code not in {303, 401} or not refused(reply.headers.get("location", "/sign-in")):
            answered.append(route)
    return answered


def refused(location: str) -> bool:
    return location.startswith("/sign-in")


def test_a_disabled_person_is_refused_on_the_very_next_request(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    browser = client_as(PartnershipRole.BOARD_MANAGER, email="leaver@partnership.example.org")
    assert opens(browser)
    with Session(engine) as session:
        leaver = col(User.email) == "leaver@partnership.example.org"
        session.execute(update(User).where(leaver).values(disabled_at=clock()))
        session.commit()
    assert refused_everywhere(browser) == []


def test_somebody_who_still_has_rights_is_answered(client_as: ClientAs) -> None:
    """The control: the same requests of a board manager are answered."""
    browser = client_as(PartnershipRole.BOARD_MANAGER)
    assert "GET /rounds" in refused_everywhere(browser)


def test_a_role_that_is_taken_counts_from_the_next_request(client_as: ClientAs, engine: Engine) -> None:
    address = "two-roles@partnership.example.org"
    browser = client_as(PartnershipRole.ADMINISTRATOR, PartnershipRole.PSO, email=address)
    assert browser.get("/rounds/new").status_code == 200
    with Session(engine) as session:
        user_id = session.execute(select(col(User.id)).where(col(User.email) == address)).scalar_one()
        session.execute(
            delete(PartnershipMember).where(
                col(PartnershipMember.user_id) == user_id,
                col(PartnershipMember.role) == PartnershipRole.ADMINISTRATOR,
            )
        )
        session.commit()
    for route, access in ACCESS.items():
        if access is Access.REGISTER:
            method, path = route.split(" ", 1)
            reply = browser.request(method, re.sub(r"\{[^}]*\}", "1", path))
            assert reply.status_code == 404, route
    assert opens(browser)


def test_a_colleague_who_is_removed_is_out_on_the_next_request(
    client_as: ClientAs, engine: Engine, work: Work
) -> None:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    browser = client_as(OrganisationRole.CONTRIBUTOR, organisation=place, email="helper@example.org")
    assert browser.get(f"/returns/{this.id}").status_code == 200
    with Session(engine) as session:
        user_id = session.execute(
            select(col(User.id)).where(col(User.email) == "helper@example.org")
        ).scalar_one()
        session.execute(delete(Membership).where(col(Membership.user_id) == user_id))
        session.commit()
    for route, access in ACCESS.items():
        if access in {Access.OWN_READ, Access.OWN_WRITE}:
            method, path = route.split(" ", 1)
            reply = browser.request(method, re.sub(r"\{[^}]*\}", str(this.id), path))
            assert reply.status_code == 404, route


def test_no_page_of_people_changes_a_row(client_as: ClientAs, engine: Engine, clock: MovableClock) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    with Session(engine) as session:
        user_id = session.execute(select(col(User.id)).limit(1)).scalar_one()
    before = fingerprint(engine)
    for path in ("/people", "/people?q=a", f"/people/{user_id}", "/hand-overs", "/account", "/account/stay"):
        clock.move(minutes=2)
        assert manager.get(path).status_code == 200, path
    assert fingerprint(engine) == before
