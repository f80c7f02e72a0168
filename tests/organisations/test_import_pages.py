"""The pages of importing into the register: each step, what is refused, and what fails in the middle."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from app.core.access import PartnershipRole, Work
from app.core.models import AuditEvent
from app.organisations import service
from app.organisations.models import ImportState, Organisation, RegisterImport
from tests.conftest import ClientAs
from tests.organisations.import_steps import ACADEMY, link, second
from tests.organisations.page_steps import (
    FORMS,
    HOSTILE,
    LONG,
    counted,
    import_of,
    names,
    schools_file,
    upload,
)
from tests.organisations.register_builder import Row, as_csv, school


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(PartnershipRole.BOARD_MANAGER)


def test_a_board_manager_imports_schools_and_sees_each_step(manager: TestClient) -> None:
    rows = (school(), second(EstablishmentName=HOSTILE), second(URN="117902", StatutoryLowAge="x"))
    path = import_of(upload(manager, "schools", schools_file(*rows), la_code="812", name="../../<b>all.csv"))
    look = manager.get(path).text
    assert "Schools to import" in look
    assert "1 row refused" in look
    assert "StatutoryLowAge is “x”" in look
    assert "<script>alert" not in look
    assert "&lt;b&gt;all.csv" in look
    assert not names(manager.get("/organisations?text=117900").text)
    applied = manager.post(f"{path}/apply")
    assert applied.headers["location"] == path
    assert "Schools imported" in manager.get(path).text
    assert names(manager.get("/organisations?text=117900").text) == ["Wold View Primary School"]
    listed = manager.get("/organisations?text=117901").text
    assert "<script>alert" not in listed
    assert manager.post(f"{path}/apply").status_code == 303
    again = import_of(upload(manager, "schools", schools_file(*rows[:2]), la_code="812"))
    page = manager.get(again).text
    assert "there is nothing to apply" in page
    assert f'action="{again}/apply"' not in page or "Apply to the register" not in page


def test_questions_are_answered_on_the_page_and_typed_choices_stay(manager: TestClient) -> None:
    first = import_of(upload(manager, "schools", schools_file(school(), second()), la_code="812"))
    manager.post(f"{first}/apply")
    path = import_of(upload(manager, "schools", schools_file(school(**ACADEMY)), la_code="812"))
    page = manager.get(path).text
    assert 'name="same-148000"' in page
    assert "Not in this file" in page
    refused = manager.post(f"{path}/apply", data={"gone": "yes"})
    assert refused.status_code == 422
    assert 'href="#same-148000"' in refused.text
    assert 'href="#many_gone"' in refused.text
    assert re.search(r'id="gone" name="gone" type="checkbox" value="yes" checked', refused.text)
    assert manager.post(f"{path}/apply", data={"same-148000": "117900"}).status_code == 303
    assert names(manager.get("/organisations?text=148000").text) == ["Wold View Academy"]
    assert names(manager.get("/organisations?text=117900").text) == ["Wold View Academy"]
    assert "Continues under the number 148000, before 117900" in _page_of(manager, "148000")


def _page_of(client: TestClient, number: str) -> str:
    found = re.search(r'href="(/organisations/\d+)"', client.get(f"/organisations?text={number}").text)
    assert found
    return client.get(found[1]).text


def test_a_register_that_changed_meanwhile_shows_the_new_look(manager: TestClient) -> None:
    one = import_of(
        upload(
            manager,
            "schools",
            schools_file(school(URN="119000", UKPRN="", EstablishmentNumber="2900")),
            la_code="812",
        )
    )
    two = import_of(
        upload(
            manager,
            "schools",
            schools_file(school(URN="119000", UKPRN="", EstablishmentNumber="2900", NumberOfPupils="9")),
            la_code="812",
        )
    )
    assert manager.post(f"{one}/apply").status_code == 303
    stale = manager.post(f"{two}/apply")
    assert stale.status_code == 422
    assert "the register has changed since you looked" in stale.text
    assert "<del>212</del>" in stale.text
    assert manager.post(f"{two}/apply").status_code == 303


@pytest.mark.faults
def test_an_import_that_fails_in_the_middle_imports_nothing(
    client_as: ClientAs, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    rows = [school(URN=str(130_000 + n), UKPRN="", EstablishmentNumber=str(4000 + n)) for n in range(5)]
    path = import_of(upload(manager, "schools", schools_file(*rows), la_code="812"))
    count = select(func.count()).select_from(Organisation)
    before = work.session.execute(count).scalar_one()
    work.session.rollback()

    def fail(*_args: object) -> None:
        raise ConnectionError("the database went away")

    monkeypatch.setattr("app.core.audit.record_many", fail)
    with pytest.raises(ConnectionError):
        manager.post(f"{path}/apply")
    assert work.session.execute(count).scalar_one() == before
    stored = work.session.get_one(RegisterImport, int(path.rsplit("/", 1)[1]))
    assert stored.state is ImportState.PREVIEW
    work.session.rollback()
    monkeypatch.undo()
    assert manager.post(f"{path}/apply").status_code == 303
    assert work.session.execute(count).scalar_one() == before + 5


@pytest.mark.parametrize(
    ("what", "data", "name", "field", "words"),
    [
        ("schools", b"", "s.csv", "schools_file", "empty"),
        ("schools", b"URN,Name\n1,2\n", "s.csv", "schools_file", "are missing"),
        ("schools", b"PK\x03\x04junk", "s.xlsx", "schools_file", "damaged"),
        ("contacts", b"URN,Role,Name,Email\n", "c.csv", "contacts_file", "no rows"),
        ("contacts", b"Name\nA\n", "c.csv", "contacts_file", "missing"),
        ("agencies", b"\xff\xfeU\x00", "a.csv", "agencies_file", "Unicode"),
        ("agencies", b"Code,Name,Kind\nx,y,z\n", "a.docx", "agencies_file", "must be a CSV"),
    ],
)
def test_a_wrong_file_is_answered_with_a_sentence_at_its_field(  # noqa: PLR0917
    what: str, data: bytes, name: str, field: str, words: str, manager: TestClient, engine: Engine
) -> None:
    with Session(engine) as session:
        before = session.execute(select(func.count()).select_from(RegisterImport)).scalar_one()
    reply = upload(manager, what, data, name=name, la_code="812")
    assert reply.status_code == 422
    assert f'href="#{field}"' in reply.text
    assert words in reply.text
    with Session(engine) as session:
        assert session.execute(select(func.count()).select_from(RegisterImport)).scalar_one() == before


def test_a_form_without_a_file_or_a_code_says_so_and_keeps_the_code(manager: TestClient) -> None:
    missing = manager.post("/organisations/import", data={"what": "schools", "la_code": "81<2"})
    assert missing.status_code == 422
    assert "Choose the file with the schools" in missing.text
    assert 'value="81&lt;2"' in missing.text
    wrong = upload(manager, "schools", schools_file(school()), la_code="x")
    assert 'href="#la_code"' in wrong.text
    assert manager.post("/organisations/import", data={"what": "cats"}).status_code == 422
    links = manager.post(
        "/organisations/import",
        data={"what": "schools", "la_code": "812"},
        files={"schools_file": ("s.csv", schools_file(school())), "links_file": ("l.csv", b"a,b\n")},
    )
    assert 'href="#links_file"' in links.text


def test_links_and_contacts_are_uploaded_and_discarded(manager: TestClient) -> None:
    row: Row = {"URN": "117901", "Role": "DSL", "Name": LONG, "Email": "long@school.example"}
    first = import_of(upload(manager, "schools", schools_file(second()), la_code="812"))
    manager.post(f"{first}/apply")
    data = as_csv([row], columns=("URN", "Role", "Name", "Email"), encoding="utf-8")
    path = import_of(upload(manager, "contacts", data))
    assert LONG in manager.get(path).text
    gone = manager.post(f"{path}/discard")
    assert gone.headers["location"] == "/organisations/import?discarded=1"
    assert "thrown away" in manager.get(path).text
    refused = manager.post(f"{path}/apply")
    assert refused.status_code == 422
    assert "discarded" in refused.text
    links = as_csv([link("148123", "117901")], columns=tuple(link("", "")), encoding="utf-8")
    converted = second(URN="148123", OpenDate="01-09-2026")
    reply = manager.post(
        "/organisations/import",
        data={"what": "schools", "la_code": "812"},
        files={"schools_file": ("s.csv", schools_file(converted)), "links_file": ("l.csv", links)},
    )
    assert "Under a new number" in manager.get(import_of(reply)).text
    assert manager.post("/organisations/import/999999/apply").status_code == 404
    assert manager.get("/organisations/import/999999").status_code == 404


def test_a_file_larger_than_any_register_is_refused_before_it_is_read(
    manager: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: object) -> None:
        raise AssertionError("a file that is too large was read")

    monkeypatch.setattr(service, "preview_schools", never)
    reply = manager.post(
        "/organisations/import",
        content=b"x",
        headers={"Content-Length": str(500_000_000), "Content-Type": FORMS},
    )
    assert reply.status_code == 413


def test_a_long_preview_shows_the_first_fifty_and_counts_the_rest_in_few_statements(
    manager: TestClient, page_engine: Engine
) -> None:
    rows = [
        school(
            URN=str(160_000 + n), UKPRN="", EstablishmentNumber=str(5000 + n), EstablishmentName=f"{LONG} {n}"
        )
        for n in range(600)
    ]
    path = import_of(upload(manager, "schools", schools_file(*rows), la_code="812"))
    with counted(page_engine) as seen:
        page = manager.get(path).text
    assert page.count(LONG) == 50
    assert "and 550 more" in page
    assert len(seen) == 2
    with counted(page_engine) as applying_it:
        manager.post(f"{path}/apply")
    assert len(applying_it) < 25
    with counted(page_engine) as one:
        manager.get("/organisations/1")
    assert len(one) == 6


def test_two_people_who_apply_at_once_apply_once(client_as: ClientAs, engine: Engine) -> None:
    browsers = [client_as(PartnershipRole.BOARD_MANAGER), client_as(PartnershipRole.ADMINISTRATOR)]
    row = school(URN="170000", UKPRN="", EstablishmentNumber="7000", Postcode="")
    path = import_of(upload(browsers[0], "schools", schools_file(row), la_code="812"))
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda browser: browser.post(f"{path}/apply").status_code, browsers))
    assert replies == [303, 303]
    with Session(engine) as session:
        told = select(func.count()).where(
            col(AuditEvent.event) == "import.applied",
            col(AuditEvent.subject_id) == int(path.rsplit("/", 1)[1]),
        )
        assert session.execute(told).scalar_one() == 1
    assert "Added" in browsers[0].get(path).text
