"""The visit pack: everything that the visitors need, on paper, with room to write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from app.visits.documents import clean
from app.visits.enquiry import ASK_WORDS, Ask
from app.visits.queries import QuestionLine, SlotLine

_ACCENT: Final = RGBColor(0x0B, 0x55, 0x63)
_ROOM_TO_WRITE: Final = Cm(2.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """What goes into a visit pack."""

    partnership: str
    phone: str
    organisation: str
    day: str
    address: str
    profile: tuple[tuple[str, str], ...]
    slots: tuple[SlotLine, ...]
    questions: Mapping[str, Mapping[Ask, Iterable[QuestionLine]]]
    actions: tuple[str, ...]


def visit_pack(pack: Pack) -> bytes:
    """Return the pack as a Word file."""
    document: Any = Document()
    _look(document, pack)
    document.add_paragraph("Visit pack", style="Title")
    document.add_paragraph(clean(pack.organisation), style="Heading 1")
    document.add_paragraph(clean(f"{pack.day}. {pack.address}".rstrip(". ") + "."))
    document.add_paragraph(
        "Confidential to the visiting team. Write nothing that names a child. Hand your notes to the lead "
        "scrutiny officer at the end of the day."
    )
    _programme(document, pack.slots)
    _profile(document, pack.profile)
    if pack.actions:
        document.add_paragraph("Open actions", style="Heading 1")
        for text in pack.actions:
            document.add_paragraph(clean(text), style="List Bullet")
    document.add_page_break()
    document.add_paragraph("Lines of enquiry", style="Heading 1")
    for domain, asks in pack.questions.items():
        document.add_paragraph(clean(domain), style="Heading 2")
        for ask, lines in asks.items():
            document.add_paragraph(f"Ask {ASK_WORDS[ask].lower()}", style="Heading 3")
            for line in lines:
                _question(document, line)
    _end_of_day(document)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _look(document: Any, pack: Pack) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(2.4), Cm(1.8)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = "Arial", Pt(10.5)
    normal.paragraph_format.space_after = Pt(6)
    for name, size in (("Title", 22), ("Heading 1", 15), ("Heading 2", 12.5), ("Heading 3", 11)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = "Arial", Pt(size), _ACCENT
        fonts = style.element.rPr.rFonts
        for attribute in [each for each in fonts.attrib if "Theme" in each]:
            del fonts.attrib[attribute]
    section.header.paragraphs[0].text = clean(pack.partnership)
    foot = section.footer.paragraphs[0]
    foot.add_run(clean(f"{pack.organisation}, {pack.day}. Ring {pack.phone}. Page "))
    _field(foot, "PAGE")
    document.core_properties.title = clean(f"Visit pack: {pack.organisation}")[:255]
    document.core_properties.author = clean(pack.partnership)[:255]
    document.core_properties.comments = ""


def _field(paragraph: Any, name: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    paragraph._p.append(field)  # noqa: SLF001 - python-docx has no call for fields


def _table(document: Any, heads: tuple[str, ...], widths: tuple[float, ...]) -> Any:
    table = document.add_table(rows=1, cols=len(heads))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for cell, text, width in zip(table.rows[0].cells, heads, widths, strict=True):
        cell.width = Cm(width)
        cell.paragraphs[0].add_run(text).bold = True
    # The head is repeated on every page that the table goes on.
    properties = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001
    properties.append(OxmlElement("w:tblHeader"))
    return table


def _row(table: Any, texts: tuple[str, ...], widths: tuple[float, ...]) -> None:
    cells = table.add_row().cells
    for cell, text, width in zip(cells, texts, widths, strict=True):
        cell.width, cell.text = Cm(width), clean(text)


def _programme(document: Any, slots: tuple[SlotLine, ...]) -> None:
    document.add_paragraph("Programme", style="Heading 1")
    if not slots:
        document.add_paragraph("There is no programme yet.")
        return
    widths = (3.2, 8.3, 5.5)
    table = _table(document, ("Time", "What", "Who"), widths)
    for slot in slots:
        _row(table, (f"{slot.begins} to {slot.ends}", slot.what, slot.who), widths)


def _profile(document: Any, profile: tuple[tuple[str, str], ...]) -> None:
    if not profile:
        return
    document.add_paragraph("How they rate themselves", style="Heading 1")
    widths = (11.0, 6.0)
    table = _table(document, ("Domain", "Rating"), widths)
    for domain, words in profile:
        _row(table, (domain, words), widths)


def _question(document: Any, line: QuestionLine) -> None:
    """Write one question with its source and room to write; it stays together on a page."""
    young = "Young scrutineers ask: " if line.source.value == "young" else ""
    asked = document.add_paragraph()
    asked.add_run(clean(young + line.text)).bold = True
    asked.paragraph_format.keep_with_next = True
    if line.why:
        why = document.add_paragraph()
        why.add_run(clean(line.why)).italic = True
        why.paragraph_format.keep_with_next = True
    table = document.add_table(rows=2, cols=2)
    table.style, table.autofit = "Table Grid", False
    for cell, text in zip(table.rows[0].cells, (f"Heard: {line.heard}", f"Seen: {line.seen}"), strict=True):
        cell.width, cell.text = Cm(8.5), clean(text)
        cell.paragraphs[0].paragraph_format.keep_with_next = True
    table.rows[0].height = _ROOM_TO_WRITE
    shows = table.rows[1].cells[0].merge(table.rows[1].cells[1])
    shows.text = (
        "Shows:  \u2610 strength   \u2610 development   \u2610 consideration and action   \u2610 asked"
    )
    document.add_paragraph()


def _end_of_day(document: Any) -> None:
    document.add_page_break()
    document.add_paragraph("At the end of the day", style="Heading 1")
    for text in ("Highlights to tell the agency now", "Young scrutineers: what we think, and why"):
        document.add_paragraph(text, style="Heading 2")
        table = document.add_table(rows=1, cols=1)
        table.style = "Table Grid"
        table.rows[0].height = Cm(6)
    stars = document.add_paragraph("Young scrutineers’ stars:  ")
    stars.add_run("\u2606 \u2606 \u2606 \u2606 \u2606").font.size = Pt(20)
