"""A second program opens the workbook, changes nothing, and reads every cell as we wrote it."""

import csv
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from app.core.access import Work
from app.returns.queries import returns_of
from exports.own_return import return_workbook
from tests.conftest import NOW
from tests.exports.package_checks import reread
from tests.exports.rounds import Made
from tests.exports.texts import STORED
from tests.exports.writing import written


def resaved(content: bytes, folder: Path, form: str = "xlsx:Calc MS Excel 2007 XML") -> bytes:
    """Return the workbook as LibreOffice saves it again."""
    program = shutil.which("soffice")
    assert program, "These tests need LibreOffice: apt-get install libreoffice-calc-nogui"
    source = folder / "written.xlsx"
    source.write_bytes(content)
    subprocess.run(
        [
            program,
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            "--convert-to",
            form,
            "--outdir",
            str(folder / "again"),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return (folder / "again" / f"written.{form[: form.index(':')]}").read_bytes()


def differences(content: bytes, again: bytes) -> list[tuple[str, int, int, Any, Any]]:
    """Return the cells that the second program reads otherwise; an empty cell may be left out."""
    # LibreOffice reads _x005F_ as an underscore, like Excel, but writes an underscore as it is; and openpyxl
    # drops "x005F_" from what LibreOffice shares between cells. A test of its own reads such texts as CSV.
    written, read = reread(content), reread(again, decoded=False)
    assert list(written) == list(read)
    found = []
    for title, rows in written.items():
        others = read[title]
        for number, row in enumerate(rows):
            other = others[number] if number < len(others) else []
            for column, value in enumerate(row):
                beside = other[column] if column < len(other) else None
                wanted = value.replace("x005F_", "") if isinstance(value, str) else value
                if wanted != beside:
                    found.append((title, number + 1, column + 1, value, beside))
    return found


def formulas(content: bytes) -> list[str]:
    """Return the cells that are formulas or errors."""
    return [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in load_workbook(io.BytesIO(content))
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type in {"f", "e"}
    ]


def test_libreoffice_reads_every_cell_of_the_round_as_it_was_written(content: bytes, tmp_path: Path) -> None:
    again = resaved(content, tmp_path)

    assert differences(content, again) == []
    assert formulas(again) == []
    tables = [len(sheet.tables) for sheet in load_workbook(io.BytesIO(again))]
    assert tables == [len(sheet.tables) for sheet in load_workbook(io.BytesIO(content))]


def test_libreoffice_reads_every_cell_of_an_own_return(board: Work, made: Made, tmp_path: Path) -> None:
    out = io.BytesIO()
    this = next(
        each
        for each in returns_of(board.session, board.actor, made.signed_ids)
        if each.round_id == made.round_id
    )
    return_workbook(board.session, board.actor, this.id, out, NOW)
    again = resaved(out.getvalue(), tmp_path)

    assert differences(out.getvalue(), again) == []
    assert formulas(again) == []


def test_libreoffice_reads_text_that_looks_like_an_escape_as_it_was_typed(tmp_path: Path) -> None:
    texts = ["_x0041_", "_x005F_", "_x005F_x0041_", "_x000D_ and _x005F_", "__x0041__", "_x00", "_x00zz_"]
    table = resaved(written([*texts]), tmp_path, "csv:Text - txt - csv (StarCalc):44,34,76")

    assert [row[0] for row in csv.reader(io.StringIO(table.decode()))] == texts


def test_the_comparison_finds_a_changed_cell(content: bytes) -> None:
    workbook = load_workbook(io.BytesIO(content))
    workbook["Answers"]["A5"].value = "changed"
    out = io.BytesIO()
    workbook.save(out)

    assert ("Answers", 5, 1) in {found[:3] for found in differences(content, out.getvalue())}


def test_the_naughty_texts_are_in_the_workbook_that_was_compared(content: bytes) -> None:
    values = {value for rows in reread(content).values() for row in rows for value in row}

    assert {text for text in STORED if text.startswith(("=1", "@", "#"))} <= values
