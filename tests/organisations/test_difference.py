"""A new register is compared fact by fact, and a new number finds the school that it continues."""

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisations.difference import (
    Continuation,
    FieldChange,
    ancestry,
    compare,
    history_chain,
    predecessor_in_register,
)
from app.organisations.register_file import (
    Link,
    SchoolRow,
    parse_agencies,
    parse_schools,
    read_table,
)
from tests.organisations.register_builder import COLUMNS, as_csv, school

ROW = parse_schools(read_table(as_csv([school()]), "register.csv"), "812").rows[0]
KNOWN = {ROW.urn: ROW.facts()}


def schools(*urns: str) -> tuple[SchoolRow, ...]:
    return tuple(replace(ROW, urn=urn) for urn in urns)


def followed_by(before: str, *after: str, merged: bool = False, split: bool = False) -> list[Link]:
    return [Link(before, urn, "successor", merged=merged, split=split) for urn in after]


# --- differences ----------------------------------------------------------------------------------


def test_new_changed_gone_and_unchanged_schools_are_told_apart() -> None:
    known = {urn: replace(ROW, urn=urn).facts() for urn in ("100001", "100002", "100003", "100004")}
    one, two, four, five = schools("100001", "100002", "100004", "100005")
    two = replace(two, name="Humber Road School", head_name="Mr Bo Lund", close_date=date(2027, 8, 31))
    difference = compare(known, [one, two, four, five])
    assert difference.new == (five,)
    assert difference.gone == ("100003",)
    assert difference.unchanged == 2
    (change,) = difference.changed
    assert change.row is two
    assert set(change.fields) == {
        FieldChange("name", "Wold View Primary School", "Humber Road School"),
        FieldChange("head_name", "Ms Ada Okafor", "Mr Bo Lund"),
        FieldChange("closes_on", None, date(2027, 8, 31)),
    }


def test_nothing_and_everything_compare() -> None:
    assert compare({}, []).unchanged == 0
    assert compare({}, [ROW]).new == (ROW,)
    assert compare(KNOWN, []).gone == (ROW.urn,)
    assert compare(KNOWN, [ROW]).unchanged == 1


@pytest.mark.parametrize("field", sorted(ROW.facts()))
def test_a_change_of_any_fact_is_seen(field: str) -> None:
    known = {ROW.urn: ROW.facts() | {field: "something else"}}
    (change,) = compare(known, [ROW]).changed
    assert change.fields == (FieldChange(field, "something else", ROW.facts()[field]),)


def test_order_of_features_and_ways_of_writing_nothing_are_no_change() -> None:
    row = replace(ROW, features=frozenset({"boarding", "early_years"}), ukprn="")
    known = {row.urn: row.facts() | {"features": ["early_years", "boarding"], "ukprn": None}}
    assert compare(known, [row]).changed == ()
    known[row.urn]["features"] = ["boarding"]
    assert len(compare(known, [row]).changed) == 1


def test_a_number_that_becomes_nothing_is_a_change() -> None:
    known = {ROW.urn: ROW.facts() | {"pupils": 0}}
    (change,) = compare(known, [replace(ROW, pupils=None)]).changed
    assert change.fields == (FieldChange("pupils", 0, None),)


def test_a_column_that_the_file_lacks_empties_nothing() -> None:
    columns = tuple(column for column in COLUMNS if column not in {"Postcode", "NumberOfPupils"})
    file = parse_schools(read_table(as_csv([school()], columns=columns), "register.csv"), "812")
    assert compare(KNOWN, file.rows, given=file.given).changed == ()
    fields = [change.field for change in compare(KNOWN, file.rows).changed[0].fields]
    assert sorted(fields) == ["postcode", "pupils"]


def test_facts_that_the_register_does_not_keep_are_not_compared() -> None:
    assert compare({ROW.urn: {"name": ROW.name}}, [ROW]).unchanged == 1


def test_a_school_whose_row_was_refused_has_not_gone() -> None:
    file = parse_schools(read_table(as_csv([school(NumberOfPupils="many")]), "register.csv"), "812")
    refused = {refusal.key for refusal in file.refused}
    assert compare(KNOWN, file.rows, refused=refused).gone == ()
    assert compare(KNOWN, file.rows).gone == (ROW.urn,)


def test_agencies_are_compared_in_the_same_way() -> None:
    file = parse_agencies(read_table(b"Code,Name,Kind\npolice,Humber Police,police\n", "agencies.csv"))
    known = {"police": file.rows[0].facts() | {"name": "Police", "postcode": "DN31 1AA"}}
    (change,) = compare(known, file.rows, given=file.given).changed
    assert change.fields == (FieldChange("name", "Police", "Humber Police"),)


# --- chains ---------------------------------------------------------------------------------------


def test_a_chain_lists_the_nearest_predecessors_first_from_either_end_of_a_link() -> None:
    links = [
        Link("100003", "100002", "predecessor"),
        Link("100001", "100002", "successor"),
        Link("100000", "100001", "successor"),
        Link("200001", "200000", "predecessor"),
    ]
    assert history_chain("100003", links) == ("100002", "100001", "100000")
    assert history_chain("100000", links) == ()
    assert history_chain("100003", ancestry(links)) == history_chain("100003", iter(links))


