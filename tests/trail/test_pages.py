"""The pages of accountability: the trail, who read what, histories, and their files."""

import csv
import io
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL

from app.core import audit
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.audit_chain import read_head
from app.core.audit_sealing import end_of_chain, seal
from app.core.clock import LONDON
from app.core.database import owner_engine
from app.main import build_app
from app.returns import signoff
from app.trail.rules import wanted_from
from tests import builders
from tests.chasing.scenes import counted
from tests.conftest import ClientAs, MovableClock

pytestmark = pytest.mark.access

R = PartnershipRole


@pytest.fixture
def manager(client_as: ClientAs) -> TestClient:
    return client_as(R.BOARD_MANAGER)


@pytest.fixture(autouse=True)
def _nothing_yet(database: URL, clock: MovableClock) -> None:
    clock.move(hours=1)
    owner = create_engine(database)
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in ("audit_event", "audit_seal", "reading"):
            connection.execute(text(f"DELETE FROM {table}"))
    owner.dispose()


def words(page: str) -> str:
    main = page.split("<main", 1)[1].split("</main>", maxsplit=1)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def listed(client: TestClient, path: str) -> str:
    reply = client.get(path)
    assert reply.status_code == 200, path
    return words(reply.text)


def rows_of(reply_text: str) -> int:
    return reply_text.count('<th scope="row"')


# --- the whole trail ------------------------------------------------------------------------------


def test_the_trail_says_who_did_what_where_newest_first(work: Work, manager: TestClient) -> None:
    place = builders.organisation(work, "Ashgrove Primary School")
    round_id = builders.open_round(work, [place])
    work.session.commit()
    page = manager.get("/audit").text
    text_of = words(page)
    assert "Return issued" in text_of
    assert f'href="/organisations/{place}">Ashgrove Primary School</a>' in page
    assert f'href="/rounds/{round_id}">Section 175, 2026 to 2027</a>' in page
    assert text_of.rindex("Round issued") < text_of.rindex("Questionnaire published")
    assert "Morgan Ellery" in text_of


def test_an_empty_trail_says_what_will_be_there(manager: TestClient, database: URL) -> None:
    del database
    assert "Nothing fits this filter" in listed(manager, "/audit?begin=1/1/2030")
    assert "Nobody has read anything yet" in listed(manager, "/audit/readings")


def test_the_filter_finds_by_person_organisation_kind_and_days(
    work: Work, manager: TestClient, clock: MovableClock
) -> None:
    oak, elm = builders.organisation(work, "Filter Oak"), builders.organisation(work, "Filter Elm")
    round_id = builders.open_round(work, [oak, elm])
    builders.signed_return(work, round_id, oak)
    work.session.commit()
    day = f"{clock():%d/%m/%Y}"
    for query, there, missing in (
        ("person=Head+Teacher", "Return signed", "Return issued"),
        ("organisation=filter+elm", "Filter Elm", "Filter Oak"),
        ("kind=return.signed", "Return signed", "Answer saved"),
        ("kind=returns", "Answer saved", "Round issued"),
        ("kind=rounds", "Round issued", "Return issued"),
        (f"begin={day}&end={day}", "Answer saved", "Nothing fits"),
        ("person=nobody+at+all", "Nothing fits this filter", "Return"),
        ("kind=no-such-kind", "Answer saved", "Nothing fits"),
    ):
        page = manager.get(f"/audit?{query}").text
        body = words(page.split("</form>")[-1].join(("<main>", "</main>")))
        assert there in body, query
        assert missing not in body, query


def test_days_that_cannot_be_read_are_told_and_kept(manager: TestClient) -> None:
    reply = manager.get("/audit?begin=soon&end=29/1/2027")
    assert reply.status_code == 422
    assert "Enter the first day like 29/1/2027" in reply.text
    assert 'value="soon"' in reply.text
    reply = manager.get("/audit/readings?begin=2/2/2027&end=1/2/2027")
    assert reply.status_code == 422
    assert "The last day must not be before the first" in reply.text


