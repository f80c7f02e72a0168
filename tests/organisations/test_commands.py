"""`eleven import` says the same as the page, writes the same, and writes nothing in a dry run."""

import argparse
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from app.organisations.commands import add_arguments, run
from app.organisations.models import Contact, Identifier, Organisation, RegisterImport
from tests.conftest import NOW
from tests.organisations.import_steps import ACADEMY, LINKS, link, second
from tests.organisations.register_builder import Row, as_csv, school

Printed = pytest.CaptureFixture[str]


def put(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def schools(folder: Path, *rows: Row) -> str:
    return put(folder, "schools.csv", as_csv(rows, encoding="utf-8"))


def command(engine: Engine, *words: str) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers(dest="what", required=True))
    return run(parser.parse_args(list(words)), engine, NOW)


def count(engine: Engine, model: type[Organisation] | type[Contact] | type[RegisterImport]) -> int:
    with Session(engine) as session:
        found: int = session.execute(select(func.count()).select_from(model)).scalar_one()
    return found


def test_the_register_contacts_and_agencies_come_in_by_command(
    engine: Engine, tmp_path: Path, capsys: Printed
) -> None:
    path = schools(tmp_path, school(), second(), school(URN="117902", StatutoryLowAge="four"))
    assert command(engine, "schools", path, "--la", "812", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "schools.csv: new 2, rows refused 1, unchanged 0" in said
    assert "row 4, Wold View Primary School (URN 117902): StatutoryLowAge is “four”" in said
    assert "Nothing was changed: this was a dry run." in said
    assert (count(engine, Organisation), count(engine, RegisterImport)) == (0, 0)

    assert command(engine, "schools", path, "--la", "812") == 0
    assert "Applied." in capsys.readouterr().out
    assert count(engine, Organisation) == 2
    assert command(engine, "schools", path, "--la", "812") == 0
    assert "There is nothing to change." in capsys.readouterr().out
    assert count(engine, RegisterImport) == 1

    row: Row = {"URN": "117900", "Role": "DSL", "Name": "Ada\x1b Okafor", "Email": "ada@school.example"}
    columns = ("URN", "Role", "Name", "Email")
    bad = put(tmp_path, "bad.csv", as_csv([row], columns=columns, encoding="utf-8"))
    assert command(engine, "contacts", bad) == 1
    assert "\x1b" not in capsys.readouterr().out
    good = put(
        tmp_path, "good.csv", as_csv([{**row, "Name": "Ada Okafor"}], columns=columns, encoding="utf-8")
    )
    assert command(engine, "contacts", good, "--dry-run") == 0
    assert count(engine, Contact) == 0
    assert command(engine, "contacts", good) == 0
    assert count(engine, Contact) == 1

    police = put(tmp_path, "agencies.csv", b"Code,Name,Kind\nhumber-police,Humber Police,police\n")
    assert command(engine, "agencies", police) == 0
    assert "Humber Police, humber-police, Police force" in capsys.readouterr().out
    assert count(engine, Organisation) == 3


def test_questions_are_answered_by_options(engine: Engine, tmp_path: Path, capsys: Printed) -> None:
    assert command(engine, "schools", schools(tmp_path, school(), second()), "--la", "812") == 0
    path = schools(tmp_path, school(**ACADEMY), second())
    assert command(engine, "schools", path, "--la", "812") == 1
    printed = capsys.readouterr()
    assert "It may continue 117900 (Wold View Primary School)." in printed.out
    assert "use --same NEW=OLD" in printed.err
    assert command(engine, "schools", path, "--la", "812", "--same", "148000=117900") == 0
    assert count(engine, Organisation) == 3
    alone = schools(tmp_path, school(**ACADEMY))
    assert command(engine, "schools", alone, "--la", "812", "--gone") == 1
    assert "use --many-gone" in capsys.readouterr().err
    assert command(engine, "schools", alone, "--la", "812", "--gone", "--many-gone") == 0
    with Session(engine) as session:
        gone = session.execute(
            select(col(Organisation.status))
            .join(Identifier, col(Identifier.organisation_id) == col(Organisation.id))
            .where(col(Identifier.value) == "117901")
        ).scalar_one()
    assert gone.value == "gone"


def test_a_links_file_carries_history(engine: Engine, tmp_path: Path, capsys: Printed) -> None:
    first = second(URN="117950", EstablishmentNumber="2950", UKPRN="")
    assert command(engine, "schools", schools(tmp_path, first), "--la", "812") == 0
    links = put(tmp_path, "links.csv", as_csv([link("148950", "117950")], columns=LINKS, encoding="utf-8"))
    path = schools(tmp_path, first | {"URN": "148950", "OpenDate": "01-09-2026"})
    before = count(engine, Organisation)
    assert command(engine, "schools", path, "--la", "812", "--links", links) == 0
    assert "117950 → 148950" in capsys.readouterr().out
    assert count(engine, Organisation) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schools", "nowhere.csv", "--la", "812"), "nowhere.csv cannot be read: No such file"),
        (("contacts", "nowhere.csv"), "Check the name of the file"),
        (("schools", "{}", "--la", "x"), "three digits"),
        (("schools", "{}", "--la", "919"), "No row of the file belongs to local authority 919"),
        (("agencies", "{}"), "are missing"),
    ],
)
def test_a_file_that_cannot_be_read_ends_with_one_and_says_why(
    words: tuple[str, ...], said: str, engine: Engine, tmp_path: Path, capsys: Printed
) -> None:
    path = schools(tmp_path, school())
    assert command(engine, *(word.format(path) for word in words)) == 1
    assert said in capsys.readouterr().err


@pytest.mark.faults
def test_a_command_that_fails_in_the_middle_writes_nothing(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = count(engine, Organisation), count(engine, RegisterImport)
    path = schools(tmp_path, school(URN="139000", EstablishmentNumber="3900", UKPRN="", Postcode=""))

    def fail(*_args: object) -> None:
        raise ConnectionError("the database went away")

    monkeypatch.setattr("app.core.audit.record_many", fail)
    with pytest.raises(ConnectionError):
        command(engine, "schools", path, "--la", "812")
    assert (count(engine, Organisation), count(engine, RegisterImport)) == before
    monkeypatch.undo()
    assert command(engine, "schools", path, "--la", "812") == 0
    assert count(engine, Organisation) == before[0] + 1
