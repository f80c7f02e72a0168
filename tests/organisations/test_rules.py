"""The vocabulary of the register holds together and follows the law's table of types."""

import pytest

from app.organisations.rules import (
    CONTACT_ROLES,
    DUTIES,
    FEATURES,
    GOVERNANCE,
    IDENTIFIER_SCHEMES,
    KINDS,
    PHASE_OF_CODE,
    PHASES,
    SCHOOL_TYPES,
    benchmark_group,
    kind_from_words,
    plain_words,
    role_from_words,
)

DUTY_OF_CODES = {
    "section_175": "1 2 3 5 7 12 14 15 18 31",
    "section_157": "6 10 11 28 33 34 35 36 38 40 41 42 43 44",
    "nmss_regulations": "8",
    "welfare_act_2021": "32 39 45 46",
    "none": "24 25 26 27 29 30 37 47 48 49 56 57",
}


def test_every_type_of_the_register_has_the_duty_of_the_table_of_law() -> None:
    expected = {code: duty for duty, codes in DUTY_OF_CODES.items() for code in codes.split()}
    assert {code: kind.duty for code, kind in SCHOOL_TYPES.items()} == expected


def test_a_type_is_out_of_scope_exactly_when_it_has_no_duty() -> None:
    assert all(kind.in_scope == (kind.duty != "none") for kind in SCHOOL_TYPES.values())


def test_types_and_kinds_use_only_words_that_exist() -> None:
    for code, kind in SCHOOL_TYPES.items():
        assert kind.code == code
        assert kind.kind in KINDS
        assert kind.governance in GOVERNANCE
        assert kind.duty in DUTIES
    for key, entry in KINDS.items():
        assert entry.key == key
        assert entry.duty in DUTIES
    assert set(PHASE_OF_CODE.values()) == set(PHASES)


def test_every_kind_of_school_is_reached_by_some_type_and_no_agency_is() -> None:
    reached = {kind.kind for kind in SCHOOL_TYPES.values() if kind.in_scope}
    assert reached == {key for key, kind in KINDS.items() if kind.group == "school"}


@pytest.mark.parametrize(
    ("code", "kind", "governance"),
    [
        ("7", "special_school", "maintained"),
        ("8", "special_school", "independent"),
        ("10", "special_school", "independent"),
        ("12", "special_school", "maintained"),
        ("33", "special_school", "academy"),
        ("36", "special_school", "academy"),
        ("44", "special_school", "academy"),
        ("14", "alternative_provision", "management_committee"),
        ("38", "alternative_provision", "academy"),
        ("42", "alternative_provision", "academy"),
        ("43", "alternative_provision", "academy"),
    ],
)
def test_special_schools_and_units_keep_the_governance_of_their_legal_form(
    code: str, kind: str, governance: str
) -> None:
    assert (SCHOOL_TYPES[code].kind, SCHOOL_TYPES[code].governance) == (kind, governance)


def test_the_vocabularies_are_complete_and_cannot_be_changed() -> None:
    assert set(FEATURES) == {"boarding", "early_years", "sixth_form"}
    assert set(IDENTIFIER_SCHEMES) == {"urn", "laestab", "ukprn", "ods", "gss", "slug"}
    with pytest.raises(TypeError):
        KINDS["mine"] = KINDS["police"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("typed", "role"),
    [
        ("DSL", "designated_safeguarding_lead"),
        ("d.s.l.", "designated_safeguarding_lead"),
        ("Designated Safeguarding Lead", "designated_safeguarding_lead"),
        ("Designated safeguarding lead (DSL)", "designated_safeguarding_lead"),
        ("Deputy DSL", "deputy_safeguarding_lead"),
        ("Deputy Designated Safeguarding Lead", "deputy_safeguarding_lead"),
        ("Head", "head_teacher"),
        ("Headteacher", "head_teacher"),
        ("HEAD-TEACHER", "head_teacher"),
        ("Acting Headteacher", "head_teacher"),
        ("Headteacher (interim)", "head_teacher"),
        ("Principal", "head_teacher"),
        ("Chair of Governors", "chair_of_governors"),
        ("Chair of the Governing Body", "chair_of_governors"),
        ("Chair of Trustees", "chair_of_governors"),
        ("Trust DSL", "trust_safeguarding_lead"),
        ("agency_lead", "agency_lead"),
        ("Section 11 lead", "agency_lead"),
        ("Director of Children\u2019s Services", "chief_officer"),
        ("  chief   constable ", "chief_officer"),
    ],
)
def test_a_role_is_understood_as_people_write_it(typed: str, role: str) -> None:
    assert role_from_words(typed) == role


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "Deputy head",
        "Vice chair of governors",
        "Safeguarding lead",
        "Head of year 7",
        "Head / DSL",
        "()",
    ],
)
def test_a_role_that_is_another_or_could_be_two_is_not_guessed(typed: str) -> None:
    assert role_from_words(typed) is None


def test_keys_and_titles_of_roles_and_kinds_are_understood_as_themselves() -> None:
    for key, words in CONTACT_ROLES.items():
        assert role_from_words(key) == role_from_words(words.upper()) == key
    for key, kind in KINDS.items():
        forms = (key, kind.title, kind.plural.upper())
        assert [kind_from_words(form) for form in forms] == [key] * 3
    assert kind_from_words("integrated care-board") == "integrated_care_board"
    assert kind_from_words("Clinical commissioning group") is None


def test_plain_words_drop_case_and_punctuation_only() -> None:
    assert plain_words("  Sport, Culture & Leisure ") == "sport culture and leisure"
    assert plain_words("Children's") == plain_words("children\u2019s") == "childrens"


@pytest.mark.parametrize(
    ("kind", "phase", "group"),
    [
        ("maintained_school", "primary", "Primary maintained schools"),
        ("nursery_school", "nursery", "Nursery maintained schools"),
        ("academy", "primary", "Primary academies"),
        ("academy", "post_16", "Post-16 academies"),
        ("independent_school", "not_applicable", "Independent schools"),
        (
            "special_school",
            "not_applicable",
            "Special schools, pupil referral units and alternative provision",
        ),
        ("college", "post_16", "Colleges"),
        ("police", "not_applicable", "Police forces"),
    ],
)
def test_an_organisation_is_compared_within_its_phase_and_form(kind: str, phase: str, group: str) -> None:
    assert benchmark_group(kind, phase) == group


def test_special_schools_units_and_special_colleges_share_a_group() -> None:
    kinds = ("special_school", "alternative_provision", "special_post_16")
    assert len({benchmark_group(kind, "secondary") for kind in kinds}) == 1
    assert benchmark_group("academy", "secondary") != benchmark_group("special_school", "secondary")


def test_an_unknown_kind_or_phase_has_no_group() -> None:
    with pytest.raises(KeyError):
        benchmark_group("school", "primary")
    with pytest.raises(KeyError):
        benchmark_group("academy", "middle")
