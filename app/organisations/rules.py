"""What an organisation is: kinds, phases, duties, types of school, roles of its people, identifiers.

The duty of a type of school follows Education Act 2002 sections 175 and 157, the Non-Maintained Special
Schools Regulations 2015 and the Education and Training (Welfare of Children) Act 2021; the kinds of agency
follow Children Act 2004 section 11. Codes are those of Get Information About Schools (GIAS).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Group = Literal["school", "agency"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of organisation: its words, and the duty that it usually answers to.

    A school's own duty comes from its type (`SchoolType.duty`): a kind such as special school covers several.
    """

    key: str
    title: str
    plural: str
    group: Group
    duty: str


@dataclass(frozen=True, slots=True)
class SchoolType:
    """One type of establishment in GIAS; `in_scope` is False where no school return is asked for."""

    code: str
    name: str
    duty: str
    kind: str
    governance: str
    in_scope: bool = True


PHASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "nursery": "Nursery",
        "primary": "Primary",
        "secondary": "Secondary",
        "all_through": "All-through",
        "post_16": "Post-16",
        "not_applicable": "Not applicable",
    }
)

FEATURES: Final[Mapping[str, str]] = MappingProxyType(
    {"boarding": "Boarding", "early_years": "Early years", "sixth_form": "Sixth form"}
)

DUTIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "section_11": "Section 11 of the Children Act 2004",
        "section_175": "Section 175 of the Education Act 2002",
        "section_157": "Section 157 of the Education Act 2002 and the independent school standards",
        "nmss_regulations": "Non-Maintained Special Schools Regulations 2015",
        "welfare_act_2021": "Education and Training (Welfare of Children) Act 2021",
        "none": "No duty of its own (asked by agreement)",
    }
)

GOVERNANCE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "maintained": "Governing body of a maintained school",
        "academy": "Academy trust",
        "independent": "Proprietor",
        "management_committee": "Management committee",
        "college": "College corporation",
        "agency": "Agency",
    }
)

IDENTIFIER_SCHEMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "urn": "Unique reference number (URN)",
        "laestab": "Local authority and establishment number (LAESTAB)",
        "ukprn": "UK provider reference number (UKPRN)",
        "ods": "NHS organisation code (ODS)",
        "gss": "Government Statistical Service code (GSS)",
        "slug": "Code of this partnership",
    }
)


def _kinds(group: Group, *rows: tuple[str, str, str, str]) -> dict[str, Kind]:
    return {key: Kind(key, title, plural, group, duty) for key, title, plural, duty in rows}


# Fire and rescue and the voluntary sector are not named in section 11: they answer because they agreed to.
KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    _kinds(
        "agency",
        ("children_social_care", "Children's social care", "Children's social care services", "section_11"),
        ("adult_social_care", "Adult social care", "Adult social care services", "section_11"),
        ("public_health", "Public health", "Public health services", "section_11"),
        ("housing", "Housing", "Housing services", "section_11"),
        (
            "leisure_and_culture",
            "Sport, culture and leisure",
            "Sport, culture and leisure services",
            "section_11",
        ),
        ("licensing", "Licensing authority", "Licensing authorities", "section_11"),
        ("youth_justice", "Youth justice service", "Youth justice services", "section_11"),
        ("youth_service", "Youth service", "Youth services", "section_11"),
        ("district_council", "District council", "District councils", "section_11"),
        ("integrated_care_board", "Integrated care board", "Integrated care boards", "section_11"),
        ("nhs_england", "NHS England", "NHS England teams", "section_11"),
        ("nhs_trust", "NHS trust", "NHS trusts", "section_11"),
        ("ambulance", "Ambulance service", "Ambulance services", "section_11"),
        ("general_practice", "General practice", "General practices", "section_11"),
        (
            "independent_health",
            "Independent health provider",
            "Independent health providers",
            "section_11",
        ),
        ("police", "Police force", "Police forces", "section_11"),
        (
            "police_commissioner",
            "Police and crime commissioner",
            "Police and crime commissioners",
            "section_11",
        ),
        ("transport_police", "British Transport Police", "British Transport Police", "section_11"),
        ("probation", "Probation service", "Probation services", "section_11"),
        ("fire_and_rescue", "Fire and rescue service", "Fire and rescue services", "none"),
        ("secure_setting", "Secure setting", "Secure settings", "section_11"),
        ("voluntary", "Voluntary organisation", "Voluntary organisations", "none"),
    )
    | _kinds(
        "school",
        ("maintained_school", "Maintained school", "Maintained schools", "section_175"),
        ("academy", "Academy or free school", "Academies and free schools", "section_157"),
        ("independent_school", "Independent school", "Independent schools", "section_157"),
        ("special_school", "Special school", "Special schools", "section_175"),
        (
            "alternative_provision",
            "Pupil referral unit or alternative provision",
            "Pupil referral units and alternative provision",
            "section_175",
        ),
        ("nursery_school", "Maintained nursery school", "Maintained nursery schools", "section_175"),
        ("college", "College", "Colleges", "section_175"),
        (
            "special_post_16",
            "Special post-16 institution",
            "Special post-16 institutions",
            "welfare_act_2021",
        ),
    )
)


