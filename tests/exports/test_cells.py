"""The one safe cell writer: text stays text, and nothing is lost unmarked."""

import io
from datetime import UTC, date, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from exports.book import Book, Layout
from exports.cells import Look, Shown, Value, cut_mark, fitted, sheet_title, storable, units
from exports.tables import Column, TableSheet, TableSpec, unique_headings
from tests.exports.package_checks import faults, reread
from tests.exports.texts import NEVER_STORED, STORED, as_shown, whole
from tests.exports.writing import NOW, written

pytestmark = pytest.mark.faults


def first_column(content: bytes) -> list[Any]:
    return [row[0] for row in next(iter(reread(content).values()))]


@pytest.mark.parametrize("text", [*STORED, *NEVER_STORED], ids=lambda text: ascii(text[:12]))
def test_each_naughty_text_comes_back_as_text(text: str) -> None:
    content = written([text, "beside"])

    assert faults(content) == []
    cell = load_workbook(io.BytesIO(content)).worksheets[0]["A1"]
    assert cell.data_type == "s"
    assert first_column(content) == [as_shown(text), "beside"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_that_looks_like_a_formula_is_marked_as_text(start: str) -> None:
    cell = load_workbook(io.BytesIO(written([f"{start}1", "plain"]))).worksheets[0]["A1"]

    assert cell.quotePrefix


def test_an_ordinary_text_has_no_mark() -> None:
    sheet = load_workbook(io.BytesIO(written(["Ashgrove", "a=b"]))).worksheets[0]

    assert not sheet["A1"].quotePrefix
    assert not sheet["A2"].quotePrefix


@given(st.lists(st.text(st.characters(codec=None, exclude_categories=())), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_comes_back_equal_or_marked(texts: list[str]) -> None:
    content = written([*texts, "end"])

    assert faults(content) == []
    assert first_column(content) == [as_shown(text) or None for text in texts] + ["end"]


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=300))
@settings(max_examples=200, deadline=None)
def test_text_in_titles_of_sheets_columns_and_workbook_is_harmless(text: str) -> None:
    out = io.BytesIO()
    spec = TableSpec(text, "Things", text, "None", (Column(text, text), Column(text, text)))
    with Book(text, NOW) as book:
        table = TableSheet(book, spec)
        table.begin(groups=(text, text))
        table.append((text, text))
        table.finish()
        book.sheet(text, Layout([10])).append((text,))
        book.save(out)

    assert faults(out.getvalue()) == []
    assert load_workbook(out).properties.title == (storable(text) or None)


@given(st.text(st.sampled_from("ab😀\n"), min_size=1, max_size=60), st.integers(30, 70))
def test_a_cut_text_and_its_rest_make_the_whole(text: str, most: int) -> None:
    shown, rest = fitted(text, most)

    assert units(shown) <= max(most, 0) or not rest
    if rest:
        assert shown.removesuffix(cut_mark(text)) + rest == text
    else:
        assert shown == text


def test_what_does_not_fit_goes_on_in_a_sheet_of_its_own() -> None:
    long: list[Value] = ["=" + "a😀" * 30_000, "short", "b" * 40_000]
    content = written(long)

    sheets = reread(content)
    assert list(sheets) == ["Sheet", "Cut texts"]
    parts = sheets["Cut texts"][4:]
    assert {(row[0], row[1]) for row in parts} == {("Sheet", "A1"), ("Sheet", "A3")}
    for place, text in (("A1", str(long[0])), ("A3", str(long[2]))):
        kept = sheets["Sheet"][int(place[1:]) - 1][0].removesuffix(cut_mark(text))
        assert kept + "".join(row[4] for row in parts if row[1] == place) == text
    assert [row[3] for row in parts if row[1] == "A3"] == ["2 of 2"]
    assert faults(content) == []


def test_no_text_is_cut_while_it_fits() -> None:
    assert list(reread(written(["x" * 32_767]))) == ["Sheet"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (0, 0),
        (-3, -3),
        (2.5, 2.5),
        (10**15, "1000000000000000"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
        (True, "Yes"),
        (False, "No"),
        (date(2027, 1, 29), datetime(2027, 1, 29)),  # noqa: DTZ001 - workbooks know no time zones
        (date(1900, 1, 1), datetime(1900, 1, 1)),  # noqa: DTZ001
        (date(1899, 12, 31), "1899-12-31"),
        (date(1, 1, 1), "0001-01-01"),
        (date(9999, 12, 31), datetime(9999, 12, 31)),  # noqa: DTZ001
        (datetime(2026, 7, 1, 9, 30, 15, 900_000, UTC), datetime(2026, 7, 1, 10, 30, 15)),  # noqa: DTZ001
        (datetime(2026, 12, 1, 9, 30, tzinfo=UTC), datetime(2026, 12, 1, 9, 30)),  # noqa: DTZ001
    ],
)
def test_numbers_and_dates_keep_their_value(value: Value, read: object) -> None:
    look = Look.MOMENT if isinstance(value, date) else Look.NUMBER
    content = written([value, "end"], look=look)

    assert first_column(content)[0] == read
    assert faults(content) == []


@given(st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
@settings(max_examples=100, deadline=None)
def test_every_second_comes_back(moment: datetime) -> None:
    assert first_column(written([moment, "end"], look=Look.MOMENT))[0] == moment.replace(microsecond=0)


def test_a_cell_can_have_a_look_of_its_own_and_be_empty() -> None:
    sheet = load_workbook(
        io.BytesIO(written([Shown("R", Look.RED), Shown(None, Look.AMBER), ""]))
    ).worksheets[0]

    assert sheet["A1"].fill.start_color.rgb == "00B3261E"
    assert sheet["A2"].fill.start_color.rgb == "00F2B431"
    assert sheet["A2"].value is None
    assert sheet["A3"].value is None


@pytest.mark.parametrize(
    ("wanted", "taken", "found"),
    [
        ("Answers", (), "Answers"),
        ("answers", ("Answers",), "answers (2)"),
        ("a/b\\c:d*e?f[g]", (), "a b c d e f g"),
        ("'quoted'", (), "quoted"),
        ("", (), "Sheet"),
        ("History", (), "History (2)"),
        ("x" * 40, (), "x" * 31),
        ("x" * 40, ("x" * 31,), "x" * 27 + " (2)"),
        ("😀" * 20, (), "😀" * 15),
    ],
)
def test_sheet_titles_are_what_excel_accepts(wanted: str, taken: tuple[str, ...], found: str) -> None:
    assert sheet_title(wanted, taken) == found


def test_headings_of_a_table_differ_in_any_case() -> None:
    assert unique_headings(["Name", "name", "NAME", "", "a\nb"]) == [
        "Name",
        "name (2)",
        "NAME (3)",
        "Column 4",
        "a b",
    ]


def test_two_headings_that_differ_only_after_the_limit_stay_apart() -> None:
    first, second = unique_headings(["x" * 300, "x" * 301])

    assert (len(first), len(second)) == (255, 255)
    assert first != second


def test_the_oracle_keeps_whole_texts() -> None:
    assert all(whole(text) == storable(text) for text in [*STORED, *NEVER_STORED])


# --- negative controls: what the checks would find, did the writer not take care ----------------------


def _naive(*texts: str) -> bytes:
    out = io.BytesIO()
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Sheet")
    for text in texts:
        sheet.append([text])
    workbook.save(out)
    return out.getvalue()


def test_a_naive_writer_makes_a_formula_and_the_check_finds_it() -> None:
    assert any("is a formula" in fault for fault in faults(_naive("=1+1")))


def test_a_naive_writer_makes_an_error_cell_and_the_check_finds_it() -> None:
    assert any("has type e" in fault for fault in faults(_naive("#N/A")))


def test_a_naive_writer_cuts_without_a_word() -> None:
    assert first_column(_naive("a" * 40_000)) != [as_shown("a" * 40_000)]


def test_a_naive_writer_makes_xml_that_no_reader_takes() -> None:
    out = io.BytesIO()
    with ZipFile(io.BytesIO(_naive("mark"))) as whole_file, ZipFile(out, "w") as broken:
        for name in whole_file.namelist():
            broken.writestr(name, whole_file.read(name).replace(b"mark", "\ufffe".encode()))
    assert any("is no XML" in fault for fault in faults(out.getvalue()))
