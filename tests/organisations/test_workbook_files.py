"""Excel workbooks are read as text, and hostile ones are refused before they cost time or memory."""

import io
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime

import openpyxl
import pytest

from app.organisations import workbook_files
from app.organisations.register_file import RegisterFileError, Table, parse_schools, read_table
from tests.organisations.register_builder import as_xlsx, school

pytestmark = pytest.mark.faults

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = "xl/worksheets/sheet1.xml"


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


PLAIN = workbook(["URN", "Name"], ["117900", "Wold View"])


def changed(
    parts: Mapping[str, bytes | str], data: bytes = PLAIN, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Return a workbook with some of its parts replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(stream, "w", method) as after:
        for name in before.namelist():
            after.writestr(name, parts.get(name, before.read(name)))
        for name in parts.keys() - set(before.namelist()):
            after.writestr(name, parts[name])
    return stream.getvalue()


def sheet_of(body: str) -> bytes:
    """Return a workbook whose sheet has this XML between its heading and its end."""
    heading = '<row r="1"><c r="A1" t="inlineStr"><is><t>URN</t></is></c></row>'
    xml = f"<worksheet {MAIN}><sheetData>{heading}{body}</sheetData></worksheet>"
    return changed({SHEET: xml})


def table(data: bytes) -> Table:
    return read_table(data, "file.xlsx")


def rows(data: bytes) -> list[list[str]]:
    return [cells for _, cells in table(data).rows([])]


def refusal(data: bytes) -> str:
    """Return the message with which a workbook is refused, at a small cost in time and memory."""
    tracemalloc.start()
    begun = time.process_time()
    try:
        with pytest.raises(RegisterFileError) as caught:
            table(data)
        assert time.process_time() - begun < 5
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()
    return caught.value.message


# --- what cells become ----------------------------------------------------------------------------


def test_numbers_dates_and_truths_read_as_the_register_writes_them() -> None:
    data = workbook(
        ["A", "B", "C", "D", "E", "F"],
        [812.0, 117900, datetime(1975, 9, 1), date(2024, 8, 31), True, 1.5],  # noqa: DTZ001
    )
    assert rows(data) == [["812", "117900", "01-09-1975", "31-08-2024", "TRUE", "1.5"]]


def test_text_that_looks_like_a_number_stays_as_it_is() -> None:
    assert rows(workbook(["A", "B"], ["0012", "1.0"])) == [["0012", "1.0"]]


def test_a_formula_gives_the_value_that_was_saved_with_it() -> None:
    body = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row><row r="3"><c r="A3"><f>NOW()</f></c></row>'
    assert rows(sheet_of(body)) == [["2"]]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!"])
def test_an_excel_error_is_refused_with_its_place(error: str) -> None:
    assert refusal(workbook(["URN", "Name"], ["1", "a"], ["2", error])).startswith("Row 3, column “Name”")
    assert rows(workbook(["URN", "Name"], ["1", "#1 School"])) == [["1", "#1 School"]]


def test_rows_keep_the_numbers_that_excel_shows() -> None:
    body = '<row r="5"><c r="A5"><v>1</v></c></row><row r="9"><c r="A9"><v>2</v></c></row>'
    assert list(table(sheet_of(body)).rows([])) == [(5, ["1"]), (9, ["2"])]


def test_the_first_sheet_is_read_and_damaged_letters_are_refused_there() -> None:
    book = openpyxl.load_workbook(io.BytesIO(PLAIN))
    book.create_sheet("Notes").append(["not", "this"])
    stream = io.BytesIO()
    book.save(stream)
    assert rows(stream.getvalue()) == [["117900", "Wold View"]]
    assert "Row 2, column “Name”" in refusal(workbook(["URN", "Name"], ["1", "Vall\u00c3\u00a9e"]))
    assert rows(workbook(["URN", "Name"], ["1", "Vallée"])) == [["1", "Vallée"]]


def test_empty_sheets_and_empty_ends_of_sheets() -> None:
    assert "first sheet of the workbook is empty" in refusal(workbook())
    assert rows(workbook(["URN"], ["1"], [None], [""])) == [["1"]]


def test_what_a_file_says_of_its_own_size_is_not_believed() -> None:
    xml = zipfile.ZipFile(io.BytesIO(PLAIN)).read(SHEET).decode()
    assert '<dimension ref="A1:B2"' in xml
    for ref in ("A1:XFD1048576", "A1:A1", "A1"):
        data = changed({SHEET: xml.replace('ref="A1:B2"', f'ref="{ref}"', 1)})
        assert rows(data) == [["117900", "Wold View"]]


def test_content_in_the_last_column_and_row_of_excel_is_refused_at_once() -> None:
    assert "Column XFD has content beyond" in refusal(sheet_of('<row r="2"><c r="XFD2"><v>1</v></c></row>'))
    assert "Column KO has content" in refusal(sheet_of('<row r="2"><c r="KO2" s="1"><v>1</v></c></row>'))
    last = '<row r="2"><c r="KN2"><v>1</v></c><c r="XFD2" s="1"/></row>'
    assert rows(workbook([f"Column {number}" for number in range(300)], ["1"] * 300)) == [["1"] * 300]
    assert table(sheet_of(last)).header == ("URN",)
    assert "more than 200,000 rows" in refusal(
        sheet_of('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')
    )
    assert rows(sheet_of('<row r="200001"><c r="A200001"><v>1</v></c></row>')) == [["1"]]


# --- hostile workbooks ----------------------------------------------------------------------------


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = changed({"xl/media/image1.bmp": b"\0" * 300_000_000})
    assert len(bomb) < 400_000
    assert "unpacks to more" in refusal(bomb)


def test_a_bomb_below_the_size_limit_is_refused_for_its_ratio() -> None:
    assert "unpacks to more" in refusal(changed({"xl/media/image1.bmp": b"\0" * 60_000_000}))
    assert rows(changed({"xl/media/image1.bmp": b"\0" * 4_000_000})) == [["117900", "Wold View"]]


def test_without_the_look_at_the_directory_a_bomb_would_go_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_files, "_check_directory", lambda *_: None)
    assert rows(changed({"xl/media/image1.bmp": b"\0" * 60_000_000})) == [["117900", "Wold View"]]