def _types(*rows: tuple[str, str, str, str, str]) -> dict[str, SchoolType]:
    return {row[0]: SchoolType(*row) for row in rows}


def _outside(*rows: tuple[str, str, str, str]) -> dict[str, SchoolType]:
    return {
        code: SchoolType(code, name, "none", kind, governance, in_scope=False)
        for code, name, kind, governance in rows
    }


SCHOOL_TYPES: Final[Mapping[str, SchoolType]] = MappingProxyType(
    _types(
        ("1", "Community school", "section_175", "maintained_school", "maintained"),
        ("2", "Voluntary aided school", "section_175", "maintained_school", "maintained"),
        ("3", "Voluntary controlled school", "section_175", "maintained_school", "maintained"),
        ("5", "Foundation school", "section_175", "maintained_school", "maintained"),
        ("6", "City technology college", "section_157", "independent_school", "independent"),
        ("7", "Community special school", "section_175", "special_school", "maintained"),
        ("8", "Non-maintained special school", "nmss_regulations", "special_school", "independent"),
        ("10", "Other independent special school", "section_157", "special_school", "independent"),
        ("11", "Other independent school", "section_157", "independent_school", "independent"),
        ("12", "Foundation special school", "section_175", "special_school", "maintained"),
        ("14", "Pupil referral unit", "section_175", "alternative_provision", "management_committee"),
        ("15", "Local authority nursery school", "section_175", "nursery_school", "maintained"),
        ("18", "Further education", "section_175", "college", "college"),
        ("28", "Academy sponsor led", "section_157", "academy", "academy"),
        ("31", "Sixth form centres", "section_175", "college", "college"),
        ("32", "Special post 16 institution", "welfare_act_2021", "special_post_16", "college"),
        ("33", "Academy special sponsor led", "section_157", "special_school", "academy"),
        ("34", "Academy converter", "section_157", "academy", "academy"),
        ("35", "Free schools", "section_157", "academy", "academy"),
        ("36", "Free schools special", "section_157", "special_school", "academy"),
        ("38", "Free schools alternative provision", "section_157", "alternative_provision", "academy"),
        ("39", "Free schools 16 to 19", "welfare_act_2021", "academy", "academy"),
        ("40", "University technical college", "section_157", "academy", "academy"),
        ("41", "Studio schools", "section_157", "academy", "academy"),
        ("42", "Academy alternative provision converter", "section_157", "alternative_provision", "academy"),
        (
            "43",
            "Academy alternative provision sponsor led",
            "section_157",
            "alternative_provision",
            "academy",
        ),
        ("44", "Academy special converter", "section_157", "special_school", "academy"),
        ("45", "Academy 16-19 converter", "welfare_act_2021", "academy", "academy"),
        ("46", "Academy 16 to 19 sponsor led", "welfare_act_2021", "academy", "academy"),
    )
    # A secure unit or secure academy is asked as an agency (secure setting, section 11), not as a school;
    # children's centres are the local authority's, and have a file of their own in the register.
    | _outside(
        ("24", "Secure units", "secure_setting", "agency"),
        ("25", "Offshore schools", "independent_school", "independent"),
        ("26", "Service children's education", "maintained_school", "maintained"),
        ("27", "Miscellaneous", "independent_school", "independent"),
        ("29", "Higher education institutions", "college", "college"),
        ("30", "Welsh establishment", "maintained_school", "maintained"),
        ("37", "British schools overseas", "independent_school", "independent"),
        ("47", "Children's centre", "nursery_school", "maintained"),
        ("48", "Children's centre linked site", "nursery_school", "maintained"),
        ("49", "Online provider", "independent_school", "independent"),
        ("56", "Institution funded by other government department", "college", "college"),
        ("57", "Academy secure 16 to 19", "secure_setting", "agency"),
    )
)

