"""What the heat map shows: cells, order, counts and filters."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.organisations.rules import KINDS, PHASES
from app.scrutiny.heatmap import (
    OUTCOME_CHOICES,
    HeatRow,
    Shown,
    Stored,
    Wanted,
    chosen,
    counts,
    grouped,
    shown,
    wanted_from,
)

DOMAINS = ("leadership", "culture", "ours")
SIX = ("leadership", "culture")


def stored(domain: str, outcome: str, *, share: int = 50, critical_reds: int = 0, **more: int) -> Stored:
    return Stored(
        domain, outcome, share, 100, critical_reds, more.get("greens", 0), more.get("unevidenced", 0)
    )


def row(name: str, number: int = 1, **changes: Any) -> Shown:
    made: dict[str, Any] = {
        "return_id": number,
        "organisation_id": number,
        "organisation": name,
        "kind": "academy",
        "phase": "primary",
        "district": "Marrow Fen",
        "signed": True,
    }
    for source in ("own", "validated", "last"):
        changes[source] = {
            key: value if isinstance(value, Stored) else stored(key, value)
            for key, value in changes.get(source, {}).items()
        }
    return shown(HeatRow(**{**made, **changes}), DOMAINS)


def names(rows: list[Shown] | tuple[Shown, ...]) -> list[str]:
    return [each.row.organisation for each in rows]


def test_a_domain_without_a_rating_is_not_answered_and_without_validation_not_reviewed() -> None:
    each = row("Oak", own={"leadership": "insufficient"})
    assert [cell.look for cell in each.cells] == [
        ("insufficient", None, False),
        ("unanswered", None, False),
        ("unanswered", None, False),
    ]


def test_the_validated_rating_counts_and_the_organisations_own_stays() -> None:
    cell = row("Oak", own={"leadership": "green"}, validated={"leadership": "amber"}).cells[0]
    assert (cell.level, cell.validated, cell.effective) == ("green", "amber", "amber")


def test_a_domain_is_marked_when_none_of_its_greens_has_evidence() -> None:
    bare = stored("leadership", "green", greens=4, unevidenced=4)
    partly = stored("leadership", "green", greens=4, unevidenced=3)
    none_green = stored("leadership", "red", greens=0, unevidenced=0)
    marks = [row("Oak", own={"leadership": each}).cells[0].unevidenced for each in (bare, partly, none_green)]
    assert marks == [True, False, False]


def test_only_another_colour_is_a_change_since_last_year() -> None:
    better = row("Oak", own={"leadership": "green"}, last={"leadership": "red"})
    assert (better.changed, better.cells[0].was) == (True, "red")
    same = row("Elm", own={"leadership": "green"}, last={"leadership": "green"})
    unclear = row("Ash", own={"leadership": "insufficient"}, last={"leadership": "green"})
    first = row("Yew", own={"leadership": "green"})
    assert [each.changed for each in (same, unclear, first)] == [False, False, False]


def test_worst_first_within_a_kind_and_those_not_signed_last() -> None:
    rows = [
        row("Amber", 1, own={"leadership": "amber", "culture": "green"}),
        row("Waiting", 2, signed=False),
        row("Critical", 3, own={"leadership": stored("leadership", "red", critical_reds=1)}),
        row("Two reds", 4, own={"leadership": "red", "culture": "red"}),
        row("A college", 5, kind="college", own={"leadership": "red"}),
        row("Ours is red", 6, own={"leadership": "green", "ours": "red"}),
        row("Low amber", 7, own={"leadership": stored("leadership", "amber", share=40), "culture": "green"}),
    ]
    groups = grouped(rows, SIX)
    assert [(group.title, names(group.rows)) for group in groups] == [
        (KINDS["academy"].plural, ["Critical", "Two reds", "Low amber", "Amber", "Ours is red"]),
        (KINDS["college"].plural, ["A college"]),
        ("Not signed yet", ["Waiting"]),
    ]


def test_the_validated_rating_decides_the_order() -> None:
    mild = row("Mild", own={"leadership": "amber"})
    down = row("Down", 2, own={"leadership": "green"}, validated={"leadership": "red"})
    assert names(grouped([mild, down], SIX)[0].rows) == ["Down", "Mild"]


OUTCOMES = st.sampled_from(["red", "amber", "green", "insufficient", "not_rated"])
ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from(["Oak", "Elm"]),
        st.integers(1, 99),
        own=st.dictionaries(st.sampled_from(DOMAINS), OUTCOMES),
        validated=st.dictionaries(st.sampled_from(DOMAINS), OUTCOMES),
        signed=st.booleans(),
    ),
    max_size=8,
)


@given(ROWS)
def test_every_row_is_counted_once_in_each_domain_and_shown_once(rows: list[Shown]) -> None:
    counted = counts(rows, DOMAINS)
    assert all(sum(found.values()) == len(rows) for found in counted.values())
    assert sum(len(group.rows) for group in grouped(rows, SIX)) == len(rows)


@given(ROWS, st.sampled_from(DOMAINS), st.sampled_from(sorted(OUTCOME_CHOICES)))
def test_a_count_leads_to_as_many_rows_as_it_says(rows: list[Shown], domain: str, outcome: str) -> None:
    found = chosen(rows, Wanted(domain=domain, outcome=outcome))
    assert len(found) == counts(rows, DOMAINS)[domain].get(outcome, 0)


def test_filters_narrow_together() -> None:
    rows = [
        row("Oak", own={"leadership": "red"}, last={"leadership": "green"}),
        row("Elm", 2, own={"culture": "red"}, district="South Wolds"),
        row("Ash", 3, signed=False, phase="secondary"),
    ]
    assert names(chosen(rows, Wanted(outcome="red"))) == ["Oak", "Elm"]
    assert names(chosen(rows, Wanted(outcome="red", domain="culture"))) == ["Elm"]
    assert names(chosen(rows, Wanted(changed=True))) == ["Oak"]
    assert names(chosen(rows, Wanted(signed=True))) == ["Oak", "Elm"]
    assert names(chosen(rows, Wanted(phase="secondary"))) == ["Ash"]
    assert names(chosen(rows, Wanted(district="South Wolds"))) == ["Elm"]
    assert names(chosen(rows, Wanted(text="OA"))) == ["Oak"]
    assert names(chosen(rows, Wanted(kind="college"))) == []


WANTED = st.builds(
    Wanted,
    kind=st.sampled_from(["", *KINDS]),
    phase=st.sampled_from(["", *PHASES]),
    district=st.sampled_from(["", "Marrow Fen"]),
    domain=st.sampled_from(["", *DOMAINS]),
    outcome=st.sampled_from(["", *OUTCOME_CHOICES]),
    changed=st.booleans(),
    signed=st.booleans(),
    text=st.sampled_from(["", "oak"]),
)


@given(WANTED)
def test_an_address_leads_back_to_the_same_view(wanted: Wanted) -> None:
    assert wanted_from(wanted.parameters(), DOMAINS) == wanted


@given(st.dictionaries(st.sampled_from(Wanted.__slots__), st.text(max_size=120)))
def test_any_address_is_read_as_some_view(parameters: dict[str, str]) -> None:
    wanted = wanted_from(parameters, DOMAINS)
    assert wanted.outcome in {"", *OUTCOME_CHOICES}
    assert wanted.domain in {"", *DOMAINS}
