"""Who is asked what, in which words, and what counts as a factual answer."""

import unicodedata
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.organisations.rules import GOVERNANCE
from app.questionnaires.definition import Standard, content_hash, from_content
from app.questionnaires.rules import FactError, OrganisationFacts, display_fact, parse_fact, routed, worded

RED_AMBER_GREEN = [
    {"key": "red", "letter": "R", "word": "Red", "meaning": "No", "points": 0, "rag": "red"},
    {"key": "amber", "letter": "A", "word": "Amber", "meaning": "Partly", "points": 1, "rag": "amber"},
    {"key": "green", "letter": "G", "word": "Green", "meaning": "Yes", "points": 2, "rag": "green"},
]


def standard(key: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "title": key.title(), "text": f"The text of {key}.", **more}


EARLY_YEARS = {
    "key": "early",
    "title": "Early years",
    "summary": "Young children.",
    "bespoke": True,
    "standards": [
        standard("toddlers", applies_to={"kinds": ["academy"], "phases": ["primary", "nursery"]}),
    ],
}
WORDING = {"governing body": {"default": "governing body", "academy": "board of trustees"}}


def content(**more: Any) -> dict[str, Any]:
    return {
        "key": "section-175",
        "title": "Section 175",
        "school_year": "2026 to 2027",
        "statutory_basis": "Education Act 2002, section 175",
        "guidance_edition": "Keeping children safe",
        "audience": {"duties": ["section_175", "section_157"]},
        "introduction": "For the {governing body}.\n",
        "wording": WORDING,
        "scale": RED_AMBER_GREEN,
        "rating_rule": {"answered_percent": 75},
        "domains": [
            {
                "key": "leadership",
                "title": "Leadership",
                "summary": "Who leads.",
                "standards": [
                    standard(
                        "policy",
                        critical=True,
                        text="{Governing body} and {governing body} approve it.",
                        descriptors={"red": "No {governing body}.", "amber": "Partly.", "green": "Yes."},
                    ),
                    standard("boarders", applies_to={"features": ["boarding", "sixth_form"]}),
                    standard("trained", type="number_of_number", labels=["Trained", "In {governing body}"]),
                ],
            },
            EARLY_YEARS,
        ],
        "closing": [standard("risks", type="long_text")],
        **more,
    }


PRIMARY_ACADEMY = OrganisationFacts("academy", "primary", frozenset({"early_years"}), "academy")
MAINTAINED = OrganisationFacts("maintained_school", "primary", frozenset({"boarding"}), "maintained")


# --- the definition ----------------------------------------------------------------------------


def test_a_definition_becomes_a_questionnaire_with_all_its_parts() -> None:
    made = from_content(content())
    assert [each.key for each in made.standards] == ["policy", "boarders", "trained", "toddlers"]
    assert [each.key for each in made.rated] == ["policy", "boarders", "toddlers"]
    assert [each.key for each in made.domain("leadership").rated] == ["policy", "boarders"]
    assert [each.key for each in made.questions][-1] == "risks"
    assert made.standard("risks").type == "long_text"
    assert made.domain("early").bespoke
    assert made.rating_rule.answered_percent == 75
    assert made.rating_rule.green_from_percent == 85
    assert made.level("amber").points == 1
    assert made.introduction == "For the {governing body}."
    assert made.duties == ("section_175", "section_157")


def test_the_domain_of_a_standard_is_found_and_a_closing_question_has_none() -> None:
    made = from_content(content())
    assert made.domain_of("toddlers") is made.domain("early")
    assert made.domain_of("risks") is None
    with pytest.raises(KeyError):
        made.domain_of("unknown")


def test_a_questionnaire_says_whether_it_asks_something() -> None:
    made = from_content(content())
    assert made.asks("risks")
    assert not made.asks("unknown")
    with pytest.raises(KeyError):
        made.standard("unknown")


def test_a_questionnaire_is_frozen_and_hashes_by_identity() -> None:
    made, same = from_content(content()), from_content(content())
    assert made != same
    assert len({made, same, made}) == 2
    with pytest.raises(FrozenInstanceError):
        made.title = "Other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        made.standard("policy").descriptors["red"] = "Other"  # type: ignore[index]


def test_the_content_hash_ignores_the_order_of_keys_but_not_of_lists() -> None:
    original = content()
    turned = dict(reversed(original.items()))
    assert content_hash(turned) == content_hash(original)
    assert len(content_hash(original)) == 64
    assert content_hash(content(scale=list(reversed(RED_AMBER_GREEN)))) != content_hash(original)
    assert content_hash(content(title="Section 157")) != content_hash(original)


# --- routing and wording -----------------------------------------------------------------------


def test_routing_keeps_only_the_standards_for_these_facts() -> None:
    whole = from_content(content())
    assert [each.key for each in routed(whole, PRIMARY_ACADEMY).standards] == [
        "policy",
        "trained",
        "toddlers",
    ]
    assert [each.key for each in routed(whole, MAINTAINED).standards] == ["policy", "boarders", "trained"]


