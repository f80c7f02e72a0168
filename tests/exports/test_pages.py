"""The addresses of the workbooks: who gets them, under which name, and that reading changes nothing."""

import io
import tempfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import OrganisationRole, PartnershipRole
from exports.pages import XLSX, at_one_moment, disposition
from tests.conftest import ClientAs
from tests.exports.package_checks import faults
from tests.exports.rounds import Made
from tests.exports.writing import NOW


def return_id(engine: Engine, made: Made, place: int) -> int:
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT id FROM return WHERE round_id = :round AND organisation_id = :place"),
            {"round": made.round_id, "place": place},
        )
        return int(found.scalar_one())


def test_a_board_manager_downloads_the_workbook(client_as: ClientAs, made: Made) -> None:
    reply = client_as(PartnershipRole.BOARD_MANAGER).get(f"/rounds/{made.round_id}/workbook.xlsx")

    assert reply.status_code == 200
    assert reply.headers["content-type"] == XLSX
    assert reply.headers["content-disposition"].startswith("attachment; filename=")
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert reply.headers["cache-control"] == "no-store"
    assert faults(reply.content) == []
    assert "Answers" in load_workbook(io.BytesIO(reply.content)).sheetnames


@pytest.mark.parametrize("role", [PartnershipRole.PSO, PartnershipRole.INDEPENDENT_SCRUTINEER])
def test_who_reads_returns_reads_the_workbook(client_as: ClientAs, made: Made, role: PartnershipRole) -> None:
    assert client_as(role).get(f"/rounds/{made.round_id}/workbook.xlsx").status_code == 200


@pytest.mark.access
@pytest.mark.parametrize("role", [PartnershipRole.ADMINISTRATOR, PartnershipRole.SAFEGUARDING_PARTNER])
def test_who_does_not_read_returns_finds_no_workbook(
    client_as: ClientAs, made: Made, role: PartnershipRole
) -> None:
    assert client_as(role).get(f"/rounds/{made.round_id}/workbook.xlsx").status_code == 404


@pytest.mark.access
def test_an_organisation_finds_its_own_answers_and_nobody_elses(
    client_as: ClientAs, engine: Engine, made: Made
) -> None:
    own, other = made.organisation_ids[:2]
    client = client_as(OrganisationRole.LEAD, organisation=own)
    reply = client.get(f"/returns/{return_id(engine, made, own)}/answers.xlsx")

    assert reply.status_code == 200
    assert faults(reply.content) == []
    assert client.get(f"/returns/{return_id(engine, made, other)}/answers.xlsx").status_code == 404
    assert client.get(f"/rounds/{made.round_id}/workbook.xlsx").status_code == 404


def test_a_round_or_return_that_is_not_there_is_not_found(client_as: ClientAs, made: Made) -> None:
    client = client_as(PartnershipRole.BOARD_MANAGER)

    assert made.round_id
    assert client.get("/rounds/999999/workbook.xlsx").status_code == 404
    assert client.get("/returns/999999/answers.xlsx").status_code == 404


def test_a_stranger_is_led_to_the_sign_in_page(client_as: ClientAs, made: Made) -> None:
    assert client_as().get(f"/rounds/{made.round_id}/workbook.xlsx").status_code == 303


def test_reading_a_workbook_changes_no_row(client_as: ClientAs, engine: Engine, made: Made) -> None:
    def rows() -> dict[str, tuple[int, str]]:
        content = "count(*), coalesce(md5(string_agg(t::text, ' ' ORDER BY t::text)), '')"
        with engine.connect() as connection:
            tables = connection.execute(
                text(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
                    "AND table_name <> 'reading'"
                )  # who read what is noted after the reply
            ).scalars()
            return {
                table: tuple(connection.execute(text(f'SELECT {content} FROM "{table}" t')).one())
                for table in list(tables)
            }

    client = client_as(PartnershipRole.BOARD_MANAGER)
    before = rows()
    client.get(f"/rounds/{made.round_id}/workbook.xlsx")
    client.get(f"/returns/{return_id(engine, made, made.organisation_ids[0])}/answers.xlsx")

    assert rows() == before


def test_no_file_stays_behind(
    client_as: ClientAs, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_as(PartnershipRole.BOARD_MANAGER)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client.get(f"/rounds/{made.round_id}/workbook.xlsx")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("title", "plain", "full"),
    [
        ("Section 175, 2026 to 2027", "Section 175, 2026 to 2027 2026-11-16.xlsx", "Section%20175%2C%202026"),
        ('a"b\r\nSet-Cookie: x', "a b Set-Cookie x 2026-11-16.xlsx", "a%20b%20Set-Cookie%20x"),
        ("../../etc/passwd", "etc passwd 2026-11-16.xlsx", "etc%20passwd"),
        ("Ysgol Tŷ Gwyn", "Ysgol T_ Gwyn 2026-11-16.xlsx", "Ysgol%20T%C5%B7%20Gwyn"),
        ("", "Workbook 2026-11-16.xlsx", "Workbook"),
        ("x" * 300, "x" * 120 + " 2026-11-16.xlsx", "x" * 120),
    ],
)
def test_file_names_are_safe_everywhere(title: str, plain: str, full: str) -> None:
    header = disposition(title, NOW)

    assert header.startswith(f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}")
    assert header.isascii()
    assert header.isprintable()


def test_all_sheets_of_a_workbook_see_the_same_moment(engine: Engine, made: Made) -> None:
    count = text("SELECT count(*) FROM round")
    columns = "title, version_id, school_year, opens_on, due_on, state, kinds, phases, created_at"
    with Session(engine) as session:
        session.execute(count)
        at_one_moment(session)
        before = session.execute(count).scalar_one()
        with engine.begin() as other:
            other.execute(
                text(f"INSERT INTO round ({columns}) SELECT {columns} FROM round WHERE id = :id"),
                {"id": made.round_id},
            )
        assert session.execute(count).scalar_one() == before
        session.rollback()
        assert session.execute(count).scalar_one() == before + 1
