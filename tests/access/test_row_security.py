"""Row-level security: what a forgotten filter would have shown, the database does not show."""

import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlmodel import Session, SQLModel

from app.core import access
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.database import build_engine, owner_engine
from app.core.migrate import alembic_config, migrate
from app.core.scope import (
    APP_ROLE,
    RowSecurityError,
    Scope,
    check_row_security,
    enter,
    seeing_everything,
)
from app.core.settings import ROOT
from app.main import build_app
from app.people import service as people
from tests import builders
from tests.access.matrix import searchable
from tests.access.world import CANARY, World
from tests.conftest import NOW, ClientAs, MovableClock

pytestmark = pytest.mark.access

# Tables that hold organisations' business without naming the organisation in a column of that name.
BESIDES = {"organisation", "succession", "register_import", "planner_entry", "planner_exception"}
CONFINED = sorted(
    BESIDES | {name for name, table in SQLModel.metadata.tables.items() if "organisation_id" in table.columns}
)


def counts(engine: Engine, actor: Actor | None = None) -> dict[str, int]:
    with Session(engine) as session:
        enter(session, actor)
        return {
            name: int(session.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one())
            for name in CONFINED
        }


def unconfined(connection: Connection) -> list[str]:
    """Return the tables of organisations that are not confined, as the database's own catalogue has them."""
    found = connection.execute(
        text(
            "SELECT c.relname FROM pg_class AS c "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') "
            "AND (c.relname = ANY (:besides) OR EXISTS (SELECT FROM pg_attribute AS a "
            "WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname = 'organisation_id')) "
            "AND NOT (c.relrowsecurity AND c.relforcerowsecurity "
            "AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid)) ORDER BY 1"
        ),
        {"besides": sorted(BESIDES)},
    )
    return list(found.scalars())


def test_every_table_of_organisations_is_confined(engine: Engine) -> None:
    with engine.connect() as connection:
        assert unconfined(connection) == [], "say SELECT keep_apart('that table', 'own') in a migration"
        tables = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert set(CONFINED) <= set(connection.execute(tables).scalars())


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE forgotten (id int, organisation_id int)",
        'ALTER TABLE "return" NO FORCE ROW LEVEL SECURITY',
        'ALTER TABLE "return" DISABLE ROW LEVEL SECURITY',
        'DROP POLICY kept_apart ON "return"',
        "ALTER TABLE organisation DISABLE ROW LEVEL SECURITY",
    ],
)
def test_control_a_table_that_is_not_confined_is_found(database: URL, change: str) -> None:
    owner = owner_engine(database)
    with owner.connect() as connection:
        connection.execute(text(change))
        assert len(unconfined(connection)) == 1
        connection.rollback()
    owner.dispose()


@pytest.mark.parametrize(
    ("organisations", "rights"),
    [("own", "rw"), ("read", "r"), ("hand_in", "a"), ("none", "")],
)
def test_a_later_migration_says_one_line(
    database: URL, world: World, organisations: str, rights: str
) -> None:
    """Each word of keep_apart lets an organisation do what it says to its own rows, and no more."""
    owner = owner_engine(database)
    with owner.connect() as connection:
        for statement in (
            "CREATE TABLE later (organisation_id int, word text DEFAULT '')",
            f"INSERT INTO later VALUES ({world.ours}), ({world.theirs})",
            f"SELECT keep_apart('later', '{organisations}')",
            f"SET LOCAL ROLE {APP_ROLE}",
            f"SET LOCAL eleven.organisations = '{{{world.ours}}}'",
            "SET LOCAL eleven.scope = 'organisation'",
        ):
            connection.execute(text(statement))
        seen = list(connection.execute(text("SELECT organisation_id FROM later")).scalars())
        assert seen == ([world.ours] if "r" in rights else [])
        changed = connection.execute(text("UPDATE later SET word = 'changed'"))
        assert changed.rowcount == (1 if "w" in rights else 0)
        for place in (world.ours, world.theirs):
            allowed = place == world.ours and bool(set(rights) & {"w", "a"})
            assert added(connection, place) is allowed
        connection.execute(text("SET LOCAL eleven.scope = 'partnership'"))
        assert connection.execute(text("SELECT count(*) FROM later")).scalar_one() >= 2
        connection.rollback()
    owner.dispose()


