"""What Eleven holds about one person: all that is theirs by the register, and nothing of anybody else."""

import json
import re

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.held.register import REGISTER
from app.core.held.words import Held
from app.core.settings import settings
from app.people import own_data as module
from app.people.own_data import own_data
from tests.conftest import NOW, ClientAs
from tests.people.everything import Everything, fill
from tests.people.steps import fingerprint

pytestmark = pytest.mark.access


@pytest.fixture
def world(work: Work) -> Everything:
    """Two people, each with a row in every table that can be about somebody."""
    made = fill(work)
    work.session.commit()
    return made


def told(engine: Engine, user_id: int) -> str:
    with Session(engine) as session:
        return module.as_json(own_data(session, settings(), user_id, NOW))


def test_everything_of_theirs_is_there_and_nothing_of_the_other(engine: Engine, world: Everything) -> None:
    for own, other in ((world.ann, world.bob), (world.bob, world.ann)):
        content = told(engine, own.user_id)
        missing = [mark for mark in own.exported if mark not in content]
        assert not missing
        assert not leaks(content, other.all_marks)


def leaks(content: str, marks: set[str]) -> list[str]:
    return sorted(mark for mark in marks if mark in content)


def test_secrets_and_free_text_are_not_there(engine: Engine, world: Everything) -> None:
    content = told(engine, world.ann.user_id)
    assert not leaks(content, world.ann.hidden)
    assert "a secret that guards the account" in content, "but it is said that they exist"


def test_a_register_with_a_wrong_owner_is_caught(
    engine: Engine, world: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an export that asks without the owner tells of others, and the check sees it."""
    monkeypatch.setattr(module, "whose", lambda _owner: "true")
    assert leaks(told(engine, world.ann.user_id), world.bob.all_marks)


def test_a_successors_address_is_not_told_to_the_leaver(
    engine: Engine, world: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of owners by column: the same row is about two people, and each learns their part."""
    ann, bob = told(engine, world.ann.user_id), told(engine, world.bob.user_id)
    assert world.bob.email not in ann
    assert world.bob.email in bob
    whole = Held.exported_for
    monkeypatch.setattr(
        Held,
        "exported_for",
        lambda self, owner: [*whole(self, owner), "email"] if owner == "leaver" else whole(self, owner),
    )
    assert world.bob.email in told(engine, world.ann.user_id)


def test_each_exported_column_is_in_the_file(engine: Engine, world: Everything) -> None:
    held = json.loads(told(engine, world.ann.user_id))["held"]
    found: dict[str, set[str]] = {}
    for section in held:
        for row in section["rows"]:
            found.setdefault(section["table"], set()).update(row)
    for each in REGISTER:
        wanted = {name for name, column in each.personal.items() if column.exported}
        if each.table == "hand_over":
            wanted -= {"name", "email"}  # of the successor, who is Bob
        assert wanted <= found.get(each.table, set()), each.table


def test_the_page_shows_what_the_file_holds(client_as: ClientAs, world: Everything) -> None:
    browser = client_as(email=world.ann.email)
    page = browser.get("/account/data")
    assert page.status_code == 200
    assert "What Eleven holds about you" in page.text
    visible = re.sub(r"\s+", " ", page.text)
    assert world.ann.telephone in visible
    assert world.place in visible
    assert not leaks(page.text, world.bob.all_marks | world.ann.hidden)


def test_a_long_history_is_cut_on_the_page_and_whole_in_the_file(
    client_as: ClientAs, world: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.people.own_data_pages.SHOWN", 1)
    browser = client_as(email=world.ann.email)
    page = browser.get("/account/data").text
    assert "These are the newest 1 of 3" in page
    rows = {each["table"]: each["rows"] for each in browser.post("/account/data.json").json()["held"]}
    assert len(rows["login_session"]) == 3


def test_downloads_are_files_and_are_noted(client_as: ClientAs, world: Everything, engine: Engine) -> None:
    browser, manager = client_as(email=world.ann.email), client_as(PartnershipRole.BOARD_MANAGER)
    own = browser.post("/account/data.json")
    theirs = manager.post(f"/people/{world.ann.user_id}/data.json")
    for reply in (own, theirs):
        assert reply.headers["content-type"] == "application/json; charset=utf-8"
        assert reply.headers["content-disposition"].startswith('attachment; filename="eleven-person-')
        assert reply.headers["cache-control"] == "no-store"
        assert reply.json()["about"]["email"] == world.ann.email
    assert manager.post(f"/people/{world.ann.user_id}/data").status_code == 200
    with engine.connect() as connection:
        events = connection.execute(
            text(
                "SELECT event FROM audit_event WHERE subject = 'user' AND subject_id = :id "
                "AND event LIKE 'person.%' ORDER BY id"
            ),
            {"id": world.ann.user_id},
        )
        assert list(events.scalars()) == ["person.data_downloaded"] * 2 + ["person.data_shown"]


def test_looking_at_ones_own_data_changes_nothing(
    client_as: ClientAs, world: Everything, engine: Engine
) -> None:
    browser = client_as(email=world.ann.email)
    before = fingerprint(engine)
    assert browser.get("/account/data").status_code == 200
    assert fingerprint(engine) == before


@pytest.mark.parametrize("role", [*PartnershipRole, OrganisationRole.LEAD])
def test_only_a_board_manager_sees_somebody_elses(
    client_as: ClientAs, world: Everything, role: PartnershipRole | OrganisationRole
) -> None:
    place = world.place_id if isinstance(role, OrganisationRole) else None
    browser = client_as(role, organisation=place)
    allowed = role is PartnershipRole.BOARD_MANAGER
    for path in ("data", "data.json"):
        reply = browser.post(f"/people/{world.ann.user_id}/{path}")
        assert reply.status_code == (200 if allowed else 404)
        assert (world.ann.telephone in reply.text) is allowed


def test_nobody_is_404(client_as: ClientAs) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for path in ("data", "data.json"):
        assert manager.post(f"/people/999999/{path}").status_code == 404


@pytest.mark.usefixtures("world")
def test_the_canaries_are_in_every_table_that_is_about_people(engine: Engine) -> None:
    with engine.connect() as connection:
        for held in REGISTER:
            if held.owners:
                rows = connection.execute(text(f"SELECT string_agg(x::text, ' ') FROM \"{held.table}\" x"))
                assert rows.scalar(), held.table


def test_no_secret_is_marked_as_exported() -> None:
    secret = re.compile("hash|secret|mark|token|^key$|^body$")
    found = {
        f"{held.table}.{name}"
        for held in REGISTER
        for name, column in held.personal.items()
        if secret.search(name) and column.exported
    }
    assert not found