PHASE_OF_CODE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "0": "not_applicable",
        "1": "nursery",
        "2": "primary",
        "3": "primary",  # middle deemed primary
        "4": "secondary",
        "5": "secondary",  # middle deemed secondary
        "6": "post_16",
        "7": "all_through",
    }
)

CONTACT_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "head_teacher": "Head teacher",
        "designated_safeguarding_lead": "Designated safeguarding lead",
        "deputy_safeguarding_lead": "Deputy designated safeguarding lead",
        "chair_of_governors": "Chair of governors",
        "trust_safeguarding_lead": "Trust safeguarding lead",
        "agency_lead": "Agency lead",
        "chief_officer": "Chief officer",
    }
)

# Only whole names: "deputy head" and "vice chair of governors" must not become head and chair.
_ROLE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "head_teacher": """head, headteacher, head of school, headmaster, headmistress, executive head, ht,
            executive headteacher, executive head teacher, principal, executive principal""",
        "designated_safeguarding_lead": """dsl, lead dsl, designated safeguarding officer, dso,
            designated lead, designated person, designated senior person, designated lead for safeguarding""",
        "deputy_safeguarding_lead": """ddsl, deputy dsl, deputy safeguarding lead, deputy designated lead,
            deputy designated safeguarding officer, deputy designated person""",
        "chair_of_governors": """chair, cog, governors chair, chairman of governors, chairwoman of governors,
            chairperson of governors, chair of governing body, chair of governing board, chair of trustees,
            chair of local governing body, chair of local governing board, chair of management committee,
            chair of corporation""",
        "trust_safeguarding_lead": """mat safeguarding lead, academy trust safeguarding lead, trust dsl,
            mat dsl, trust lead for safeguarding, trust designated safeguarding lead,
            trust head of safeguarding""",
        "agency_lead": """agency safeguarding lead, section 11 lead, s11 lead, organisation lead,
            agency contact, named safeguarding lead, lead for safeguarding children""",
        "chief_officer": """chief executive, chief executive officer, ceo, chief constable,
            chief fire officer, director of childrens services, dcs, accountable officer,
            managing director""",
    }
)


def plain_words(text: str) -> str:
    """Return text in lower case with single spaces, for comparing what people typed: "D.S.L." is "dsl"."""
    text = re.sub(r"[.'\u2018\u2019]", "", text.casefold()).replace("&", " and ")
    return " ".join(re.findall(r"[^\W_]+", text))


_ROLE_BY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {plain_words(name): role for role, names in _ROLE_NAMES.items() for name in names.split(",")}
    | {plain_words(form): role for role, words in CONTACT_ROLES.items() for form in (role, words)}
)
_KIND_BY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {plain_words(form): kind.key for kind in KINDS.values() for form in (kind.key, kind.title, kind.plural)}
)
_TEMPORARY: Final = re.compile(r"^(acting|interim|co|lead) ")


def role_from_words(text: str) -> str | None:
    """Return the contact role that people mean by "DSL", "Headteacher (acting)" or "Chair of the governors".

    None when it is none of ours or could be two: "safeguarding lead" alone may be a school's or an agency's.
    """
    bare = re.sub(r"\([^()]*\)", " ", text)
    for form in (text, bare):
        words = " ".join(word for word in plain_words(form).split() if word != "the")
        role = _ROLE_BY_WORDS.get(words) or _ROLE_BY_WORDS.get(_TEMPORARY.sub("", words))
        if role is not None:
            return role
    return None


def kind_from_words(text: str) -> str | None:
    """Return the kind whose key, title or plural somebody wrote, in any case and punctuation; else None."""
    return _KIND_BY_WORDS.get(plain_words(text))


def benchmark_group(kind: str, phase: str) -> str:
    """Return the name of the group that an organisation is compared with: phase by form of school.

    Special schools, pupil referral units and alternative provision are one form; so are the maintained, the
    academies and the independent schools; colleges stand alone. An agency is compared with its own kind.
    Whether a group is large enough to show is for the reader to decide. Raises KeyError for unknown keys.
    """
    known = KINDS[kind]
    words = PHASES[phase]
    if known.group == "agency" or kind == "college":
        return known.plural
    form = _BENCHMARK_FORMS.get(kind, "special schools, pupil referral units and alternative provision")
    return form[0].upper() + form[1:] if phase == "not_applicable" else f"{words} {form}"


_BENCHMARK_FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "maintained_school": "maintained schools",
        "nursery_school": "maintained schools",
        "academy": "academies",
        "independent_school": "independent schools",
    }
)
