"""docs/security.md is true as far as a program can tell: each test and setting that it names is there."""

import re
from pathlib import Path

import pytest

from app.core.settings import Settings

pytestmark = pytest.mark.access
ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROW = re.compile(r"^\| (V\d[^|]*) \| [^|]+ \| ([^|]+) \| (.+) \|$", re.MULTILINE)
NUMBER = re.compile(r"V\d+\.\d+(?:\.\d+)?")


def faults(page: str) -> list[str]:
    """Return what a page names that is not there."""
    found = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page):
        file = ROOT / path
        if not file.exists():
            found.append(f"{path}: no such file")
        elif name and not re.search(rf"^def {name}\(", file.read_text("utf-8"), re.MULTILINE):
            found.append(f"{path}: no test {name}")
    known = {
        str(field.validation_alias or f"ELEVEN_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    found += [f"{name}: no such setting" for name in set(re.findall(r"`(ELEVEN_\w+)`", page)) - known]
    for path in re.findall(r"`((?:app|docs|requirements)/[\w./-]+)`|\]\(([\w-]+\.md)", page):
        file = ROOT / (path[0] or f"docs/{path[1]}")
        if not file.exists():
            found.append(f"{file.name}: no such file")
    return found


def test_every_test_setting_and_file_that_the_page_names_is_there() -> None:
    assert faults(PAGE) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("::test_another_site_cannot_post`", "::test_nobody_wrote_this`", "no test test_nobody_wrote_this"),
        ("`tests/people/test_limits.py`", "`tests/people/test_nothing.py`", "no such file"),
        ("`ELEVEN_POOL_SIZE`", "`ELEVEN_LUCK`", "ELEVEN_LUCK: no such setting"),
        ("`app/core/routes.py`", "`app/core/roots.py`", "roots.py: no such file"),
    ],
)
def test_a_page_that_names_what_is_not_there_is_found(old: str, new: str, said: str) -> None:
    """The control: one name changed by hand."""
    assert old in PAGE
    assert any(said in each for each in faults(PAGE.replace(old, new)))


def unproven(page: str) -> list[str]:
    """Return the requirements that are called met without anything that shows it."""
    return [
        number
        for number, state, shown in ROW.findall(page)
        if state.strip() == "met"
        and not re.search(r"`(tests/|ELEVEN_|docs/|app/)|above|there are none|\.md\)", shown)
    ]


def test_whatever_is_called_met_says_by_what() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) > 60
    assert {state.strip() for _, state, _ in rows} <= {"met", "partly", "no", "**no** for organisations"}
    assert unproven(PAGE) == []


def test_a_bare_claim_is_found() -> None:
    """The control: a requirement that is met because somebody says so."""
    assert unproven("| V1.1.1 | x | met | we are sure |") == ["V1.1.1"]


# How many requirements each chapter of ASVS 5.0.0 has at levels 1 and 2, by section.
LEVEL_TWO = {
    "V1.1": "1 2", "V1.2": "1 2 3 4 5 6 7 8 9", "V1.3": "1 2 3 4 5 6 7 8 9 10 11", "V1.4": "1 2 3",
    "V1.5": "1 2", "V2.1": "1 2 3", "V2.2": "1 2 3", "V2.3": "1 2 3 4", "V2.4": "1",
    "V3.2": "1 2", "V3.3": "1 2 3 4", "V3.4": "1 2 3 4 5 6", "V3.5": "1 2 3 4 5", "V3.7": "1 2",
    "V4.1": "1 2 3", "V4.2": "1", "V5.1": "1", "V5.2": "1 2 3", "V5.3": "1 2", "V5.4": "1 2 3",
    "V6.1": "1 2 3", "V6.3": "1 2 3 4", "V6.4": "1 2 3 4", "V6.5": "1 2 3 4 5", "V6.6": "1 2 3",
    "V6.8": "1 2 3 4", "V7.1": "1 2 3", "V7.2": "1 2 3 4", "V7.3": "1 2", "V7.4": "1 2 3 4 5",
    "V7.5": "1 2", "V7.6": "1 2", "V8.1": "1 2", "V8.2": "1 2 3", "V8.3": "1", "V8.4": "1",
    "V9.1": "1 2 3", "V9.2": "1 2 3 4", "V10.1": "1 2", "V10.2": "1 2", "V10.5": "1 2 3 4 5",
    "V11.1": "1 2", "V11.2": "1 2 3", "V11.3": "1 2 3", "V11.4": "1 2 3 4", "V11.5": "1", "V11.6": "1",
    "V12.1": "1 2 3", "V12.2": "1 2", "V12.3": "1 2 3 4", "V13.1": "1", "V13.2": "1 2 3 4 5",
    "V13.3": "1 2", "V13.4": "1 2 3 4 5", "V14.1": "1 2", "V14.2": "1 2 3 4", "V14.3": "1 2 3",
    "V15.1": "1 2 3", "V15.2": "1 2 3", "V15.3": "1 2 3 4 5 6 7", "V16.1": "1", "V16.2": "1 2 3 4 5",
    "V16.3": "1 2 3 4", "V16.4": "1 2 3", "V16.5": "1 2 3",
}  # fmt: skip
WHOLE_SECTIONS = {"V4.3", "V4.4", "V6.2", "V10.3", "V10.4", "V10.6", "V10.7", "V17"}


def named(page: str) -> set[str]:
    """Return every requirement that a page names, ranges such as V1.2.6 to V1.2.9 spelt out."""
    found = set(NUMBER.findall(page))
    for section, first, last in re.findall(r"(V\d+\.\d+)\.(\d+) to V\d+\.\d+\.(\d+)", page):
        found |= {f"{section}.{number}" for number in range(int(first), int(last) + 1)}
    return found


def test_no_requirement_of_level_two_is_passed_over() -> None:
    wanted = {f"{section}.{number}" for section, numbers in LEVEL_TWO.items() for number in numbers.split()}
    assert sorted(wanted - named(PAGE)) == []
    assert all(section in PAGE for section in WHOLE_SECTIONS)


def test_a_requirement_that_is_left_out_is_found() -> None:
    """The control: one row less."""
    assert "V7.5.2" in named(PAGE)
    assert "V7.5.2" not in named(PAGE.replace("V7.5.2", "V7"))


def kept_in_browser(script: str) -> bool:
    return (
        re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.open", script) is not None
    )


# Unsent text is kept sealed, for its own person and tab; signing out takes it away (tests/faults).
KEEPS_UNSENT_TEXT = {"unsent.js", "eleven.js"}


def test_only_unsent_text_is_kept_in_the_browser() -> None:
    scripts = list((ROOT / "app" / "core" / "static").glob("*.js"))
    assert len(scripts) >= 3
    keeping = {script.name for script in scripts if kept_in_browser(script.read_text("utf-8"))}
    assert keeping == KEEPS_UNSENT_TEXT
    assert kept_in_browser("localStorage.setItem('answer', text)"), "the control"
