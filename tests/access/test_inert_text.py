"""What people type stays text: in pages, in mails, in workbooks."""

import csv
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO, StringIO

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from openpyxl import load_workbook
from sqlalchemy import Engine, select
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.models import OutboxMessage
from app.core.outbox import as_email
from app.people import service as people
from app.questionnaires.queries import questionnaire
from app.returns import signoff
from app.returns.rules import AnswerValues
from tests import builders
from tests.access import matrix
from tests.access.hostile_rooms import written_everywhere
from tests.conftest import NOW, ClientAs

pytestmark = pytest.mark.access

SCRIPT = "<script>window.planted=1</script>"
SWAP = '<div hx-get="/planted" hx-trigger="load">'
TEMPLATE = "{{7919*7907}}{% raw %}"
BREAKOUT = "\"'><img src=planted onerror=planted()>"
FORMULA = '=HYPERLINK("http://planted.example","x")'
HOSTILE = f"{SCRIPT} {SWAP} {TEMPLATE} {BREAKOUT}"
RENDERED = "62615533"
OWN = {"/actions/{action_id}", "/returns/{return_id}/questions", "/returns/{return_id}/history"}
ROOMS = {
    OrganisationRole.LEAD: OWN | {"/", "/our-actions", "/returns/{return_id}/feedback"},
    PartnershipRole.BOARD_MANAGER: OWN
    | {
        *("/actions", "/audit", "/moderation/interests", "/planner", "/planner/entries/{entry_id}/{number}"),
        *("/moderation/{return_id}", "/moderation/{return_id}/{domain}", "/rounds/{round_id}/moderation"),
    },
}


class Planted(HTMLParser):
    """Collects elements and attributes that only what people typed could have made."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note elements that carry our mark anywhere but in text that is shown or typed."""
        for name, value in attrs:
            loud = name.startswith(("on", "hx-")) or name in {"src", "href", "action"}
            if "planted" in name or (loud and "planted" in (value or "")):
                self.found.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        """Note the script, if it has become one."""
        if self.cdata_elem == "script" and "planted" in data:
            self.found.append(f"<script>{data}")


def planted(page: str) -> list[str]:
    parser = Planted()
    parser.feed(page)
    return parser.found + ([RENDERED] if RENDERED in page else [])


@pytest.fixture(scope="module")
def ids(engine: Engine) -> dict[str, object]:
    """A school that is called, led and answered for by hostile text."""
    with Session(engine, expire_on_commit=False) as session:
        nobody = Work(session, people.NOBODY, NOW)
        user_id = people.ensure_users(nobody, [("manager@example.org", HOSTILE)])["manager@example.org"]
        manager = Actor(user_id, HOSTILE, "", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
        work = Work(session, manager, NOW)
        place = builders.organisation(
            work,
            HOSTILE,
            head_name=HOSTILE,
            district=HOSTILE,
            address=HOSTILE,
            website=f"javascript:{BREAKOUT}",
        )
        builders.contact(work, place, "robin@example.org", name=HOSTILE)
        round_id = builders.open_round(work, [place], title=HOSTILE)
        this = builders.return_of(work, round_id, place)
        person = builders.as_person(work, place, name=HOSTILE)
        values = AnswerValues(
            level="red",
            comment=HOSTILE,
            evidence=FORMULA,
            action_what=HOSTILE,
            action_owner=FORMULA,
            action_due=builders.RED.action_due,
            strength=True,
        )
        asked = questionnaire(session, this.version_id)
        special = {standard.key.replace("-", "_"): values for standard in asked.rated[:3]}
        builders.answer_all(person, this, **special)
        signoff.sign(person, this, declared=True)
        signoff.send_back(work, this.id, HOSTILE)
        signoff.sign(person, builders.return_of(work, round_id, place), declared=True)
        rooms = written_everywhere(work, builders.return_of(work, round_id, place), HOSTILE)
        session.commit()
        standard = asked.domains[0].standards[0].key
    return {
        "return_id": this.id,
        "organisation_id": place,
        "round_id": round_id,
        "domain": asked.domains[0].key,
        "standard": standard,
        "key": "section-175",
        "version": 1,
        "user_id": user_id,
        **rooms,
    }


def read(client: TestClient, app: FastAPI, ids: dict[str, object]) -> Iterator[tuple[str, Response]]:
    """Yield every page that can be read with these ids."""
    for route in sorted(set(matrix.routes(app))):
        if route.startswith("GET ") and set(matrix.parameters(route)) <= set(ids):
            path = route.split(" ", 1)[1]
            for name, value in ids.items():
                path = path.replace("{" + name + "}", str(value))
            yield route, client.get(path)


@pytest.mark.parametrize("role", [PartnershipRole.BOARD_MANAGER, OrganisationRole.LEAD])
def test_pages_show_it_as_text(
    app: FastAPI, client_as: ClientAs, ids: dict[str, object], role: PartnershipRole | OrganisationRole
) -> None:
    client = client_as(
        role, organisation=ids["organisation_id"] if isinstance(role, OrganisationRole) else None
    )
    shown = set()
    for route, reply in read(client, app, ids):
        if reply.headers.get("content-type", "").startswith("text/html"):
            assert planted(reply.text) == [], route
            if "&lt;script&gt;window.planted=1" in reply.text:
                shown.add(route.removeprefix("GET "))
    assert len(shown) >= (20 if role is PartnershipRole.BOARD_MANAGER else 10), shown
    assert shown >= ROOMS[role], "every room showed what was typed there"


def test_it_comes_back_as_text_from_forms_that_were_refused(
    client_as: ClientAs, ids: dict[str, object]
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=ids["organisation_id"])
    reply = lead.post(f"/returns/{ids['return_id']}/team", data={"name": HOSTILE, "email": HOSTILE})
    assert reply.status_code == 422
    assert planted(reply.text) == []
    assert "&lt;script&gt;window.planted=1" in reply.text
    reply = client_as().get("/sign-in", params={"to": f"/{BREAKOUT}"})
    assert planted(reply.text) == []


def test_files_hold_it_as_text(app: FastAPI, client_as: ClientAs, ids: dict[str, object]) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    found = tables = 0
    for route, reply in read(manager, app, ids):
        if "spreadsheetml" in reply.headers.get("content-type", ""):
            for sheet in load_workbook(BytesIO(reply.content)).worksheets:
                for row in sheet.iter_rows():
                    for cell in row:
                        # Our own formulas add up; none of them links or holds what was typed.
                        formula = cell.data_type == "f"
                        assert not (formula and "planted" in str(cell.value)), (route, cell.coordinate)
                        found += "planted" in str(cell.value)
        if route.endswith(".csv"):
            assert begins_a_formula(reply.text) == [], route
            tables += 1
    assert found > 5
    assert tables


def begins_a_formula(table: str) -> list[str]:
    """Return the cells of a table that a spreadsheet would reckon out."""
    return [cell for row in csv.reader(StringIO(table)) for cell in row if cell[:1] in set("=+-@\t\r")]


def hostile_register() -> bytes:
    columns = ("URN", "Organisation", "Role", "Name", "Email", "Telephone")
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*columns, HOSTILE])
    for cell in (HOSTILE, FORMULA):
        writer.writerow([cell] * (len(columns) + 1))
    return out.getvalue().encode()


