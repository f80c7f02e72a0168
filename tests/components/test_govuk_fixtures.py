"""Our macros against govuk-frontend's own fixtures: same options, same HTML, but for white space.

The npm package ships options and expected HTML for each component; they are the oracle. What differs on
purpose is listed with its reason, and the list itself is tested, so that it cannot rot.
"""

import json
import re
from collections.abc import Iterator
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

MACROS = {
    "back-link": "links.html",
    "breadcrumbs": "links.html",
    "button": "button.html",
    "character-count": "textarea.html",
    "checkboxes": "checkboxes.html",
    "date-input": "date_input.html",
    "details": "text.html",
    "error-message": "error_message.html",
    "error-summary": "messages.html",
    "fieldset": "fieldset.html",
    "file-upload": "file_upload.html",
    "hint": "hint.html",
    "input": "input.html",
    "inset-text": "text.html",
    "label": "label.html",
    "notification-banner": "messages.html",
    "pagination": "pagination.html",
    "panel": "text.html",
    "phase-banner": "text.html",
    "radios": "radios.html",
    "select": "select.html",
    "service-navigation": "service_navigation.html",
    "skip-link": "links.html",
    "summary-list": "summary_list.html",
    "table": "table.html",
    "tabs": "tabs.html",
    "tag": "text.html",
    "task-list": "task_list.html",
    "textarea": "textarea.html",
    "warning-text": "text.html",
}
"""Each component and the file of its macro, which is named as the component is."""

REVEAL = "conditional reveals fail WCAG 4.1.2; pages use visible fields instead"
SCRIPT = "options of govuk's own script, which is not loaded"

DIFFERENT_ON_PURPOSE: dict[tuple[str, str], str] = {}

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
        return {name: trusted(item, "html" if slots and name in SLOTS else name) for name, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return Markup(value) if isinstance(value, str) and key in HTML_OPTIONS else value


def rendered(component: str, options: dict[str, Any], pages: Environment = PAGES) -> str:
    """Render a component's macro with these options."""
    module = pages.get_template(f"components/{MACROS[component]}").module
    return str(getattr(module, component.replace("-", "_"))(options))


def differs(key: tuple[str, str], pages: Environment = PAGES) -> bool:
    """Tell whether our HTML for a fixture differs from the expected one."""
    fixture = ALL_FIXTURES[key]
    return outline(rendered(key[0], trusted(fixture["options"]), pages)) != outline(fixture["html"])


@pytest.mark.parametrize(("component", "name"), EQUAL)
def test_a_macro_writes_what_govuk_frontend_writes(component: str, name: str) -> None:
    fixture = ALL_FIXTURES[component, name]
    assert outline(rendered(component, trusted(fixture["options"]))) == outline(fixture["html"])