def test_a_day_of_the_filter_is_a_day_in_london() -> None:
    wanted = wanted_from({"begin": "25/10/2026", "end": "25/10/2026"}, frozenset())
    assert wanted.since == datetime(2026, 10, 24, 23, tzinfo=UTC)
    assert wanted.until == datetime(2026, 10, 26, 0, tzinfo=UTC), "this day has 25 hours"


def test_pages_go_back_and_forth_by_their_key(work: Work, manager: TestClient) -> None:
    audit.record_many(
        work, [audit.Event("return.opened", ("return", n), None, {"note": f"n{n:03}"}) for n in range(120)]
    )
    work.session.commit()

    def seen(page: str) -> list[str]:
        return re.findall(r"Note: (n\d+)", page)

    def link(page: str, word: str) -> str:
        found = re.search(rf'href="([^"]*{word}=\d+)"', page)
        return found[1].replace("&amp;", "&") if found else ""

    first = manager.get("/audit?kind=return.opened").text
    second = manager.get(link(first, "older")).text
    third = manager.get(link(second, "older")).text
    assert seen(first) + seen(second) + seen(third) == [f"n{n:03}" for n in reversed(range(120))]
    assert (link(first, "newer"), link(third, "older")) == ("", "")
    assert seen(manager.get(link(third, "newer")).text) == seen(second)
    back = manager.get(link(second, "newer")).text
    assert seen(back) == seen(first)
    assert link(back, "newer") == ""
    # An event that comes in meanwhile moves no line to another page.
    audit.record(work, "return.opened", ("return", 999), note="n999")
    work.session.commit()
    assert seen(manager.get(link(first, "older")).text) == seen(second)


@pytest.mark.parametrize("turn", ["older=0", "older=x", "newer=999999999", "older=99999999999999999999"])
def test_a_page_that_is_not_there_is_the_first(work: Work, manager: TestClient, turn: str) -> None:
    audit.record(work, "return.opened", ("return", 1))
    work.session.commit()
    assert "Return opened" in listed(manager, f"/audit?{turn}")


def test_the_trail_costs_the_same_however_long_it_is(work: Work, manager: TestClient) -> None:
    places = [builders.organisation(work, f"Many {n}") for n in range(30)]
    counts = []
    for some in (places[:2], places):
        audit.record_many(work, [audit.Event("return.opened", ("return", 1), place) for place in some])
        work.session.commit()
        with counted(manager.app.state.engine) as statements:  # type: ignore[attr-defined]
            listed(manager, "/audit?kind=return.opened")
        counts.append(len(statements))
    # Who is asking, the list, the names of organisations, the end of the chain.
    assert counts == [4, 4]


def test_the_trail_shows_the_newest_seal(
    work: Work, manager: TestClient, engine: Engine, clock: MovableClock
) -> None:
    audit.record(work, "return.opened", ("return", 1))
    work.session.commit()
    assert "How to prove" not in manager.get("/audit").text
    seal(engine, clock())
    with engine.connect() as connection:
        end = end_of_chain(connection)
    page = listed(manager, "/audit")
    assert f"{end.position} events are sealed now" in page
    line = re.search(r"\{.*?\}", unescape(page))
    assert line
    assert read_head(line[0]) == end


# --- files ----------------------------------------------------------------------------------------


def read_csv(reply_bytes: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply_bytes.decode("utf-8-sig"))))


def test_the_file_holds_everything_that_fits_and_no_formula(work: Work, manager: TestClient) -> None:
    place = builders.organisation(work, "=HYPERLINK(1)")
    audit.record_many(
        work,
        [
            audit.Event("return.sent_back", ("return", n), place, {"reason": f"=1+{n}\r\nx"})
            for n in range(1_203)
        ],
    )
    audit.record(work, "return.opened", ("return", 1))
    work.session.commit()
    reply = manager.get("/audit/events.csv?kind=return.sent_back")
    assert reply.headers["content-disposition"].startswith('attachment; filename="audit-trail-2026-')
    assert int(reply.headers["content-length"]) == len(reply.content)
    found = read_csv(reply.content)
    assert len(found) == 1_203
    assert {row["What"] for row in found} == {"Return sent back"}
    assert {row["Organisation"] for row in found} == {"'=HYPERLINK(1)"}
    assert found[0]["Details"] == "Reason: =1+1202\r\nx"
    assert not [cell for row in found for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]
    when = datetime.fromisoformat(found[0]["When (London)"])
    assert when == work.now.astimezone(LONDON).replace(microsecond=0)