def test_lists_of_applies_to_are_any_of_each_and_all_together() -> None:
    whole = from_content(content())
    secondary = replace(PRIMARY_ACADEMY, phase="secondary")
    assert not routed(whole, secondary).asks("toddlers")
    assert routed(whole, replace(PRIMARY_ACADEMY, phase="nursery")).asks("toddlers")
    assert not routed(whole, replace(PRIMARY_ACADEMY, kind="college")).asks("toddlers")
    assert routed(whole, replace(MAINTAINED, features=frozenset({"sixth_form"}))).asks("boarders")
    assert not routed(whole, replace(MAINTAINED, features=frozenset())).asks("boarders")


def test_a_domain_without_standards_for_the_facts_stays_in_the_profile() -> None:
    early = routed(from_content(content()), MAINTAINED).domain("early")
    assert early.standards == ()
    assert early.rated == ()


def test_terms_take_the_words_of_the_governance_and_a_capital_at_the_beginning() -> None:
    seen = routed(from_content(content()), PRIMARY_ACADEMY)
    assert seen.introduction == "For the board of trustees."
    assert seen.standard("policy").text == "Board of trustees and board of trustees approve it."
    assert seen.standard("policy").descriptors["red"] == "No board of trustees."
    assert seen.standard("trained").labels == ("Trained", "In board of trustees")


def test_terms_fall_back_to_the_default_words() -> None:
    whole = from_content(content())
    assert routed(whole, MAINTAINED).introduction == "For the governing body."
    assert worded(whole).standard("policy").text == "Governing body and governing body approve it."
    assert worded(whole).asks("toddlers")
    assert worded(whole, "academy").introduction == "For the board of trustees."


@pytest.mark.parametrize("governance", [*GOVERNANCE, "default", "never heard of"])
def test_no_term_is_left_in_any_governance(governance: str) -> None:
    seen = routed(from_content(content()), replace(PRIMARY_ACADEMY, governance=governance))
    assert "{" not in seen.introduction + seen.standard("policy").text


def test_routing_changes_neither_the_whole_questionnaire_nor_its_keys() -> None:
    whole = from_content(content())
    before = [each.text for each in whole.standards]
    seen = routed(whole, PRIMARY_ACADEMY)
    assert [each.text for each in whole.standards] == before
    assert [domain.key for domain in seen.domains] == [domain.key for domain in whole.domains]
    assert seen.standard("policy").critical


# --- factual answers ---------------------------------------------------------------------------


def fact(type_: Any, **more: Any) -> Standard:
    return Standard(key="fact", title="The fact", text="How many?", type=type_, **more)


NUMBERS = fact("number_of_number", labels=("Number trained", "Number employed"))
CHOICE = fact("choice", choices=("Very sure", "Not sure"))


@pytest.mark.parametrize(
    ("question", "typed", "stored", "shown"),
    [
        (fact("yes_no"), " YES ", "yes", "Yes"),
        (fact("yes_no"), "n", "no", "No"),
        (fact("number"), "012", "12", "12"),
        (fact("number"), "1,200", "1200", "1,200"),
        (fact("number"), " 4.50 ", "4.5", "4.5"),
        (fact("number"), "0", "0", "0"),
        (NUMBERS, "41 of 44", "41 of 44", "41 of 44"),
        (NUMBERS, "41/44", "41 of 44", "41 of 44"),
        (NUMBERS, "41 OUT OF 44", "41 of 44", "41 of 44"),
        (NUMBERS, ("1,041", " 1,044"), "1041 of 1044", "1,041 of 1,044"),
        (NUMBERS, ("44", "44"), "44 of 44", "44 of 44"),
        (NUMBERS, ("0", "0"), "0 of 0", "0 of 0"),
        (fact("date"), "29/01/2027", "2027-01-29", "29 January 2027"),
        (fact("date"), "29.1.2027", "2027-01-29", "29 January 2027"),
        (fact("date"), "29-1-2027", "2027-01-29", "29 January 2027"),
        (fact("date"), "29 Jan 2027", "2027-01-29", "29 January 2027"),
        (fact("date"), "1 sept 2026", "2026-09-01", "1 September 2026"),
        (fact("date"), "2027-01-29", "2027-01-29", "29 January 2027"),
        (fact("date"), ("29", "1", "2027"), "2027-01-29", "29 January 2027"),
        (fact("date"), "3/5/26", "2026-05-03", "3 May 2026"),
        (fact("date"), "3 May 98", "1998-05-03", "3 May 1998"),
        (fact("date"), ("29", "february", "2028"), "2028-02-29", "29 February 2028"),
        (CHOICE, "very SURE ", "Very sure", "Very sure"),
        (fact("short_text"), "A = <b>1</b>", "A = <b>1</b>", "A = <b>1</b>"),
        (fact("long_text"), "One\r\ntwo\rthree\t😀", "One\ntwo\nthree\t😀", "One\ntwo\nthree\t😀"),
        (fact("long_text"), "x" * 10_000, "x" * 10_000, "x" * 10_000),
    ],
)
def test_a_fact_is_stored_in_one_form_and_shown_in_words(
    question: Standard, typed: str | tuple[str, ...], stored: str, shown: str
) -> None:
    assert parse_fact(question, typed) == stored
    assert display_fact(question, stored) == shown
    assert parse_fact(question, stored) == stored
    assert parse_fact(question, shown) == stored


