"""Files that are hardly a definition: mistakes in the YAML itself, in the file, and whatever is handed in."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.questionnaires.checker import DefinitionError, check_file, check_text, load_file, load_text
from app.questionnaires.reading import MAX_CHARACTERS
from app.questionnaires.rules import from_content
from tests.questionnaires.definitions import GOOD, changed, line_of, only_problem

# --- the YAML itself ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "marker", "message", "mend"),
    [
        ("summary: Who leads.", "summary: Who: leads.", "Who: leads", "cannot be read here", "quotes"),
        ("    summary: Who", "\tsummary: Who", "\tsummary", "a tab", "spaces"),
        ("[section_11]", "[section_11", "introduction", "cannot be read here", "the one before it"),
        ("title: Senior lead", "title: &lead Senior", "&lead", "Anchors and aliases", "again"),
        ("title: Senior lead", "title: *lead", "*lead", "Anchors and aliases", "again"),
        ("closing:", "---\nclosing:", "---", "cannot be read here", "Check the indent"),
        ("title: Senior lead", "title: Senior\x07 lead", "\x07", "U+0007", "Delete the character"),
        ("summary: Who leads.", "summary: " + "[" * 30 + "]" * 30, "[[[", "nested too deep", "20 steps"),
    ],
)
def test_a_mistake_in_the_yaml_itself_is_named_with_its_line(
    old: str, new: str, marker: str, message: str, mend: str
) -> None:
    text = changed(old, new)
    problem = only_problem(text)
    assert message in problem.message
    assert mend in problem.mend
    assert problem.line == line_of(text, marker)


@pytest.mark.parametrize("text", ["", "  \n", "# only a comment\n"])
def test_an_empty_file_says_so(text: str) -> None:
    assert only_problem(text).message == "The file is empty"


@pytest.mark.parametrize("text", ["- a list\n", "only words\n"])
def test_a_file_that_is_no_mapping_says_so(text: str) -> None:
    assert "must begin with keys" in only_problem(text).message


def test_a_file_that_grows_without_end_is_refused_quickly() -> None:
    assert "1,000,001 characters" in only_problem("x" * (MAX_CHARACTERS + 1)).message
    assert "nested too deep" in only_problem("a: " + "[" * 100_000).message


def test_a_merge_key_is_refused() -> None:
    problems = check_text(
        changed("    summary: Who", "    <<: {title: Other}\n    summary: Who"), "test.yaml"
    )
    assert [each.message for each in problems] == ["The key “<<” is not text"]


# --- files -------------------------------------------------------------------------------------


def test_a_file_is_checked_and_named(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(changed("[boarding]", "[bording]"), encoding="utf-8")
    (problem,) = check_file(file)
    assert str(problem).startswith(f"{file}:{problem.line}: “bording”")
    with pytest.raises(DefinitionError, match="bording") as caught:
        load_file(file)
    assert caught.value.problems == [problem]


def test_a_good_file_is_loaded_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert check_file(str(file)) == []
    assert load_file(file)["key"] == "section-11"


def test_a_file_that_is_not_there_or_not_utf8_says_so(tmp_path: Path) -> None:
    assert check_file(tmp_path / "none.yaml")[0].message == "The file cannot be opened"
    file = tmp_path / "old.yaml"
    file.write_bytes(b"key: a\ntitle: caf\xe9\n")
    (problem,) = check_file(file)
    assert (problem.line, problem.message) == (2, "The file is not UTF-8 text")


# --- whatever is handed in ---------------------------------------------------------------------

ROWS = GOOD.splitlines(keepends=True)
SPOILT = st.lists(
    st.tuples(
        st.integers(0, len(ROWS) - 1),
        st.sampled_from(
            ["", "  x: 1\n", "  - []\n", "scale: 3\n", "domains: [[], 1]\n", "closing: {a: [b]}\n"]
        )
        | st.text(max_size=12),
    ),
    min_size=1,
    max_size=4,
)


def no_mistake_slips_through() -> None:
    @settings(max_examples=150, deadline=None, database=None, derandomize=True, report_multiple_bugs=False)
    @given(SPOILT)
    def check(spoilt: list[tuple[int, str]]) -> None:
        rows = list(ROWS)
        for number, row in spoilt:
            rows[number] = row
        text = "".join(rows)
        problems = check_text(text, "test.yaml")
        assert all(1 <= each.line <= len(text.splitlines()) + 1 for each in problems)
        if not problems:
            assert from_content(load_text(text, "test.yaml")).standards

    check()


def test_a_spoilt_definition_is_answered_with_problems_or_can_be_used() -> None:
    no_mistake_slips_through()


def test_a_checker_without_its_schema_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.questionnaires.checker.add_schema_problems", lambda _: None)
    with pytest.raises((KeyError, TypeError, AttributeError)):
        no_mistake_slips_through()