def test_a_file_that_ends_early_says_so(
    work: Work, manager: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.record_many(work, [audit.Event("return.opened", ("return", n)) for n in range(4)])
    work.session.commit()
    for most, lines in ((3, 4), (4, 4)):
        monkeypatch.setattr("app.trail.files.MOST_LINES", most)
        found = read_csv(manager.get("/audit/events.csv?kind=return.opened").content)
        assert len(found) == lines
        ends = found[-1]["When (London)"].startswith("The file ends here: it holds the newest 3 lines")
        assert ends == (most == 3)


def test_taking_the_trail_away_is_itself_read_in_the_list(manager: TestClient) -> None:
    assert manager.get("/audit/events.csv").status_code == 200
    assert manager.get("/audit/readings.csv").status_code == 200
    page = listed(manager, "/audit/readings")
    assert "Took away the audit trail" in page
    assert "Took away the list of who read what" in page
    assert "Took away the audit trail" in manager.get("/audit/readings.csv").content.decode("utf-8-sig")


# --- histories ------------------------------------------------------------------------------------


@pytest.fixture
def two_schools(work: Work) -> tuple[int, int, int, int]:
    """Two schools, ours and another, each with a signed return: (ours, theirs, our return, theirs)."""
    ours, theirs = builders.organisation(work, "Ours Primary"), builders.organisation(work, "Quokka Academy")
    round_id = builders.open_round(work, [ours, theirs])
    returns = [builders.signed_return(work, round_id, place).id for place in (ours, theirs)]
    signoff.send_back(work, returns[0], "Look at the action plan again")
    for place, return_id in ((ours, returns[0]), (theirs, returns[1])):
        audit.record(
            work, "call.logged", ("return", return_id), organisation_id=place, note="private to the desk"
        )
    work.session.commit()
    return ours, theirs, returns[0], returns[1]


def test_a_returns_history_is_for_its_own_organisation_without_others(
    client_as: ClientAs, two_schools: tuple[int, int, int, int]
) -> None:
    ours, _, our_return, their_return = two_schools
    lead = client_as(OrganisationRole.LEAD, organisation=ours)
    page = lead.get(f"/returns/{our_return}").text
    assert f'href="/returns/{our_return}/history"' in page
    history = lead.get(f"/returns/{our_return}/history").text
    told = words(history)
    assert "Return sent back" in told
    assert "Reason: Look at the action plan again" in told
    assert "Return issued" in listed(lead, f"/returns/{our_return}/history?older=999999") or "Older" in told
    for text_of in (history, lead.get(f"/returns/{our_return}/history?show=readings").text):
        assert "quokka" not in text_of.lower()
        assert "private to the desk" not in text_of
        assert "/people/" not in text_of
        assert "/organisations/" not in text_of
    assert lead.get(f"/returns/{their_return}/history").status_code == 404
    assert lead.get(f"/returns/{their_return}/history?show=readings").status_code == 404


def test_the_board_manager_sees_calls_and_workbooks_in_a_returns_history(
    client_as: ClientAs, manager: TestClient, two_schools: tuple[int, int, int, int]
) -> None:
    ours, theirs, our_return, their_return = two_schools
    assert "private to the desk" in listed(manager, f"/returns/{our_return}/history")
    pso = client_as(R.PSO)
    assert "Return sent back" in listed(pso, f"/returns/{our_return}/history")
    assert "private to the desk" not in listed(pso, f"/returns/{our_return}/history")
    assert pso.get(f"/returns/{our_return}").status_code == 200
    assert pso.get(f"/returns/{their_return}").status_code == 200
    round_id = re.search(r"/rounds/(\d+)", manager.get("/audit?kind=rounds").text)
    assert round_id
    assert pso.get(f"/rounds/{round_id[1]}/workbook.xlsx").status_code == 200
    readers = listed(manager, f"/returns/{our_return}/history?show=readings")
    assert readers.count("Read the return") == 2, "the officer, and the history that was just looked at"
    assert "Took away the workbook of a whole round" in readers
    assert "Quokka" not in readers
    lead = client_as(OrganisationRole.LEAD, organisation=ours)
    own = listed(lead, f"/returns/{our_return}/history?show=readings")
    assert "Pso Partnership" in own
    assert "whole round" not in own
    assert theirs


def test_control_without_the_condition_a_returns_history_would_tell_of_others(
    client_as: ClientAs,
    two_schools: tuple[int, int, int, int],
    engine: Engine,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, _, our_return, _ = two_schools
    monkeypatch.setattr("app.trail.queries.of_return", lambda *_args, **_more: [])
    lead, path = client_as(OrganisationRole.LEAD, organisation=ours), f"/returns/{our_return}/history"
    assert "private to the desk" not in lead.get(path).text, "the database keeps it back, too"
    owner = owner_engine(engine.url)
    careless = TestClient(build_app(owner, clock), headers=dict(lead.headers), follow_redirects=False)
    careless.cookies.update(lead.cookies)
    assert "private to the desk" in careless.get(path).text
    owner.dispose()


def test_an_organisations_history_holds_its_events_and_its_readers(
    client_as: ClientAs, manager: TestClient, two_schools: tuple[int, int, int, int]
) -> None:
    ours, _, our_return, their_return = two_schools
    pso = client_as(R.PSO)
    for path in (f"/returns/{our_return}", f"/returns/{their_return}", f"/organisations/{ours}/profile"):
        assert pso.get(path).status_code == 200
    assert f'href="/organisations/{ours}/history"' in manager.get(f"/organisations/{ours}").text
    assert f"/organisations/{ours}/history" not in pso.get(f"/organisations/{ours}").text
    told = listed(manager, f"/organisations/{ours}/history")
    assert "Return sent back" in told
    assert "Quokka" not in told
    readers = listed(manager, f"/organisations/{ours}/history?show=readings")
    assert "Read the profile" in readers
    assert readers.count("Read the return") == 1
    assert pso.get(f"/organisations/{ours}/history").status_code == 404
    assert manager.get("/organisations/999999/history").status_code == 404


def test_a_persons_history_holds_what_they_did_and_what_was_done_to_them(
    client_as: ClientAs, manager: TestClient
) -> None:
    pso = client_as(R.PSO, email="piotr@example.org")
    found = re.search(r'href="/people/(\d+)">Piotr', manager.get("/people?q=piotr").text)
    assert found
    path = f"/people/{found[1]}"
    assert f'href="{path}/history"' in manager.get(path).text
    assert manager.post(f"{path}/disable").status_code == 303
    told = listed(manager, f"{path}/history")
    assert "Role given" in told
    assert "Access switched off" in told
    assert pso.get(f"{path}/history").status_code == 303, "switched off, so signed out"
    assert client_as(R.ADMINISTRATOR).get(f"{path}/history").status_code == 404
    assert "Nobody has read this yet" in listed(manager, f"{path}/history?show=readings")
    assert manager.get("/people/999999/history").status_code == 404


def test_what_people_typed_stays_text(work: Work, manager: TestClient) -> None:
    place = builders.organisation(work, "<script>alert(1)</script>")
    audit.record(
        work,
        "return.sent_back",
        ("return", 1),
        organisation_id=place,
        reason="<img src=x onerror=alert(1)> {{7*7}}",
    )
    work.session.commit()
    for path in ("/audit", f"/organisations/{place}/history"):
        page = manager.get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "{{7*7}}" in page
