"""QUALITY 9: the database stops under load, and its disk fills: clear words, no half record, no restart."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.core.database import build_engine, owner_engine
from app.core.scope import Scope
from tests.faults.conftest import NewServer
from tests.faults.ledger import Verdict, judge
from tests.faults.people import Crowd, Person, Reply
from tests.faults.postgres import OwnPostgres, own_directory
from tests.faults.scale import figures, times
from tests.faults.scene import DOMAIN, Scene, set_scene

pytestmark = pytest.mark.faults
WRITERS = 10
DISK_MEGABYTES = 112
CANARY = "Typed while the database was away: <b>keep me</b>"


def page_while_away(scene: Scene, person: Person) -> Reply:
    """Send a whole page as a browser without scripts does, until the program notices that it is alone."""
    key = scene.keys()[-1]
    for number in range(50):
        # Another text each time, or a save that still fits would make the next one no change at all.
        fields = {f"{key}.evidence": f"{CANARY} {number}", f"{key}.version": str(number)}
        reply = person.post(f"/returns/{scene.ids[0]}/{DOMAIN}", fields, fragment=False)
        if reply is not None and reply.status not in {200, 303}:
            return reply
        time.sleep(0.1)
    pytest.fail("the program never noticed")


def gives_the_text_back(reply: Reply) -> bool:
    """Say whether a reply says what is wrong and holds the text, escaped, to be sent again."""
    words = "was not saved" in reply.text and "Try again in a minute" in reply.text
    return reply.status == 503 and words and "&lt;b&gt;keep me&lt;/b&gt;" in reply.text


def interrupted(
    scene: Scene, postgres: OwnPostgres, port: int, seconds: float
) -> tuple[Verdict, Reply, list[Reply], float]:
    """Stop the database under writers for some seconds; the web server is left alone."""
    with Crowd(scene.writers(port, WRITERS)) as crowd:
        crowd.wait_for(WRITERS)
        postgres.stop()
        stopped = time.monotonic()
        reply = page_while_away(scene, scene_person(scene, port))
        time.sleep(max(0.0, stopped + seconds - time.monotonic()))
        back = time.monotonic()
        postgres.start()
        crowd.wait_for(1)
        recovered = time.monotonic() - back
        crowd.wait_for(WRITERS)
    scene.engine.dispose()
    verdict = judge(scene.engine, crowd.acknowledged, scene.ids)
    verdict.faults += [f"refused with {each.status}" for writer in crowd.writers for each in writer.refused]
    return verdict, reply, [each for writer in crowd.writers for each in writer.away], recovered


_PEOPLE: dict[int, Person] = {}


def scene_person(scene: Scene, port: int) -> Person:
    """Return somebody who signed in while the database was there."""
    return Person(_PEOPLE[scene.ids[0]].name, _PEOPLE[scene.ids[0]].token, port)


def with_somebody(scene: Scene) -> Scene:
    """Sign somebody in for later, when nobody can sign in."""
    _PEOPLE[scene.ids[0]] = scene.person(0, 90)
    return scene


def test_the_database_stops_and_comes_back(
    own_postgres: OwnPostgres, own_engine: Engine, served: NewServer
) -> None:
    seconds = times(3, 30)
    server = served(database=own_postgres.database)
    scene = with_somebody(set_scene(own_engine, 2))
    verdict, reply, away, recovered = interrupted(scene, own_postgres, server.port, seconds)
    unclear = [each for each in away if each.status != 503 or "Not saved yet" not in each.text]
    figures(
        "9 database away",
        away_seconds=seconds,
        told_not_saved=len(away),
        unclear=len(unclear),
        recovery_seconds=round(recovered, 2),
        **verdict.as_figures(),
    )
    assert verdict.clean, verdict
    assert gives_the_text_back(reply), reply
    assert not unclear
    assert away
    assert server.is_running()


def test_a_server_that_says_saved_all_the_same_is_caught(
    own_postgres: OwnPostgres, own_engine: Engine, served: NewServer
) -> None:
    server = served("always_cheerful", own_postgres.database)
    scene = set_scene(own_engine, 2)
    with Crowd(scene.writers(server.port, WRITERS), pause=0.05) as crowd:
        crowd.wait_for(WRITERS)
        own_postgres.stop()
        crowd.wait_for(WRITERS)
    own_postgres.start()
    own_engine.dispose()
    verdict = judge(own_engine, crowd.acknowledged, scene.ids)
    figures("9 control: says saved all the same", **verdict.as_figures())
    assert verdict.lost


@contextmanager
def small_disk(directory: Path) -> Iterator[bool]:
    """Mount a small disk of memory there, if this user may; say whether it was done."""
    directory.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "eleven-faults", str(directory)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)
        directory.rmdir()


def fill(directory: Path) -> Path:
    """Write a file until the disk holds no byte more."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1024 * 1024, 4096, 512):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