def test_links_that_run_in_a_circle_end_the_chain() -> None:
    links = [*followed_by("1", "2"), *followed_by("2", "3"), *followed_by("3", "1"), *followed_by("1", "1")]
    assert history_chain("3", links) == ("2", "1")
    assert history_chain("1", links) == ("3", "2")


@given(pairs=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=40), start=st.integers(0, 8))
def test_a_chain_is_exactly_what_can_be_reached_once_each(pairs: list[tuple[int, int]], start: int) -> None:
    links = [Link(str(before), str(after), "successor") for before, after in pairs]
    reached = {before for before, after in pairs if after == start}
    for _ in pairs:
        reached |= {before for before, after in pairs if after in reached}
    chain = history_chain(str(start), links)
    assert len(set(chain)) == len(chain)
    assert set(chain) == {str(number) for number in reached - {start}}


def test_chains_of_a_whole_register_are_followed_in_a_second() -> None:
    links = [Link(str(100_000 + n), str(130_000 + n), "successor") for n in range(25_000)]
    begun = time.process_time()
    above = ancestry(links)
    assert all(len(history_chain(str(130_000 + n), above)) == 1 for n in range(25_000))
    assert time.process_time() - begun < 3


# --- which school a new number continues ----------------------------------------------------------

NEW = replace(ROW, urn="150001", laestab="812/2044")


def verdict(row: SchoolRow, links: list[Link], *known: str, still_open: tuple[str, ...] = ()) -> Continuation:
    existing: dict[str, dict[str, object]] = {
        urn: {"laestab": "812/9999", "postcode": "DN1 1AA"} for urn in known
    }
    return predecessor_in_register(row, links, existing, still_open=still_open)


def test_a_conversion_continues_its_only_predecessor() -> None:
    found = verdict(NEW, followed_by("100001", "150001"), "100001", "100002")
    assert (found.verdict, found.urns, found.needs_confirming) == ("continues", ("100001",), False)


def test_two_conversions_since_the_last_import_are_followed() -> None:
    links = [*followed_by("100001", "140001"), *followed_by("140001", "150001")]
    assert verdict(NEW, links, "100001").urns == ("100001",)
    assert verdict(NEW, links, "100001", "140001").urns == ("140001",)


def test_a_merger_needs_a_person() -> None:
    links = [*followed_by("100001", "150001", merged=True), *followed_by("100002", "150001", merged=True)]
    found = verdict(NEW, links, "100001", "100002")
    assert (found.verdict, set(found.urns), found.needs_confirming) == ("merged", {"100001", "100002"}, True)
    assert verdict(NEW, links, "100001").verdict == "merged"
    unmarked = [*followed_by("100001", "150001"), *followed_by("100002", "150001")]
    assert verdict(NEW, unmarked, "100001").verdict == "merged"
    assert verdict(NEW, unmarked[:1], "100001").verdict == "continues"


def test_a_split_needs_a_person() -> None:
    marked = followed_by("100001", "150001", split=True)
    assert verdict(NEW, marked, "100001").verdict == "split"
    two_heirs = followed_by("100001", "150001", "150002")
    found = verdict(NEW, two_heirs, "100001")
    assert (found.verdict, found.urns, found.needs_confirming) == ("split", ("100001",), True)


def test_a_predecessor_that_is_still_open_is_not_continued() -> None:
    links = followed_by("100001", "150001")
    assert verdict(NEW, links, "100001", still_open=("100001",)).verdict == "none"
    assert verdict(NEW, links, "100001").verdict == "continues"


def test_circles_of_links_do_no_harm() -> None:
    links = [
        *followed_by("100001", "150001"),
        *followed_by("150001", "100001"),
        *followed_by("150001", "150001"),
    ]
    assert verdict(NEW, links, "100001").urns == ("100001",)
    assert verdict(NEW, links).verdict == "none"


@pytest.mark.parametrize(
    ("row", "number", "postcode", "suggested"),
    [
        (replace(NEW, previous_la="812", previous_number="2000"), "812/2000", "dn311aa", True),
        (replace(NEW, previous_la="000", previous_number="2000"), "812/2000", "DN31 1AA", True),
        (replace(NEW, previous_la="", previous_number="2000"), "812/2000", "DN31 1AA", True),
        (replace(NEW, laestab="812/2000"), "812/2000", "DN31 1AA", True),
        (replace(NEW, previous_la="813", previous_number="2000"), "812/2000", "DN31 1AA", False),
        (replace(NEW, previous_number="2000"), "812/2000", "DN31 1AB", False),
        (replace(NEW, previous_number="2001"), "812/2000", "DN31 1AA", False),
        (replace(NEW, previous_number="2000", postcode=""), "812/2000", "", False),
        (replace(NEW, laestab=""), "", "DN31 1AA", False),
    ],
)
def test_without_a_link_the_same_place_and_number_are_only_suggested(
    row: SchoolRow, number: str, postcode: str, suggested: bool
) -> None:
    existing = {"100001": {"laestab": number, "postcode": postcode}}
    found = predecessor_in_register(row, [], existing)
    assert found.verdict == ("suggested" if suggested else "none")
    assert found.needs_confirming == suggested
    assert found.urns == (("100001",) if suggested else ())
    assert predecessor_in_register(row, [], existing, still_open=["100001"]).verdict == "none"