def added(connection: Connection, place: int) -> bool:
    """Say whether a row of an organisation could be added."""
    try:
        with connection.begin_nested():
            connection.execute(text(f"INSERT INTO later VALUES ({place})"))
    except DBAPIError:
        return False
    return True


def test_the_program_works_as_a_role_that_cannot_look_past_the_policies(page_engine: Engine) -> None:
    with page_engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT rolname, rolsuper, rolbypassrls, (SELECT count(*) FROM pg_tables "
                "WHERE schemaname = 'public' AND tableowner = current_user) "
                "FROM pg_roles WHERE rolname = current_user"
            )
        ).one()
    assert tuple(found) == (APP_ROLE, False, False, 0)
    check_row_security(page_engine)


def test_it_refuses_to_start_as_anybody_else(database: URL) -> None:
    engine = owner_engine(database)
    with pytest.raises(RowSecurityError, match="does not start"):
        check_row_security(engine)
    engine.dispose()


def test_without_a_person_nothing_is_in_sight(world: World, page_engine: Engine, database: URL) -> None:
    assert world
    seen = counts(page_engine)
    # Signing in needs to know who works where; that is all.
    assert {name for name, count in seen.items() if count} == {"membership"}
    bare = create_engine(database, connect_args={"options": f"-c role={APP_ROLE}"})
    assert set(counts(bare).values()) == {0}
    bare.dispose()


def test_with_everything_in_sight_the_same_tables_are_full(world: World, engine: Engine) -> None:
    assert world
    empty = {"call", "domain_colleague", "identifier", "reading", "round_exception", "succession"}
    assert {name for name, count in counts(engine).items() if not count} <= empty


def test_a_person_sees_their_own_organisation_only(world: World, page_engine: Engine) -> None:
    person = Actor(1, "Robin", "", organisations={world.ours: frozenset(OrganisationRole)})
    with Session(page_engine) as session:
        enter(session, person)
        for name in CONFINED:
            column = "id" if name == "organisation" else "organisation_id"
            if name in BESIDES - {"organisation"}:
                continue
            found = set(session.execute(text(f'SELECT DISTINCT {column} FROM "{name}"')).scalars())
            assert found <= {world.ours}, name
        assert session.execute(text("SELECT count(*) FROM register_import")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM outbox_message")).scalar_one() == 0


def test_what_a_request_may_see_ends_with_it(world: World, page_engine: Engine) -> None:
    with page_engine.connect() as connection:  # the same connection, request after request
        session = Session(connection)
        enter(session, Actor(1, "Morgan", "", roles=frozenset({PartnershipRole.BOARD_MANAGER})))
        assert session.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 2
        session.rollback()
        assert session.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 2  # carried over
        session.close()
        assert connection.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 0
    assert world


def test_looking_past_the_own_organisation_ends_with_its_block(world: World, page_engine: Engine) -> None:
    person = Actor(1, "Robin", "", organisations={world.ours: frozenset(OrganisationRole)})
    with Session(page_engine) as session:
        enter(session, person)

        def places() -> int:
            return int(session.execute(text("SELECT count(*) FROM organisation")).scalar_one())

        with seeing_everything(session):
            assert places() == 2
        assert places() == 1
        with pytest.raises(ZeroDivisionError), seeing_everything(session):
            raise ZeroDivisionError
        assert places() == 1


def test_the_places_that_look_past_it_are_known() -> None:
    found = Counter(
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("app/**/*.py"), *ROOT.glob("exports/**/*.py")]
        for _ in re.findall(r"with seeing_everything\(", path.read_text("utf-8"))
    )
    # The demo's people and outbox; last year's ratings, which may be the predecessor's; that nothing is owed.
    assert found == {
        "app/people/queries.py": 3,
        "app/people/own_data.py": 1,
        "app/returns/feedback.py": 1,
        "app/chasing/exempting.py": 1,
    }


def test_peers_are_counted_without_a_name(world: World, page_engine: Engine) -> None:
    with Session(page_engine) as session:
        enter(session, Actor(1, "Robin", "", organisations={world.ours: frozenset(OrganisationRole)}))
        found = session.execute(
            text("SELECT * FROM peer_outcomes(:round, :ours)"),
            {"round": world.ids["archived"]["round_id"], "ours": world.ours},
        )
        assert list(found.keys()) == ["kind", "phase", "domain_key", "outcome", "organisations"]
        assert {row.organisations for row in found} == {1}
        assert session.execute(text("SELECT count(*) FROM organisation")).scalar_one() == 1


