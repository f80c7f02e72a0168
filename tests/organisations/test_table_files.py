"""Uploaded CSV files become tables of text, or are refused with a sentence that says how to mend them."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.organisations.register_file import Refusal, RegisterFileError, Table, parse_schools, read_table
from tests.organisations.register_builder import as_csv, as_xlsx, school

pytestmark = pytest.mark.faults

HEADING = b"URN,LA (code),EstablishmentName\n"


def rows(data: bytes, name: str = "file.csv", **limits: int) -> list[tuple[int, list[str]]]:
    refused: list[Refusal] = []
    found = list(read_table(data, name, **limits).rows(refused))
    assert refused == []
    return found


def refusal(data: bytes, name: str = "file.csv", **limits: int) -> str:
    """Return the message with which a file is refused, having checked that it took little time and memory."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(RegisterFileError) as caught:
            list(read_table(data, name, **limits).rows([]))
        assert time.process_time() - begun < 5
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()
    return caught.value.message


# --- letters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_letters_are_read_in_each_encoding_of_the_register(encoding: str) -> None:
    text = "URN,Name\n1,École St Mary\u2019s – Brontë £5\n"
    table = read_table(text.encode(encoding), "file.csv")
    assert table.header == ("URN", "Name")
    assert list(table.rows([])) == [(2, ["1", "École St Mary\u2019s – Brontë £5"])]


@pytest.mark.parametrize("letter", ["é", "è", "à", "ô", "É", "\u2019", "–", "£", "®", "ŵ"])
def test_letters_damaged_by_an_earlier_save_are_refused_with_their_place(letter: str) -> None:
    damaged = letter.encode().decode("cp1252", "ignore")
    sound = f'URN,"The\nName"\n1,Plain\n2,"Two\nlines {letter}"\n'
    assert rows(sound.encode())[1] == (3, ["2", f"Two\nlines {letter}"])
    for encoding in ("utf-8", "utf-8-sig", "cp1252"):
        mangled = sound.replace(letter, damaged).encode(encoding, "ignore")
        if encoding == "cp1252":
            # Saved once more as Windows-1252 it is whole UTF-8 again, unless a letter elsewhere is not.
            mangled += "3,Vallée\n".encode("cp1252")
        assert "Row 3, column “The Name”" in refusal(mangled)


def test_damaged_letters_in_a_large_file_are_found_across_pieces() -> None:
    filler = b"1,812,Plain School\n" * 60_000
    damaged = HEADING + filler + "2,812,Ecole Vallée\n".encode().decode("latin-1").encode()
    assert "Row 60002, column “EstablishmentName”" in refusal(damaged)
    assert len(rows(HEADING + filler + "2,812,Vallée\n".encode())) == 60_001


def test_replacement_characters_are_refused_as_damage() -> None:
    assert "Row 2" in refusal(HEADING + "1,812,Vall\N{REPLACEMENT CHARACTER}e\n".encode())


def test_welsh_and_french_capitals_are_not_taken_for_damage() -> None:
    text = "URN,Name\n1,TÂN ÂR CHÂTEAU São Â PÃO\n"
    assert rows(text.encode())[0][1][1] == "TÂN ÂR CHÂTEAU São Â PÃO"
    assert rows(text.encode("cp1252"))[0][1][1] == "TÂN ÂR CHÂTEAU São Â PÃO"


def test_bytes_of_neither_encoding_are_refused_with_their_place() -> None:
    assert "Row 3, column “LA (code)”" in refusal(HEADING + b"1,812,a\n2,\x81\x8d,b\n")
    assert rows(HEADING + b"1,812,a\n2,\x80\x92,b\n")[1][1][1] == "€\u2019"


def test_a_nul_character_is_refused_with_its_row() -> None:
    assert "Row 3 contains a NUL" in refusal(HEADING + b"1,812,a\n2,812,b\0\n")
    assert len(rows(HEADING + b"1,812,a\n2,812,b\n")) == 2


def test_unicode_text_of_excel_is_refused() -> None:
    assert "Unicode text" in refusal("URN\tName\n".encode("utf-16"))


# --- shape ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(end: str) -> None:
    data = f'URN,Name{end}1,"A, B"{end}2,"C ""D"""{end}'.encode()
    assert rows(data) == [(2, ["1", "A, B"]), (3, ["2", 'C "D"'])]


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_columns_that_are_not_separated_by_commas_are_refused(mark: str) -> None:
    assert "not separated by commas" in refusal(f"URN{mark}Name\n1{mark}a\n".encode())
    assert rows(b"URN,Name\n1,a\n")


@pytest.mark.parametrize("data", [b'URN,Name\n1,"a\n2,b\n', b'URN,Name\n1,"a"b\n2,c\n', b'URN,"Name\n'])
def test_a_quotation_mark_that_is_not_closed_is_refused(data: bytes) -> None:
    assert "quotation mark" in refusal(data)


def test_a_cell_without_end_is_refused() -> None:
    assert "far too long" in refusal(b"URN,Name\n1," + b"x" * 200_000 + b"\n")


@pytest.mark.parametrize("data", [b"\n1,2\n", b",,,\n1,2\n", b" , \n", b"\xef\xbb\xbf"])
def test_a_heading_without_names_is_refused(data: bytes) -> None:
    assert "first row of the file is empty" in refusal(data)


