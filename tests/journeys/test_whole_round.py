"""The main job, end to end, by clicking: from a school register to the board's workbook."""

import csv
import io
import operator
import re
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from app.core.access import PartnershipRole, Work
from app.people import service as people
from app.people.queries import DEMO_DOMAIN
from tests.journeys.conftest import ROOT, NewVisitor, Visitor
from tests.organisations.register_builder import as_csv, school

pytestmark = pytest.mark.journey

LA = "812"
SCHOOLS = ("Wold View Primary School", "Harbour Lane Primary School", "Fen Edge Primary School")


@pytest.fixture
def manager(work: Work, visitor: NewVisitor) -> Visitor:
    """A board manager who has just been made by the command line, at an empty installation."""
    address = f"manager@{DEMO_DOMAIN}"
    user_id = people.ensure_users(work, [(address, "Morgan Ellery")])[address]
    people.grant_partnership_role(work, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
    work.session.commit()
    return visitor("Morgan Ellery")


def register_file(folder: Path) -> Path:
    """A register with three schools of ours, one closed, one of another authority and one Welsh."""
    rows = [
        school(
            URN=str(117900 + number), EstablishmentNumber=str(2000 + number), EstablishmentName=name, UKPRN=""
        )
        for number, name in enumerate(SCHOOLS)
    ]
    rows += [
        school(URN="117950", EstablishmentName="Closed School", **{"EstablishmentStatus (code)": "2"}),
        school(URN="117951", EstablishmentName="Elsewhere School", **{"LA (code)": "919"}),
        school(URN="400001", EstablishmentName="Ysgol y Bryn", **{"TypeOfEstablishment (code)": "30"}),
    ]
    path = folder / "edubasealldata20261116.csv"
    path.write_bytes(as_csv(rows))
    return path


def contacts_file(folder: Path) -> Path:
    """Contacts of two of the schools: the third has none."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["URN", "role", "name", "email"])
    for number in range(2):
        urn = 117900 + number
        writer.writerow([urn, "DSL", f"Robin Marsh {number}", f"dsl{number}@{DEMO_DOMAIN}"])
        writer.writerow([urn, "Headteacher", f"Alex Okafor {number}", f"head{number}@{DEMO_DOMAIN}"])
    path = folder / "contacts.csv"
    path.write_text(text.getvalue(), "utf-8")
    return path


def upload(manager: Visitor, field: str) -> None:
    form = manager.page.locator("form", has=manager.page.locator(field))
    form.get_by_role("button", name="Look at what would change").click()


def import_the_register(manager: Visitor, folder: Path) -> None:
    manager.go("/organisations/import")
    manager.look("import")
    manager.page.get_by_label("Register of schools").set_input_files(register_file(folder))
    manager.page.get_by_label("Code of your local authority").fill(LA)
    upload(manager, "#schools_file")
    manager.sees("Apply to the register")
    manager.look("preview of an import")
    manager.press("Apply to the register")
    manager.sees("The register was brought up to date")
    manager.go("/organisations/import")
    manager.page.locator("#contacts_file").set_input_files(contacts_file(folder))
    upload(manager, "#contacts_file")
    manager.press("Apply to the register")
    manager.sees("The register was brought up to date")
    manager.go("/organisations")
    manager.sees(SCHOOLS[0])
    manager.look("register")
    manager.follow(SCHOOLS[0])
    manager.sees("Robin Marsh 0")
    manager.look("organisation")


def publish_the_questionnaire(manager: Visitor) -> None:
    manager.go("/questionnaires")
    manager.look("no questionnaire yet")
    file = ROOT / "questionnaires" / "section-175.yaml"
    manager.page.get_by_label("Questionnaire file").set_input_files(file)
    manager.press("Check and publish")
    manager.page.get_by_role("heading", level=1, name="Section 175/157 self-assessment").wait_for()
    manager.look("questionnaire")


def issue_the_round(manager: Visitor) -> str:
    manager.go("/rounds")
    manager.look("no round yet")
    manager.follow("Start a round")
    manager.look("new round")
    manager.page.get_by_label("Name of the round").fill("Section 175, 2026 to 2027")
    manager.page.get_by_label("Section 175/157 self-assessment").check()
    manager.page.get_by_label("Opens on").fill("16/11/2026")
    manager.page.get_by_label("Due on").fill("29/1/2027")
    manager.press("Go on: choose whom it asks")
    manager.look("audience")
    manager.page.get_by_label("Maintained schools").check()
    manager.press("Go on: see who gets it")
    manager.sees("No contact (1)")
    manager.look("who gets it")
    manager.press("Issue to 3 organisations")
    manager.sees("3 organisations asked, 4 invitations queued")
    manager.look("issued")
    return re.sub(r".*(/rounds/\d+)/.*", r"\1", manager.page.url)


def answer_quickly(lead: Visitor) -> None:
    """Answer each page: everything green but the first standard, which is red with an action."""
    lead.follow("Start now")
    first = True
    while True:
        for standard in lead.page.locator(".standard").all():
            green = standard.get_by_label("Green: in place and working")
            if first:
                standard.get_by_label("Red: not in place").check()
                standard.get_by_text("Action: what, who, by when").click()
                standard.get_by_label("What will you do?").fill("=1+1 governors & <b>training</b>")
                standard.get_by_label("Who sees to it?").fill("Chair")
                standard.get_by_label("By when?").fill("31/3/2027")
                standard.get_by_label("By when?").blur()
                first = False
            elif green.count():
                green.check()
        rated = lead.page.get_by_label("Green: in place and working").count()
        facts = lead.page.locator(".standard").count() - rated
        unsaved = "(facts) => document.querySelectorAll('[data-save-state] .quiet').length <= facts"
        lead.page.wait_for_function(unsaved, arg=facts)
        before = lead.page.url
        lead.press("Save and continue")
        # The next page may still be without its heading when one looks: wait until it has loaded.
        lead.page.wait_for_url(partial(operator.ne, before))
        if lead.page.locator(".standard").count() == 0 or "Closing" in lead.page.locator("h1").inner_text():
            return


def answer_and_sign(visitor: NewVisitor) -> None:
    lead = visitor("Robin Marsh 0")
    answer_quickly(lead)
    lead.page.get_by_label("Your answer").first.fill("Training, staffing, online harm: see our plan.")
    lead.press("Save and continue")
    lead.follow("Check your answers")
    lead.look("check with gaps")
    lead.press("It is complete: ask for the signature")
    lead.sees("We told them on")
    head = visitor("Alex Okafor 0")
    head.go(re.sub(r".*(/returns/\d+)/.*", r"\1/sign-off", lead.page.url))
    head.page.get_by_label("I have read this self-assessment").check()
    head.press("Sign")
    head.sees("Your quickest gains")
    head.look("feedback")
    with head.page.expect_download() as download:
        head.go_to_download(re.sub(r".*(/returns/\d+)/.*", r"\1/answers.xlsx", head.page.url))
    assert "=1+1 governors & <b>training</b>" in texts_of(Path(download.value.path()))


def texts_of(path: Path) -> set[str]:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type in {"f", "e"}]
    return {cell.value for cell in cells if isinstance(cell.value, str)}


def chase(manager: Visitor, round_path: str) -> None:
    manager.go("/")
    manager.sees("Ring first")
    manager.look("home")
    manager.go(round_path)
    manager.sees("33% answered")
    manager.look("round")
    manager.go(f"{round_path}/chase")
    manager.sees(SCHOOLS[1])
    manager.look("chase")
    manager.page.get_by_text("Log a call").first.click()
    manager.page.get_by_label("What came of it").first.select_option(index=1)
    manager.page.get_by_label("Note").first.fill("They will do it on Friday")
    manager.press("Log this call")
    manager.sees("They will do it on Friday")
    manager.look("chase with a call")


def judge(manager: Visitor, round_path: str) -> None:
    manager.go(f"{round_path}/ratings")
    manager.sees(SCHOOLS[0])
    manager.look("heat map")
    manager.go(f"{round_path}/what-if?answered=80&red=50&green=95")
    manager.look("what if")
    manager.go("/organisations")
    manager.follow(SCHOOLS[0])
    manager.follow("Ratings: this year beside last")
    manager.look("profile")
    manager.go("/actions")
    manager.sees("=1+1 governors & <b>training</b>")
    manager.look("actions")
    with manager.page.expect_download() as download:
        manager.go_to_download(f"{round_path}/workbook.xlsx")
    texts = texts_of(Path(download.value.path()))
    assert {SCHOOLS[0], SCHOOLS[1], "=1+1 governors & <b>training</b>"} <= texts


def test_a_whole_round(manager: Visitor, visitor: NewVisitor, tmp_path: Path) -> None:
    manager.look("home of an empty installation")
    import_the_register(manager, tmp_path)
    publish_the_questionnaire(manager)
    round_path = issue_the_round(manager)
    answer_and_sign(visitor)
    chase(manager, round_path)
    judge(manager, round_path)


def test_the_pages_that_everybody_may_read(visitor: NewVisitor) -> None:
    anyone = visitor()
    for path in ("/sign-in", "/accessibility", "/privacy", "/contact", "/sign-in/no-such-link"):
        anyone.go(path)
        anyone.look(path)
