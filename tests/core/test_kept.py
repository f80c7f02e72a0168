"""Whoever is turned away gets their text back: escaped, on the page, stored nowhere."""

import html
import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.forms import MOST_KEPT_BYTES
from app.returns import queries
from tests import builders
from tests.conftest import ORIGIN, ClientAs, MovableClock

pytestmark = pytest.mark.faults
DOMAIN = "leadership-and-governance"
TYPED = 'What we know: <script>alert("x")</script>\nand a second line'


@pytest.fixture
def school(work: Work) -> queries.ReturnHead:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    return this


def fields(work: Work, this: queries.ReturnHead) -> dict[str, str]:
    key = queries.questionnaire_of(work.session, this).rated[0].key
    return {f"{key}.evidence": TYPED, f"{key}.level": "amber", f"{key}.version": "0", "next": ""}


def sent_again(page: str) -> dict[str, str]:
    """Read the form on a page as a browser sends it."""
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    lines = re.findall(
        r'<input class="govuk-input" id="[^"]*" name="([^"]*)" type="text" value="([^"]*)">', page
    )
    areas = re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return {html.unescape(name): html.unescape(value) for name, value in (*hidden, *lines, *areas)}


@pytest.mark.parametrize("how", ["idle", "no cookie"])
def test_a_signed_out_post_gives_the_form_back(
    school: queries.ReturnHead, work: Work, client_as: ClientAs, clock: MovableClock, how: str
) -> None:
    lead = client_as(OrganisationRole.LEAD, organisation=school.organisation_id)
    page = f"/returns/{school.id}/{DOMAIN}"
    if how == "idle":
        clock.move(hours=2)
    else:
        lead.cookies.clear()
    data = fields(work, school)
    reply = lead.post(page, data=data)
    assert reply.status_code == 401
    assert "<script>alert" not in reply.text
    assert f'href="/sign-in?to=%2Freturns%2F{school.id}%2F{DOMAIN}"' in reply.text
    back = sent_again(reply.text)
    assert back == data
    assert not queries.answers(work.session, work.actor, school.id)
    again = client_as(OrganisationRole.LEAD, organisation=school.organisation_id)
    assert again.post(page, data=back).status_code == 303
    work.session.rollback()
    (line,) = queries.answers(work.session, work.actor, school.id).values()
    assert (line.values.evidence, line.values.level) == (TYPED, "amber")


