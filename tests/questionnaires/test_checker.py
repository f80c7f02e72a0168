"""Each rule of the checker with a good text and a bad one, and the line that it names."""

import json

import pytest
import yaml

from app.core.routes import ACCESS
from app.organisations.rules import GOVERNANCE
from app.questionnaires.checker import check_text, load_text
from app.questionnaires.rules import from_content
from app.questionnaires.schema import SCHEMA_FILE
from tests.questionnaires.definitions import GOOD, changed, line_of, only_problem

DESCRIPTORS = GOOD[GOOD.index("        descriptors:") : GOOD.index("      - key: staff-trained")]


def test_a_good_definition_has_no_problem_and_becomes_a_questionnaire() -> None:
    assert check_text(GOOD, "good.yaml") == []
    made = from_content(load_text(GOOD, "good.yaml"))
    assert made.standard("senior-lead").critical
    assert made.standard("confidence").choices == ("Very sure", "Not sure")


def test_what_was_loaded_is_what_any_safe_reader_reads() -> None:
    assert load_text(GOOD, "good.yaml") == yaml.safe_load(GOOD)


# Each row: what is replaced, by what, a text on the line that must be named, message, how to mend.
BAD = {
    "unknown key": (
        "        help: >-", "        hepl: >-", "hepl:", "The key “hepl” is not known here", "“help”",
    ),
    "unknown key far from all": (
        "critical: true", "xyzzy: 1", "xyzzy", "The key “xyzzy” is not known here", "Use one of: applies_to",
    ),
    "missing key": (
        "    summary: Who leads.\n", "", "key: leadership", "“summary” is missing", "begins with “summary:”",
    ),
    "missing at the top": (
        "title: Section 11 self-assessment\n", "", "key: section", "“title” is", "“title:”",
    ),
    "yes without quotes": (
        "[Very sure, Not sure]", "[Yes, Maybe]", "choices", "“choices” must be text", "quotes",
    ),
    "number as text": ("letter: A", "letter: 1", "letter: 1", "“letter” must be text", "quotes"),
    "text as flag": ("critical: true", "critical: often", "often", "must be true or false", "true or false"),
    "text as list": ("duties: [section_11]", "duties: all", "duties", "“duties” must be a list", "a list"),
    "list as text": (
        "help: >-\n          The leader tells the\n          {governing body} what is done.", "help: [one]",
        "help:", "“help” must be text", "Change it to text",
    ),
    "text as mapping": (
        "  - key: leadership", "  - only words\n  - key: leadership", "only words",
        "“domains” must be a group of lines", "lines with keys",
    ),
    "empty value": ("title: Senior lead", "title:", "        title:\n", "“title” is empty", "Write the text"),
    "blank value": ("title: Senior lead", "title: ' '", "title: ' '", "“title” is empty", "Write the text"),
    "unknown type": (
        "type: choice", "type: choise", "choise", "“choise” is not allowed for “type”", "“choice”",
    ),
    "closing is rated": ("type: choice", "type: rating", "type: rating", "“rating” is not allowed", "yes_no"),
    "bad standard key": ("key: senior-lead", "key: Senior lead", "key: Senior", "lower case", "senior-lead"),
    "bad school year": (
        "2026 to 2027", "2026/27", "school_year", "“2026/27” must be two years", "2026 to 2027",
    ),
    "years apart": ("2026 to 2027", "2026 to 2028", "school_year", "two years in a row", "2026 to 2027"),
    "braces in words": (
        "academy: board of trustees", "academy: '{board}'", "academy:", "right form", "no braces",
    ),
    "unknown governance": (
        "academy: board", "acadamy: board", "acadamy", "“acadamy” is not known", "“academy”",
    ),
    "no default words": (
        "    default: governing body\n", "", "governing body:", "“default” is missing", "default:",
    ),
    "text too long": (
        "A senior leader is",
        "x" * 620,
        "text: xxx", "characters; the most is 600", "Shorten",
    ),
    "points below 0": ("points: 1", "points: -1", "points: -1", "“points” is -1", "between 0 and 100"),
    "points in words": ("points: 1", "points: one", "points: one", "must be a whole number", "whole number"),
    "points with a fraction": ("points: 1", "points: 1.5", "points: 1.5", "a whole number", "whole number"),
    "threshold of 0": (
        "answered_percent: 80", "answered_percent: 0", "rating_rule", "is 0", "between 1 and 100",
    ),
    "threshold of 101": (
        "answered_percent: 80", "answered_percent: 101", "rating_rule", "is 101", "1 and 100",
    ),
    "same phase twice": ("[primary]", "[primary, primary]", "phases", "the same value twice", "Delete one"),
    "empty applies_to": ("[boarding]", "[]", "features", "“features” holds 0; the least is 1", "Add what"),
    "one choice": (
        "[Very sure, Not sure]", "[Very sure]", "choices:", "“choices” holds 1; the least is 2", "Add",
    ),
    "same level letter": (
        "letter: G", "letter: A", "rag: green", "The letter “A” is used twice", "Change one",
    ),
    "same points": (
        "points: 2", "points: 1", "rag: green", "The number of points “1” is used twice", "Change",
    ),
    "same level word": (
        "word: Green", "word: Amber", "rag: green", "The word “Amber” is used twice", "Change",
    ),
    "same standard key": (
        "key: confidence", "key: senior-lead", "  - key: senior-lead\n    title: How",
        "The standard key “senior-lead” is used twice; the first is on line 26", "Change one",
    ),
    "no descriptor": (
        "          amber: There is a lead without time.\n", "", "descriptors:",
        "The level “amber” has no descriptor", "“amber:”",
    ),
    "no descriptors": (
        DESCRIPTORS,
        "", "key: senior-lead", "“descriptors” is missing", "descriptors:",
    ),
    "unknown level": (
        "          amber: There", "          ambr: x\n          amber: There", "ambr:",
        "“ambr” is not a level of the scale", "“amber”",
    ),
    "same descriptors": (
        "There is a lead without time.", "there is  no lead.", "          amber:",
        "The descriptors of “red” and “amber” are the same", "apart",
    ),
    "descriptors of a fact": (
        "        labels: [", "        descriptors: {red: No}\n        labels: [", "descriptors: {red",
        "“descriptors” is only for the type rating", "Delete",
    ),
    "critical fact": (
        "        labels: [", "        critical: true\n        labels: [",
        "        critical: true\n        labels", "“critical” is only for the type rating", "Delete",
    ),
    "labels elsewhere": (
        "    choices:", "    labels: [A, B]\n    choices:", "labels: [A", "“labels” is only for",
        "change the type to number_of_number",
    ),
    "choices elsewhere": (
        "        labels: [", "        choices: [A, B]\n        labels: [", "choices: [A",
        "“choices” is only for the type choice", "Delete",
    ),
    "choice without choices": (
        "    choices: [Very sure, Not sure]\n", "", "type: choice", "needs choices", "choices:",
    ),
    "one label": (
        "[Number trained, Number employed]", "[Number trained]", "labels:", "exactly two labels",
        "labels: [Number",
    ),
    "no labels": (
        "        labels: [Number trained, Number employed]\n", "", "type: number_of", "exactly two labels",
        "labels: [",
    ),
    "undefined term": (
        "{governing body} what", "{parents} what", "{parents}", "{parents} is not defined", "“wording”",
    ),
    "misspelt term": (
        "{governing body} what", "{governng body} what", "{governng", "is not defined",
        "Did you mean “governing body”?",
    ),
    "lone brace": (
        "A senior leader is", "A senior } leader is", "senior }", "brace without its partner", "two braces",
    ),
    "term in a choice": (
        "[Very sure, Not sure]", "['{governing body}', Not sure]", "choices:",
        "“choices” may not hold a term", "every organisation",
    ),
    "term in the title": (
        "title: Section 11 self", "title: The {governing body} self", "title: The",
        "“title” may not hold a term", "every organisation",
    ),
    "unknown kind": (
        "[housing, police]", "[housing, polise]", "kinds:", "“polise” is not one of the kinds", "“police”",
    ),
    "unknown phase": ("[primary]", "[primry]", "phases:", "“primry” is not one of the phases", "“primary”"),
    "unknown feature": ("[boarding]", "[bording]", "features:", "is not one of the features", "“boarding”"),
    "unknown duty": (
        "[section_11]", "[section_12]", "duties:", "“section_12” is not one of the duties", "“section_11”",
    ),
    "thresholds out of order": (
        "green_from_percent: 85", "green_from_percent: 50", "rating_rule", "(50) must be less than",
        "Lower the first",
    ),
    "threshold under a default": (
        "red_below_percent: 50, green_from_percent: 85", "red_below_percent: 90", "rating_rule",
        "(90) must be less than “green_from_percent” (85)", "Lower",
    ),
    "duplicate mapping key": (
        "    summary: Who leads.", "    summary: Who leads.\n    summary: Again.", "Again",
        "The key “summary” is given twice; the first is on line 24", "Keep one",
    ),
    "key that is a number": (
        "    summary: Who leads.", "    summary: Who leads.\n    7: Seven", "7: Seven",
        "The key “7” is not text", "in quotes",
    ),
    "date that is none": ("title: Senior lead", "title: 2026-13-45", "2026-13", "cannot be read", "quotes"),
    "tag": (
        "title: Senior lead", "title: !!python/name:os.system x", "python/name", "The tag", "Delete the tag",
    ),
    "tag on a list": (
        "[primary]", "!!set {primary: null}", "phases", "The tag !!set is not allowed", "Delete",
    ),
    "invisible character": (
        "title: Senior lead", "title: \"Senior\\0lead\"", "\\0lead", "U+0000", "Delete the",
    ),
    "half a character": ("title: Senior lead", "title: \"Senior \\ud83d\"", "ud83d", "U+D83D", "Delete the"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_mistake_gives_one_problem_on_its_line(name: str) -> None:
    old, new, marker, message, mend = BAD[name]
    text = changed(old, new)
    problems = check_text(text, "test.yaml")
    near = [each for each in problems if message in each.message]
    assert len(near) == 1, [str(each) for each in problems]
    # A mistake may have one consequence more (a tag on a list is also no list), never a crowd.
    assert len(problems) <= 2, [str(each) for each in problems]
    assert near[0].line == line_of(text, marker)
    assert mend in near[0].mend
    assert str(near[0]) == f"test.yaml:{near[0].line}: {near[0].message}. {near[0].mend}"


def test_every_mistake_is_found_at_once_in_the_order_of_the_lines() -> None:
    text = changed("points: 1", "points: one")
    text = changed("[housing, police]", "[housng, polise]", text)
    text = changed("{governing body} what", "{parents} what", text)
    text = changed("    type: choice\n", "    type: choice\n    hlep: None\n", text)
    found = [(each.line, each.message) for each in check_text(text, "test.yaml")]
    assert found == [
        (line_of(text, "points: one"), "“points” must be a whole number"),
        (line_of(text, "{parents}"), "The term {parents} is not defined"),
        (line_of(text, "housng"), "“housng” is not one of the kinds of organisation"),
        (line_of(text, "housng"), "“polise” is not one of the kinds of organisation"),
        (line_of(text, "hlep"), "The key “hlep” is not known here"),
    ]


FACT = "      - {key: KEY, title: T, type: yes_no, text: 'Is it?'}\n"
RATED = "      - {key: KEY, title: T, text: X, critical: true, descriptors: {red: a, amber: b, green: c}}\n"


def test_three_critical_standards_are_allowed_in_a_domain_and_a_fourth_is_not() -> None:
    three = changed("closing:", RATED.replace("KEY", "two") + RATED.replace("KEY", "three") + "closing:")
    assert check_text(three, "test.yaml") == []
    four = changed("closing:", RATED.replace("KEY", "fourth") + "closing:", three)
    problem = only_problem(four)
    assert "4 critical standards" in problem.message
    assert problem.line == line_of(four, "fourth")
    assert "at most 3" in problem.mend


def test_a_domain_without_standards_is_refused() -> None:
    text = changed("closing:", "  - key: empty\n    title: E\n    summary: E.\n    standards: []\nclosing:")
    problem = only_problem(text)
    assert problem.message == "The domain has no standards"
    assert problem.line == line_of(text, "standards: []")


def test_a_domain_key_used_twice_is_refused() -> None:
    again = "  - key: leadership\n    title: L\n    summary: L.\n    standards:\n" + FACT.replace("KEY", "a")
    text = changed("closing:", again + "closing:")
    assert "domain key “leadership” is used twice; the first is on line 22" in only_problem(text).message


@pytest.mark.parametrize("key", ["team", "check", "sign-off", "feedback", "governors", "closing"])
def test_a_domain_may_not_have_the_address_of_another_page_of_a_return(key: str) -> None:
    problem = only_problem(changed("key: leadership", f"key: {key}"))
    assert f"“{key}” is the address of another page" in problem.message
    assert f"{key}-and-more" in problem.mend
    assert check_text(changed("key: leadership", f"key: {key}-and-more"), "test.yaml") == []


def test_every_fixed_page_of_a_return_is_reserved() -> None:
    places = [route.split()[1].split("/") for route in ACCESS if " /returns/{return_id}/" in route]
    for fixed in {place[3] for place in places if not place[3].startswith("{")}:
        text = changed("key: leadership", f"key: '{fixed}'")
        assert any(each.line == line_of(text, f"'{fixed}'") for each in check_text(text, "test.yaml")), fixed


def test_only_a_date_can_ask_for_a_day_that_has_been() -> None:
    assert check_text(changed("type: choice\n", "type: choice\n    past: true\n"), "test.yaml")
    dated = "  - {key: last, title: Last audit, type: date, past: true, text: 'When was it?'}\n"
    text = GOOD + dated
    assert check_text(text, "test.yaml") == []
    assert from_content(load_text(text, "good.yaml")).standard("last").past
    assert not from_content(load_text(GOOD, "good.yaml")).standard("confidence").past


def test_a_standard_key_may_not_come_back_in_another_domain() -> None:
    other = "  - key: other\n    title: L\n    summary: L.\n    standards:\n" + FACT.replace(
        "KEY", "senior-lead"
    )
    text = changed("closing:", other + "closing:")
    assert "standard key “senior-lead” is used twice" in only_problem(text).message


AMBER = "  - {key: amber, letter: A, word: Amber, meaning: Partly in place, points: 1, rag: amber}\n"


@pytest.mark.parametrize("rag", ["red", "amber", "green"])
def test_a_scale_needs_every_colour(rag: str) -> None:
    other = "amber" if rag != "amber" else "green"
    text = changed(f"rag: {rag}", f"rag: {other}")
    messages = [each.message for each in check_text(text, "test.yaml")]
    assert messages == [f"No level of the scale is {rag}"]


def test_two_levels_are_too_few() -> None:
    messages = [each.message for each in check_text(changed(AMBER, ""), "test.yaml")]
    assert "“scale” holds 2; the least is 3" in messages
    assert "No level of the scale is amber" in messages


def test_the_lowest_level_has_no_points() -> None:
    text = changed("points: 0", "points: 1").replace("points: 1, rag: amber", "points: 2, rag: amber")
    text = text.replace("points: 2, rag: green", "points: 3, rag: green")
    problem = only_problem(text)
    assert problem.message == "The lowest level has 1 points"
    assert problem.line == line_of(text, "rag: red")


def test_points_may_not_run_against_the_colours() -> None:
    text = changed("points: 1, rag: amber", "points: 2, rag: amber")
    text = text.replace("points: 2, rag: green", "points: 1, rag: green")
    problem = only_problem(text)
    assert "amber" in problem.message
    assert "green" in problem.message


def test_four_levels_from_best_to_worst_are_a_good_scale() -> None:
    four = "".join(
        f"  - {{key: l{number}, letter: '{number}', word: W{number}, meaning: M, "
        f"points: {4 - number}, rag: {rag}}}\n"
        for number, rag in ((1, "green"), (2, "green"), (3, "amber"), (4, "red"))
    )
    start, end = GOOD.index("  - {key: red"), GOOD.index("rating_rule")
    text = GOOD[:start] + four + GOOD[end:]
    text = changed("red: There", "l4: There", text)
    text = changed("amber: There", "l3: There", text)
    text = changed("green: There is", "l2: There is one\n          l1: There is", text)
    assert check_text(text, "test.yaml") == []


def test_the_schema_knows_every_governance_of_the_register() -> None:
    words = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))["$defs"]["words"]["properties"]
    assert set(words) == {"default", *GOVERNANCE}
