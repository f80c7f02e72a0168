"""Whatever register is drawn: columns, encoding and a second reading make no difference, nor size."""

import random
import sys
import time
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from app.organisations.difference import compare
from app.organisations.register_file import (
    parse_schools,
    read_table,
)
from tests.organisations.register_builder import (
    COLUMNS,
    as_csv,
    register,
    school,
)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shuffle=st.integers(0, 10_000))
def test_the_order_of_columns_and_the_encoding_make_no_difference(seed: int, shuffle: int) -> None:
    rows = list(register(40, seed=seed))
    expected = parse_schools(read_table(as_csv(rows), "a.csv"), "919")
    columns = list(COLUMNS)
    random.Random(shuffle).shuffle(columns)  # noqa: S311
    for encoding in ("cp1252", "utf-8", "utf-8-sig"):
        data = as_csv(rows, columns=columns, encoding=encoding)
        assert parse_schools(read_table(data, "b.csv"), "919") == expected
    assert any(
        "\u2019" in row.name for row in parse_schools(read_table(as_csv(register(900)), "c.csv"), "919").rows
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_same_file_again_changes_nothing(seed: int) -> None:
    file = parse_schools(read_table(as_csv(register(90, seed=seed)), "a.csv"), "812")
    known = {row.urn: row.facts() for row in file.rows}
    again = parse_schools(read_table(as_csv(register(90, seed=seed), encoding="utf-8"), "b.csv"), "812")
    difference = compare(known, again.rows, given=again.given)
    assert (difference.new, difference.changed, difference.gone) == ((), (), ())
    assert difference.unchanged == len(file.rows)


def test_a_register_read_in_the_wrong_encoding_would_not_pass_as_unchanged() -> None:
    rows = [school(Town="Vallée")]
    known = {row.urn: row.facts() for row in parse_schools(read_table(as_csv(rows), "a.csv"), "812").rows}
    wrong = parse_schools(read_table(as_csv(rows, encoding="cp1250"), "a.csv"), "812")
    assert compare(known, wrong.rows).changed == ()
    wrong = parse_schools(read_table(as_csv(rows, encoding="cp850"), "a.csv"), "812")
    assert [change.field for change in compare(known, wrong.rows).changed[0].fields] == ["address"]


def test_a_whole_register_of_fifty_thousand_is_read_and_compared_in_seconds() -> None:
    tally: Counter[tuple[str, str, str]] = Counter()
    data = as_csv(register(50_000, tally=tally))
    begun = time.process_time()
    file = parse_schools(read_table(data, "edubasealldata.csv"), "919")
    known = {row.urn: row.facts() for row in file.rows}
    difference = compare(known, file.rows, given=file.given)
    seconds = time.process_time() - begun
    sys.stdout.write(f"50,000 rows, {len(data) / 1e6:.0f} MB: {seconds:.2f} s of CPU\n")
    mine = {key: count for key, count in tally.items() if key[0] == "919"}
    asked = sum(count for (_, status, kind), count in mine.items() if status in "13" and kind != "29")
    assert len(file.rows) == difference.unchanged == asked > 2_000
    assert file.skipped["other_authority"] == 50_000 - sum(mine.values())
    assert file.skipped["closed"] == sum(n for (_, status, _), n in mine.items() if status == "2")
    assert sum(file.skipped.values()) + len(file.rows) == 50_000
    assert file.refused == ()
    assert seconds < 6
