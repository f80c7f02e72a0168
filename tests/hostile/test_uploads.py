"""Hostile files for the register and for questionnaires: a message, fast, small, nothing by halves."""

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from app.core.access import PartnershipRole
from app.organisations import table_files
from tests.conftest import ORIGIN, ClientAs
from tests.faults.scale import figures
from tests.hostile.files import hostile_questionnaires, hostile_tables, table
from tests.hostile.reading import Reply

pytestmark = [pytest.mark.faults, pytest.mark.files]

MOST_SECONDS = 5
MOST_MB = 200
KINDS = ("schools", "agencies", "contacts")
NAMES = list(hostile_tables())
# Of each file that was tried: seconds of work, and megabytes.
LARGEST: list[tuple[float, int]] = []
KEPT = ("organisation", "identifier", "contact", "membership", "user_account", "register_import")


def rows(engine: Engine, *tables: str) -> list[int]:
    with engine.connect() as connection:
        return [connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables]


def _peak_mb() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    raise LookupError("VmHWM")


def _now_mb() -> int:
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest mark so far
    return _peak_mb()


def sent(client: TestClient, kind: str, file: tuple[str, bytes]) -> tuple[Any, float, int]:
    """Upload a file; return the reply, the seconds and the megabytes that it took."""
    # Seconds of work: others on the machine may make a clock's seconds longer.
    before, began = _now_mb(), time.process_time()
    if kind == "questionnaire":
        reply = client.post("/questionnaires", files={"file": file})
    else:
        data = {"what": kind, "la_code": "812"}
        reply = client.post("/organisations/import", data=data, files={f"{kind}_file": file})
    return reply, time.process_time() - began, _peak_mb() - before


def faults_of(client: TestClient, kind: str, file: tuple[str, bytes]) -> list[str]:
    """Return what is wrong with the answer to a hostile file."""
    reply, seconds, megabytes = sent(client, kind, file)
    found = []
    page = Reply(reply.text)
    if reply.status_code != 422:
        found.append(f"{reply.status_code}: {reply.text[:100]}")
    elif "There is a problem" not in page.text and "was not published" not in page.text:
        found.append("refused without a message")
    if page.strange:
        found.append(f"markup: {page.strange}")
    if seconds > MOST_SECONDS:
        found.append(f"{seconds:.1f} seconds")
    if megabytes > MOST_MB:
        found.append(f"{megabytes} MB")
    LARGEST.append((seconds, megabytes))
    return found


def tried(what: str, found: list[str]) -> None:
    """Note what came of one hostile file."""
    seconds, megabytes = LARGEST[-1]
    figures(what, files=1, wrong=len(found), most_cpu_seconds=round(seconds, 2), most_megabytes=megabytes)


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_table_is_refused_and_changes_nothing(
    client_as: ClientAs, engine: Engine, name: str
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    before = rows(engine, *KEPT)
    kind = KINDS[NAMES.index(name) % 3]
    called, content = hostile_tables()[name]
    found = faults_of(manager, kind, (called, content()))
    tried("24 hostile files for the register", found)
    assert found == []
    assert rows(engine, *KEPT) == before


@pytest.mark.parametrize("name", hostile_questionnaires())
def test_a_hostile_questionnaire_is_refused_and_publishes_nothing(
    client_as: ClientAs, engine: Engine, name: str
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    found = faults_of(manager, "questionnaire", hostile_questionnaires()[name])
    tried("24 hostile questionnaires", found)
    assert found == []
    assert rows(engine, "questionnaire_version") == [0]


def test_there_are_enough_hostile_files() -> None:
    assert len(NAMES) + len(hostile_questionnaires()) >= 60


def test_a_reader_that_took_too_much_or_failed_would_be_noticed(
    app: Any, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: a reader that takes all memory, and one that falls over.
    own = client_as(PartnershipRole.BOARD_MANAGER)
    manager = TestClient(app, headers=ORIGIN, cookies=own.cookies, raise_server_exceptions=False)
    check = table_files._check_content

    def greedy(data: bytes, suffix: str) -> None:
        assert len(b"x" * 300_000_000) > len(data)
        check(data, suffix)

    monkeypatch.setattr(table_files, "_check_content", greedy)
    large = faults_of(manager, "agencies", ("a.exe", b"x"))
    assert any("MB" in fault for fault in large)

    def broken(*_: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(table_files, "_check_content", broken)
    fell = faults_of(manager, "agencies", ("a.csv", b"x"))
    figures("24 control: a greedy reader and a broken one", noticed=len(large) + len(fell))
    assert any(fault.startswith("500") for fault in fell)


BAD_CONTACTS = table(
    ["URN", "Role", "Name", "Email", "Telephone"],
    ["117900", "Chair of governors", "Ada Okafor", "ada@example.org", ""],
    ["117900", "King", "Ben", "ben@example.org", ""],
    ["117900", "Chair of governors", "Cy", "not an address", ""],
    ["999999", "Chair of governors", "Di", "di@example.org", ""],
    ["117900", "Chair of governors", "=1+1", "e@example.org", "x" * 500],
)


def test_bad_rows_are_told_by_row_and_cell_and_nothing_is_taken_before_somebody_says_so(
    client_as: ClientAs, engine: Engine
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    before = rows(engine, *KEPT[:-1])
    reply, _, _ = sent(manager, "contacts", ("c.csv", BAD_CONTACTS))
    assert reply.status_code == 303
    page = Reply(manager.get(reply.headers["location"]).text)
    assert page.strange == []
    for row in ("3", "4", "5", "6"):
        assert f" {row} " in page.text
    assert "not an address" in page.text
    assert rows(engine, *KEPT[:-1]) == before


def test_an_import_that_fails_in_the_middle_leaves_nothing(
    client_as: ClientAs, engine: Engine, monkeypatch: pytest.MonkeyPatch, app: Any
) -> None:
    agencies = table(
        ["Code", "Name", "Kind"],
        ["humber-police", "Humber Police", "Police force"],
        ["wold-fire", "Wold Fire", "Fire and rescue service"],
    )
    own = client_as(PartnershipRole.BOARD_MANAGER)
    manager = TestClient(
        app, headers=ORIGIN, cookies=own.cookies, follow_redirects=False, raise_server_exceptions=False
    )
    reply, _, _ = sent(manager, "agencies", ("a.csv", agencies))
    assert reply.status_code == 303, reply.text
    before = rows(engine, *KEPT)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("app.organisations.service.audit.record", broken)
        failed = manager.post(f"{reply.headers['location']}/apply")
    assert failed.status_code == 500
    assert rows(engine, *KEPT) == before
