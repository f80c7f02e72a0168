"""QUALITY 3: the reply to a save is lost and the page sends it again: one change, and no false conflict."""

import secrets
import time
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import Engine, text

from tests.faults.conftest import NewServer
from tests.faults.ledger import judge
from tests.faults.people import Save, next_version
from tests.faults.scale import figures, times
from tests.faults.scene import DOMAIN, Scene, set_scene

pytestmark = pytest.mark.faults


@dataclass
class Outcome:
    """What the second sending was told."""

    saves: list[Save] = field(default_factory=list)
    false_conflicts: int = 0


def wait_until_stored(engine: Engine, save: Save) -> None:
    """Wait until a save whose reply nobody heard is in the history."""
    statement = text(
        "SELECT count(*) FROM answer_version WHERE return_id = :id AND content->>'evidence' = :text"
    )
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(statement, {"id": save.return_id, "text": save.text}).scalar_one():
                return
        time.sleep(0.01)
    pytest.fail("a save without a listener was not done")


def lose_replies(scene: Scene, port: int, count: int) -> Outcome:
    """Send saves and hang up before the reply; send them again, every second time with more text typed."""
    person, outcome, versions = scene.person(port, 1), Outcome(), dict.fromkeys(scene.keys(), 0)
    for number in range(count):
        key = scene.keys()[number % len(scene.keys())]
        words = f"Lost reply {number}"
        save = Save(scene.ids[0], key, words, versions[key], secrets.token_hex(8))
        path = f"/returns/{save.return_id}/{DOMAIN}/{key}"
        person.post_and_hang_up(path, save.fields())
        wait_until_stored(scene.engine, save)
        if number % 2:
            save = replace(save, text=f"{words}, and more")
        reply = person.post(path, save.fields())
        assert reply
        if reply.status != 200:
            outcome.false_conflicts += 1
            versions[key] = next_version(reply, key)
            continue
        outcome.saves.append(save)
        versions[key] = next_version(reply, key)
    return outcome


def test_a_lost_reply_costs_nothing(engine: Engine, served: NewServer) -> None:
    scene, count = set_scene(engine, 1), times(40, 1_000)
    outcome = lose_replies(scene, served().port, count)
    same = [save for save in outcome.saves if "and more" not in save.text]
    typed_on = [save for save in outcome.saves if "and more" in save.text]
    verdict = judge(engine, same, scene.ids)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT save_key, count(*) FROM answer_version WHERE return_id = :id GROUP BY 1"),
            {"id": scene.ids[0]},
        )
        kept = {row[0]: row[1] for row in rows}
    # The same text sent twice is one version; text that grew meanwhile is a second one under the same key.
    verdict.duplicates = [save.text for save in same if kept[save.save_key] != 1]
    figures(
        "3 reply lost, sent again",
        repeats=count,
        false_conflicts=outcome.false_conflicts,
        **verdict.as_figures(),
    )
    assert outcome.false_conflicts == 0
    assert verdict.clean, verdict
    assert all(kept[save.save_key] == 2 for save in typed_on)


def test_a_server_that_forgets_save_keys_is_caught(engine: Engine, served: NewServer) -> None:
    outcome = lose_replies(set_scene(engine, 1), served("without_save_keys").port, 6)
    figures("3 control: forgets save keys", repeats=6, false_conflicts=outcome.false_conflicts)
    assert outcome.false_conflicts