def test_it_holds_where_the_owner_of_the_tables_is_no_superuser(server: URL) -> None:
    """As in production: the address names an ordinary user, who owns the tables and is confined too."""
    name = f"keeper_{uuid.uuid4().hex[:8]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        connection.execute(text(f"GRANT {APP_ROLE} TO {name}"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
    address = server.set(database=name, username=name)
    migrate(address)
    engine, owner = build_engine(address, scope=Scope.SYSTEM), owner_engine(address)
    check_row_security(engine)
    with Session(engine) as session:
        builders.organisation(Work(session, people.NOBODY, NOW))
        session.commit()
    with owner.connect() as connection:
        count = text("SELECT count(*) FROM organisation")
        assert connection.execute(count).scalar_one() == 1
        connection.execute(text("SET eleven.scope = ''"))
        assert connection.execute(count).scalar_one() == 0
    command.downgrade(alembic_config(address), "base")
    for each in (engine, owner):
        each.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {name}"))
    admin.dispose()


def test_a_login_that_owns_nothing_is_enough_to_serve(
    server: URL, database: URL, world: World, client_as: ClientAs, clock: MovableClock
) -> None:
    """As docs/deploy.md says: the owner migrates, and pages and worker sign in as somebody else."""
    name = f"web_{uuid.uuid4().hex[:8]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN"))
    with pytest.raises(OperationalError, match="permission denied to set role"):
        build_engine(database.set(username=name)).connect()
    with admin.connect() as connection:
        connection.execute(text(f"GRANT {APP_ROLE} TO {name}"))
    pages = build_engine(database.set(username=name))
    check_row_security(pages)
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    client = TestClient(build_app(pages, clock), headers=dict(lead.headers), follow_redirects=False)
    client.cookies.update(lead.cookies)
    assert client.get(world.path("GET /returns/{return_id}", "own")).status_code == 200
    assert client.get(world.path("GET /returns/{return_id}", "other")).status_code == 404
    with pages.connect() as connection:
        connection.execute(text("SET ROLE NONE"))
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            connection.execute(text("ALTER TABLE organisation DISABLE ROW LEVEL SECURITY"))
    pages.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP ROLE {name}"))
    admin.dispose()


# --- a query that has lost its filter ---------------------------------------------------------------

PAGES = (
    "/returns/{return_id}",
    "/returns/{return_id}/{domain}",
    "/returns/{return_id}/{domain}/{standard}",
    "/returns/{return_id}/check",
    "/returns/{return_id}/team",
    "/returns/{return_id}/sign-off",
    "/returns/{return_id}/feedback",
    "/returns/{return_id}/receipt",
    "/returns/{return_id}/governors",
    "/returns/{return_id}/answers.xlsx",
    "/returns/{return_id}/questions",
    "/returns/{return_id}/history",
    "/returns/{return_id}/actions",
    "/actions/{action_id}",
    "/our-visits/{visit_id}",
)


@contextmanager
def without_the_filter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the one place that filters, `visible_to` and `Confined`, allow everybody every row."""
    with monkeypatch.context() as patch:
        patch.setattr(access, "reads_every_return", lambda _actor: True)
        yield


def leaks(client: TestClient, world: World) -> list[str]:
    found = []
    for page in PAGES:
        for case in ("other", "archived other"):
            reply = client.get(world.path(f"GET {page}", case))
            if reply.status_code == 200 or CANARY.encode() in searchable(reply):
                found.append(f"{page} ({case})")
    return found


def test_a_query_without_its_filter_still_shows_nothing(
    world: World, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    with without_the_filter(monkeypatch):
        assert leaks(lead, world) == []
        assert lead.get(world.path("GET /returns/{return_id}", "own")).status_code == 200


def test_control_without_row_security_the_same_query_shows_everything(
    world: World, client_as: ClientAs, database: URL, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=world.ours)
    engine = owner_engine(database)
    careless: FastAPI = build_app(engine, clock)
    client = TestClient(careless, headers=dict(lead.headers), follow_redirects=False)
    client.cookies.update(lead.cookies)
    assert leaks(client, world) == []
    with without_the_filter(monkeypatch):
        assert len(leaks(client, world)) >= len(PAGES)
    engine.dispose()
