"""The schools register is read with all its oddities, and nothing is passed over in silence."""

from datetime import date, datetime

import pytest

from app.organisations.register_file import (
    RegisterFileError,
    SchoolRow,
    SchoolsFile,
    parse_schools,
    read_table,
)
from app.organisations.rules import SCHOOL_TYPES
from tests.organisations.register_builder import (
    COLUMNS,
    OVERSEAS,
    WELSH,
    Row,
    as_csv,
    as_excel_saves_it,
    as_xlsx,
    register,
    school,
)


def read(*rows: Row, la: str = "812", columns: tuple[str, ...] = COLUMNS) -> SchoolsFile:
    return parse_schools(read_table(as_csv(rows, columns=columns, encoding="utf-8"), "register.csv"), la)


def only(**cells: object) -> SchoolRow:
    file = read(school(**cells))
    assert file.refused == ()
    (row,) = file.rows
    return row


def refusal(**cells: object) -> str:
    """Return why a school with these cells is refused; the same school without them is taken."""
    assert len(read(school()).rows) == 1
    file = read(school(), school(**{"URN": "117901"} | cells))
    assert len(file.rows) == 1
    (refused,) = file.refused
    assert refused.row == 3
    assert refused.mend
    return refused.reason


# --- one school -----------------------------------------------------------------------------------


def test_a_school_is_read_with_everything_that_is_kept_of_it() -> None:
    row = only(
        **{
            "Trusts (code)": "2044",
            "Trusts (name)": "Estuary Learning Trust",
            "PreviousLA (code)": "813",
            "PreviousEstablishmentNumber": "2013",
            "Locality": "Old Clee",
        }
    )
    assert row == SchoolRow(
        row=2,
        urn="117900",
        laestab="812/2000",
        name="Wold View Primary School",
        type_code="1",
        kind="maintained_school",
        governance="maintained",
        duty="section_175",
        phase="primary",
        features=frozenset({"early_years"}),
        low_age=4,
        high_age=11,
        pupils=212,
        ukprn="10070001",
        trust_code="2044",
        trust_name="Estuary Learning Trust",
        address="Station Road, Old Clee, Grimsby",
        postcode="DN31 1AA",
        district="North East Lincolnshire",
        telephone="01472000001",
        website="https://www.woldview.example",
        head_name="Ms Ada Okafor",
        head_title="Headteacher",
        status="open",
        open_date=date(1975, 9, 1),
        close_date=None,
        previous_la="813",
        previous_number="2013",
    )


@pytest.mark.parametrize("code", [code for code, kind in SCHOOL_TYPES.items() if kind.in_scope])
def test_a_type_gives_kind_governance_and_duty(code: str) -> None:
    row = only(**{"TypeOfEstablishment (code)": code.rjust(2, "0")})
    kind = SCHOOL_TYPES[code]
    assert (row.type_code, row.kind, row.governance, row.duty) == (
        code,
        kind.kind,
        kind.governance,
        kind.duty,
    )


def test_a_school_that_is_proposed_to_close_is_still_asked() -> None:
    row = only(**{"EstablishmentStatus (code)": "3", "CloseDate": "31-08-2027"})
    assert (row.status, row.close_date) == ("closing", date(2027, 8, 31))


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        ("0", "not_applicable"),
        ("", "not_applicable"),
        ("1", "nursery"),
        ("2", "primary"),
        ("3", "primary"),
        ("4", "secondary"),
        ("5", "secondary"),
        ("6", "post_16"),
        ("7", "all_through"),
        ("07", "all_through"),
    ],
)
def test_a_phase_is_one_of_ours(code: str, phase: str) -> None:
    assert only(**{"PhaseOfEducation (code)": code}).phase == phase


@pytest.mark.parametrize(
    ("cells", "features"),
    [
        ({"StatutoryLowAge": "5"}, set()),
        ({"StatutoryLowAge": "5", "NurseryProvision (name)": "Has Nursery Classes"}, {"early_years"}),
        ({"StatutoryLowAge": "2"}, {"early_years"}),
        ({"StatutoryLowAge": "11", "StatutoryHighAge": "16"}, set()),
        ({"StatutoryLowAge": "11", "OfficialSixthForm (name)": "Has a sixth form"}, {"sixth_form"}),
        ({"StatutoryLowAge": "11", "StatutoryHighAge": "18"}, set()),
        (
            {
                "StatutoryLowAge": "11",
                "StatutoryHighAge": "18",
                "OfficialSixthForm (name)": "Not applicable",
            },
            {"sixth_form"},
        ),
        ({"StatutoryLowAge": "5", "Boarders (name)": "Boarding school"}, {"boarding"}),
        ({"StatutoryLowAge": "5", "Boarders (name)": "Children's home (Boarding school)"}, {"boarding"}),
        ({"StatutoryLowAge": "5", "Boarders (name)": "College / FE residential accommodation"}, {"boarding"}),
        ({"StatutoryLowAge": "5", "Boarders (name)": "Not applicable"}, set()),
    ],
)
def test_features_follow_ages_and_the_words_of_the_register(
    cells: dict[str, object], features: set[str]
) -> None:
    assert only(**cells).features == features


