"""Looking after the partnership's people."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, select, text
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app import cli
from app.core import embedded
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import RefusedError
from app.core.settings import settings
from app.people import managing, queries, second_factor, service
from app.people.models import LoginSession, Membership, PartnershipMember, User
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.people.steps import MANAGER, code_of, mails_to, newest_link, secret_on, signed_in

pytestmark = pytest.mark.access
BOARD_MANAGER, ADMINISTRATOR, PSO = (
    PartnershipRole.BOARD_MANAGER,
    PartnershipRole.ADMINISTRATOR,
    PartnershipRole.PSO,
)


@pytest.fixture(autouse=True)
def _one_board_manager(work: Work, clock: MovableClock) -> None:
    """Begin each test with one board manager, who may sign in."""
    clock.move(hours=2)
    session = work.session
    session.execute(delete(PartnershipMember).where(col(PartnershipMember.user_id) != work.actor.user_id))
    session.get_one(User, work.actor.user_id).disabled_at = None
    session.commit()


def id_of(engine: Engine, address: str) -> int:
    with Session(engine) as session:
        return queries.users_by_email(session, [address])[address]


def roles_of(engine: Engine, user_id: int) -> set[PartnershipRole]:
    with Session(engine) as session:
        return set(queries.person(session, user_id).roles)


def invited(client: TestClient, address: str, *roles: PartnershipRole, name: str = "Sam Field") -> int:
    data = {"name": name, "email": address, "roles": [role.value for role in roles]}
    return client.post("/people", data=data).status_code


def test_a_board_manager_invites_and_the_person_comes_in(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    assert invited(manager, "Sam@partnership.example.org", PSO) == 303
    page = manager.get("/people").text
    assert "Sam Field" in page
    assert "No second factor yet" in page
    newcomer = client_as()
    door = newest_link(engine, "sam@partnership.example.org", "invitation")
    newcomer.post(door, data={"to": "/"})
    newcomer.post(newest_link(engine, "sam@partnership.example.org"))
    assert newcomer.get("/rounds").headers["location"].startswith("/second-factor")


def test_bad_invitations_say_how_to_mend_them(client_as: ClientAs) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    reply = manager.post("/people", data={"name": "", "email": "no address", "roles": "god"})
    assert reply.status_code == 422
    for words in ("Enter the person", "like name@example.org", "Choose what the person does"):
        assert words in reply.text


def test_administrators_neither_make_nor_change_board_managers(client_as: ClientAs, engine: Engine) -> None:
    administrator = client_as(ADMINISTRATOR, email="admin@partnership.example.org")
    boss, me = id_of(engine, MANAGER), id_of(engine, "admin@partnership.example.org")
    assert 'value="board_manager"' not in administrator.get("/people").text
    assert invited(administrator, "new@partnership.example.org", BOARD_MANAGER) == 422
    assert invited(administrator, MANAGER, PSO) == 422
    assert invited(administrator, "pso@partnership.example.org", PSO) == 303
    other = id_of(engine, "pso@partnership.example.org")
    for user_id, roles in ((other, [PSO, BOARD_MANAGER]), (boss, [PSO]), (me, [ADMINISTRATOR, PSO])):
        data = {"roles": [role.value for role in roles]}
        assert administrator.post(f"/people/{user_id}/roles", data=data).status_code == 422
    for path in ("disable", "second-factor/reset"):
        assert administrator.post(f"/people/{boss}/{path}").status_code == 422
    assert roles_of(engine, boss) == {BOARD_MANAGER}
    assert roles_of(engine, me) == {ADMINISTRATOR}
    assert roles_of(engine, other) == {PSO}
    data = {"roles": ["safeguarding_partner"]}
    assert administrator.post(f"/people/{other}/roles", data=data).status_code == 303
    assert roles_of(engine, other) == {PartnershipRole.SAFEGUARDING_PARTNER}


def test_extra_fields_of_a_form_give_nothing(client_as: ClientAs, engine: Engine) -> None:
    administrator = client_as(ADMINISTRATOR)
    data = {
        "name": "X",
        "email": "x@partnership.example.org",
        "roles": "pso",
        "role": "board_manager",
        "user_id": "1",
    }
    assert administrator.post("/people", data=data).status_code == 303
    assert roles_of(engine, id_of(engine, "x@partnership.example.org")) == {PSO}


def test_the_last_board_manager_stays(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    me = id_of(engine, MANAGER)
    refusals = [
        manager.post(f"/people/{me}/disable"),
        manager.post(f"/people/{me}/roles", data={"roles": ["pso"]}),
        manager.post(f"/people/{me}/roles"),
    ]
    assert [reply.status_code for reply in refusals] == [422, 422, 422]
    assert "the only board manager" in refusals[0].text
    assert invited(manager, "second@partnership.example.org", BOARD_MANAGER) == 303
    second = id_of(engine, "second@partnership.example.org")
    assert manager.post(f"/people/{second}/disable").status_code == 303
    assert manager.post(f"/people/{me}/disable").status_code == 422, "a disabled one does not count"
    manager.post(f"/people/{second}/enable")
    assert manager.post(f"/people/{me}/disable").status_code == 303
    assert not signed_in(manager)


def remove_each_other(engine: Engine, clock: MovableClock, work: Work) -> int:
    """Let two board managers disable one another at the same moment; return how many are left."""
    ids = [
        work.actor.user_id,
        service.ensure_users(work, [("b@partnership.example.org", "B")])["b@partnership.example.org"],
    ]
    for user_id in ids:
        work.session.get_one(User, user_id).disabled_at = None
        service.grant_partnership_role(work, user_id=user_id, role=BOARD_MANAGER)
    work.session.commit()
    together = Barrier(2)

    def remove(number: int) -> None:
        with Session(engine) as session:
            actor = Actor(ids[number], "N", "n@example.org", roles=frozenset({BOARD_MANAGER}))
            session.execute(text("SELECT 1"))
            together.wait(10)
            try:
                managing.disable(Work(session, actor, clock()), ids[1 - number])
                together_if_open(together)
                session.commit()
            except RefusedError:
                session.rollback()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(remove, range(2)))
    with Session(engine) as session:
        return len(queries.board_managers(session))


def together_if_open(barrier: Barrier) -> None:
    """Wait a moment for the other, so that both have looked before either is done."""
    try:
        barrier.wait(0.5)
    except Exception:  # noqa: BLE001 - the other waits for the lock, as it should
        barrier.abort()


def test_two_board_managers_cannot_remove_each_other(engine: Engine, clock: MovableClock, work: Work) -> None:
    for _ in range(3):
        assert remove_each_other(engine, clock, work) == 1


def test_without_the_lock_they_could(
    engine: Engine, clock: MovableClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both look, both see the other, and nobody is left."""
    unlocked: Callable[[Work], None] = lambda _work: None  # noqa: E731
    monkeypatch.setattr(managing, "_lock", unlocked)
    assert remove_each_other(engine, clock, work) == 0