@pytest.mark.parametrize(
    ("question", "typed", "message"),
    [
        (fact("yes_no"), "perhaps", "Select yes or no for “The fact”."),
        (fact("number"), "-1", "number of 0 or more"),
        (fact("number"), "twelve", "such as 12"),
        (fact("number"), "1,20", "number of 0 or more"),
        (fact("number"), "١٢", "number of 0 or more"),  # the digits of another script
        (fact("number"), "nan", "number of 0 or more"),
        (fact("number"), "9" * 10, "number of 0 or more"),
        (NUMBERS, "41", "two whole numbers, such as 41 of 44"),
        (NUMBERS, ("41", ""), "“Number employed” must be a whole number"),
        (NUMBERS, ("", "44"), "“Number trained” must be a whole number"),
        (NUMBERS, ("4.5", "44"), "“Number trained” must be a whole number"),
        (NUMBERS, ("45", "44"), "“Number trained” is 45 and must not be more than “Number employed”"),
        (fact("date"), "29/2/2027", "a day in the calendar"),
        (fact("date"), "1/29/2027", "a day in the calendar"),
        (fact("date"), "29/1/027", "year of “The fact” must lie between 1900 and 2100"),
        (fact("date"), "January 2027", "a day, a month and a year"),
        (fact("date"), ("29", "", "2027"), "a day, a month and a year"),
        (fact("date"), "1/1/1899", "between 1900 and 2100"),
        (CHOICE, "Sure", "Select one of the answers offered"),
        (fact("long_text"), "x" * 10_001, "10,000 characters or fewer; it has 10,001"),
        (fact("short_text"), "A\x00b", "invisible character that cannot be stored, after “A”"),
        (fact("short_text"), "\x0bb", "at the beginning"),
        (fact("long_text"), "half \ud83d", "after “half”"),
    ],
)
def test_a_fact_that_does_not_fit_is_refused_with_a_way_to_mend_it(
    question: Standard, typed: str | tuple[str, ...], message: str
) -> None:
    with pytest.raises(FactError) as caught:
        parse_fact(question, typed)
    assert message in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("question", [fact("yes_no"), fact("number"), NUMBERS, fact("date"), CHOICE])
@pytest.mark.parametrize("typed", ["", "  \n", (), ("", " ", "")])
def test_an_empty_fact_is_not_answered_and_no_mistake(
    question: Standard, typed: str | tuple[str, ...]
) -> None:
    assert parse_fact(question, typed) == ""
    assert display_fact(question, "") == "Not answered"


def test_a_rated_standard_has_no_fact() -> None:
    with pytest.raises(ValueError, match="is rated"):
        parse_fact(Standard(key="policy", title="Policy", text="Is there one?"), "green")


@pytest.mark.parametrize("type_", ["yes_no", "number", "number_of_number", "date", "choice"])
def test_a_stored_text_that_fits_its_type_no_more_is_shown_as_it_is(type_: str) -> None:
    assert display_fact(fact(type_), "2027-99-00 once") == "2027-99-00 once"


QUESTIONS = [
    fact("yes_no"), fact("number"), NUMBERS, fact("date"), CHOICE, fact("short_text"), fact("long_text"),
]  # fmt: skip
TYPED = st.text(st.characters(exclude_categories=()), max_size=20)


def stored_forms_stay(parse: Callable[[Standard, str | tuple[str, ...]], str]) -> None:
    @settings(max_examples=400, deadline=None, database=None, derandomize=True, report_multiple_bugs=False)
    @given(question=st.sampled_from(QUESTIONS), typed=TYPED | st.tuples(TYPED, TYPED, TYPED))
    def check(question: Standard, typed: str | tuple[str, ...]) -> None:
        try:
            stored = parse(question, typed)
        except FactError:
            return
        assert parse(question, stored) == stored
        assert display_fact(question, stored)
        assert not [each for each in stored if unicodedata.category(each) == "Cs" or each in "\x00\x0b\r"]

    check()


def test_anything_typed_is_either_refused_or_stored_in_a_form_that_stays() -> None:
    stored_forms_stay(parse_fact)


def test_a_parser_that_stores_whatever_comes_is_caught() -> None:
    with pytest.raises(AssertionError):
        stored_forms_stay(lambda _, typed: "".join(typed))
