"""Lists of contacts and agencies are read as people keep them, and wrong rows say how to mend them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisations.contact_files import email_address, slug
from app.organisations.register_file import (
    AgenciesFile,
    AgencyRow,
    ContactRow,
    ContactsFile,
    RegisterFileError,
    parse_agencies,
    parse_contacts,
    read_table,
)
from app.organisations.rules import KINDS
from app.organisations.tables import CellError
from app.people.rules import is_address
from tests.organisations.register_builder import Row, as_csv, as_xlsx

CONTACT_COLUMNS = ("URN", "Organisation", "Role", "Name", "Email", "Telephone")
AGENCY_COLUMNS = (
    "Code",
    "Name",
    "Kind",
    "Parent",
    "ODS",
    "GSS",
    "Address",
    "Postcode",
    "Telephone",
    "Successor of",
)


def contact(**cells: object) -> dict[str, object]:
    """Return a row for the safeguarding lead of a school, with other cells changed."""
    return {
        "URN": "117900",
        "Role": "DSL",
        "Name": "Ada Okafor",
        "Email": "ada.okafor@woldview.example",
        "Telephone": "01472 000001",
    } | cells


def agency(**cells: object) -> dict[str, object]:
    """Return a row for a police force, with other cells changed."""
    return {"Code": "humber-police", "Name": "Humber Police", "Kind": "Police force"} | cells


def contacts(*rows: Row, columns: tuple[str, ...] = CONTACT_COLUMNS) -> ContactsFile:
    return parse_contacts(read_table(as_csv(rows, columns=columns, encoding="utf-8"), "contacts.csv"))


def agencies(*rows: Row, columns: tuple[str, ...] = AGENCY_COLUMNS) -> AgenciesFile:
    return parse_agencies(read_table(as_csv(rows, columns=columns, encoding="utf-8"), "agencies.csv"))


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("head@school.example", "head@school.example"),
        ("  Head.Teacher@Wold-View.SCH.UK ", "Head.Teacher@wold-view.sch.uk"),
        ("o'neill+dsl_1@a.b.c.example", "o'neill+dsl_1@a.b.c.example"),
        ("x@xn--bcher-kva.example", "x@xn--bcher-kva.example"),
        ("a" * 64 + "@school.example", "a" * 64 + "@school.example"),
    ],
)
def test_an_address_is_kept_with_its_domain_in_small_letters(typed: str, address: str) -> None:
    assert email_address(typed) == address


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Email is empty"),
        ("head", "no @"),
        ("head@school@example.org", "more than one @"),
        ("a@b.example; c@d.example", "more than one @"),
        ("head@school", "no proper domain"),
        ("head@.example", "no proper domain"),
        ("head@school..example", "no proper domain"),
        ("head@school.example.", "no proper domain"),
        ("head@-school.example", "no proper domain"),
        ("head@school.1", "no proper domain"),
        ("head@[10.0.0.1]", "does not belong"),
        ("@school.example", "no proper name before"),
        (".head@school.example", "no proper name before"),
        ("he..ad@school.example", "no proper name before"),
        ("a" * 65 + "@school.example", "no proper name before"),
        ("the head@school.example", "space"),
        ("head@school.example,", "does not belong"),
        ("Ada <ada@school.example>", "does not belong"),
        ("ada\u200b@school.example", "does not belong"),
        ("ada\r\nBcc:x@school.example", "does not belong"),
        ("ada\x07@school.example", "does not belong"),
        ("h\u0435ad@school.example", "does not belong"),
        ("a@" + "b" * 250 + ".example", "longer than 254"),
    ],
)
def test_what_is_no_address_is_refused_with_what_is_wrong(typed: str, said: str) -> None:
    with pytest.raises(CellError) as caught:
        email_address(typed)
    assert said in caught.value.reason
    assert caught.value.mend


@given(
    typed=st.one_of(
        st.text(max_size=40), st.emails(), st.from_regex(r"[a-z.]{1,5}@[a-z.-]{1,12}", fullmatch=True)
    )
)
def test_what_is_accepted_can_be_signed_in_with_and_stays_the_same(typed: str) -> None:
    try:
        address = email_address(typed)
    except CellError:
        return
    assert is_address(address)
    assert email_address(address) == address
    assert address.lower() == typed.strip().lower()


# --- contacts -------------------------------------------------------------------------------------


def test_contacts_of_schools_and_agencies_are_read_from_one_list() -> None:
    file = contacts(
        contact(),
        contact(URN="", Organisation="Humber-Police", Role="Agency lead", Telephone=""),
        contact(URN="", Organisation="117901", Role="Headteacher"),
    )
    assert file.refused == ()
    lead, head = "designated_safeguarding_lead", "head_teacher"
    ada, address, telephone = "Ada Okafor", "ada.okafor@woldview.example", "01472 000001"
    assert file.rows == (
        ContactRow(2, "urn", "117900", lead, ada, address, telephone),
        ContactRow(3, "slug", "humber-police", "agency_lead", ada, address),
        ContactRow(4, "urn", "117901", head, ada, address, telephone),
    )


def test_a_list_may_come_from_excel_with_other_headings_and_without_telephones() -> None:
    data = as_xlsx(
        [{"urn": 117900, "ROLE": "Head", "Full name": "Ada Okafor", "E-mail": "ada@Woldview.example"}],
        columns=("E-mail", "ROLE", "Full name", "urn", "Notes"),
    )
    (row,) = parse_contacts(read_table(data, "contacts.xlsx")).rows
    assert (row.organisation, row.role, row.email) == ("117900", "head_teacher", "ada@woldview.example")


@pytest.mark.parametrize(
    ("cells", "reason", "mend"),
    [
        ({"URN": "1179"}, "URN is “1179”", "URN"),
        ({"URN": ""}, "names no organisation", "URN or the agency's code"),
        ({"URN": "", "Organisation": "Humber Police"}, "which is not a code", "humber-police"),
        ({"Role": ""}, "Role is empty", "Designated safeguarding lead"),
        ({"Role": "Caretaker"}, "Role “Caretaker” is not a known role", "Head teacher"),
        ({"Role": "Safeguarding lead"}, "not a known role", "Agency lead"),
        ({"Name": " "}, "Name is empty", "name"),
        (
            {"Name": "Ada\x1bOkafor"},
            "Name contains a character",
            "Type the text again",
        ),
        ({"Email": "ada"}, "no @", "head@school.example"),
    ],
)
def test_a_contact_that_cannot_be_taken_says_why_and_how_to_mend_it(
    cells: dict[str, object], reason: str, mend: str
) -> None:
    file = contacts(contact(URN="117999"), contact(**cells))
    assert len(file.rows) == 1
    (refused,) = file.refused
    assert refused.row == 3
    assert reason in refused.reason
    assert mend in refused.mend
    assert refused.what


def test_a_repeated_contact_is_refused_but_a_second_role_is_not() -> None:
    file = contacts(
        contact(), contact(Role="Head"), contact(Email="ADA.OKAFOR@woldview.example"), contact(URN="117901")
    )
    assert [row.row for row in file.rows] == [2, 3, 5]
    assert [(refused.row, refused.reason) for refused in file.refused] == [(4, "Row 4 repeats row 2")]


def test_a_list_without_needed_columns_is_refused_as_a_whole() -> None:
    with pytest.raises(RegisterFileError, match="“Role”, “Email” are missing"):
        contacts(contact(), columns=("URN", "Name"))
    with pytest.raises(RegisterFileError, match="“URN” for schools, or “Organisation”"):
        contacts(contact(), columns=("Role", "Name", "Email"))
    assert contacts(contact(), columns=("URN", "Role", "Name", "Email")).rows


# --- agencies -------------------------------------------------------------------------------------


def test_agencies_are_read_with_everything_that_is_known_of_them() -> None:
    file = agencies(
        agency(),
        agency(
            **{
                "Code": "Humber-ICB",
                "Name": "Humber Integrated Care Board",
                "Kind": "integrated_care_board",
                "Parent": "nhs",
                "ODS": "qoq",
                "GSS": "e54000051",
                "Address": "1 Wharf Street, Grimsby",
                "Postcode": "dn31 1aa",
                "Telephone": "01472 000002",
                "Successor of": "nel-ccg; hull-ccg",
            }
        ),
    )
    assert file.refused == ()
    assert file.rows == (
        AgencyRow(row=2, code="humber-police", name="Humber Police", kind="police"),
        AgencyRow(
            row=3,
            code="humber-icb",
            name="Humber Integrated Care Board",
            kind="integrated_care_board",
            parent="nhs",
            ods="QOQ",
            gss="E54000051",
            address="1 Wharf Street, Grimsby",
            postcode="DN31 1AA",
            telephone="01472 000002",
            successor_of=("nel-ccg", "hull-ccg"),
        ),
    )
    assert file.rows[0].facts()["duty"] == "section_11"
    assert file.given == {"name", "kind", "duty", "parent", "ods", "gss", "address", "postcode", "telephone"}
    assert agencies(agency(), columns=("Code", "Name", "Kind")).given == {"name", "kind", "duty"}


@pytest.mark.parametrize("key", [key for key, kind in KINDS.items() if kind.group == "agency"])
def test_every_kind_of_agency_is_understood_by_key_and_words(key: str) -> None:
    words = [key, KINDS[key].title, KINDS[key].plural.lower()]
    rows = [agency(Code=f"agency-{number}", Kind=word) for number, word in enumerate(words)]
    assert [row.kind for row in agencies(*rows).rows] == [key] * 3


@pytest.mark.parametrize(
    ("cells", "reason", "mend"),
    [
        ({"Code": ""}, "Code is empty", "short code"),
        ({"Code": "Humber Police"}, "not a code", "humber-police"),
        ({"Code": "humber--police"}, "not a code", "humber-police"),
        ({"Code": "a" * 61}, "not a code", "humber-police"),
        ({"Name": ""}, "Name is empty", "name"),
        ({"Kind": ""}, "Kind is empty", "police"),
        ({"Kind": "Polise force"}, "not a known kind", "Did you mean “Police force”?"),
        ({"Kind": "Integrated care bord"}, "not a known kind", "Did you mean “Integrated care board”?"),
        ({"Kind": "zzzz"}, "not a known kind", "Write one of: Children's social care"),
        ({"Kind": "Academy"}, "kind of school", "schools register"),
        ({"Kind": "maintained_school"}, "kind of school", "schools register"),
        ({"Parent": "North East"}, "Parent is “North East”", "humber-police"),
        ({"Parent": "other"}, "leads back to the agency itself", "parent"),
        ({"ODS": "Q"}, "ODS is “Q”", "Correct the code"),
        ({"GSS": "12"}, "GSS is “12”", "Correct the code"),
        ({"Successor of": "other"}, "Successor of names “other” itself", "ended"),
    ],
)
def test_an_agency_that_cannot_be_taken_says_why_and_how_to_mend_it(
    cells: dict[str, object], reason: str, mend: str
) -> None:
    file = agencies(agency(), agency(**{"Code": "other"} | cells))
    assert len(file.rows) == 1
    (refused,) = file.refused
    assert refused.row == 3
    assert reason in refused.reason
    assert mend in refused.mend


def test_parents_that_run_in_a_circle_are_refused_and_a_chain_is_not() -> None:
    chain = [agency(Code="a", Parent="b"), agency(Code="b", Parent="c"), agency(Code="c", Parent="elsewhere")]
    assert len(agencies(*chain).rows) == 3
    circle = [*chain[:2], agency(Code="c", Parent="a"), agency(Code="d", Parent="a")]
    file = agencies(*circle)
    assert [row.code for row in file.rows] == ["d"]
    assert {refused.key for refused in file.refused} == {"a", "b", "c"}


@pytest.mark.parametrize("column", ["Code", "ODS", "GSS"])
def test_a_code_that_occurs_twice_is_refused_on_each_row(column: str) -> None:
    first, second = agency(Code="a", ODS="RX1", GSS="E06000012"), agency(Code="b", ODS="RX2", GSS="E06000013")
    assert len(agencies(first, second).rows) == 2
    file = agencies(first, second | {column: first[column]})
    assert file.rows == ()
    assert [refused.row for refused in file.refused] == [2, 3]
    assert "rows 2 and 3" in file.refused[0].reason


def test_a_code_is_the_same_in_capitals() -> None:
    assert slug(" Humber-Police ", "Code") == "humber-police"
    assert agencies(agency(), agency(Code="HUMBER-POLICE")).rows == ()