def test_a_size_that_the_directory_understates_is_refused() -> None:
    body = '<row r="2"><c r="A2"><v>1</v></c></row>' * 2_000
    data = bytearray(sheet_of(body))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo(SHEET).file_size
    assert data.count(size.to_bytes(4, "little")) == 2
    lying = bytes(data).replace(size.to_bytes(4, "little"), (700).to_bytes(4, "little"))
    assert "damaged" in refusal(lying)
    assert rows(bytes(data))


def test_a_million_rows_are_refused() -> None:
    assert "more than 200,000 rows" in refusal(sheet_of("<row/>" * 200_001))
    assert "unpacks to more" in refusal(sheet_of("<row><c><v>1</v></c></row>" * 1_000_000))


def test_a_row_of_a_million_cells_is_refused() -> None:
    assert "unpacks to more" in refusal(sheet_of("<row>" + "<c><v>1</v></c>" * 300_000 + "</row>"))
    assert "beyond column 300" in refusal(sheet_of("<row>" + "<c><v>1</v></c>" * 301 + "</row>"))
    assert rows(sheet_of("<row>" + "<c/>" * 301 + "</row><row><c><v>1</v></c></row>")) == [["1"]]


def test_a_row_of_a_million_cells_would_cost_much_without_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sheet_of("<row>" + "<c><v>1</v></c>" * 50_000 + "</row>")

    def peak() -> int:
        tracemalloc.start()
        with pytest.raises(RegisterFileError):
            table(data)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    counted = peak()
    monkeypatch.setattr(workbook_files, "MAX_TAGS_IN_ROW", 10**9)
    assert peak() > 5 * counted


@pytest.mark.parametrize(
    ("part", "xml"),
    [
        ("xl/sharedStrings.xml", f"<sst {MAIN}>{'<si><t>a</t></si>' * 600_000}</sst>"),
        ("xl/styles.xml", f"<styleSheet {MAIN}><cellXfs>{'<xf/>' * 500_000}</cellXfs></styleSheet>"),
        ("xl/workbook.xml", f"<workbook {MAIN}>{'<definedName/>' * 500_000}</workbook>"),
        ("xl/theme/theme1.xml", "<a>" + "<b/>" * 500_000 + "</a>"),
        ("xl/odd.bin", "<a>" + "<b/>" * 500_000 + "</a>"),
    ],
)
def test_a_part_with_very_many_tags_is_refused(part: str, xml: str) -> None:
    assert "unpacks to more" in refusal(changed({part: xml}))
    assert "unpacks to more" in refusal(changed({part: xml}, method=zipfile.ZIP_STORED))


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        "<!-- a comment that could hide rows -->",
    ],
)
def test_declarations_and_comments_are_refused(head: str) -> None:
    cell = '<c t="inlineStr"><is><t>URN</t></is></c>'
    xml = f"<worksheet {MAIN}><sheetData><row>{cell}</row></sheetData></worksheet>"
    assert table(changed({SHEET: xml})).header == ("URN",)
    assert "parts that Excel does not write" in refusal(changed({SHEET: head + xml}))
    # The look is taken in pieces: a declaration that lies across two of them is seen as well.
    for before in range((1 << 20) - 2, (1 << 20) + 2):
        assert "parts that Excel" in refusal(
            changed({SHEET: " " * before + head + xml}, method=zipfile.ZIP_STORED)
        )