def test_nothing_of_it_is_stored(
    school: queries.ReturnHead, work: Work, client_as: ClientAs, engine: Engine
) -> None:
    canary = "CANARY-typed-signed-out"
    data = {
        name: canary if name.endswith(".evidence") else value for name, value in fields(work, school).items()
    }
    assert canary in client_as().post(f"/returns/{school.id}/{DOMAIN}", data=data).text
    with engine.connect() as connection:
        tables = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        for table in tables.all():
            found = connection.execute(
                text(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE :canary'),
                {"canary": f"%{canary}%"},
            )
            assert found.scalar_one() == 0, table


def test_a_strangers_large_form_is_not_read(school: queries.ReturnHead, client_as: ClientAs) -> None:
    reply = client_as().post(
        f"/returns/{school.id}/{DOMAIN}", data={"comment": "word " * (MOST_KEPT_BYTES // 5)}
    )
    assert reply.status_code == 401
    assert len(reply.text) < 20_000
    upload = client_as().post(f"/returns/{school.id}/{DOMAIN}", files={"comment": b"text"})
    assert upload.status_code == 401


def test_codes_are_not_given_back(client_as: ClientAs) -> None:
    reply = client_as().post("/account/recovery-codes", data={"code": "123456"})
    assert reply.status_code == 401
    assert "123456" not in reply.text


def test_while_the_database_is_away_the_text_comes_back(
    school: queries.ReturnHead,
    work: Work,
    client_as: ClientAs,
    monkeypatch: pytest.MonkeyPatch,
    page_engine: Engine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lead: TestClient = client_as(OrganisationRole.LEAD, organisation=school.organisation_id)
    data = fields(work, school)
    work.session.rollback()

    def away(*_arguments: object, **_named: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(page_engine.pool, "connect", away)
        reply = lead.post(f"/returns/{school.id}/{DOMAIN}", data=data)
        fragment = lead.post(f"/returns/{school.id}/{DOMAIN}/x", data=data, headers={"HX-Request": "true"})
        page = lead.get("/")
    assert (reply.status_code, fragment.status_code, page.status_code) == (503, 503, 503)
    assert reply.headers["retry-after"]
    assert sent_again(reply.text) == data
    reference = re.search(r"give the reference <strong>([0-9a-f]{8})<", reply.text)
    assert reference is not None
    assert f"reference {reference[1]}: the database cannot do its work: " in caplog.text
    assert TYPED not in caplog.text
    assert "Not saved yet" in fragment.text
    assert "was not saved" not in page.text


def copied(page: str) -> dict[str, str]:
    """Read the texts that a page gives back to be copied, by the words of their fields."""
    label = r'<label class="govuk-label" for="(sent-\d+)">\s*(.*?)\s*</label>'
    found = re.findall(label + r'.*?<textarea[^>]*id="\1"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    return {html.unescape(name): html.unescape(value) for _, name, value in found}


SENT = {"reason": TYPED, "code": "123456", "sealed": "a-secret", "level": "amber", "version": "7"}


def refused(school: queries.ReturnHead, client_as: ClientAs, data: dict[str, str]) -> str:
    """Have somebody do what only the lead may, and return the page that refuses it."""
    colleague = client_as(OrganisationRole.CONTRIBUTOR, organisation=school.organisation_id)
    reply = colleague.post(f"/returns/{school.id}/domains/{DOMAIN}/colleague", data=data)
    assert reply.status_code == 422
    return reply.text


def failed(school: queries.ReturnHead, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a fault of ours happen, and return its page."""

    def broken(*_arguments: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("app.returns.signoff.send_back", broken)
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    quiet = TestClient(manager.app, cookies=manager.cookies, headers=ORIGIN, raise_server_exceptions=False)
    reply = quiet.post(f"/returns/{school.id}/send-back", data=SENT)
    assert reply.status_code == 500
    return reply.text


def test_a_refusal_and_a_fault_of_ours_give_the_text_to_copy_and_no_secret(
    school: queries.ReturnHead, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in (refused(school, client_as, SENT), failed(school, client_as, monkeypatch)):
        assert copied(page) == {"Reason": TYPED}
        assert "<script>alert" not in page
        assert "123456" not in page
        assert "a-secret" not in page


@pytest.mark.access
def test_somebody_whose_access_ended_while_they_wrote_gets_their_text_back(
    school: queries.ReturnHead, work: Work, client_as: ClientAs
) -> None:
    other = builders.organisation(work, "Another School")
    work.session.commit()
    writer = client_as(OrganisationRole.CONTRIBUTOR, organisation=other)
    data = fields(work, school)
    replies = [writer.post(f"/returns/{number}/{DOMAIN}", data=data) for number in (school.id, 999_999)]
    for reply in replies:
        assert reply.status_code == 404
        assert list(copied(reply.text).values()) == [TYPED]
        assert "<script>alert" not in reply.text
    assert replies[0].text == replies[1].text
    assert "What you typed" not in writer.get(f"/returns/{school.id}/{DOMAIN}").text


def test_a_refusal_gives_every_text_back_however_many_and_cuts_only_names(
    school: queries.ReturnHead, client_as: ClientAs
) -> None:
    many = {f"topic-{number}.comment": f"text {number}" for number in range(300)}
    page = refused(school, client_as, {"x" * 5_000: "long name", **many})
    assert {*many.values(), "long name"} == {*copied(page).values()}
    assert "x" * 500 not in page


def test_control_a_page_that_gives_every_field_back_would_show_the_secrets(
    school: queries.ReturnHead, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.kept._SECRETS", frozenset())
    assert {"Code": "123456", "Sealed": "a-secret"}.items() <= copied(
        refused(school, client_as, SENT)
    ).items()