def test_text_is_tidied_and_words_for_nothing_are_empty() -> None:
    row = only(
        EstablishmentName="  Wold\u00a0View\r\nPrimary  School ",
        Town="Grimsby\u200b",
        Postcode="dn31 1aa",
        HeadPreferredJobTitle="Not recorded",
        SchoolWebsite="javascript:alert(1)",
    )
    assert row.name == "Wold View Primary School"
    assert row.address == "Station Road, Grimsby"
    assert (row.postcode, row.head_title, row.website) == ("DN31 1AA", "", "")


def test_codes_that_excel_turned_into_numbers_are_padded_again() -> None:
    cells = {
        "LA (code)": "812",
        "EstablishmentNumber": "0012",
        "TypeOfEstablishment (code)": "02",
        "PreviousLA (code)": "012",
        "PreviousEstablishmentNumber": "0007",
    }
    plain = read(school(**cells))
    assert plain.rows[0].laestab == "812/0012"
    assert (plain.rows[0].previous_la, plain.rows[0].previous_number) == ("012", "0007")
    stripped = {key: str(value).lstrip("0") for key, value in cells.items()}
    assert read(school(**stripped)) == plain
    assert read(school(**{key: f"{value}.0" for key, value in stripped.items()})) == plain
    workbook = as_xlsx([as_excel_saves_it(school(**cells))])
    assert parse_schools(read_table(workbook, "register.xlsx"), "812") == plain


def test_a_local_authority_code_that_lost_its_zero_is_found() -> None:
    assert len(read(school(**{"LA (code)": "21"}), la="021").rows) == 1


def test_dates_that_excel_made_real_are_read_as_the_register_writes_them() -> None:
    workbook = as_xlsx([school(OpenDate=datetime(1975, 9, 1))])  # noqa: DTZ001
    (row,) = parse_schools(read_table(workbook, "register.xlsx"), "812").rows
    assert row.open_date == date(1975, 9, 1)


# --- rows that are skipped or refused -------------------------------------------------------------


def test_rows_that_are_not_asked_are_counted_by_reason() -> None:
    file = read(
        school(),
        school(**{"URN": "100002", "LA (code)": "919"}),
        school(**{"URN": "100003", "EstablishmentStatus (code)": "2", "CloseDate": "31-08-2024"}),
        school(**{"URN": "100004", "EstablishmentStatus (code)": "4"}),
        school(**{"URN": "100005", "TypeOfEstablishment (code)": "30"}),
        school(**{"URN": "100006", "TypeOfEstablishment (code)": "29"}),
        school(**{"URN": "100007", "TypeOfEstablishment (code)": "25"}),
        school(**{"URN": "100008", "EstablishmentStatus (code)": "9"}),
    )
    assert file.skipped == {
        "other_authority": 1,
        "closed": 1,
        "proposed_to_open": 1,
        "other_status": 1,
        "out_of_scope": 3,
    }
    assert file.out_of_scope == {
        "Welsh establishment": 1,
        "Higher education institutions": 1,
        "Offshore schools": 1,
    }
    assert file.closed == {"100003": date(2024, 8, 31)}
    assert (len(file.rows), file.refused) == (1, ())


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("URN", "", "URN is empty"),
        ("URN", "11790", "six digits"),
        ("URN", "1.17900E+05", "six digits"),
        ("EstablishmentName", " ", "EstablishmentName is empty"),
        ("EstablishmentName", "Wold\x0bView\x01", "EstablishmentName contains a character"),
        ("EstablishmentName", "W" * 501, "EstablishmentName is longer"),
        ("EstablishmentStatus (code)", "", "EstablishmentStatus (code) is empty"),
        ("TypeOfEstablishment (code)", "98", "“98”, which is not a known type"),
        ("TypeOfEstablishment (code)", "", "not a known type"),
        ("EstablishmentNumber", "20000", "EstablishmentNumber is “20000”"),
        ("EstablishmentNumber", "20-1", "EstablishmentNumber is “20-1”"),
        ("PhaseOfEducation (code)", "8", "not a known phase"),
        ("StatutoryLowAge", "four", "StatutoryLowAge is “four”"),
        ("NumberOfPupils", "-3", "NumberOfPupils is “-3”"),
        ("NumberOfPupils", "٣", "not a whole number"),
        ("UKPRN", "1.007E+07", "UKPRN is “1.007E+07”"),
        ("OpenDate", "01/09/1975", "OpenDate is “01/09/1975”, not a date like"),
        ("OpenDate", "1975-09-01", "not a date like"),
        ("OpenDate", "31-02-1975", "not a date like"),
        ("OpenDate", "1-9-1975", "not a date like"),
    ],
)
def test_a_row_that_cannot_be_understood_is_refused_with_its_column(
    column: str, cell: str, said: str
) -> None:
    assert said in refusal(**{column: cell})


