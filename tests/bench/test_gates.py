"""Goals that hold at every commit: statements of a page, memory of the workbook, no lost save, first visit.

Each gate has a control beside it: the same measure on a program with the fault must fail.
"""

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from app.bench import world
from app.bench.collisions import SAVES, Outcome, collide, couples, lost_fields, reading, schools_for
from app.bench.first_visit import first_visit, readings
from app.bench.peak import MEBIBYTE, peak_of_made_up
from app.bench.question_page import STATEMENTS_MUST, statements_of_a_page
from app.bench.survey import ALL_KEYS, DOMAINS
from app.bench.workbook import LARGE, MEMORY_MUST, SMALL
from app.core.settings import ROOT
from app.returns import queries, service
from tests.conftest import NOW

# --- P3: statements of a question page -------------------------------------------------------------


@pytest.fixture(scope="module")
def round_id(engine: Engine) -> int:
    """A round that asks enough schools for every gate."""
    world.add_schools(engine, schools_for(saves_wanted()) + 2)
    made = world.prepare_round(engine)
    world.issue_round(engine, made)
    return made


@pytest.fixture
def school(engine: Engine, round_id: int) -> world.School:
    """A school's lead, signed in."""
    return world.schools(engine, round_id, 1, now=NOW)[0]


def test_a_question_page_asks_few_statements(app: FastAPI, page_engine: Engine, school: world.School) -> None:
    path = f"/returns/{school.return_id}/{DOMAINS[0]}"
    found = statements_of_a_page(page_engine, app, school.token, path)
    assert 0 < len(found) <= STATEMENTS_MUST
    assert sum("set_config" in each for each in found.sent) == 1, "one statement tells the database who asks"


def test_control_a_statement_for_each_question_is_noticed(
    app: FastAPI, page_engine: Engine, school: world.School, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = queries.answers

    def one_by_one(session: Any, actor: Any, return_id: int) -> Any:
        for _ in range(9):
            whole(session, actor, return_id)
        return whole(session, actor, return_id)

    monkeypatch.setattr(queries, "answers", one_by_one)
    path = f"/returns/{school.return_id}/{DOMAINS[0]}"
    assert len(statements_of_a_page(page_engine, app, school.token, path)) > STATEMENTS_MUST


# --- P7: memory of the workbook ---------------------------------------------------------------------

# As many returns as the goal says, with a tenth of the answers; what grows is reckoned up to all of them.
ANSWERS = 6
ALL_OF_THEM = len(ALL_KEYS) // ANSWERS
KEEPING = """
import sys
from app.bench import peak
from app.bench.made_up import MadeUpRound

class Keeping(MadeUpRound):
    def answered_returns(self):
        return iter(list(super().answered_returns()))

peak.write_made_up(Keeping(int(sys.argv[1]), int(sys.argv[2])))
print(peak.peak_bytes())
"""


def keeping_peak(returns: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", KEEPING, str(returns), str(ANSWERS)],
        cwd=ROOT,
        env={**os.environ, "ELEVEN_MODE": "test"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_the_workbooks_memory_does_not_grow_with_the_returns() -> None:
    grown = peak_of_made_up(LARGE, ANSWERS) - peak_of_made_up(SMALL, ANSWERS)
    assert grown * ALL_OF_THEM / MEBIBYTE <= MEMORY_MUST


def test_control_a_list_of_everything_in_memory_is_noticed() -> None:
    quarter = LARGE // 4
    allowed = MEMORY_MUST * (quarter - SMALL) / (LARGE - SMALL)
    assert (keeping_peak(quarter) - keeping_peak(SMALL)) * ALL_OF_THEM / MEBIBYTE > allowed


# --- P10: no save fails or gets lost ----------------------------------------------------------------


def saves_wanted() -> int:
    """Say how many saves: the goal's ten thousand in the long form, a thousand otherwise."""
    return SAVES if os.environ.get("ELEVEN_SOAK") else 1_000


@contextmanager
def served(app: FastAPI) -> Iterator[int]:
    """Serve the program in this process, where a test can put a fault into it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    # The engine belongs to the module: no lifespan, which would dispose of it.
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        listening.close()


def rush(app: FastAPI, engine: Engine, round_id: int, saves: int) -> Outcome:
    writing = couples(engine, round_id, schools_for(saves), now=NOW)
    with served(app) as port:
        outcome = collide(port, writing, saves)
    outcome.lost = lost_fields(engine, writing)
    return outcome


@pytest.mark.faults
def test_ratings_and_comments_saved_at_once_are_all_kept(app: FastAPI, engine: Engine, round_id: int) -> None:
    outcome = rush(app, engine, round_id, saves_wanted())
    assert outcome.saves >= saves_wanted()
    assert reading(outcome).meets == "stretch", outcome


@pytest.mark.faults
def test_control_saving_without_holding_the_return_is_noticed(
    app: FastAPI, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = service._HOLD.with_only_columns(*service._HOLD.selected_columns)
    loose._for_update_arg = None
    reading_now = service._standing

    def reading_early(*arguments: Any) -> Any:
        found = reading_now(*arguments)
        time.sleep(0.005)
        return found

    monkeypatch.setattr(service, "_HOLD", loose)
    monkeypatch.setattr(service, "_standing", reading_early)
    world.add_schools(engine, 1, first=100_000)
    another = world.prepare_round(engine, year=2027)
    world.issue_round(engine, another)
    outcome = rush(app, engine, another, 100)
    assert reading(outcome).meets == "no"
    assert outcome.lost


# --- P11: the first visit ---------------------------------------------------------------------------


def test_the_first_visit_is_light(app: FastAPI, school: world.School) -> None:
    visits = (first_visit(app, "/sign-in"), first_visit(app, f"/returns/{school.return_id}", school.token))
    assert [each.what for visit in visits for each in readings(visit, "page") if each.meets == "no"] == []


async def _heavy(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page of eight scripts that do not pack well."""
    del receive
    dice = random.Random(1)  # noqa: S311
    page = "".join(f'<script src="/{number}.js"></script>' for number in range(8)).encode()
    body = page if scope["path"] == "/" else dice.randbytes(12_000)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def test_control_a_heavy_page_is_noticed() -> None:
    assert [each.meets for each in readings(first_visit(_heavy, "/"), "page")] == ["no", "no"]
