"""Erasing a person: who they are goes, what they answered and signed stays to the byte."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import RefusedError
from app.core.held.register import REGISTER
from app.core.held.words import Erasure
from app.core.rendering import address
from app.people import erasing, managing, queries, service
from app.returns.signing import snapshot_hash
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.people.everything import Everything, Somebody, fill
from tests.people.steps import MANAGER, mails_to, newest_link, signed_in

pytestmark = pytest.mark.access
BOARD_MANAGER = PartnershipRole.BOARD_MANAGER
# What stays by the register, with the reasons that the confirmation page gives.
STAYING = {"answer", "answer_version", "signed_return", "audit_event", "action"}


@pytest.fixture
def world(work: Work) -> Everything:
    """Two people, each with a row in every table that can be about somebody; Ann leads nothing alone."""
    made = fill(work)
    for who, other in ((made.ann, made.bob), (made.bob, made.ann)):
        service.grant_membership(
            work, user_id=other.user_id, organisation_id=who.place_id, role=OrganisationRole.LEAD
        )
    work.session.commit()
    return made


def erase(engine: Engine, work: Work, who: Somebody) -> None:
    with Session(engine, expire_on_commit=False) as session:
        erasing.erase(Work(session, work.actor, work.now), who.user_id, confirmed=True)
        session.commit()


def rows(engine: Engine, table: str, *, but: tuple[str, ...] = ()) -> str:
    """Return all rows of a table as text, some columns left out."""
    with engine.connect() as connection:
        found = connection.execute(text(f'SELECT to_jsonb(x) FROM "{table}" x ORDER BY x::text')).scalars()
        kept = [{key: value for key, value in row.items() if key not in but} for row in found]
    return json.dumps(kept, sort_keys=True)


def everywhere(engine: Engine, *, but: set[str]) -> str:
    return "".join(rows(engine, held.table) for held in REGISTER if held.table not in but)


def one(engine: Engine, query: str, **bound: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query), bound).scalar()


def test_who_they_are_is_nowhere_but_where_it_must_stay(
    engine: Engine, work: Work, world: Everything
) -> None:
    ann = world.ann
    erase(engine, work, ann)
    content = everywhere(engine, but=STAYING)
    for mark in (ann.name, ann.email, ann.telephone):
        assert mark not in content, mark
    assert f"Former colleague {ann.user_id}" in content
    assert world.bob.email in content, "the other person is untouched"


def test_each_column_is_treated_as_the_register_says(engine: Engine, work: Work, world: Everything) -> None:
    ann = world.ann
    erase(engine, work, ann)
    for held in REGISTER:
        for owner in held.owners:
            bound = {"person": ann.user_id, "address": ann.email}
            condition = erasing.whose(held.owners[owner])
            left = one(engine, f'SELECT count(*) FROM "{held.table}" WHERE {condition}', **bound)
            if owner in held.removed_with or held.owners[owner].by == "address":
                assert left == 0, f"{held.table} of {owner}"
            for column in held.erased_for(owner, Erasure.EMPTIED):
                full = f'SELECT count(*) FROM "{held.table}" WHERE {condition} AND "{column}" <> \'\''
                assert one(engine, full, **bound) == 0, f"{held.table}.{column}"


def returned(engine: Engine) -> dict[str, str]:
    tables = ("return", "answer", "answer_version", "signed_return", "domain_rating", "action")
    return {table: rows(engine, table) for table in tables}


def test_returns_and_their_histories_stay_to_the_byte(engine: Engine, work: Work) -> None:
    place = builders.organisation(work)
    version = work.session.execute(text("SELECT max(id) FROM questionnaire_version")).scalar()
    round_id = builders.open_round(work, [place], version_id=version)
    builders.signed_return(work, round_id, place)
    address = f"signs-{place}@example.org"
    user_id = queries.users_by_email(work.session, [address])[address]
    builders.contact(work, place, f"other-{place}@example.org")
    work.session.commit()
    before = returned(engine)
    erasing.erase(work, user_id, confirmed=True)
    work.session.commit()
    assert returned(engine) == before
    with engine.connect() as connection:
        content, digest, name = connection.execute(
            text("SELECT content, content_hash, signatory_name FROM signed_return WHERE signatory_id = :id"),
            {"id": user_id},
        ).one()
    assert snapshot_hash(content) == digest
    assert name == "Head Teacher", "a signature stays as it was given"
    assert queries.person(work.session, user_id).name == f"Former colleague {user_id}"


def test_an_erasure_that_takes_answers_along_is_caught(
    engine: Engine, work: Work, world: Everything, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a register that removes answers with their writer, and the same comparison."""
    before = returned(engine)
    broken = [
        held
        if held.table != "answer"
        else type(held)(
            **{
                **{name: getattr(held, name) for name in held.__slots__},
                "removed_with": ("person",),
            }
        )
        for held in REGISTER
    ]
    monkeypatch.setattr(erasing, "REGISTER", broken)
    erase(engine, work, world.ann)
    assert returned(engine) != before


