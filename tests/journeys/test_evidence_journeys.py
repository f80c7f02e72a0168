"""Giving evidence in a real browser: beside unsaved text, on a telephone, without scripts, with a scanner."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.core.access import OrganisationRole, Work
from app.core.outside import file_store
from app.core.scanning import Clamd
from app.core.settings import settings
from app.people.queries import DEMO_DOMAIN
from app.returns import queries, signoff
from app.returns.evidence_worker import scan_due
from tests import builders
from tests.core.fake_clamd import EICAR, FakeClamd, clamd
from tests.journeys.conftest import NewVisitor, Visitor
from tests.returns.file_makers import pdf, word

pytestmark = [pytest.mark.journey, pytest.mark.files, pytest.mark.faults]
DOMAIN = "leadership-and-governance"


@pytest.fixture
def school(work: Work) -> queries.ReturnHead:
    """A school with somebody who leads and signs, and a return just issued."""
    place = builders.organisation(work, "Ashgrove Primary School")
    both = (OrganisationRole.LEAD, OrganisationRole.SIGNATORY)
    builders.contact(work, place, f"files-{place}@{DEMO_DOMAIN}", name=f"Robin Marsh {place}", rights=both)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    return this


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A person's own folder with documents good and bad."""
    (tmp_path / "Minutes of 4 October.docx").write_bytes(word())
    (tmp_path / "Policy.pdf").write_bytes(pdf())
    (tmp_path / "Virus.pdf").write_bytes(pdf(EICAR))
    (tmp_path / "Program.pdf").write_bytes(b"MZ" + b"\0" * 100)
    (tmp_path / "Large.txt").write_text("x" * 11_000_000)
    return tmp_path


def name_of(school: queries.ReturnHead) -> str:
    return f"Robin Marsh {school.organisation_id}"


def choose(person: Visitor, path: Path) -> None:
    person.page.set_input_files("#file", path)
    person.press("Add this file")


def at_first_standard(person: Visitor, school: queries.ReturnHead) -> str:
    """Go to the files of the first standard and return their address."""
    person.go(f"/returns/{school.id}/{DOMAIN}")
    path = person.page.locator("[data-files-of] a").first.get_attribute("href") or ""
    person.go(path)
    return path


def test_files_are_added_beside_text_that_is_not_saved_yet(
    visitor: NewVisitor, school: queries.ReturnHead, files: Path
) -> None:
    lead = visitor(name_of(school))
    lead.go(f"/returns/{school.id}/{DOMAIN}")
    lead.look("domain without files")
    box = lead.page.locator("textarea").first
    with lead.context.expect_page() as opened:
        lead.page.get_by_role("link", name="Add a file").first.click()
    box.type("Typed while the other tab")
    other = opened.value
    other.set_input_files("#file", files / "Minutes of 4 October.docx")
    other.get_by_role("button", name="Add this file").click()
    other.get_by_text("The file was added").wait_for()
    assert "notification-banner" in (other.evaluate("document.activeElement.className") or "")
    other.close()
    lead.page.bring_to_front()
    lead.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    lead.sees("Minutes of 4 October.docx")
    assert box.input_value() == "Typed while the other tab"
    lead.look("domain with a file")


def test_what_is_refused_is_said_where_people_are(
    visitor: NewVisitor, school: queries.ReturnHead, files: Path
) -> None:
    lead = visitor(name_of(school))
    at_first_standard(lead, school)
    lead.look("no files yet")
    choose(lead, files / "Large.txt")
    lead.sees("This file has 11.0 MB, and the most is 10 MB. It was not sent.")
    choose(lead, files / "Program.pdf")
    lead.page.locator(".govuk-error-summary").get_by_text("This file is a program").wait_for()
    assert "govuk-error-summary" in (lead.page.evaluate("document.activeElement.className") or "")
    lead.look("refused")
    choose(lead, files / "Policy.pdf")
    lead.sees("The file was added")
    with lead.page.expect_download() as saved:
        lead.page.get_by_role("link", name="Policy.pdf").click()
    assert saved.value.suggested_filename == "Policy.pdf"
    assert saved.value.path().read_bytes() == pdf()
    lead.page.get_by_role("button", name="Remove").click()
    lead.sees("The file was removed")
    lead.look("removed")


def test_without_scripts_and_with_the_keyboard_alone(
    visitor: NewVisitor, school: queries.ReturnHead, files: Path
) -> None:
    lead = visitor(name_of(school), scripts=False)
    at_first_standard(lead, school)
    for name, told in (
        ("Program.pdf", "This file is a program"),
        ("Large.txt", "is larger than 10 MB"),
        ("Policy.pdf", "The file was added"),
    ):
        lead.page.set_input_files("#file", files / name)
        lead.page.locator("#file").focus()
        lead.page.keyboard.press("Tab")
        lead.page.keyboard.press("Enter")
        lead.page.get_by_text(told).first.wait_for()
    lead.go(f"/returns/{school.id}/files")
    lead.sees("1 file")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClamd]:
    """A running scanner that the settings name."""
    with clamd() as running:
        monkeypatch.setattr(settings(), "scanner", running.address)
        yield running


def test_the_page_looks_again_while_the_scanner_is_at_work(
    visitor: NewVisitor,
    school: queries.ReturnHead,
    files: Path,
    fake: FakeClamd,
    engine: Engine,
    work: Work,
) -> None:
    lead = visitor(name_of(school))
    at_first_standard(lead, school)
    choose(lead, files / "Virus.pdf")
    lead.sees("It is checked for viruses now")
    choose(lead, files / "Policy.pdf")
    lead.page.get_by_text("Policy.pdf").first.wait_for()
    assert lead.page.get_by_text("Being checked for viruses").count() == 2
    lead.look("being checked")
    scan_due(engine, file_store(settings()), Clamd(fake.address, 5), now=work.now)
    lead.page.get_by_text("Refused: harmful").wait_for()
    lead.page.get_by_role("link", name="Policy.pdf").wait_for()
    lead.look("checked")


def test_last_year_s_file_and_the_pages_of_a_signed_return(
    visitor: NewVisitor, school: queries.ReturnHead, files: Path, work: Work
) -> None:
    lead = visitor(name_of(school))
    path = at_first_standard(lead, school)
    choose(lead, files / "Policy.pdf")
    lead.sees("The file was added")
    person = builders.as_person(work, school.organisation_id)
    builders.answer_all(person, school)
    signoff.sign(person, school, declared=True)
    work.session.commit()
    for page in (path, f"/returns/{school.id}/{DOMAIN}", f"/returns/{school.id}/files"):
        lead.go(page)
        lead.sees("Policy.pdf")
        lead.look(f"signed {page}")
    round_id = builders.open_round(work, [school.organisation_id], previous=school.round_id)
    following = builders.return_of(work, round_id, school.organisation_id)
    work.session.commit()
    at_first_standard(lead, following)
    lead.sees("Files of last year")
    lead.look("files of last year")
    lead.page.get_by_role("button", name="Use again").click()
    lead.sees("Last year’s files are used again")
    lead.look("used again")
