"""Naughty texts in answers: stored exactly, shown as text, in workbooks cell by cell (QUALITY 23)."""

import io
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core import forms
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.people import service as people
from app.people.cookies import cookie_name
from app.questionnaires.definition import Questionnaire, Standard
from app.questionnaires.queries import questionnaire_for
from app.returns.queries import ReturnHead
from tests import builders
from tests.conftest import ORIGIN, ClientAs, MovableClock, _sign_in
from tests.exports.package_checks import faults
from tests.exports.texts import as_shown
from tests.faults.scale import figures
from tests.hostile.reading import Reply, cell_texts, flat, odd_cells
from tests.hostile.strings import NEVER_STORED, TOO_LONG, as_kept, storable

pytestmark = pytest.mark.faults

TEXTS = ("comment", "evidence", "action_what", "action_owner")
SCHOOLS = 4


@dataclass(frozen=True)
class Asked:
    """A return of a school, what it asks, and what was typed there: standard and field to text."""

    head: ReturnHead
    questionnaire: Questionnaire
    typed: dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def asked(engine: Engine, clock: MovableClock) -> list[Asked]:
    """Schools with a return each, and every naughty text dealt out among their fields."""
    with Session(engine, expire_on_commit=False) as session:
        work = Work(session, people.NOBODY, clock())
        schools = [builders.organisation(work, f"School {number}") for number in range(SCHOOLS)]
        round_id = builders.open_round(work, schools)
        heads = [builders.return_of(_manager(work), round_id, school) for school in schools]
        found = [questionnaire_for(session, head.version_id, head.facts) for head in heads]
        session.commit()
    places = [
        (number, standard.key, name)
        for number, questionnaire in enumerate(found)
        for standard in questionnaire.rated
        for name in TEXTS
    ]
    assert len(places) >= len(storable()) >= 500
    typed: list[dict[tuple[str, str], str]] = [{} for _ in heads]
    for (number, key, name), naughty in zip(places, storable(), strict=False):
        typed[number][key, name] = naughty
    return [Asked(*each) for each in zip(heads, found, typed, strict=True)]


def _manager(work: Work) -> Work:
    user_id = people.ensure_users(work, [("m@example.org", "Morgan")])["m@example.org"]
    people.grant_partnership_role(work, user_id=user_id, role=PartnershipRole.BOARD_MANAGER)
    roles = frozenset({PartnershipRole.BOARD_MANAGER})
    return Work(work.session, Actor(user_id, "Morgan", "m@example.org", roles=roles), work.now)


def page_form(standards: tuple[Standard, ...], typed: dict[tuple[str, str], str]) -> dict[str, str]:
    form: dict[str, str] = {}
    for standard in standards:
        if standard.rated:
            form |= {f"{standard.key}.level": "green", f"{standard.key}.version": "0"}
            form |= {f"{standard.key}.{name}": typed.get((standard.key, name), "") for name in TEXTS}
            form[f"{standard.key}.action_due"] = "31/3/2027"
    return form


def stored(engine: Engine, return_id: int) -> dict[tuple[str, str], str]:
    with Session(engine) as session:
        rows = session.connection().execute(
            text("SELECT * FROM answer WHERE return_id = :id"), {"id": return_id}
        )
        return {(row.standard_key, name): getattr(row, name) for row in rows for name in TEXTS}


@pytest.fixture(scope="module")
def answered(asked: list[Asked], app: Any, engine: Engine, clock: MovableClock) -> list[Asked]:
    """All answers typed into the pages, domain by domain, and the first two returns signed."""
    for number, each in enumerate(asked):
        client = _client(app, engine, clock, each.head)
        for domain in each.questionnaire.domains:
            reply = client.post(
                f"/returns/{each.head.id}/{domain.key}", data=page_form(domain.standards, each.typed)
            )
            assert reply.status_code in {303, 422}, reply.text
        if number < 2:
            page = Reply(client.get(f"/returns/{each.head.id}/sign-off").text)
            seen = client.get(f"/returns/{each.head.id}/sign-off").text.partition('name="seen" value="')[2]
            assert page.strange == []
            reply = client.post(
                f"/returns/{each.head.id}/sign-off",
                data={"declared": "yes", "seen": seen.partition('"')[0]},
            )
            assert reply.status_code == 303, reply.text
    return asked


