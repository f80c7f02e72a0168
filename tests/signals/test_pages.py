"""Signals on the heat map, the profile and the page of settings: who sees what, and nobody of the place."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlmodel import col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.models import AuditEvent
from app.people import service as people
from app.signals.measuring import measure
from app.signals.rules import SignalKind
from app.signals.settings import DEFAULTS, RULES
from app.trail.words import detail_lines
from tests.chasing.scenes import Scene
from tests.conftest import ClientAs
from tests.signals.scenes import signed, year

pytestmark = pytest.mark.visits
R = PartnershipRole
WORDS = re.compile("signal", re.IGNORECASE)


@pytest.fixture
def this(work: Work) -> Scene:
    """A round with one school that has not answered, one whose greens show nothing, and a quiet one."""
    work.session.execute(text("DELETE FROM signal_setting"))
    made = year(work, "Silent", "Bare", "Quiet")
    signed(work, made, "Bare", "G G G G")
    signed(work, made, "Quiet")
    measure(work.session, work.now)
    return made


def profile(client: TestClient, this: Scene, name: str) -> str:
    page = client.get(f"/organisations/{this.places[name]}/profile")
    assert page.status_code == 200
    return page.text


def marks(page: str) -> dict[str, str]:
    """Return what those who listen hear of the marks, by organisation."""
    found = re.findall(r'signal-mark" href[^>]*>.*?hidden">([^:]+): ([^<]+)</span></a>', page)
    return {name: words for words, name in found}


# --- heat map and profile --------------------------------------------------------------------------


def test_the_heat_map_marks_with_a_count_and_words(client_as: ClientAs, this: Scene) -> None:
    page = client_as(R.PSO).get(f"{this.here}/ratings").text
    assert marks(page) == {"Silent": "1 signal", "Bare": "1 signal"}
    assert f'href="/organisations/{this.places["Bare"]}/profile#signals"' in page
    only = client_as(R.PSO).get(f"{this.here}/ratings?signals=yes").text
    assert re.findall(r'heat-map__name"[^>]*>([^<]+)</a>', only) == ["Bare", "Silent"]


def test_the_profile_lists_them_with_their_reasons(client_as: ClientAs, this: Scene) -> None:
    page = profile(client_as(R.PSO), this, "Bare")
    assert "Signals (1)" in page
    assert "without evidence, more than 25%." in page
    assert "Nothing stands out." in profile(client_as(R.PSO), this, "Quiet")


def test_a_return_whose_texts_wait_says_so(work: Work, client_as: ClientAs, this: Scene) -> None:
    work.session.execute(text("DELETE FROM signal_measure"))
    work.session.commit()
    assert "have not been looked at yet" in profile(client_as(R.PSO), this, "Quiet")
    assert "have not been looked at yet" not in profile(client_as(R.PSO), this, "Silent")


@pytest.mark.access
@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (R.BOARD_MANAGER, True),
        (R.PSO, True),
        (R.INDEPENDENT_SCRUTINEER, True),
        (R.SAFEGUARDING_PARTNER, False),
    ],
)
def test_who_reads_returns_sees_signals_and_who_reads_ratings_only_does_not(
    client_as: ClientAs, this: Scene, role: PartnershipRole, sees: bool
) -> None:
    client = client_as(role)
    assert ("Signals (1)" in profile(client, this, "Bare")) is sees
    page = client.get(f"{this.here}/ratings?signals=yes").text
    assert bool(marks(page)) is sees
    assert "Quiet" not in page if sees else "Quiet" in page


@pytest.mark.access
def test_an_officer_sees_no_signals_of_a_place_that_they_answer_for(
    work: Work, client_as: ClientAs, this: Scene
) -> None:
    address = f"both-{this.round_id}@example.org"
    client = client_as(R.PSO, email=address)
    user_id = people.ensure_users(work, [(address, "Both")])[address]
    people.grant_membership(
        work, user_id=user_id, organisation_id=this.places["Bare"], role=OrganisationRole.LEAD
    )
    work.session.commit()
    assert not WORDS.search(profile(client, this, "Bare").split("<main", 1)[1])
    assert "Signals (1)" in profile(client, this, "Silent")
    assert marks(client.get(f"{this.here}/ratings").text) == {"Silent": "1 signal"}


@pytest.mark.access
def test_the_organisation_itself_sees_none_on_any_page_of_its_return(
    client_as: ClientAs, this: Scene
) -> None:
    client = client_as(OrganisationRole.LEAD, organisation=this.places["Bare"])
    here = f"/returns/{this.returns['Bare']}"
    for path in ("/", here, f"{here}/check", f"{here}/feedback"):
        page = client.get(path)
        if page.status_code == 200:
            assert not WORDS.search(page.text.split("<main", 1)[1]), path
    assert client.get(f"/organisations/{this.places['Bare']}/profile").status_code == 404
    assert client.get("/signals").status_code == 404


# --- settings --------------------------------------------------------------------------------------


def form(**changes: Any) -> dict[str, Any]:
    """Return the form as it stands, with changes; `off` names a signal to switch off."""
    off = changes.pop("off", None)
    fields: dict[str, Any] = {"on": [kind.value for kind in SignalKind if kind.value != off]}
    for kind, each in DEFAULTS.items():
        fields[f"weight-{kind.value}"] = str(each.weight)
        if RULES[kind].limit:
            fields[f"limit-{kind.value}"] = str(each.limit)
    return {**fields, **{name.replace("__", "-"): value for name, value in changes.items()}}


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


def fits(page: str, kind: SignalKind) -> str:
    """Return what the page says about how many organisations a signal fits."""
    line = page.split(f'id="signal-{kind.value}"', 1)[1].split("</fieldset>", 1)[0]
    found = re.search(r"Fits [^.]+", line)
    return found[0] if found else ""


def test_the_page_says_how_many_organisations_each_fits(manager: TestClient, this: Scene) -> None:
    page = manager.get(f"/signals?round={this.round_id}").text
    assert "2 of 3 organisations" in page
    assert fits(page, SignalKind.UNEVIDENCED) == "Fits 1 organisation"
    assert fits(page, SignalKind.LATE) == "Fits 0 organisations"
    assert all(each.title in page for each in RULES.values())


def test_settings_are_tried_without_being_stored(manager: TestClient, this: Scene) -> None:
    typed = {**form(off="not_returned", limit__unevidenced="99"), "try": "1", "round": str(this.round_id)}
    page = manager.get("/signals", params=typed).text
    assert "Not saved yet. With these settings 1 of 3 organisations" in page
    assert fits(page, SignalKind.NOT_RETURNED) == "Fits 1 organisation, not used"
    assert 'value="99"' in page
    assert "2 of 3 organisations" in manager.get(f"/signals?round={this.round_id}").text


def test_switching_off_takes_effect_at_once_and_is_in_the_audit_trail(
    work: Work, manager: TestClient, this: Scene
) -> None:
    reply = manager.post("/signals", data={**form(off="unevidenced", weight__late="4")})
    assert (reply.status_code, reply.headers["location"]) == (303, "/signals?saved=1")
    assert "Saved. It counts from now on." in manager.get("/signals?saved=1").text
    assert "Nothing stands out." in profile(manager, this, "Bare")
    assert marks(manager.get(f"{this.here}/ratings").text) == {"Silent": "1 signal"}
    newest = select(AuditEvent).where(col(AuditEvent.event) == "signal.settings")
    last = work.session.execute(newest.order_by(col(AuditEvent.id).desc()).limit(1)).scalar_one()
    limit = "more than this share of the greens 25 %"
    assert detail_lines(last.event, last.detail, {}) == [
        f"Before: Late return: used, weight 1, Greens without evidence: used, weight 3, {limit}",
        f"Now: Late return: used, weight 4, Greens without evidence: not used, weight 3, {limit}",
    ]


def test_what_is_the_same_writes_nothing(work: Work, manager: TestClient, this: Scene) -> None:
    assert this

    def events() -> int:
        count = text("SELECT count(*) FROM audit_event WHERE event = 'signal.settings'")
        return int(work.session.execute(count).scalar_one())

    before = events()
    assert manager.post("/signals", data=form()).status_code == 303
    assert events() == before
    assert work.session.execute(text("SELECT count(*) FROM signal_setting")).scalar_one() == 0


@pytest.mark.parametrize("how", ["post", "try"])
def test_what_is_wrong_is_said_field_by_field_and_what_was_typed_stays(
    manager: TestClient, this: Scene, how: str
) -> None:
    wrong = form(weight__late="eleven", limit__hasty="999", off="down")
    if how == "post":
        reply = manager.post("/signals", data=wrong)
    else:
        reply = manager.get("/signals", params={**wrong, "try": "1"})
    assert reply.status_code == 422
    assert "Enter a whole number from 0 to 10 as the weight of “Late return”" in reply.text
    assert "Enter a whole number from 1 to 240 as the limit of “One person in a hurry”" in reply.text
    assert 'value="eleven"' in reply.text
    assert re.search(r'value="down"(?! checked)', reply.text)
    assert "Signals (1)" in profile(manager, this, "Bare")


@pytest.mark.access
@pytest.mark.parametrize("role", [R.PSO, R.ADMINISTRATOR, R.SAFEGUARDING_PARTNER, R.INDEPENDENT_SCRUTINEER])
def test_only_a_board_manager_chooses_signals(client_as: ClientAs, role: PartnershipRole) -> None:
    assert client_as(role).get("/signals").status_code == 404
    assert client_as(role).post("/signals", data=form(off="late")).status_code == 404
