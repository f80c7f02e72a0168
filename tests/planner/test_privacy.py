"""The privacy notice says what the register, the rules and the settings say."""

import html

import pytest

from app.core.settings import settings
from app.people.retention_rules import RULES, kept_for_people
from tests.conftest import ClientAs

pytestmark = pytest.mark.access


def missing(page: str) -> list[str]:
    """Return the rules whose period the page does not tell."""
    lines = kept_for_people(settings())
    assert len(lines) == len(RULES)
    return [what for what, long in lines if what not in page or long not in page]


def test_the_notice_tells_every_period_as_it_is_set(
    client_as: ClientAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "keep_session_days", 41)
    monkeypatch.setattr(settings(), "keep_return_years", 9)
    page = html.unescape(client_as().get("/privacy").text)
    assert missing(page) == []
    assert "41 days after signing out" in page
    assert "9 years after the school year" in page


def test_a_notice_with_another_period_is_found(client_as: ClientAs) -> None:
    """The control: one period changed by hand."""
    page = html.unescape(client_as().get("/privacy").text)
    assert missing(page.replace("90 days after signing out", "30 days after signing out")) == [
        "Where and when people were signed in"
    ]


def test_the_notice_says_what_erasing_leaves(client_as: ClientAs) -> None:
    page = client_as().get("/privacy").text
    for words in ("public task", "open “Your account”", "stays as you signed it", "Information Commissioner"):
        assert words in page