@pytest.mark.parametrize("what", ["contacts", "agencies", "schools"])
def test_import_errors_and_file_names_show_it_as_text(client_as: ClientAs, what: str) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    files = {f"{what}_file": (f"{SWAP}{TEMPLATE}.csv", hostile_register(), "text/csv")}
    reply = manager.post("/organisations/import", data={"what": what, "la_code": "812"}, files=files)
    shown = manager.get(reply.headers["location"]) if reply.status_code == 303 else reply
    assert planted(reply.text) + planted(shown.text) == []
    if what == "contacts":
        assert "&lt;div hx-get=" in shown.text, "the name of the file is shown"
        assert "&lt;script&gt;window.planted=1" in shown.text, "and so is the cell that was not understood"


def test_a_questionnaire_that_is_refused_shows_it_as_text(client_as: ClientAs) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for content in (f"title: {SCRIPT}\n{SWAP}: 1\n", f"- {TEMPLATE}", f"key: '{SCRIPT}'\nscale: {HOSTILE}"):
        reply = manager.post("/questionnaires", files={"file": (f"{SWAP}.yaml", content, "text/yaml")})
        assert reply.status_code == 422
        assert planted(reply.text) == []


def test_mails_hold_it_as_text_and_subjects_stay_one_line(engine: Engine, ids: dict[str, object]) -> None:
    assert ids
    with Session(engine) as session:
        mails = list(session.execute(select(OutboxMessage)).scalars())
    assert any(HOSTILE in mail.body for mail in mails)
    for mail in mails:
        sent = as_email(mail, "eleven@example.org")
        plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
        assert plain is not None
        assert html is not None
        assert RENDERED not in plain.get_content()
        assert planted(html.get_content()) == []
        assert "\n" not in str(sent["Subject"])


def test_control_text_that_is_not_escaped_is_noticed() -> None:
    assert begins_a_formula(f'a,"{FORMULA.replace(chr(34), chr(34) * 2)}"') == [FORMULA]
    assert planted(f"<p>{SCRIPT}</p>") != []
    assert planted(f"<p>{SWAP}</p>") != []
    assert planted(f'<input value="{BREAKOUT}">') != []
    assert planted(f"<p>{RENDERED}</p>") != []
    assert planted("<p>&lt;script&gt;planted</p><input value='&lt;img src=planted&gt;'>") == []