REFUSE_WRITES = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
"""


@contextmanager
def pretended_full(engine: Engine) -> Iterator[None]:
    """Let the database refuse the second statement of each save, as it does when a file cannot grow."""
    owner = owner_engine(engine.url)
    with owner.begin() as connection:
        connection.exec_driver_sql(REFUSE_WRITES)
        connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON answer_version FOR EACH ROW "
            "EXECUTE FUNCTION disk_is_full()"
        )
    yield
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full_disk ON answer_version")
        connection.exec_driver_sql("DROP FUNCTION disk_is_full")
    owner.dispose()


def saved_into_a_full_database(scene: Scene, port: int) -> tuple[Verdict, Reply, list[Reply], float]:
    """Let the database say 'disk full' under writers, then have room again."""
    with Crowd(scene.writers(port, WRITERS)) as crowd:
        crowd.wait_for(WRITERS)
        with pretended_full(scene.engine):
            reply = page_while_away(scene, scene_person(scene, port))
            time.sleep(1)
        recovered = crowd.wait_for(1)
        crowd.wait_for(WRITERS)
    verdict = judge(scene.engine, crowd.acknowledged, scene.ids)
    return verdict, reply, [each for writer in crowd.writers for each in writer.away], recovered


def test_a_database_that_cannot_grow_keeps_no_half_record(
    own_postgres: OwnPostgres, own_engine: Engine, served: NewServer
) -> None:
    """The error of a full disk in the middle of a save, injected by the database itself."""
    scene = with_somebody(set_scene(own_engine, 2))
    server = served(database=own_postgres.database)
    verdict, reply, away, recovered = saved_into_a_full_database(scene, server.port)
    figures(
        "9 disk full, injected",
        told_not_saved=len(away),
        recovery_seconds=round(recovered, 2),
        **verdict.as_figures(),
    )
    assert verdict.clean, verdict
    assert gives_the_text_back(reply), reply
    assert {each.status for each in away} == {503}


def full_to_the_brim(
    scene: Scene, postgres: OwnPostgres, port: int, disk: Path
) -> tuple[Verdict, Reply, list[Reply], float, bool]:
    """Fill the disk under writers, make room again, and start the database if it gave up."""
    with Crowd(scene.writers(port, WRITERS)) as crowd:
        crowd.wait_for(WRITERS)
        filler = fill(disk)
        reply = page_while_away(scene, scene_person(scene, port))
        time.sleep(1)
        room = time.monotonic()
        filler.unlink()
        gave_up = not postgres.is_running()
        if gave_up:
            postgres.start()
        crowd.wait_for(1)
        recovered = time.monotonic() - room
        crowd.wait_for(WRITERS)
    scene.engine.dispose()
    verdict = judge(scene.engine, crowd.acknowledged, scene.ids)
    return verdict, reply, [each for writer in crowd.writers for each in writer.away], recovered, gave_up


def test_a_disk_that_is_really_full_loses_nothing(served: NewServer) -> None:
    """A disk of memory holds the database; where this user may mount none, the injected form stands alone."""
    directory = own_directory()
    with small_disk(directory.parent) as mounted:
        if not mounted:
            figures("9 disk full, real", mounted=False)
            return
        postgres = OwnPostgres(directory)
        engine = build_engine(postgres.database, 4, scope=Scope.SYSTEM)
        try:
            scene = with_somebody(set_scene(engine, 2))
            server = served(database=postgres.database)
            verdict, reply, away, recovered, gave_up = full_to_the_brim(
                scene, postgres, server.port, directory.parent
            )
        finally:
            engine.dispose()
            postgres.remove()
    figures(
        "9 disk full, real",
        mounted=True,
        disk_megabytes=DISK_MEGABYTES,
        told_not_saved=len(away),
        database_gave_up=gave_up,
        recovery_seconds=round(recovered, 2),
        **verdict.as_figures(),
    )
    assert verdict.clean, verdict
    assert gives_the_text_back(reply), reply
    assert server.is_running()
