"""Faults in the middle of an upload: nothing half is left, and the person is told."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.engine import URL
from starlette.formparsers import MultiPartParser

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.storage import Kept, LocalFolder
from app.returns import evidence
from app.returns.evidence_worker import sweep
from tests import builders
from tests.conftest import ClientAs
from tests.returns.evidence_scenes import School, file_rows, lead_of, school, send
from tests.returns.file_makers import pdf

pytestmark = [pytest.mark.files, pytest.mark.faults]
ROOT = Path(__file__).resolve().parent.parent.parent


class FullDisk(LocalFolder):
    """A folder whose disk is full after so many bytes; half of the last piece still went onto it."""

    room = 100

    def _write(self, out: BinaryIO, chunk: bytes) -> None:
        if len(chunk) > self.room:
            out.write(chunk[: self.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        super()._write(out, chunk)


@pytest.fixture
def full(app: FastAPI, tmp_path: Path) -> Iterator[FullDisk]:
    before, app.state.storage = app.state.storage, FullDisk(tmp_path / "evidence")
    yield app.state.storage
    app.state.storage = before


@pytest.fixture
def place(work: Work, full: FullDisk) -> School:
    assert full
    return school(work)


def on_disk(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_full_disk_is_told_and_leaves_neither_file_nor_row(
    place: School, full: FullDisk, client_as: ClientAs, work: Work
) -> None:
    lead = lead_of(place, client_as)
    refused = send(lead, place)
    assert refused.status_code == 503
    assert "There is no room for files on the server just now, so nothing was stored" in refused.text
    assert file_rows(work, place) == []
    assert on_disk(full.root) == []
    full.room = 1_000_000  # the control: with room, the same upload is taken
    assert send(lead, place).status_code == 303
    assert len(file_rows(work, place)) == len(on_disk(full.root)) == 1


def test_a_full_temporary_folder_is_told_in_words(
    place: School, full: FullDisk, client_as: ClientAs, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload is spooled to a temporary file first: that disk can be full, too."""

    async def no_room(_: MultiPartParser) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    full.room = 1_000_000
    lead = lead_of(place, client_as)
    with monkeypatch.context() as broken:
        broken.setattr(MultiPartParser, "parse", no_room)
        refused = send(lead, place)
    assert refused.status_code == 422
    assert "There is no room for files" in refused.text
    assert file_rows(work, place) == []
    assert send(lead, place).status_code == 303


def test_a_transaction_that_fails_throws_the_stored_file_away(
    place: School, full: FullDisk, client_as: ClientAs, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.room = 1_000_000

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault behind the store")

    lead = lead_of(place, client_as)
    with monkeypatch.context() as patched:
        patched.setattr(evidence, "_insert", broken)
        with pytest.raises(RuntimeError, match="behind the store"):
            send(lead, place)
    assert file_rows(work, place) == []
    assert on_disk(full.root) == []


KILLED = """
import io, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy.engine import make_url
from sqlmodel import Session
from app.core.access import Actor, OrganisationRole, Work
from app.core.database import build_engine
from app.core.scope import Scope
from app.core.storage import LocalFolder
from app.returns import evidence, queries
from tests.returns.file_makers import pdf

address, folder, return_id, organisation, user, key, moment = sys.argv[1:]

class Dying(LocalFolder):
    def put(self, content):
        kept = super().put(content)
        if moment == "after storing":
            os.kill(os.getpid(), signal.SIGKILL)
        return kept
    def _write(self, out, chunk):
        super()._write(out, chunk)
        if moment == "while storing":
            out.flush()
            os.kill(os.getpid(), signal.SIGKILL)

with Session(build_engine(make_url(address), scope=Scope.SYSTEM), expire_on_commit=False) as session:
    held = {int(organisation): frozenset(OrganisationRole)}
    actor = Actor(int(user), "Robin", "r@example.org", organisations=held)
    work = Work(session, actor, datetime(2026, 11, 16, tzinfo=UTC))
    this = queries.head(session, actor, int(return_id))
    content = pdf()
    place = evidence.Place(Dying(Path(folder)), scanned=False)
    evidence.add(work, this, key, evidence.Upload("Policy.pdf", io.BytesIO(content), len(content)), place)
    if moment == "before the commit":
        os.kill(os.getpid(), signal.SIGKILL)
    session.commit()
"""


def kill_at(moment: str, address: URL, full: FullDisk, place: School, user_id: int) -> int:
    """Run an upload in a process of its own that is killed at a moment; return how it ended."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            address.render_as_string(hide_password=False),
            str(full.root),
            str(place.this.id),
            str(place.this.organisation_id),
            str(user_id),
            place.key,
            moment,
        ],
        cwd=ROOT,
        env={**os.environ, "ELEVEN_MODE": "test"},
        check=False,
        timeout=60,
    )
    return done.returncode


@pytest.mark.parametrize("moment", ["while storing", "after storing", "before the commit"])
def test_a_process_killed_in_mid_upload_leaves_no_row_and_the_sweep_leaves_no_file(
    moment: str, place: School, full: FullDisk, work: Work, engine: Engine, database: URL
) -> None:
    person = builders.as_person(work, place.this.organisation_id)
    work.session.commit()
    ended = kill_at(moment, database, full, place, person.actor.user_id)
    assert ended == -signal.SIGKILL
    assert file_rows(work, place) == []
    assert len(on_disk(full.root)) == 1
    later = datetime.now(UTC) + timedelta(hours=2)
    assert sweep(engine, full, later) == 1
    assert on_disk(full.root) == []


def test_a_process_that_is_not_killed_leaves_both(
    place: School, full: FullDisk, work: Work, engine: Engine, database: URL
) -> None:
    """The control of the kills."""
    person = builders.as_person(work, place.this.organisation_id)
    work.session.commit()
    assert kill_at("never", database, full, place, person.actor.user_id) == 0
    assert [row.name for row in file_rows(work, place)] == ["Policy.pdf"]
    assert sweep(engine, full, datetime.now(UTC) + timedelta(hours=2)) == 0
    assert len(on_disk(full.root)) == 1


@pytest.mark.access
def test_the_upload_of_somebody_unknown_is_not_read(
    place: School, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    original: Callable[..., object] = MultiPartParser.parse

    async def watched(self: MultiPartParser) -> object:
        parsed.append("read")
        return await original(self)  # type: ignore[misc]

    monkeypatch.setattr(MultiPartParser, "parse", watched)
    stranger = client_as()
    stranger.cookies.set("eleven", "made-up-session-of-a-stranger")
    large = pdf(b"%" + b"x" * 1_000_000)
    assert send(stranger, place, content=large).status_code == 401
    assert parsed == []
    assert send(client_as(PartnershipRole.ADMINISTRATOR), place, content=large).status_code == 404
    assert parsed == []
    # The control: a colleague's upload is read.
    colleague = client_as(OrganisationRole.CONTRIBUTOR, organisation=place.this.organisation_id)
    send(colleague, place, content=large)
    assert parsed == ["read"]


def test_two_kept_files_never_share_a_name(full: FullDisk) -> None:
    import io  # noqa: PLC0415

    full.room = 1_000_000
    kept: list[Kept] = [full.put(io.BytesIO(b"same")) for _ in range(20)]
    assert len({each.name for each in kept}) == 20
