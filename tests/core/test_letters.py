"""Letters: plain replacement and nothing else, and simple HTML that links only to our own pages."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.letters import PLACEHOLDERS, REQUIRED, TITLES, Letter, fill, letter_problems, standard_letter
from app.core.mail_html import as_html
from app.core.mail_words import progress_words, time_words, when_words
from tests.core.test_working_days import YEAR_DAYS

pytestmark = pytest.mark.chasing
OURS = "https://eleven.example.org"


@pytest.mark.parametrize("key", TITLES)
def test_our_own_words_pass_our_own_check(key: str) -> None:
    letter = standard_letter(key)
    assert letter_problems(letter.subject, letter.body) == {}
    subject, body = letter.filled(dict.fromkeys(PLACEHOLDERS, "value"))
    assert "((" not in subject + body
    assert "((time))" in letter.body
    assert all(f"(({name}))" in letter.body for name in REQUIRED)


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), st.text()))
def test_a_value_is_never_read_again(text: str, values: dict[str, str]) -> None:
    """Replacing one placeholder in a text without any other leaves the rest and the value as they are."""
    plain = text.replace("(", "[")
    value = values.get("name", "((phone)) {{ 7 * 7 }} ((name))")
    assert fill(f"{plain}((name)){plain}", {**values, "name": value}) == plain + value + plain


@settings(deadline=None)
@given(st.text())
def test_without_placeholders_a_text_stays_as_it_is(text: str) -> None:
    plain = text.replace("((", "( (")
    assert fill(plain, dict.fromkeys(PLACEHOLDERS, "X")) == plain


def test_a_subject_stays_one_line() -> None:
    subject, _ = Letter("x", "Hello ((name))", "").filled({"name": "Robin\r\nBcc: everybody@example.org"})
    assert subject == "Hello Robin Bcc: everybody@example.org"


class Reader(HTMLParser):
    """Notes tags, links and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and where it leads."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        """Note words."""
        self.words.append(data)


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), max_size=8), st.booleans())
def test_html_holds_the_same_words_and_no_link_but_ours(lines: list[str], bullets: bool) -> None:
    lines = [("- " if bullets else "") + line for line in lines]
    text = "\n".join([*lines, "", f"{OURS}/returns/1?to=/x&y=<b>", "", "https://evil.example/phish"])
    read = Reader(as_html(text, "Subject", OURS))
    assert set(read.tags) <= {"html", "head", "meta", "title", "body", "div", "p", "br", "ul", "li", "a"}
    assert all(link.startswith(f"{OURS}/") for link in read.links)
    said = re.sub(r"\s|-", "", "".join(read.words).replace("Subject", "", 1))
    assert said == re.sub(r"\s|-", "", text)


def test_a_lookalike_of_our_address_is_no_link() -> None:
    html = as_html(f"{OURS}.evil.example/x\n{OURS}@evil.example/", "S", OURS)
    assert Reader(html).links == []


@settings(deadline=None)
@given(YEAR_DAYS, YEAR_DAYS)
def test_how_far_off_a_day_is_reads_back(due: date, today: date) -> None:
    said = when_words(due, today)
    days = {"today": 0, "tomorrow": 1, "yesterday": -1}.get(said)
    if days is None:
        number = int(re.sub(r"\D", "", said))
        days = number if said.startswith("in ") else -number
    assert days == (due - today).days


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (0, "a few minutes to read and sign"),
        (1, "about 10 minutes for the 1 question still to answer"),
        (19, "about 60 minutes for the 19 questions still to answer"),
        (20, "about 1 hour for the 20 questions still to answer"),
        (50, "about 2½ hours for the 50 questions still to answer"),
        (58, "about 3 hours for the 58 questions still to answer"),
    ],
)
def test_how_long_it_takes_is_said_roughly(left: int, said: str) -> None:
    assert time_words(left) == said


def test_progress_is_said_in_full() -> None:
    assert progress_words(34, 58) == "34 of 58 questions answered"
    assert progress_words(0, 1) == "0 of 1 question answered"
