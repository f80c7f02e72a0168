"""Word files from templates: values, conditions and lists go in, nothing else can happen.

A template that a partnership uploads is somebody's code. It may show the values that it is given, ask
whether there is one, and go through a list: every template is read before it runs, and anything else in it
(calls, arithmetic, filters beyond three, assignments, imports) is refused with its reason.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from docx import Document
from docx.shared import Cm, Pt, RGBColor
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.errors import RefusedError

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_UNPACKED: Final = 40 * 1024 * 1024
_MOST_PARTS: Final = 500
_DEEPEST_LOOP: Final = 2
_FILTERS: Final = frozenset({"upper", "lower", "title"})
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.If,
    nodes.For,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
    nodes.Filter,
)
# What no XML can hold; a vertical tab pasted from Word is a line break.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class RefusedTemplateError(TemplateError):
    """A template holds something else than values, conditions and lists."""


class PlainEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox that also reads every template before it runs, whichever part of the file it comes from."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in _FILTERS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _refuse_code(tree, 0)
        return tree


def _refuse_code(node: nodes.Node, depth: int) -> None:
    if not isinstance(node, _ALLOWED):
        what = type(node).__name__.lower()
        raise RefusedTemplateError(f"it holds code ({what}), and only values, if and for are allowed")
    if isinstance(node, nodes.For):
        depth += 1
        if depth > _DEEPEST_LOOP or node.recursive:
            raise RefusedTemplateError("its lists are nested too deeply")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise RefusedTemplateError(f"it uses the filter {node.name}, which is not allowed")
    for child in node.iter_child_nodes():
        _refuse_code(child, depth)


def clean(text: str) -> str:
    """Return a text as XML can hold it."""
    return _NOT_XML.sub(" ", text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {key: _cleaned(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    return value


def filled(template: bytes, values: Mapping[str, Any]) -> bytes:
    """Return a Word file from a template and the values that it shows. Raises TemplateError."""
    document = DocxTemplate(BytesIO(template))
    document.render(_cleaned(values), jinja_env=PlainEnvironment(), autoescape=True)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def check_template(content: bytes, sample: Mapping[str, Any]) -> None:
    """Check an uploaded template by looking into it and filling it with a sample.

    Raises RefusedError that says what is wrong and how to mend it.
    """
    problem = _file_problem(content)
    if problem:
        raise RefusedError("The template was not kept.", {"file": problem})
    try:
        filled(content, sample)
    except TemplateError as error:
        text = f"This template cannot be filled: {error}. Begin again from Eleven’s template"
        raise RefusedError("The template was not kept.", {"file": text}) from error
    except Exception as error:  # whatever else a file of strangers does to the library
        text = "This file is not a Word document that can be filled. Save it in Word as .docx, then try again"
        raise RefusedError("The template was not kept.", {"file": text}) from error


def _file_problem(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        return "The file is larger than 5 MB. Make its pictures smaller"
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
            if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                return "The file unpacks to too much. Make its pictures smaller"
            return next(_part_problems(packed, parts), "")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return "This is not a Word file. Save your template in Word as .docx"


def _part_problems(packed: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> Iterator[str]:
    names = {part.filename for part in parts}
    if "word/document.xml" not in names:
        yield "This is not a Word file. Save your template in Word as .docx"
    if any("vba" in name.lower() or "embeddings/" in name.lower() for name in names):
        yield "The file holds macros or other files. Take them out and save it as .docx"
    for name in sorted(names):
        if not name.endswith((".xml", ".rels")):
            continue
        text = packed.read(name)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            yield "The file holds definitions that no Word document needs. Save it anew in Word"
        outside = re.findall(rb"<Relationship\b[^>]*TargetMode=\"External\"[^>]*>", text)
        if any(b"/hyperlink" not in each for each in outside):
            yield "The file loads something from elsewhere, such as a linked picture. Put it into the file"


# --- Eleven's own templates ------------------------------------------------------------------------


def _styled() -> Any:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(11)
    normal.paragraph_format.space_after = Pt(8)
    for name, size in (("Title", 22), ("Heading 1", 15), ("Heading 2", 12)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.bold = "Arial", Pt(size), True
        style.font.color.rgb = RGBColor(0x0B, 0x55, 0x63)
        # The theme's fonts would win over the name.
        fonts = style.element.rPr.rFonts
        for attribute in list(fonts.attrib):
            if "Theme" in attribute:
                del fonts.attrib[attribute]
    return document


def _saved(document: Any, title: str) -> bytes:
    document.core_properties.title = title
    document.core_properties.author = "{{ partnership }}"
    document.core_properties.comments = ""
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def report_template() -> bytes:
    """Return Eleven's template of a visit report: a partnership may begin its own from it."""
    document = _styled()
    document.sections[0].header.paragraphs[0].text = "{{ partnership }}"
    document.sections[0].footer.paragraphs[0].text = "Edition {{ edition }}, {{ state }}. Ring {{ phone }}."
    document.add_paragraph("Report of the assurance visit", style="Title")
    document.add_paragraph("{{ organisation }}", style="Heading 1")
    document.add_paragraph("Visited on {{ day }}")
    for name, heading in (
        ("strengths", "Strengths"),
        ("development", "Areas for development"),
        ("consideration", "Areas for consideration and action"),
    ):
        document.add_paragraph(heading, style="Heading 1")
        document.add_paragraph(f"{{%p for line in {name} %}}")
        document.add_paragraph("{{ line }}", style="List Bullet")
        document.add_paragraph("{%p endfor %}")
        document.add_paragraph(f"{{%p if not {name} %}}")
        document.add_paragraph("None.")
        document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p if actions %}")
    document.add_paragraph("Actions agreed", style="Heading 1")
    document.add_paragraph("{%p for action in actions %}")
    document.add_paragraph("{{ action.what }} ({{ action.owner }}, by {{ action.due }})", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endif %}")
    document.add_paragraph(
        "The actions are followed up by the Safeguarding Assurance and Improvement Group, and asked about in "
        "the next return."
    )
    return _saved(document, "Report of the assurance visit")


def letter_template() -> bytes:
    """Return the template of the selection letter."""
    document = _styled()
    for text in ("{{ partnership }}", "{{ today }}", "{{ organisation }}", "{{ address }}"):
        document.add_paragraph(text)
    document.add_paragraph("You are selected for an assurance visit", style="Heading 1")
    for text in ("{%p for line in letter %}", "{{ line }}", "{%p endfor %}"):
        document.add_paragraph(text)
    for text in ("Yours sincerely", "{{ partnership }}"):
        document.add_paragraph(text)
    return _saved(document, "Assurance visit")


# What a template is filled with to check and to preview it: every value that a report has.
SAMPLE: Final[Mapping[str, Any]] = {
    "partnership": "Your partnership & its name",
    "phone": "01632 960000",
    "email": "name@example.org",
    "organisation": "An agency <of the area>",
    "address": "1 High Street",
    "day": "Tuesday 16 March 2027",
    "edition": 1,
    "state": "Report agreed",
    "strengths": ["Staff know whom to ask."],
    "development": ["Supervision is late in two teams."],
    "consideration": [],
    "highlights": "A warm welcome.",
    "stars": 4,
    "actions": [{"what": "Plan supervision", "owner": "Head of service", "due": "Friday 28 May 2027"}],
}