def test_xml_in_another_encoding_is_refused() -> None:
    xml = zipfile.ZipFile(io.BytesIO(PLAIN)).read(SHEET).decode()
    assert "parts that Excel" in refusal(changed({SHEET: xml.encode("utf-16")}))
    assert "parts that Excel" in refusal(changed({SHEET: xml.encode("utf-16-le")}))
    assert rows(changed({SHEET: xml.encode("utf-8-sig")})) == [["117900", "Wold View"]]


@pytest.mark.parametrize("name", ["xl/vbaProject.bin", "xl/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml"])
def test_macros_are_refused(name: str) -> None:
    assert "holds macros" in refusal(changed({name: b"Sub AutoOpen()"}))
    assert rows(changed({"xl/printerSettings/printerSettings1.bin": b"Sub"})) == [["117900", "Wold View"]]


def test_a_workbook_that_calls_itself_macro_enabled_is_refused() -> None:
    types = zipfile.ZipFile(io.BytesIO(PLAIN)).read("[Content_Types].xml")
    plain = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    assert plain in types
    enabled = types.replace(plain, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")
    assert "holds macros" in refusal(changed({"[Content_Types].xml": enabled}))


@pytest.mark.parametrize(
    "name",
    ["../evil.xml", "xl/../../evil.xml", "/etc/passwd", "C:/evil.xml", "xl\\..\\evil.xml", "x" * 300, "a\nb"],
)
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    stream = io.BytesIO(PLAIN)
    with zipfile.ZipFile(stream, "a") as archive:
        part = zipfile.ZipInfo("placeholder")
        part.filename = name
        archive.writestr(part, b"x")
    assert "parts that Excel" in refusal(stream.getvalue())


def test_two_parts_of_one_name_are_refused() -> None:
    stream = io.BytesIO(PLAIN)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, b"<x/>")
    assert "parts that Excel" in refusal(stream.getvalue())


def test_very_many_parts_are_refused() -> None:
    many = {f"xl/media/image{number}.png": b"" for number in range(1_001)}
    assert "unpacks to more" in refusal(changed(many))
    few = dict(list(many.items())[:900])
    assert rows(changed(few)) == [["117900", "Wold View"]]


def test_a_workbook_with_encrypted_parts_is_refused() -> None:
    data = bytearray(PLAIN)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    assert "protected by a password" in refusal(bytes(data))


def test_a_zip_file_that_is_no_workbook_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("edubasealldata20250401.csv", "URN\n1\n")
    assert "not an Excel workbook" in refusal(stream.getvalue())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    assert "damaged" in refusal(stream.getvalue())


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _scribbled(data: bytes) -> bytes:
    middle = len(data) // 3
    return data[:middle] + b"\xff" * 40 + data[middle + 40 :]


def _broken_xml(data: bytes) -> bytes:
    return changed({SHEET: f"<worksheet {MAIN}><sheetData><row>"}, data)


def _no_such_string(data: bytes) -> bytes:
    row = '<row><c t="s"><v>99</v></c></row>'
    return changed({SHEET: f"<worksheet {MAIN}><sheetData>{row}</sheetData></worksheet>"}, data)


def _no_such_column(data: bytes) -> bytes:
    row = '<row><c r="ZZZZZ1"><v>1</v></c></row>'
    return changed({SHEET: f"<worksheet {MAIN}><sheetData>{row}</sheetData></worksheet>"}, data)


@pytest.mark.parametrize("harm", [_cut, _scribbled, _broken_xml, _no_such_string, _no_such_column])
def test_a_damaged_workbook_is_refused_with_a_message(harm: Callable[[bytes], bytes]) -> None:
    assert refusal(harm(PLAIN)).endswith(".")


def test_every_single_byte_that_is_damaged_gives_a_table_or_a_message() -> None:
    outcomes: set[object] = set()
    for at in range(0, len(PLAIN), 7):
        data = PLAIN[:at] + bytes([PLAIN[at] ^ 0xFF]) + PLAIN[at + 1 :]
        try:
            outcomes.add(table(data).header)
        except RegisterFileError as error:
            outcomes.add(error.message)
    assert ("URN", "Name") in outcomes
    assert len(outcomes) > 2


def test_a_workbook_of_several_hundred_schools_with_all_columns_is_read() -> None:
    data = as_xlsx(school(URN=str(100_000 + number)) for number in range(700))
    assert len(parse_schools(read_table(data, "register.xlsx"), "812").rows) == 700
