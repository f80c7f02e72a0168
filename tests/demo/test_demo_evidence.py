"""The demo's evidence files: real documents that the program itself would have taken."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.engine import URL
from sqlmodel import Session, col

from app.core.database import owner_engine
from app.core.storage import LocalFolder
from app.demo.load import load
from app.returns.file_names import ending_of, safe_name
from app.returns.file_types import type_of
from app.returns.models import EvidenceFile, Return, ReturnState, SignedReturn
from tests.conftest import NOW

pytestmark = [pytest.mark.files, pytest.mark.faults]


@pytest.fixture
def engine(database: URL) -> Iterator[Engine]:
    """Rows are copied in bulk, which only the owner of the tables may do."""
    engine = owner_engine(database)
    yield engine
    engine.dispose()


def test_some_returns_have_documents_that_open(engine: Engine, tmp_path: Path) -> None:
    store = LocalFolder(tmp_path / "evidence")
    load(engine, now=NOW, storage=store)
    with Session(engine) as session:
        rows = list(session.execute(select(EvidenceFile)).scalars())
        signed = {
            (row.return_id, row.edition): row.content["files"]
            for row in session.execute(select(SignedReturn)).scalars()
        }
        unsigned = session.execute(
            select(func.count(func.distinct(col(EvidenceFile.return_id))))
            .join(Return, col(Return.id) == col(EvidenceFile.return_id))
            .where(col(Return.state) != ReturnState.SIGNED)
        ).scalar_one()
    assert {row.stored_as for row in rows} == {item.name for item in store.items()}
    assert {row.type_key for row in rows} == {"docx", "pdf", "csv", "txt"}
    assert unsigned
    for row in rows:
        content = b"".join(store.open(row.stored_as))
        assert type_of(io.BytesIO(content), row.size, ending_of(row.name)).key == row.type_key
        assert safe_name(row.name) == row.name
        if row.signed_edition is not None:
            frozen = signed[row.return_id, row.signed_edition][row.standard_key]
            assert row.sha256 in {each["sha256"] for each in frozen}
