"""The chase list: filters, order, pages and the export."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chasing.listing import (
    EVERY,
    OVERDUE,
    ROWS_A_PAGE,
    SORT_CHOICES,
    STATE_CHOICES,
    Callee,
    ChaseRow,
    LoggedCall,
    Person,
    Wanted,
    as_csv,
    callees,
    chosen,
    one_page,
    safe_cell,
    wanted_from,
)
from app.chasing.rules import ChaseState, Ringing, Standing, Turn
from app.organisations.rules import KINDS, PHASES

pytestmark = pytest.mark.chasing

STANDING = Standing("opened", date(2027, 1, 29), 58, 0, has_contact=True)


def row(name: str, number: int = 1, **changes: Any) -> ChaseRow:
    made = ChaseRow(
        return_id=number,
        organisation_id=number,
        organisation=name,
        kind="academy",
        phase="primary",
        district="Marrow Fen",
        telephone="01632 960123",
        pupils=210,
        standing=STANDING,
        state=ChaseState.NOT_STARTED,
        overdue=0,
        ringing=Ringing(Turn.NOW, 2, ()),
        contacts=(Callee("Robin Marsh", ("Head teacher",), "robin@oak.example.org", ()),),
        last_call=None,
    )
    return replace(made, **changes)


SIGNED = {"state": ChaseState.SIGNED, "ringing": Ringing(Turn.NEVER, 0, ())}


def names(rows: list[ChaseRow]) -> list[str]:
    return [each.organisation for each in rows]


def test_those_who_signed_are_left_out_unless_asked_for() -> None:
    rows = [row("Oak"), row("Elm", 2, **SIGNED)]
    assert names(chosen(rows, Wanted())) == ["Oak"]
    assert names(chosen(rows, Wanted(state=EVERY))) == ["Oak", "Elm"]
    assert names(chosen(rows, Wanted(state="signed"))) == ["Elm"]


def test_overdue_goes_across_states() -> None:
    rows = [row("Oak", overdue=2), row("Elm", 2), row("Ash", 3, overdue=1, state=ChaseState.STALLED)]
    assert names(chosen(rows, Wanted(state=OVERDUE))) == ["Ash", "Oak"]


def test_filters_narrow_together_and_every_word_must_occur() -> None:
    rows = [row("Oak"), row("Elm", 2, kind="college"), row("Ash", 3, district="South Wolds")]
    assert names(chosen(rows, Wanted(kind="academy", district="South Wolds"))) == ["Ash"]
    assert names(chosen(rows, Wanted(text="ROBIN elm"))) == ["Elm"]
    assert names(chosen(rows, Wanted(text="robin absent"))) == []
    assert names(chosen(rows, Wanted(phase="secondary"))) == []


def call(next_on: date | None) -> LoggedCall:
    return LoggedCall(datetime(2026, 11, 1, tzinfo=UTC), "Morgan", "spoke", "", next_on, 1)


def test_orders_of_the_list() -> None:
    saved = replace(STANDING, answered=50, last_saved_at=datetime(2026, 11, 1, tzinfo=UTC))
    rows = [
        row("Oak", 1, ringing=Ringing(Turn.NOW, 5, ())),
        row("elm", 2, standing=saved, last_call=call(date(2026, 11, 30))),
        row("Ash", 3, ringing=Ringing(Turn.PROMISED, 0, ()), last_call=call(date(2026, 11, 20))),
    ]
    assert names(chosen(rows, Wanted())) == ["Ash", "Oak", "elm"]
    assert names(chosen(rows, Wanted(sort="name"))) == ["Ash", "elm", "Oak"]
    assert names(chosen(rows, Wanted(sort="progress"))) == ["elm", "Ash", "Oak"]
    assert names(chosen(rows, Wanted(sort="quiet"))) == ["Ash", "Oak", "elm"]
    assert names(chosen(rows, Wanted(sort="next"))) == ["Ash", "elm", "Oak"]


def test_a_page_beyond_the_last_is_the_last() -> None:
    rows = [row(f"School {number:03}", number) for number in range(ROWS_A_PAGE + 1)]
    page = one_page(rows, Wanted(page=9), of=200)
    assert (len(page.rows), page.found, page.of, page.pages, page.wanted.page) == (1, 51, 200, 2, 2)
    assert one_page([], Wanted(), of=0).pages == 1


TEXTS = st.text(max_size=40).map(lambda text: " ".join(text.replace("\x00", " ").split()))
WANTED = st.builds(
    Wanted,
    state=st.sampled_from(sorted(STATE_CHOICES)),
    kind=st.sampled_from(["", *KINDS]),
    phase=st.sampled_from(["", *PHASES]),
    district=TEXTS,
    text=TEXTS,
    sort=st.sampled_from(sorted(SORT_CHOICES)),
    page=st.integers(1, 9999),
)


@given(WANTED)
def test_an_address_leads_back_to_the_same_view(wanted: Wanted) -> None:
    assert wanted_from(wanted.parameters()) == wanted


@given(st.dictionaries(st.sampled_from(Wanted.__slots__), st.text(max_size=120)))
def test_any_address_is_read_as_some_view(parameters: dict[str, str]) -> None:
    wanted = wanted_from(parameters)
    assert wanted.state in STATE_CHOICES
    assert wanted.sort in SORT_CHOICES
    assert wanted.page >= 1
    assert "\x00" not in wanted.text


def test_a_person_with_two_roles_is_rung_once_and_the_switchboard_is_not_repeated() -> None:
    found = callees(
        [
            Person("Colette Abernall", "head_teacher", "c@x.example.org", "01632 960246"),
            Person("Colette Abernall", "designated_safeguarding_lead", "c@x.example.org", "01632 960777"),
        ],
        "01632 960246",
    )
    assert [(each.role_words, each.telephones) for each in found] == [
        ("Head teacher and Designated safeguarding lead", ("01632 960777",))
    ]


# --- export ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["=1+1", "+44 1632", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(start) == "'" + start


def test_ordinary_cells_stay_as_they_are() -> None:
    assert [safe_cell(value) for value in ("Oak = good", 12, None, "'quoted")] == [
        "Oak = good",
        "12",
        "",
        "'quoted",
    ]


NASTY = st.text(alphabet=st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ['=cmd|"/c calc"!A1', "@x", "a,b", 'say "x"', "two\nlines", "-1", "＠y"]
)


@given(NASTY, NASTY, NASTY)
def test_the_export_reads_back_equal_and_holds_no_formula(name: str, district: str, note: str) -> None:
    logged = replace(call(None), note=note)
    data = as_csv([row(name, district=district, last_call=logged)])
    assert data.startswith(b"\xef\xbb\xbf")
    _, cells = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert not any(cell[:1] in {"=", "+", "-", "@", "\t", "\r"} for cell in cells)
    assert [cells[0].removeprefix("'"), cells[3].removeprefix("'"), cells[15].removeprefix("'")] == [
        name.removeprefix("'"),
        district.removeprefix("'"),
        note.removeprefix("'"),
    ]