def test_a_closed_school_or_one_elsewhere_is_not_refused_for_its_cells() -> None:
    file = read(
        school(),
        school(**{"URN": "100003", "EstablishmentStatus (code)": "2", "OpenDate": "01/09/1975"}),
        school(**{"URN": "100004", "EstablishmentStatus (code)": "2", "TypeOfEstablishment (code)": "98"}),
        school(**{"URN": "x", "LA (code)": "919"}),
    )
    assert file.refused == ()


def test_a_refusal_names_row_school_and_key() -> None:
    (refused,) = read(school(), school(URN="117901", NumberOfPupils="many")).refused
    assert (refused.row, refused.key) == (3, "117901")
    assert refused.what == "Wold View Primary School (URN 117901)"


def test_a_urn_that_occurs_twice_is_refused_on_each_row() -> None:
    file = read(school(), school(URN="117901"), school(Town="Hull"), school(Town="York"))
    assert [row.urn for row in file.rows] == ["117901"]
    assert [refused.row for refused in file.refused] == [2, 4, 5]
    assert "row 2 and on row 4" in file.refused[0].reason
    assert "row 2 and on row 5" in file.refused[2].reason


def test_a_row_with_more_cells_than_the_heading_is_refused() -> None:
    data = as_csv([school(), school(URN="117901")]) + b'117902,"812"' + b",x" * 200 + b"\r\n"
    file = parse_schools(read_table(data, "register.csv"), "812")
    assert len(file.rows) == 2
    assert [(refused.row, "heading has 140" in refused.reason) for refused in file.refused] == [(4, True)]


def test_blank_lines_and_missing_last_cells_do_no_harm() -> None:
    columns = ("URN", "LA (code)", "EstablishmentName", "TypeOfEstablishment (code)",
               "EstablishmentStatus (code)", "Town")  # fmt: skip
    data = (
        ",".join(columns) + "\n\n117900,812,Wold View,01,1\n,,,,,\n117901,812,Humber,01,1,Grimsby\n"
    ).encode()
    file = parse_schools(read_table(data, "register.csv"), "812")
    assert [(row.row, row.name, row.address) for row in file.rows] == [
        (3, "Wold View", ""),
        (5, "Humber", "Grimsby"),
    ]


# --- the file as a whole --------------------------------------------------------------------------


def test_only_the_needed_columns_must_be_there() -> None:
    needed = (
        "URN",
        "LA (code)",
        "EstablishmentName",
        "TypeOfEstablishment (code)",
        "EstablishmentStatus (code)",
    )
    file = read(school(), columns=needed)
    assert file.rows[0].laestab == ""
    assert file.given == {"name", "kind", "governance", "duty", "status"}
    for missing in needed:
        with pytest.raises(RegisterFileError, match="missing") as caught:
            read(school(), columns=tuple(column for column in needed if column != missing))
        assert f"“{missing}”" in caught.value.message
    with pytest.raises(RegisterFileError, match=r"“URN”.*“EstablishmentStatus \(code\)” are missing"):
        read(school(), columns=needed[1:-1])


def test_headings_are_known_in_any_case_and_unknown_columns_are_ignored() -> None:
    columns = {column: f" {column.upper()} " for column in COLUMNS} | {"FavouriteColour": "FavouriteColour"}
    row = {columns[key]: value for key, value in school(FavouriteColour="green").items()}
    file = read(row, columns=tuple(columns.values()))
    assert file == read(school())


def test_a_needed_column_that_occurs_twice_is_refused() -> None:
    with pytest.raises(RegisterFileError, match="“URN” more than once"):
        read(school(), columns=("urn", *COLUMNS))
    assert read(school(), columns=("FSM", *COLUMNS)).rows


def test_an_authority_that_is_not_in_the_file_is_an_error_that_names_those_that_are() -> None:
    rows = [school(**{"URN": str(100_000 + n), "LA (code)": str(801 + n)}) for n in range(11)]
    with pytest.raises(RegisterFileError) as caught:
        read(*rows, la="999")
    assert "local authority 999" in caught.value.message
    assert "801, 802, 803, 804, 805, 806, 807, 808 and 3 more" in caught.value.message
    assert read(*rows, la="811").rows


@pytest.mark.parametrize("la", ["", "81", "8120", "abc", "٨١٢"])
def test_the_code_of_the_authority_itself_must_be_one(la: str) -> None:
    with pytest.raises(RegisterFileError, match="three digits"):
        read(school(), la=la)


def test_a_file_without_any_row_is_an_error() -> None:
    with pytest.raises(RegisterFileError, match="no row"):
        read()


@pytest.mark.parametrize("la", [WELSH, OVERSEAS])
def test_an_authority_outside_england_has_no_school_to_ask(la: str) -> None:
    file = read(*register(900), la=la)
    assert (file.rows, file.refused) == ((), ())
    assert sum(file.skipped.values()) - file.skipped["other_authority"] == 100
    assert file.out_of_scope