def test_leavers_are_switched_off_and_on_again_with_their_roles(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    leaver = client_as(PSO, email="leaver@partnership.example.org")
    user_id = id_of(engine, "leaver@partnership.example.org")
    assert manager.post(f"/people/{user_id}/disable").status_code == 303
    assert not signed_in(leaver)
    assert "Switched off" in manager.get("/people").text
    assert invited(manager, "leaver@partnership.example.org", PSO) == 422
    manager.post(f"/people/{user_id}/enable")
    assert not signed_in(leaver), "an old session does not come back"
    assert roles_of(engine, user_id) == {PSO}


def test_people_of_organisations_can_be_found_and_switched_off(
    client_as: ClientAs, engine: Engine, work: Work
) -> None:
    place = builders.organisation(work)
    user_id = builders.contact(work, place, "dsl@ashgrove.example.org", name="Robin %Marsh")
    work.session.commit()
    administrator = client_as(ADMINISTRATOR)
    assert "Robin %Marsh" not in administrator.get("/people").text
    assert "Robin %Marsh" in administrator.get("/people?q=n+%25MARSH").text
    assert "Nobody is called that" in administrator.get("/people?q=%25%25").text
    assert "Ashgrove Primary School" in administrator.get(f"/people/{user_id}").text
    lead = client_as(OrganisationRole.LEAD, organisation=place, email="dsl@ashgrove.example.org")
    assert administrator.post(f"/people/{user_id}/disable").status_code == 303
    assert not signed_in(lead)
    with Session(engine) as session:
        kept = select(Membership).where(col(Membership.user_id) == user_id)
        assert session.execute(kept).first() is not None


def test_a_lead_cannot_bring_back_whom_the_partnership_switched_off(client_as: ClientAs, work: Work) -> None:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    user_id = builders.contact(work, builders.organisation(work, "Other"), "gone@example.org")
    managing.disable(work, user_id)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    data = {"name": "Gone", "email": "gone@example.org", "roles": "contributor"}
    reply = lead.post(f"/returns/{this.id}/team", data=data)
    assert reply.status_code == 422
    assert "switched off" in reply.text


def test_a_board_manager_lets_somebody_set_up_a_new_app(
    client_as: ClientAs, engine: Engine, clock: MovableClock
) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    pso = client_as(PSO, email="pso2@partnership.example.org", second_factor=False)
    secret, sealed = secret_on(pso.get("/second-factor").text)
    first = pso.post("/second-factor/set-up", data={"sealed": sealed, "code": code_of(secret, clock())})
    assert first.status_code == 200
    user_id = id_of(engine, "pso2@partnership.example.org")
    assert "Second factor set up on" in manager.get(f"/people/{user_id}").text
    assert manager.post(f"/people/{user_id}/second-factor/reset").status_code == 303
    assert not signed_in(pso)
    with Session(engine) as session:
        assert second_factor.state(session, user_id) == second_factor.State(None, 0)
        ended = select(col(LoginSession.ended_at)).where(col(LoginSession.user_id) == user_id)
        assert all(session.execute(ended).scalars())


def test_others_do_not_find_the_pages(client_as: ClientAs) -> None:
    for role in (PSO, PartnershipRole.SAFEGUARDING_PARTNER, PartnershipRole.INDEPENDENT_SCRUTINEER):
        assert client_as(role).get("/people").status_code == 404
    assert client_as(ADMINISTRATOR).get("/hand-overs").status_code == 404
    assert client_as(BOARD_MANAGER, email=MANAGER).get("/people/999999").status_code == 404


def test_every_change_is_in_the_audit_trail(client_as: ClientAs, engine: Engine) -> None:
    manager = client_as(BOARD_MANAGER, email=MANAGER)
    invited(manager, "trail@partnership.example.org", PSO)
    user_id = id_of(engine, "trail@partnership.example.org")
    manager.post(f"/people/{user_id}/roles", data={"roles": ["administrator"]})
    manager.post(f"/people/{user_id}/disable")
    manager.post(f"/people/{user_id}/enable")
    manager.post(f"/people/{user_id}/second-factor/reset")
    with engine.connect() as connection:
        events = connection.execute(
            text("SELECT event FROM audit_event WHERE subject = 'user' AND subject_id = :id ORDER BY id"),
            {"id": user_id},
        )
        assert list(events.scalars()) == [
            "user.invited",
            "user.roles_changed",
            "user.disabled",
            "user.enabled",
            "second_factor.reset",
        ]
    assert len(mails_to(engine, "trail@partnership.example.org", "welcome")) == 1


def test_the_command_helps_the_only_board_manager(
    work: Work, database: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session_token = service.start_session(
        work.session, settings(), user_id=work.actor.user_id, name="M", now=work.now, second_factor=True
    )
    work.session.commit()
    monkeypatch.setattr(embedded, "database_address", lambda: database)

    def run(address: str) -> int:
        monkeypatch.setattr(sys, "argv", ["eleven", "user", "reset-second-factor", address])
        return cli.main()

    assert run("nobody@example.org") == 1
    assert queries.signed_in_by_token(work.session, session_token, work.now) is not None
    work.session.rollback()
    assert run(MANAGER.upper()) == 0
    assert queries.signed_in_by_token(work.session, session_token, work.now) is None
    assert "sets up a new app" in capsys.readouterr().out