def test_sessions_end_links_die_and_nothing_is_sent(
    client_as: ClientAs, engine: Engine, work: Work, world: Everything, clock: MovableClock
) -> None:
    email = world.ann.email
    browser = client_as(email=email)
    assert signed_in(browser)
    browser.post("/sign-out")
    clock.move(hours=2)
    browser.post("/sign-in", data={"email": email})
    link = newest_link(engine, email)
    other = client_as(email=email)
    erase(engine, work, world.ann)
    assert not signed_in(other)
    assert browser.post(link).status_code == 410
    assert not mails_to(engine, email)
    gone = f"former-{world.ann.user_id}@erased.invalid"
    assert (
        one(
            engine, "SELECT count(*) FROM outbox_message WHERE recipient = :to AND state = 'waiting'", to=gone
        )
        == 0
    )
    count = one(engine, "SELECT count(*) FROM outbox_message WHERE recipient = :to", to=gone)
    browser.post("/sign-in", data={"email": email})
    browser.post("/sign-in", data={"email": gone})
    assert (
        one(engine, "SELECT count(*) FROM outbox_message WHERE recipient IN (:to, :was)", to=gone, was=email)
        == count
    )


def test_the_address_can_be_used_again_by_somebody_else(
    engine: Engine, work: Work, world: Everything
) -> None:
    erase(engine, work, world.ann)
    new = service.ensure_users(work, [(world.ann.email, "Somebody New")])[world.ann.email]
    work.session.commit()
    assert new != world.ann.user_id
    assert queries.person(work.session, new).name == "Somebody New"
    assert not queries.person(work.session, new).places


def test_files_that_hold_the_address_are_emptied_and_others_are_not(
    engine: Engine, work: Work, world: Everything
) -> None:
    statement = text(
        "INSERT INTO register_import (kind, file_name, la_code, uploaded_at, state, rows, preview) "
        "VALUES ('contacts', :name, '', now(), 'applied', :rows, "
        '\'{"file": {}, "applied": {"added": 1}}\')'
    )
    for name, email in (("hers", world.ann.email.upper()), ("his", world.bob.email)):
        work.session.execute(statement, {"name": name, "rows": json.dumps([{"email": email}])})
    work.session.commit()
    erase(engine, work, world.ann)
    query = (
        "SELECT rows::text || preview::text FROM register_import WHERE file_name = :name "
        "ORDER BY id DESC LIMIT 1"
    )
    assert one(engine, query, name="hers") == '[]{"applied": {"added": 1}}'
    assert world.bob.email in one(engine, query, name="his")


# --- who may, and whom not ------------------------------------------------------------------------


def test_the_page_says_what_will_happen_and_asks(
    client_as: ClientAs, engine: Engine, world: Everything
) -> None:
    manager = client_as(BOARD_MANAGER)
    path = f"/people/{world.ann.user_id}/erase"
    assert f'href="{path}"' in manager.get(f"/people/{world.ann.user_id}").text
    page = manager.get(path).text
    for words in (
        "What goes",
        "What stays",
        "This cannot be undone",
        "switch their access off",
        address(world.ann.email),
    ):
        assert words in page
    refused = manager.post(path)
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    assert queries_name(engine, world.ann.user_id) == world.ann.name
    assert manager.post(path, data={"confirmed": "yes"}).status_code == 303
    shown = manager.get(f"/people/{world.ann.user_id}").text
    assert f"Former colleague {world.ann.user_id}" in shown
    assert "Erased" in shown
    assert "Switch access" not in shown
    assert manager.get(path).status_code == 404
    assert manager.post(path, data={"confirmed": "yes"}).status_code in {404, 422}


