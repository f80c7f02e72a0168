"""What is refused as coming from elsewhere, or as too large, says so in words, and loses no text of ours."""

import re
from collections.abc import Mapping

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.datastructures import Headers

from app.core import turned_away
from app.core.access import OrganisationRole, Work
from app.core.forms import MOST_BYTES, MOST_FIELDS, MOST_KEPT_BYTES, Form
from app.core.settings import settings
from app.core.turned_away import MOST_BYTES_READ, Reason, why_from_elsewhere
from app.returns import queries
from app.returns.reading import MOST_TEXT
from tests import builders
from tests.access.test_cross_site import FOREIGN, bare
from tests.conftest import ClientAs
from tests.core.test_kept import DOMAIN, TYPED, copied, fields, sent_again

pytestmark = [pytest.mark.faults, pytest.mark.access]
PUBLIC = settings().public_address
ANOTHER = "http://10.0.0.5:8011"
# A page of ours, of which the browser or something on the way hides the origin.
HIDDEN = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
# A page of ours, opened by another address than the public one over plain HTTP.
MISPLACED = {"Host": "10.0.0.5:8011", "Origin": ANOTHER}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Away = Mapping[str, str]


@pytest.fixture
def school(work: Work) -> queries.ReturnHead:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    return this


@pytest.fixture
def lead(school: queries.ReturnHead, client_as: ClientAs) -> TestClient:
    return client_as(OrganisationRole.LEAD, organisation=school.organisation_id)


def reference_in(reply: Response, log: str) -> bool:
    """Say whether a page gives a reference that stands in the log too."""
    found = re.search(r"give the reference <strong>([0-9a-f]{8})<", reply.text)
    return found is not None and f"reference {found[1]}: " in log


def comes_back(client: TestClient, path: str, data: Mapping[str, str], headers: Away) -> bool:
    """Say whether a refused request's text is on the page that refuses it."""
    reply = client.post(path, data=dict(data), headers=dict(headers))
    assert reply.status_code == 403
    return "What we know" in reply.text


# --- from elsewhere -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"sec-fetch-site": "cross-site", "origin": PUBLIC}, Reason.ANOTHER_SITE),
        ({"sec-fetch-site": "same-site", "origin": ANOTHER, "host": "10.0.0.5:8011"}, Reason.ANOTHER_SITE),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, Reason.HIDDEN),
        ({"sec-fetch-site": "none", "origin": "null"}, Reason.HIDDEN),
        ({"origin": "null", "host": "testserver"}, Reason.HIDDEN),
        ({"host": "testserver"}, Reason.HIDDEN),
        ({"origin": ANOTHER, "host": "10.0.0.5:8011"}, Reason.ANOTHER_ADDRESS),
        ({"origin": ANOTHER, "host": "testserver"}, Reason.ANOTHER_SITE),
        ({"origin": "http://", "host": ""}, Reason.ANOTHER_SITE),
        ({"origin": "http://[", "host": "["}, Reason.ANOTHER_SITE),
    ],
)
def test_the_reason_is_read_from_what_browsers_say(headers: dict[str, str], reason: Reason) -> None:
    assert why_from_elsewhere(Headers(headers)) is reason


