"""Our macros against govuk-frontend's own fixtures: same options, same HTML, but for white space.

The npm package ships options and expected HTML for each component; they are the oracle. What differs on
purpose is listed with its reason, and the list itself is tested, so that it cannot rot.
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import BaseLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
GOVUK = ROOT / "node_modules" / "govuk-frontend" / "dist" / "govuk" / "components"

MACROS = (
    "back-link",
    "breadcrumbs",
    "button",
    "checkboxes",
    "details",
    "error-message",
    "error-summary",
    "fieldset",
    "file-upload",
    "hint",
    "input",
    "inset-text",
    "label",
    "notification-banner",
    "pagination",
    "panel",
    "radios",
    "select",
    "service-navigation",
    "skip-link",
    "summary-list",
    "table",
    "tag",
    "textarea",
    "warning-text",
)
"""The components that we write; each has a file of its name and a macro of its name."""

REVEAL = "conditional reveals fail WCAG 4.1.2; pages use visible fields instead"
SCRIPT = "options of govuk's own script, which is not loaded"

DIFFERENT_ON_PURPOSE = {
    ("checkboxes", "small with conditional reveal"): REVEAL,
    ("checkboxes", "textarea in conditional"): REVEAL,
    ("checkboxes", "with conditional item checked"): REVEAL,
    ("checkboxes", "with conditional items"): REVEAL,
    ("checkboxes", "with conditional items with special characters"): REVEAL,
    ("checkboxes", "with divider, None and conditional items"): REVEAL,
    ("checkboxes", "with optional form-group classes showing group error"): REVEAL,
    ("checkboxes", "with pre-checked values"): REVEAL,
    ("file-upload", "enhanced"): SCRIPT,
    ("file-upload", "enhanced, custom wrapper classes and attributes"): SCRIPT,
    ("file-upload", "enhanced, multiple files"): SCRIPT,
    ("file-upload", "enhanced, with error message and hint"): SCRIPT,
    ("file-upload", "translated"): SCRIPT,
    ("radios", "small with conditional reveal"): REVEAL,
    ("radios", "textarea in conditional"): REVEAL,
    ("radios", "with conditional item checked"): REVEAL,
    ("radios", "with conditional items"): REVEAL,
    ("radios", "with conditional items and pre-checked value"): REVEAL,
    ("radios", "with conditional items with special characters"): REVEAL,
    ("radios", "with optional form-group classes showing group error"): REVEAL,
}
"""Fixtures that we do not reproduce, and why."""

INLINE = {"a", "b", "em", "i", "path", "span", "strong", "svg"}
VOID = {"br", "circle", "img", "input", "path"}
HTML_OPTIONS = {"html", "titleHtml", "summaryHtml", "descriptionHtml"}
SLOTS = {"start", "end", "navigationStart", "navigationEnd"}

Outline = tuple[list[tuple[str, ...]], list[str]]


class Reader(HTMLParser):
    """Reads a page as a tree (tags, attributes, texts) and as lines of text, as people would hear it."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[tuple[str, ...]] = []
        self.spoken = [""]
        self.verbatim: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag with its attributes in alphabetical order; order and spaces in them mean nothing."""
        pairs = sorted(f"{name}={' '.join((value or '').split())}" for name, value in attrs)
        self.nodes.append(("open", tag, *pairs))
        self.verbatim = "" if tag == "textarea" else None
        self.separate(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of an element that has one; a textarea's text counts to the last space."""
        if self.verbatim is not None:
            self.nodes.append(("verbatim", self.verbatim))
            self.verbatim = None
        if tag not in VOID:
            self.nodes.append(("close", tag))
        self.separate(tag)

    def handle_data(self, data: str) -> None:
        """Note words; spaces between them collapse as they do in a browser."""
        if self.verbatim is not None:
            self.verbatim += data
            return
        self.spoken[-1] += data
        if words := " ".join(data.split()):
            self.nodes.append(("text", words))

    def separate(self, tag: str) -> None:
        """Begin a new line of text at the edge of a block."""
        if tag not in INLINE:
            self.spoken.append("")