def _client(app: Any, engine: Engine, clock: MovableClock, head: ReturnHead) -> TestClient:
    roles = (OrganisationRole.LEAD, OrganisationRole.SIGNATORY)
    token = _sign_in(engine, clock(), roles, head.organisation_id, None, second_factor=True)
    return TestClient(app, headers=ORIGIN, follow_redirects=False, cookies={cookie_name(): token})


def not_kept(engine: Engine, asked: list[Asked]) -> list[str]:
    """Return the texts that are not stored exactly as they were typed."""
    missed = []
    for each in asked:
        kept = stored(engine, each.head.id)
        missed += [typed for place, typed in each.typed.items() if kept.get(place) != as_kept(typed)]
    return missed


def test_every_text_is_stored_exactly(engine: Engine, answered: list[Asked]) -> None:
    missed, texts = not_kept(engine, answered), sum(len(each.typed) for each in answered)
    figures("23 texts in answers, stored", texts=texts, wrong=len(missed))
    assert missed == []
    assert texts >= 500


def test_a_store_that_cut_texts_would_be_noticed(engine: Engine, answered: list[Asked]) -> None:
    # The control: another cut than none, in the reading of the stored rows.
    with Session(engine) as session:
        session.connection().execute(text("UPDATE answer SET comment = left(comment, 100)"))
        rows = session.connection().execute(text("SELECT standard_key, return_id, comment FROM answer")).all()
        session.rollback()
    cut = {(row.return_id, row.standard_key): row.comment for row in rows}
    missed = [
        typed
        for each in answered
        for (key, name), typed in each.typed.items()
        if name == "comment" and cut[each.head.id, key] != as_kept(typed)
    ]
    figures("23 control: a store that cuts", noticed=len(missed))
    assert missed


def shown_wrong(reply_text: str, wanted: dict[str, str]) -> list[str]:
    """Return the fields of a page that do not show their text, and whatever stands there as markup."""
    reply = Reply(reply_text)
    return reply.strange + [name for name, value in wanted.items() if reply.fields.get(name) != value]


def test_every_text_comes_back_into_its_field(client_as: ClientAs, answered: list[Asked]) -> None:
    for each in answered[2:]:
        lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
        for domain in each.questionnaire.domains:
            wanted = {
                f"{standard.key}.{name}": as_kept(each.typed.get((standard.key, name), ""))
                for standard in domain.standards
                if standard.rated
                for name in TEXTS
            }
            reply = lead.get(f"/returns/{each.head.id}/{domain.key}")
            assert reply.status_code == 200
            assert shown_wrong(reply.text, wanted) == [], domain.key


def test_a_page_that_forgot_to_escape_would_be_noticed() -> None:
    good = '<textarea name="a">\n&lt;script&gt;alert(1)&lt;/script&gt;</textarea>'
    assert shown_wrong(good, {"a": "<script>alert(1)</script>"}) == []
    bad = good.replace("&lt;", "<").replace("&gt;", ">")
    found = shown_wrong(bad, {"a": "<script>alert(1)</script>"})
    figures("23 control: a page that does not escape", noticed=len(found))
    assert "script" in found


def test_every_page_that_shows_answers_shows_them_as_text(client_as: ClientAs, answered: list[Asked]) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    for each in answered[:2]:
        lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
        base = f"/returns/{each.head.id}"
        whole = ["receipt", "governors", "feedback", "check", *(d.key for d in each.questionnaire.domains)]
        pages = {path: Reply(lead.get(f"{base}/{path}").text) for path in whole}
        pages |= {
            f"read {d.key}": Reply(manager.get(f"{base}/{d.key}").text) for d in each.questionnaire.domains
        }
        pages |= {
            path: Reply(manager.get(path).text)
            for path in (
                "/actions?show=all",
                f"/organisations/{each.head.organisation_id}/profile",
                f"/rounds/{each.head.round_id}/ratings",
                f"/rounds/{each.head.round_id}",
            )
        }
        strange = {path: page.strange for path, page in pages.items() if page.strange}
        figures("23 texts on pages", pages=len(pages), wrong=len(strange))
        assert strange == {}
        read = " ".join(page.text for path, page in pages.items() if path.startswith("read "))
        for place in (pages["receipt"].text, read):
            missing = [typed for typed in each.typed.values() if flat(as_kept(typed)) not in place]
            assert missing == []