def test_an_empty_file_is_refused() -> None:
    assert "empty" in refusal(b"")
    assert "empty" in refusal(b"", "file.xlsx")


def test_limits_of_rows_columns_and_bytes_hold_at_their_border() -> None:
    body = b"1,812,a\n" * 5
    assert len(rows(HEADING + body, max_rows=5)) == 5
    assert "more than 4 rows" in refusal(HEADING + body, max_rows=4)
    assert rows(HEADING + body, max_columns=3)
    assert "3 columns; at most 2" in refusal(HEADING + body, max_columns=2)
    size = len(HEADING + body)
    assert rows(HEADING + body, max_bytes=size)
    assert "larger than" in refusal(HEADING + body, max_bytes=size - 1)


def test_a_file_of_more_than_three_hundred_columns_is_refused_but_empty_ones_do_not_count() -> None:
    names = [f"Column {number}" for number in range(301)]
    assert "301 columns" in refusal((",".join(names) + "\n").encode())
    assert "beyond column 300" in refusal(as_xlsx([dict.fromkeys(names, "x")], columns=names), "file.xlsx")
    assert rows((",".join(names[:300]) + "," * 500 + "\n1\n").encode())[0][1][0] == "1"
    assert read_table(as_xlsx([], columns=names[:300]), "file.xlsx").header == tuple(names[:300])


def test_a_file_of_too_many_rows_is_refused_before_it_fills_the_memory() -> None:
    assert "more than 200,000 rows" in refusal(HEADING + b"1,812,a\n" * 200_001)
    assert len(rows(HEADING + b"1,812,a\n" * 200_000)) == 200_000


# --- the name and the content ---------------------------------------------------------------------

WORKBOOK = as_xlsx([school()])
TABLE = as_csv([school()])


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (WORKBOOK, "file.csv", "ends in .csv, but it is a workbook"),
        (TABLE, "file.xlsx", "ends in .xlsx, but it is not"),
        (TABLE, "file.xls", "old Excel file"),
        (WORKBOOK, "file.xlsm", "macros"),
        (WORKBOOK, "file.xlsb", "binary Excel"),
        (WORKBOOK, "file.zip", "ZIP file"),
        (TABLE, "file.ods", "OpenDocument"),
        (TABLE, "file", "must be a CSV file"),
        (TABLE, "file.csv.exe", "must be a CSV file"),
        (TABLE, "..\\..\\evil.php", "must be a CSV file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file.xlsx", "protected by a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file.csv", "protected by a password"),
        (b"%PDF-1.7\n", "file.csv", "web page or document"),
        (b"%PDF-1.7\n", "file.xlsx", "not an Excel workbook"),
        (b"\xef\xbb\xbf\n <html><body>Sign in</body></html>", "file.csv", "web page or document"),
        (b'{"urn": 1}', "file.csv", "web page or document"),
        (b"PK\x05\x06" + b"\0" * 18, "file.xlsx", "not an Excel workbook"),
    ],
)
def test_content_must_be_what_the_name_says(data: bytes, name: str, said: str) -> None:
    assert said in refusal(data, name)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TABLE, "FILE.CSV"),
        (WORKBOOK, "File.XLSX"),
        (TABLE, "../../etc/" + "a" * 300 + ".csv"),
        (TABLE, "a\0b\n.csv"),
    ],
)
def test_case_paths_and_length_of_a_good_name_do_not_matter(data: bytes, name: str) -> None:
    assert parse_schools(read_table(data, name), "812").rows


def test_a_table_can_be_gone_through_again() -> None:
    for table in (read_table(TABLE, "a.csv"), read_table(WORKBOOK, "a.xlsx")):
        assert parse_schools(table, "812") == parse_schools(table, "812")


def test_one_school_reads_the_same_from_every_kind_of_file() -> None:
    from_csv = parse_schools(read_table(TABLE, "a.csv"), "812")
    assert parse_schools(read_table(WORKBOOK, "a.xlsx"), "812") == from_csv


# --- properties -----------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    data=st.binary(max_size=400),
    name=st.sampled_from(["a.csv", "a.xlsx"]),
    head=st.sampled_from([b"", HEADING]),
)
def test_any_bytes_give_a_table_or_a_message(data: bytes, name: str, head: bytes) -> None:
    message = "."
    try:
        list(read_table(head + data, name).rows([]))
    except RegisterFileError as error:
        message = error.message
    assert message.endswith(".")


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n\ufffdÃÂÄÅâï"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(body=st.lists(st.lists(_CELL, min_size=2, max_size=2), max_size=8))
def test_any_text_is_read_back_as_it_was_written(body: list[list[str]]) -> None:
    data = as_csv([{"A": row[0], "B": row[1]} for row in body], columns=("A", "B"), encoding="utf-8")
    expected = [(number, row) for number, row in enumerate(body, 2) if any(row)]
    assert rows(data) == expected


def test_a_reader_that_dropped_a_row_would_be_seen() -> None:
    table = read_table(b"A,B\n1,2\n3,4\n", "a.csv")
    broken = Table(table.header, lambda: iter(list(table.records())[1:]))
    assert list(broken.rows([])) != list(table.rows([]))