def outline(html: str) -> Outline:
    """Return what matters of a piece of HTML: its tree, and its text line by line."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in reader.spoken)
    return reader.nodes, [line for line in lines if line]


def environment(loader: BaseLoader | None = None) -> Environment:
    """Build a template environment as strict as the program's."""
    return Environment(
        loader=loader or FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


PAGES = environment()


def fixtures(component: str) -> dict[str, dict[str, Any]]:
    """Return a component's fixtures by name."""
    document = json.loads((GOVUK / component / "fixtures.json").read_text("utf-8"))
    return {fixture["name"]: fixture for fixture in document["fixtures"]}


ALL_FIXTURES = {
    (component, name): fixture for component in MACROS for name, fixture in fixtures(component).items()
}
EQUAL = [key for key in ALL_FIXTURES if key not in DIFFERENT_ON_PURPOSE]


def trusted(value: Any, key: str = "") -> Any:
    """Mark the html options of a fixture as ours: macros escape what is a plain string."""
    if isinstance(value, dict):
        slots = key == "slots"
        return {
            name: trusted(item, "html" if slots and name in SLOTS else name) for name, item in value.items()
        }
    if isinstance(value, list):
        return [trusted(item) for item in value]
    if isinstance(value, str) and key in HTML_OPTIONS:
        return Markup(value)  # noqa: S704 - the fixtures are the package's own
    return value


def rendered(component: str, options: dict[str, Any], pages: Environment = PAGES) -> str:
    """Render a component's macro with these options."""
    module = pages.get_template(f"components/{component}.html").module
    return str(getattr(module, component.replace("-", "_"))(options))


def ours(key: tuple[str, str], pages: Environment = PAGES) -> Outline:
    """Return the outline of what our macro makes of a fixture's options."""
    return outline(rendered(key[0], trusted(ALL_FIXTURES[key]["options"]), pages))


def theirs(key: tuple[str, str]) -> Outline:
    """Return the outline of a fixture's expected HTML."""
    return outline(ALL_FIXTURES[key]["html"])


def without_what_we_leave_out(nodes: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Take the reveals, and the wrapper and texts for govuk's script, out of an outline."""
    unwanted = ("data-aria-controls=", "data-i18n.")
    open_tags: list[str] = []
    for node in nodes:
        kind, tag, *pairs = node
        within = "drop" in open_tags
        if kind == "open":
            classes = next((pair for pair in pairs if pair.startswith("class=")), "")
            verdict = "drop" if "__conditional" in classes else "keep"
            verdict = "unwrap" if "govuk-file-upload-wrapper" in classes else verdict
            if tag not in VOID:
                open_tags.append(verdict)
        else:
            verdict = open_tags.pop() if kind == "close" else "keep"
        if verdict == "keep" and not within:
            yield (kind, tag, *(pair for pair in pairs if not pair.startswith(unwanted)))


@pytest.mark.parametrize(("component", "name"), EQUAL)
def test_a_macro_writes_what_govuk_frontend_writes(component: str, name: str) -> None:
    assert ours((component, name)) == theirs((component, name))


@pytest.mark.parametrize(("component", "name"), DIFFERENT_ON_PURPOSE)
def test_a_listed_fixture_exists_and_differs_in_nothing_but_what_we_leave_out(
    component: str, name: str
) -> None:
    nodes, _ = theirs((component, name))
    assert ours((component, name))[0] != nodes
    assert ours((component, name))[0] == list(without_what_we_leave_out(nodes))


def test_every_macro_has_fixtures_and_few_are_left_out() -> None:
    assert {component for component, _ in EQUAL} == set(MACROS)
    assert len(DIFFERENT_ON_PURPOSE) * 20 < len(ALL_FIXTURES)


@pytest.mark.parametrize(
    ("component", "right", "wrong"),
    [
        ("radios", "govuk-radios__item", "govuk-radios__items"),
        ("radios", "-item-hint", "-hint"),
        ("checkboxes", " checked{%", "{%"),
        ("select", " selected{%", "{%"),
        ("textarea", "{{ value }}</textarea>", " {{ value }}</textarea>"),
        ("textarea", "{{ value }}</textarea>", "{{ value }}\n</textarea>"),
        ("error-message", ":</span>", "</span>"),
        ("pagination", "> page</span>", ">page</span>"),
        ("input", 'value="{{', 'VALUE="0{{'),
        ("table", 'scope="row"', 'scope="col"'),
        ("fieldset", "{{ title }}", ""),
        ("tag", "</strong>", "</strong><br>"),
    ],
)
def test_an_altered_macro_is_caught(component: str, right: str, wrong: str) -> None:
    sources = {
        f"components/{path.name}": path.read_text("utf-8") for path in TEMPLATES.glob("components/*.html")
    }
    altered = f"components/{component}.html"
    assert right in sources[altered]
    sources[altered] = sources[altered].replace(right, wrong)
    pages = environment(DictLoader(sources))
    assert any(ours(key, pages) != theirs(key) for key in EQUAL if key[0] == component)


def hostile(value: Any) -> Any:
    """Replace each text in a fixture's options by an attempt to break out of it."""
    if isinstance(value, dict):
        return {name: hostile(item) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return "\"'><script>" if value and isinstance(value, str) else value


@pytest.mark.parametrize("component", MACROS)
def test_no_text_ever_becomes_markup_whatever_the_option(component: str) -> None:
    for fixture in fixtures(component).values():
        assert "<script" not in rendered(component, hostile(fixture["options"]))


def as_a_browser_reads_it(html: str) -> str:
    """Return a textarea's value as the HTML standard defines it."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", html.replace("\r\n", "\n"), re.DOTALL)
    assert found
    return unescape(found[1].removeprefix("\n"))


def in_a_fieldset(value: str) -> str:
    """Render a textarea deep in a form: a fieldset around a group with a hint and an error."""
    source = """
        {% from "components/fieldset.html" import fieldset %}
        {% from "components/textarea.html" import textarea %}
        {% call fieldset({"legend": {"text": "How do you know?"}}) %}
          {% call fieldset({"legend": {"text": "Evidence"}}) %}
            {{ textarea({"name": "evidence", "label": {"text": "Evidence"}, "hint": {"text": "In short"},
                         "errorMessage": {"text": "Say more"}, "value": value}) }}
          {% endcall %}
        {% endcall %}
    """
    return PAGES.from_string(source).render(value=value)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ab é\n\t <>&\"'/{}%", max_size=40))
def test_a_textarea_gives_back_what_was_typed_however_often_it_is_shown_again(typed: str) -> None:
    value = typed
    for _ in range(3):
        html = in_a_fieldset(value)
        value = as_a_browser_reads_it(html).replace("\n", "\r\n")  # forms send line breaks like this
    assert value.replace("\r\n", "\n") == typed


def test_a_choice_is_found_whether_it_is_kept_as_a_number_or_as_text() -> None:
    items = [{"text": "Not in place", "value": 0}, {"text": "In place", "value": 2}]
    for value in (2, "2"):
        page = rendered("radios", {"name": "level", "items": items, "value": value})
        assert page.count("checked") == 1
        assert re.search(r'value="2"\s+checked', page)
    assert "checked" not in rendered("radios", {"name": "level", "items": items, "value": None})
    assert re.search(r'value="0"\s+checked', rendered("radios", {"name": "a", "items": items, "value": 0}))