def test_the_history_shows_every_text(client_as: ClientAs, answered: list[Asked]) -> None:
    each = answered[0]
    lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
    for domain in each.questionnaire.domains:
        for standard in domain.standards[:3]:
            page = Reply(lead.get(f"/returns/{each.head.id}/{domain.key}/{standard.key}").text)
            assert page.strange == []
            wanted = [flat(as_kept(t)) for (key, _), t in each.typed.items() if key == standard.key]
            assert [text for text in wanted if text not in page.text] == []


def workbook_faults(workbook: bytes, wanted: list[str]) -> list[str]:
    """Return what is wrong with a workbook: its package, odd cells, and texts that no cell holds."""
    shown = cell_texts(workbook)
    return faults(workbook) + odd_cells(workbook) + [each for each in wanted if each and each not in shown]


def test_workbooks_hold_every_text_in_a_cell_that_computes_nothing(
    client_as: ClientAs, answered: list[Asked]
) -> None:
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    signed = [as_shown(as_kept(typed)) for each in answered[:2] for typed in each.typed.values()]
    whole = manager.get(f"/rounds/{answered[0].head.round_id}/workbook.xlsx")
    assert whole.status_code == 200
    found = workbook_faults(whole.content, signed)
    figures("23 texts in workbooks", workbooks=1, wrong=len(found))
    assert found == []
    for each in answered:
        lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
        own = lead.get(f"/returns/{each.head.id}/answers.xlsx")
        wanted = [as_shown(as_kept(typed)) for typed in each.typed.values()]
        found = workbook_faults(own.content, wanted)
        figures("23 texts in workbooks", workbooks=1, wrong=len(found))
        assert found == []


def test_a_workbook_with_a_formula_or_a_lost_text_would_be_noticed() -> None:
    # The control: openpyxl's own way of writing what people typed.
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["A2"] = "=1+1", "#N/A"
    out = io.BytesIO()
    book.save(out)
    found = workbook_faults(out.getvalue(), ["lost"])
    figures("23 control: a careless workbook", noticed=len(found))
    assert {"Sheet!A1 is f", "Sheet!A2 is e", "lost"} <= set(found)


@pytest.mark.parametrize("naughty", [*NEVER_STORED, *TOO_LONG], ids=lambda text: f"{text[:8]!r} {len(text)}")
@pytest.mark.parametrize("name", TEXTS)
def test_what_cannot_be_stored_is_refused_with_its_field_and_kept_on_the_page(
    client_as: ClientAs, engine: Engine, answered: list[Asked], name: str, naughty: str
) -> None:
    each = answered[3]
    lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
    domain = each.questionnaire.domains[0]
    standard = next(standard for standard in domain.standards if standard.rated)
    before = stored(engine, each.head.id)
    field = f"{standard.key}.{name}"
    form = {f"{standard.key}.level": "amber", f"{standard.key}.version": "1", field: naughty}
    url = f"/returns/{each.head.id}/{domain.key}"
    reply = lead.post(f"{url}/{standard.key}", data=form)
    assert reply.status_code == 422
    assert "too long" in reply.text or "Shorten" in reply.text or "invisible character" in reply.text
    reply = lead.post(url, data=form)
    assert reply.status_code == 422
    assert f'href="#{field}"' in reply.text
    assert Reply(reply.text).fields[field] == naughty
    assert stored(engine, each.head.id) == before
    figures("23 texts that cannot be stored", texts=1, wrong=0)


def test_a_form_that_cut_instead_of_refusing_would_be_noticed(
    client_as: ClientAs, engine: Engine, answered: list[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: a planted truncation in the reading of forms.
    read = forms.Form.text

    def cut(self: forms.Form, name: str, *, most: int = 20_000) -> str:
        return read(self, name, most=10**6)[: min(most, 5_000)]

    monkeypatch.setattr(forms.Form, "text", cut)
    each = answered[2]
    lead = client_as(OrganisationRole.LEAD, organisation=each.head.organisation_id)
    domain = each.questionnaire.domains[0]
    standard = next(standard for standard in domain.standards if standard.rated)
    form = {
        f"{standard.key}.level": "green",
        f"{standard.key}.version": "1",
        f"{standard.key}.comment": "x" * 6_000,
    }
    assert lead.post(f"/returns/{each.head.id}/{domain.key}/{standard.key}", data=form).status_code == 200
    each.typed[standard.key, "comment"] = "x" * 6_000
    missed = not_kept(engine, [each])
    figures("23 control: a form that cuts", noticed=len(missed))
    assert "x" * 6_000 in missed
