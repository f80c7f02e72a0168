"""QUALITY 1 and 2 at the database: killed under twenty writers; and what 'acknowledged' rests on."""

import os
import subprocess
import sys
import time

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL

from app.core.database import DurabilityError, build_engine, check_durability
from app.core.scope import Scope
from app.core.settings import settings
from app.main import build_app
from tests.conftest import ROOT
from tests.faults.conftest import NewServer
from tests.faults.ledger import Verdict, judge
from tests.faults.people import Crowd
from tests.faults.postgres import OwnPostgres
from tests.faults.scale import figures, times
from tests.faults.scene import set_scene
from tests.faults.servers import Server

pytestmark = pytest.mark.faults
WRITERS = 20


def killed_under_writers(
    postgres: OwnPostgres, engine: Engine, server: Server, kills: int
) -> tuple[Verdict, list[float]]:
    """Kill every process of the database under writers; the web server goes on."""
    scene = set_scene(engine, 5)
    recovered = []
    with Crowd(scene.writers(server.port, WRITERS)) as crowd:
        for _ in range(kills):
            crowd.wait_for(WRITERS)
            postgres.kill()
            killed = time.monotonic()
            postgres.start()
            crowd.wait_for(1)
            recovered.append(time.monotonic() - killed)
        crowd.wait_for(WRITERS)
    engine.dispose()
    verdict = judge(engine, crowd.acknowledged, scene.ids)
    verdict.faults += [f"refused with {each.status}" for writer in crowd.writers for each in writer.refused]
    return verdict, recovered


def test_every_acknowledged_answer_survives_the_database(
    own_postgres: OwnPostgres, own_engine: Engine, served: NewServer
) -> None:
    kills = times(2, 20)
    server = served(database=own_postgres.database)
    verdict, recovered = killed_under_writers(own_postgres, own_engine, server, kills)
    figures(
        "1 database killed",
        kills=kills,
        writers=WRITERS,
        recovery_seconds=round(max(recovered), 2),
        **verdict.as_figures(),
    )
    assert verdict.clean, verdict
    assert server.is_running(), "the web server has to outlive its database"


def test_a_database_that_acknowledges_before_the_disk_is_caught(
    own_postgres: OwnPostgres, own_engine: Engine, served: NewServer
) -> None:
    server = served(database=own_postgres.database)
    scene = set_scene(own_engine, 5)
    with Crowd(scene.writers(server.port, WRITERS)) as crowd:
        crowd.wait_for(WRITERS)
        # The program refuses to start on such a database, so it is spoilt behind its back.
        own_postgres.tell("ALTER SYSTEM SET wal_writer_delay = '10s'")
        own_postgres.tell("ALTER SYSTEM SET synchronous_commit = off")
        own_postgres.tell("SELECT pg_reload_conf()")
        crowd.wait_for(WRITERS * 2)
        own_postgres.kill()
    own_postgres.start()
    own_postgres.tell("ALTER SYSTEM RESET ALL")
    own_postgres.tell("SELECT pg_reload_conf()")
    own_engine.dispose()
    verdict = judge(own_engine, crowd.acknowledged, scene.ids)
    figures("1 control: synchronous_commit off", kills=1, **verdict.as_figures())
    assert verdict.lost


def start_as_in_production(database: URL) -> subprocess.CompletedProcess[str]:
    """Run the command that serves, until it ends or has served for a moment."""
    environment = {
        **os.environ,
        "ELEVEN_MODE": "test",
        "DATABASE_URL": database.render_as_string(hide_password=False),
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0"]
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False
        )
    except subprocess.TimeoutExpired as served:
        return subprocess.CompletedProcess(command, 0, "", (served.stderr or b"").decode())


def test_it_refuses_to_start_where_saved_could_be_untrue(database: URL) -> None:
    careless = create_engine(database, isolation_level="AUTOCOMMIT")
    with careless.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{database.database}" SET synchronous_commit = off'))
    careless.dispose()
    ended = start_as_in_production(database)
    with careless.connect() as connection:
        connection.execute(text(f'ALTER DATABASE "{database.database}" RESET synchronous_commit'))
    careless.dispose()
    assert ended.returncode != 0
    assert "synchronous_commit is off" in ended.stderr


def test_the_check_at_the_start_tells_the_two_apart(database: URL) -> None:
    """The control of the refusal: the same database with the setting on is taken."""
    for setting, refused in (("on", False), ("off", True)):
        engine = create_engine(database, connect_args={"options": f"-c synchronous_commit={setting}"})
        if refused:
            with pytest.raises(DurabilityError):
                check_durability(engine, careless_server=True)
        else:
            check_durability(engine, careless_server=True)
        engine.dispose()


def test_a_server_that_a_power_cut_can_empty_is_refused_outside_the_tests(
    database: URL, own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests' own server has fsync off, so it is the planted fault; a durable one is the control."""
    durable, careless = build_engine(own_postgres.database, 1), build_engine(database, 1)
    check_durability(durable)
    own_postgres.tell(f'ALTER DATABASE "{own_postgres.database.database}" SET synchronous_commit = off')
    durable.dispose()
    with pytest.raises(DurabilityError, match="synchronous_commit is off"):
        check_durability(durable)
    own_postgres.tell(f'ALTER DATABASE "{own_postgres.database.database}" RESET synchronous_commit')
    durable.dispose()
    with TestClient(build_app(careless)):
        pass  # in the tests it serves
    monkeypatch.setattr(settings(), "mode", "production")
    with pytest.raises(DurabilityError, match="fsync is off"), TestClient(build_app(careless)):
        pass
    durable.dispose()
    careless.dispose()


def settings_at_commit(database: URL, engine: Engine) -> list[str]:
    """Return synchronous_commit as it is at each commit of the engine."""
    del database
    found: list[str] = []

    def note(connection: object) -> None:
        found.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())  # type: ignore[attr-defined]

    event.listen(engine, "commit", note)
    return found


def test_each_save_is_committed_to_the_disk(database: URL) -> None:
    engine = build_engine(database, 2, scope=Scope.SYSTEM)
    found = settings_at_commit(database, engine)
    set_scene(engine, 1)
    engine.dispose()
    wrong = sum(each != "on" for each in found)
    figures("2 each commit waits for the disk", commits=len(found), wrong=wrong)
    assert set(found) == {"on"}
    careless = create_engine(database, connect_args={"options": "-c synchronous_commit=off"})
    caught = settings_at_commit(database, careless)
    set_scene(careless, 1)
    careless.dispose()
    figures("2 control: a connection that does not wait", noticed=sum(each == "off" for each in caught))
    assert set(caught) == {"off"}, "the control: a careless connection must be seen"