@pytest.mark.parametrize("case", FOREIGN)
def test_each_refusal_is_a_page_with_a_reference(
    school: queries.ReturnHead, lead: TestClient, work: Work, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    path, data = f"/returns/{school.id}/{DOMAIN}", fields(work, school)
    reply = bare(lead).post(path, data=data, headers=FOREIGN[case])
    assert reply.status_code == 403
    assert "<h1" in reply.text
    assert reference_in(reply, caplog.text)
    assert TYPED not in caplog.text
    # Only where the browser itself says that it was our own page does the text come back.
    assert ("What we know" in reply.text) is (case == "from a sandboxed frame")
    # Whoever set the public address wrongly is told so, unless the browser itself speaks of another site.
    told = "ELEVEN_PUBLIC_ADDRESS" in reply.text
    assert told is (reply.request.headers.get("origin") not in {None, "null"} and "older" in case)


def test_a_hidden_page_gets_its_text_back_to_copy_and_changes_nothing(
    school: queries.ReturnHead, lead: TestClient, work: Work
) -> None:
    sent = {**fields(work, school), "code": "123456", "sealed": "a-secret"}
    reply = bare(lead).post(f"/returns/{school.id}/{DOMAIN}", data=sent, headers=HIDDEN)
    assert list(copied(reply.text).values()) == [TYPED]
    assert "<script>alert" not in reply.text
    assert "123456" not in reply.text
    assert "a-secret" not in reply.text
    assert "<form" not in reply.text
    assert not queries.answers(work.session, work.actor, school.id)


def test_a_page_at_another_address_says_which_setting_to_mend(
    school: queries.ReturnHead, lead: TestClient, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    path, data = f"/returns/{school.id}/{DOMAIN}", fields(work, school)
    reply = bare(lead).post(path, data=data, headers=MISPLACED)
    assert reply.status_code == 403
    assert "ELEVEN_PUBLIC_ADDRESS" in reply.text
    assert f'href="{PUBLIC}"' in reply.text
    assert list(copied(reply.text).values()) == [TYPED]
    assert f"origin '{ANOTHER}', public address {PUBLIC}" in caplog.text
    fragment = bare(lead).post(path, data=data, headers={**MISPLACED, "HX-Request": "true"})
    assert "Your text is still on this page" in fragment.text
    assert "<h1" not in fragment.text


@pytest.mark.parametrize("headers", [HIDDEN, MISPLACED], ids=["hidden", "misplaced"])
def test_nobody_without_a_session_and_no_page_before_it_gets_text_back(
    school: queries.ReturnHead, client_as: ClientAs, lead: TestClient, work: Work, headers: Away
) -> None:
    data = fields(work, school)
    assert not comes_back(bare(client_as()), f"/returns/{school.id}/{DOMAIN}", data, headers)
    for path in (
        "/sign-in",
        "/sign-in/some-link",
        "/second-factor",
        "/no-such-page",
        "/invitation/some-link",
    ):
        assert not comes_back(bare(lead), path, data, headers), path
    assert comes_back(bare(lead), f"/returns/{school.id}/{DOMAIN}", data, headers)


def test_a_refused_form_that_is_too_long_or_holds_a_file_is_not_read(
    school: queries.ReturnHead, lead: TestClient
) -> None:
    path = f"/returns/{school.id}/{DOMAIN}"
    long = bare(lead).post(path, data={"comment": "What we know " * (MOST_KEPT_BYTES // 12)}, headers=HIDDEN)
    many = bare(lead).post(path, content="What we know=1&" * (MOST_FIELDS + 1), headers={**HIDDEN, **FORM})
    files = bare(lead).post(path, files={"comment": b"What we know"}, headers=HIDDEN)
    for reply in (long, many, files):
        assert reply.status_code == 403
        assert "What we know" not in reply.text
        assert "We could not read what you typed" in reply.text


def test_control_a_page_that_gives_everybody_their_text_would_be_noticed(
    school: queries.ReturnHead, lead: TestClient, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turned_away, "_typed_here", lambda _request, _reason: True)
    path, data = f"/returns/{school.id}/{DOMAIN}", fields(work, school)
    assert comes_back(bare(lead), path, data, FOREIGN["from another site"])
    assert comes_back(bare(lead), "/sign-in", data, HIDDEN)


# --- too large ------------------------------------------------------------------------------------


def overlong(work: Work, school: queries.ReturnHead, count: int) -> dict[str, str]:
    """Return the fields of a page of which one holds a text of so many characters."""
    return {
        name: TYPED + "x" * (count - len(TYPED)) if name.endswith(".evidence") else value
        for name, value in fields(work, school).items()
    }


def test_an_overlong_form_comes_back_says_which_text_and_saves_once_it_is_shorter(
    school: queries.ReturnHead, lead: TestClient, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    path, sent = f"/returns/{school.id}/{DOMAIN}", overlong(work, school, MOST_BYTES + 200)
    reply = lead.post(path, data=sent)
    assert reply.status_code == 413
    assert reference_in(reply, caplog.text)
    assert "<script>alert" not in reply.text
    assert f"” to {MOST_TEXT:,} characters or fewer: it has {MOST_BYTES + 200:,}" in reply.text
    assert re.search(r'<a href="#(kept-\d+)">.*?<textarea[^>]* id="\1"', reply.text, re.DOTALL)
    back = sent_again(reply.text)
    assert back == sent
    assert not queries.answers(work.session, work.actor, school.id)
    shorter = {name: value[:MOST_TEXT] for name, value in back.items()}
    assert lead.post(path, data=shorter).status_code == 303
    work.session.rollback()
    (line,) = queries.answers(work.session, work.actor, school.id).values()
    assert line.values.evidence == shorter[next(name for name in sent if name.endswith(".evidence"))]


def test_many_texts_that_are_too_long_together_come_back(
    school: queries.ReturnHead, lead: TestClient
) -> None:
    sent = {f"topic-{number}.comment": "x" * (9_000 + number) for number in range(120)}
    reply = lead.post(f"/returns/{school.id}/{DOMAIN}", data=sent)
    assert reply.status_code == 413
    assert sent_again(reply.text) == sent
    assert "The longest is “Topic 119: comment”, with 9,119 characters" in reply.text


def test_the_page_with_scripts_is_told_which_text_is_too_long(
    school: queries.ReturnHead, lead: TestClient, work: Work
) -> None:
    sent = overlong(work, school, MOST_BYTES + 200)
    key = queries.questionnaire_of(work.session, school).rated[0].key
    reply = lead.post(f"/returns/{school.id}/{DOMAIN}/{key}", data=sent, headers={"HX-Request": "true"})
    assert reply.status_code == 413
    assert f"it has {MOST_BYTES + 200:,}." in reply.text
    assert len(reply.text) < 1_000


def test_beyond_what_is_read_the_page_says_so(
    school: queries.ReturnHead, lead: TestClient, work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/returns/{school.id}/{DOMAIN}"
    replies = [
        lead.post(path, data=overlong(work, school, MOST_BYTES_READ)),
        lead.post(path, content=b"a=1&" * MOST_FIELDS + b"b=" + b"x" * MOST_BYTES, headers=FORM),
        lead.post(path, content=b"a=" + b"'" * (MOST_BYTES_READ - 100), headers=FORM),  # a page of 15 MB
        lead.post(path, files={"comment": b"x" * (MOST_BYTES + 1)}),
        lead.post(path, content=iter([b"a=" + b"x" * MOST_BYTES] * 2), headers=FORM),
    ]
    for reply in replies:
        assert reply.status_code == 413
        assert "We did not keep what you sent" in reply.text
        assert reference_in(reply, caplog.text)
        assert len(reply.text) < 20_000


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/some-link", "/invitation/some-link"])
def test_the_door_gives_nothing_back(client_as: ClientAs, path: str) -> None:
    reply = client_as().post(path, data={"email": "What we know" * 20_000})
    assert reply.status_code == 413
    assert "What we know" not in reply.text


def test_an_overlong_form_is_read_only_from_somebody_who_may_send_it(
    school: queries.ReturnHead, work: Work, client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    form = turned_away._form

    async def noted(request: Request, most: int) -> Form | None:
        read.append(most)
        return await form(request, most)

    monkeypatch.setattr(turned_away, "_form", noted)
    pretender, outsider = client_as(), client_as(OrganisationRole.LEAD, organisation=school.organisation_id)
    pretender.cookies.set(settings().session_cookie, "made-up")
    path, sent = f"/returns/{school.id}/{DOMAIN}", overlong(work, school, MOST_BYTES + 200)
    assert pretender.post(path, data=sent).status_code == 401
    assert client_as().post(path, data=sent).status_code == 401
    assert outsider.post("/people", data=sent).status_code == 404
    assert read == []
    assert outsider.post(path, data=sent).status_code == 413
    assert read == [MOST_BYTES_READ]


def test_no_more_than_a_few_are_read_at_once(
    school: queries.ReturnHead, lead: TestClient, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sent = f"/returns/{school.id}/{DOMAIN}", overlong(work, school, MOST_BYTES + 200)
    assert len(lead.post(path, data=sent).text) > MOST_BYTES
    limiter = lead.app.state.overlong  # type: ignore[attr-defined]
    assert limiter.borrowed_tokens == 0
    monkeypatch.setattr(type(limiter), "available_tokens", 0)
    reply = lead.post(path, data=sent)
    assert reply.status_code == 413
    assert "We did not keep what you sent" in reply.text


def test_control_a_page_without_the_bound_would_be_noticed(
    school: queries.ReturnHead, lead: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turned_away, "MOST_BYTES_OF_PAGE", 100 * MOST_BYTES)
    body = b"a=" + b"'" * (MOST_BYTES_READ - 100)
    reply = lead.post(f"/returns/{school.id}/{DOMAIN}", content=body, headers=FORM)
    assert len(reply.content) > 4 * MOST_BYTES_READ
