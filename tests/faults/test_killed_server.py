"""QUALITY 1: the server is killed under twenty writers, again and again; nothing acknowledged is lost."""

import time

import pytest
from sqlalchemy import Engine

from tests.faults.conftest import NewServer
from tests.faults.ledger import Verdict, judge
from tests.faults.people import Crowd
from tests.faults.scale import figures, times
from tests.faults.scene import set_scene
from tests.faults.servers import Server

pytestmark = pytest.mark.faults
WRITERS = 20


def killed_again_and_again(engine: Engine, server: Server, kills: int) -> tuple[Verdict, list[float], int]:
    """Let writers write while the server is killed; return the verdict, recovery times, and unanswered."""
    scene = set_scene(engine, 5)
    recovered = []
    with Crowd(scene.writers(server.port, WRITERS)) as crowd:
        for _ in range(kills):
            crowd.wait_for(WRITERS)
            server.kill()
            killed = time.monotonic()
            server.start()
            crowd.wait_for(1)
            recovered.append(time.monotonic() - killed)
        crowd.wait_for(WRITERS)
    unanswered = sum(writer.unanswered for writer in crowd.writers)
    refused = [reply.status for writer in crowd.writers for reply in writer.refused]
    verdict = judge(engine, crowd.acknowledged, scene.ids)
    verdict.faults += [f"refused with {status}" for status in refused]
    return verdict, recovered, unanswered


def test_every_acknowledged_answer_survives_the_server(engine: Engine, served: NewServer) -> None:
    kills = times(5, 100)
    verdict, recovered, unanswered = killed_again_and_again(engine, served(), kills)
    figures(
        "1 server killed",
        kills=kills,
        writers=WRITERS,
        unanswered=unanswered,
        recovery_seconds=round(max(recovered), 2),
        **verdict.as_figures(),
    )
    assert verdict.clean, verdict
    assert unanswered, "the kills came when nobody was waiting for a reply: they tested nothing"


def test_a_server_that_acknowledges_first_is_caught(engine: Engine, served: NewServer) -> None:
    verdict, _, _ = killed_again_and_again(engine, served("acknowledges_first"), 1)
    figures("1 control: acknowledges first", kills=1, **verdict.as_figures())
    assert verdict.lost