def queries_name(engine: Engine, user_id: int) -> str:
    return str(one(engine, "SELECT name FROM user_account WHERE id = :id", id=user_id))


@pytest.mark.parametrize("role", [role for role in PartnershipRole if role is not BOARD_MANAGER])
def test_only_a_board_manager_erases(
    client_as: ClientAs, engine: Engine, world: Everything, role: PartnershipRole
) -> None:
    browser, path = client_as(role), f"/people/{world.ann.user_id}/erase"
    assert browser.get(path).status_code == 404
    assert browser.post(path, data={"confirmed": "yes"}).status_code == 404
    assert queries_name(engine, world.ann.user_id) == world.ann.name


def test_nobody_erases_themselves(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    client_as(BOARD_MANAGER, email="second@partnership.example.org")
    me = one(engine, "SELECT id FROM user_account WHERE email = :email", email=MANAGER)
    reply = manager.post(f"/people/{me}/erase", data={"confirmed": "yes"})
    assert reply.status_code == 422
    assert "You cannot erase yourself" in reply.text


def test_the_last_board_manager_is_not_erased(engine: Engine, work: Work) -> None:
    """Somebody whose own rights were taken meanwhile cannot erase the last one."""
    work.session.execute(
        text("DELETE FROM partnership_member WHERE user_id <> :me"), {"me": work.actor.user_id}
    )
    stale = Actor(999_999, "Stale", "stale@example.org", roles=frozenset({BOARD_MANAGER}))
    with pytest.raises(RefusedError, match="the only board manager"):
        erasing.erase(Work(work.session, stale, work.now), work.actor.user_id, confirmed=True)
    work.session.rollback()
    assert queries_name(engine, work.actor.user_id) == "Morgan Ellery"


def test_the_only_lead_is_not_erased_until_there_is_another(engine: Engine, work: Work) -> None:
    place = builders.organisation(work, "Lonely School")
    lead = builders.contact(work, place, f"lead-{place}@example.org")
    deputy = builders.contact(
        work, place, f"deputy-{place}@example.org", rights=(OrganisationRole.LEAD,), name="Deputy"
    )
    managing.switch_off(work, deputy)
    work.session.commit()
    with pytest.raises(RefusedError, match="only lead of Lonely School"):
        erasing.erase(work, lead, confirmed=True)
    work.session.rollback()
    assert erasing.to_erase(work.session, lead).only_lead_of == ("Lonely School",)
    managing.enable(work, deputy)
    erasing.erase(work, lead, confirmed=True)
    work.session.commit()
    assert queries_name(engine, lead) == f"Former colleague {lead}"


def test_an_erased_person_cannot_be_brought_back(
    client_as: ClientAs, engine: Engine, work: Work, world: Everything
) -> None:
    erase(engine, work, world.ann)
    manager = client_as(BOARD_MANAGER)
    for path in ("enable", "disable", "second-factor/reset"):
        assert manager.post(f"/people/{world.ann.user_id}/{path}").status_code == 422
    gone = f"former-{world.ann.user_id}@erased.invalid"
    reply = manager.post("/people", data={"name": "X", "email": gone, "roles": "pso"})
    assert reply.status_code == 422
    assert one(
        engine, "SELECT disabled_at IS NOT NULL FROM user_account WHERE id = :id", id=world.ann.user_id
    )


def test_erasing_is_told_by_the_trail_without_a_name(engine: Engine, work: Work, world: Everything) -> None:
    erase(engine, work, world.ann)
    found = one(
        engine,
        "SELECT to_jsonb(e)::text FROM audit_event e WHERE event = 'person.erased' AND subject_id = :id",
        id=world.ann.user_id,
    )
    assert '"because": "request"' in found
    assert world.ann.name not in found
    assert world.ann.email not in found
