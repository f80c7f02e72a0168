"""Thousands of made-up requests as each role: no fault of ours, no stack trace (QUALITY 25)."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from sqlalchemy import text

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.people.cookies import cookie_name, seen_name
from tests import builders
from tests.conftest import ORIGIN, ClientAs
from tests.faults.scale import figures, times
from tests.hostile.made_up import Request, coded, faults_of, requests

pytestmark = pytest.mark.faults

# 2,000 in all in the short form, 20,000 in the long one.
IN_ALL = int(os.environ.get("ELEVEN_REQUESTS") or times(2_000, 20_000))
ROLES: dict[str, tuple[PartnershipRole | OrganisationRole, ...]] = {
    "stranger": (),
    **{role.value: (role,) for role in (*PartnershipRole, *OrganisationRole)},
    "on the way in": (PartnershipRole.PSO,),
}
EACH = -(-IN_ALL // (len(ROLES) + 2))
# So many find a fault that is planted behind most pages.
PLANTED = 167


@dataclass(frozen=True)
class World:
    """The ids that really are there, by the name of the part of an address."""

    real: dict[str, tuple[str, ...]]
    school: int


@pytest.fixture
def world(work: Work) -> World:
    newest = work.session.execute(text("SELECT max(id) FROM questionnaire_version")).scalar_one()
    school = builders.organisation(work, "Ashgrove")
    round_id = builders.open_round(work, [school], version_id=newest)
    head = builders.return_of(work, round_id, school)
    contact = builders.contact(work, school, f"c{school}@example.org")
    work.session.commit()
    real = {
        "return_id": (str(head.id),),
        "round_id": (str(round_id),),
        "organisation_id": (str(school),),
        "user_id": (str(contact),),
        "domain": ("leadership-and-governance", "closing"),
        "standard": ("board-lead", "dsl-cover"),
        "key": ("section-175",),
        "token": ("x" * 43,),
    }
    ones = ("contact_id", "import_id", "hand_over_id", "session_id", "message_id", "version")
    return World({**real, **dict.fromkeys(ones, ("1",))}, school)


def each_of(strategy: st.SearchStrategy[Any], count: int, check: Callable[[Any], None]) -> None:
    """Let hypothesis make up cases, the same ones at each run."""
    how = settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    how(given(strategy)(check))()


@pytest.fixture
def browse(app: FastAPI, client_as: ClientAs, world: World) -> Callable[[str], TestClient]:
    """Return a signed-in browser of a role that sees faults as people do."""

    def build(role: str) -> TestClient:
        roles = ROLES[role]
        passed = role != "on the way in"
        own = client_as(*roles, organisation=world.school, second_factor=passed) if roles else client_as()
        return TestClient(
            app, headers=ORIGIN, follow_redirects=False, cookies=own.cookies, raise_server_exceptions=False
        )

    return build


Browse = Callable[[str], TestClient]


@pytest.mark.parametrize("role", ROLES)
def test_no_request_makes_the_program_fail(browse: Browse, world: World, role: str) -> None:
    client = browse(role)
    counted = 0

    def check(request: Request) -> None:
        nonlocal counted, client
        counted += 1
        if counted % 40 == 0:
            client = browse(role)  # signing out and switching people off are among the requests
        assert faults_of(client, request) == []

    each_of(requests(world.real), EACH, check)
    figures("25 made-up requests", kinds_of_people=1, requests=counted, wrong=0)
    assert counted >= EACH


def test_a_planted_fault_is_found(browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # The control: one step behind most of the pages fails.
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("app.people.guard.enter", broken)
    client = browse("board_manager")
    found: list[str] = []
    each_of(requests(world.real), PLANTED, lambda request: found.extend(faults_of(client, request)))
    figures("25 control: a failing query", noticed=len(found))
    assert any(each.startswith("500: ") for each in found)


def test_a_stack_trace_on_a_page_is_found(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    # The control: an error page that shows where the fault is.
    shown = 'Traceback (most recent call last): File "/srv/app.py", line 7'
    monkeypatch.setattr("app.people.pages.queries.demo_people", lambda _: shown)
    monkeypatch.setattr("app.people.pages.error_list", lambda _: [{"text": shown}])
    request = Request("POST", "/sign-in", [], "form", [("email", "x")], {})
    found = faults_of(browse("stranger"), request)
    figures("25 control: a stack trace on a page", noticed=len(found))
    assert found == [f"stack trace: POST /sign-in form {request.fields}"]


@pytest.mark.parametrize("role", ["board_manager", "lead"])
def test_requests_that_the_programs_own_description_allows(browse: Browse, app: FastAPI, role: str) -> None:
    client = browse(role)
    schema = schemathesis.openapi.from_dict(app.openapi())
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 60
    wrong: list[str] = []
    counted = 0

    def check(case: Any) -> None:
        nonlocal counted
        counted += 1
        query = "&".join(f"{coded(name)}={coded(str(value))}" for name, value in (case.query or {}).items())
        reply = client.request(case.method, f"{case.formatted_path}?{query}")
        if reply.status_code >= 500:
            wrong.append(f"{case.method} {case.formatted_path}?{query}: {reply.status_code}")

    for operation in operations:
        each_of(operation.as_strategy(), max(EACH // len(operations), 1), check)
    figures("25 requests of its own description", kinds_of_people=1, requests=counted, wrong=len(wrong))
    assert wrong == []


_COOKIES = ("", "x", "x" * 4_000, "ä", "a.b.c", "1.2.3", ".", "1.99999999999999999999.x", "\x7f")


@pytest.mark.parametrize("cookie", _COOKIES)
def test_odd_cookies_are_nobodys(app: FastAPI, cookie: str) -> None:
    client = TestClient(app, headers=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    for name in (cookie_name(), seen_name(), "eleven-asking", "other"):
        for path in ("/", "/sign-in", "/account"):
            reply = client.get(path, headers={b"Cookie": f"{name}={cookie}".encode("latin-1", "replace")})
            assert reply.status_code in {200, 303}
