"""Our own components: ratings, progress, charts, and the layout around every page."""

import re
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
PAGES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
OURS = [*TEMPLATES.glob("components/*.html"), *TEMPLATES.glob("layouts/*.html")]


def macro(file: str, name: str, *arguments: Any, **named: Any) -> str:
    """Render a macro with its arguments."""
    return str(getattr(PAGES.get_template(f"components/{file}").module, name)(*arguments, **named))


def spoken(html: str) -> str:
    """Return what a screen reader says: the text that is not hidden from it."""
    heard = re.sub(r'<span[^>]*aria-hidden="true"[^>]*>[^<]*</span>', "", html)
    return " ".join(re.sub(r"<[^>]+>", "", heard).split())


@pytest.mark.parametrize(
    ("level", "letter", "word"),
    [
        ("red", "R", "Red"),
        ("amber", "A", "Amber"),
        ("green", "G", "Green"),
        ("unanswered", "\N{EN DASH}", "Not answered"),
        ("insufficient", "?", "Not enough answers"),
        ("not_rated", "n/a", "Not rated"),
        ("na", "n/a", "Not applicable"),
    ],
)
def test_a_rating_shows_a_letter_and_says_its_word(level: str, letter: str, word: str) -> None:
    cell = macro("rating.html", "rating_cell", level)
    assert f">{letter}<" in cell
    assert spoken(cell) == word
    assert spoken(macro("rating.html", "rating_tag", level)) == word


def test_a_validated_rating_gets_a_tick_and_a_different_one_stands_beside_the_own() -> None:
    same = macro("rating.html", "rating_cell", "green", validated="green")
    assert "rating__tick" in same
    assert spoken(same) == "Green, validated"
    lower = macro("rating.html", "rating_cell", "green", validated="amber", unevidenced=True)
    assert lower.index("rating--green") < lower.index("→") < lower.index("rating--amber")
    assert spoken(lower) == "Green, no evidence given, validated as amber"
    tag = macro("rating.html", "rating_tag", "green", validated="amber")
    assert spoken(tag) == "Green , validated as Amber"
    assert "rating__tick" not in macro("rating.html", "rating_cell", "green")


def test_a_scale_of_a_questionnaires_own_brings_its_letter_and_word() -> None:
    cell = macro("rating.html", "rating_cell", "amber", letter="2", word="Developing")
    assert ">2<" in cell
    assert spoken(cell) == "Developing"


def test_a_profile_has_a_line_in_words_for_each_domain() -> None:
    parts = [{"level": "red", "letter": "R", "word": "Red", "count": 0},
             {"level": "amber", "letter": "A", "word": "Amber", "count": 2},
             {"level": "green", "letter": "G", "word": "Green", "count": 7}]  # fmt: skip
    domains = [
        {"name": "Governance & leadership", "level": "amber", "parts": parts, "reason": "None is red"},
        {"name": "Bespoke", "level": "not_rated", "parts": []},
    ]
    profile = macro("rating.html", "domain_profile", {"domains": domains})
    assert profile.count("<li") == 2
    assert "Governance &amp; leadership" in profile
    assert "2 amber, 7 green" in spoken(profile)
    assert "bar__part--red" not in profile
    assert 'x="22.22%"' in profile
    assert "No standard applies" in profile


def test_progress_says_in_words_what_the_bar_shows() -> None:
    bar = macro("progress.html", "progress_bar", {"value": 34, "max": 58, "text": "34 of 58 standards done"})
    assert spoken(bar) == "34 of 58 standards done"
    assert 'value="34" max="58"' in bar


def test_a_line_stops_where_there_are_no_numbers_and_the_table_has_them_all() -> None:
    chart = macro(
        "charts.html",
        "line_chart",
        {
            "id": "answered",
            "title": "Answered by day",
            "description": "Half have answered.",
            "unit": "%",
            "max": 100,
            "labels": ["1 Nov", "2 Nov", "3 Nov", "4 Nov", "5 Nov"],
            "ticks": [0, 4],
            "series": [
                {"name": "This year", "kind": "current", "values": [0, 25, None, 50, None]},
                {"name": "Target", "kind": "target", "values": [0, 25, 50, 75, 100]},
            ],
        },
    )
    assert 'd="M0.0 1000.0L250.0 750.0M750.0 500.0"' in chart
    assert 'cx="76.25%" cy="114.0"' in chart
    assert ">50%</text>" in chart
    assert 'aria-labelledby="answered-title answered-text"' in chart
    assert chart.count('<th scope="row"') == 5
    assert spoken(chart[chart.index("3 Nov</th>") :]).startswith("3 Nov \N{EN DASH} 50% 4 Nov 50% 75%")


@pytest.mark.parametrize("values", [[], [None], [7]])
def test_a_chart_with_hardly_any_numbers_still_draws(values: list[int | None]) -> None:
    params = {
        "id": "a",
        "title": "Answered",
        "description": "",
        "labels": ["1 Nov"] * len(values),
        "series": [{"name": "This year", "kind": "current", "values": values}],
    }
    assert "<svg" in macro("charts.html", "line_chart", params)
    assert "None" in macro("charts.html", "stacked_bar", {"parts": []})


def page(actor: dict[str, str | bool] | None, links: list[dict[str, object]]) -> str:
    """Render an empty page in the layout."""
    source = '{% extends "layouts/base.html" %}{% block title %}Rounds{% endblock %}'
    partnership = {"name": "Wolds & Coast Partnership", "email": "", "phone": ""}
    return PAGES.from_string(source).render(partnership=partnership, actor=actor, navigation=links)


def test_a_page_bears_the_partnerships_name_and_no_crown() -> None:
    html = page(
        {"name": "Jo Bloggs", "is_partnership": True}, [{"text": "Home", "href": "/", "active": True}]
    )
    assert "<title>Rounds \N{EN DASH} Eleven \N{EN DASH} Wolds &amp; Coast Partnership</title>" in html
    assert 'action="/sign-out" method="post"' in html
    assert 'aria-current="true"' in html
    assert not re.search("crown|crest|rebranded|GDS|GOV.UK", html)
    for href in ("/accessibility", "/privacy", "/contact", "#main-content"):
        assert f'href="{href}"' in html


def test_a_visitor_sees_no_navigation_and_no_way_to_sign_out() -> None:
    html = page(None, [])
    assert "<nav" not in html
    assert "/sign-out" not in html


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_template_holds_inline_script_or_style(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|hx-on|<script(?![^>]*\ssrc=)", source)
    assert "|safe" not in re.sub(r'"</?\w+>"\|safe', "", source)
    assert len(source.splitlines()) <= 120
