"""Word files of visits: whole, escaped, and from templates that can do nothing but show values."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docxtpl import DocxTemplate
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from app.core.access import PartnershipRole, Work
from app.core.errors import RefusedError
from app.visits import documents as word_templates
from app.visits import queries
from app.visits.documents import SAMPLE, check_template, filled, letter_template, report_template
from app.visits.enquiry import Ask, Source
from app.visits.queries import QuestionLine, SlotLine
from app.visits.report import Shows
from exports.visit_pack import Pack, visit_pack
from tests.conftest import ClientAs
from tests.visits import scenes

pytestmark = pytest.mark.visits

NASTY = "Fish & chips <w:p/> {{ 7*7 }} {% for %} \x0b\x01 ＝1 😀 \u202e"


def words(content: bytes) -> str:
    document = Document(BytesIO(content))
    parts = [each.text for each in document.paragraphs]
    for table in document.tables:
        parts += [cell.text for row in table.rows for cell in row.cells]
    for section in document.sections:
        parts += [each.text for each in (*section.header.paragraphs, *section.footer.paragraphs)]
    return "\n".join(parts)


def template_of(*paragraphs: str) -> bytes:
    document = Document()
    for text in paragraphs:
        document.add_paragraph(text)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_the_report_says_what_it_is_given() -> None:
    text = words(filled(report_template(), SAMPLE))
    for expected in (
        "Your partnership & its name",
        "An agency <of the area>",
        "Staff know whom to ask.",
        "Plan supervision (Head of service, by Friday 28 May 2027)",
        "None.",
    ):
        assert expected in text
    assert "{{" not in text
    assert "{%" not in text


def test_whatever_people_typed_is_text() -> None:
    values = {**SAMPLE, "organisation": NASTY, "strengths": [NASTY]}
    text = words(filled(report_template(), values))
    assert "Fish & chips <w:p/> {{ 7*7 }} {% for %}" in text
    assert "49" not in text


def test_control_without_escaping_text_is_lost_or_the_file_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unescaped(SandboxedEnvironment):
        def __init__(self) -> None:
            super().__init__()

    real = DocxTemplate.render

    def careless(self: Any, context: Any, jinja_env: Any = None, autoescape: bool = False) -> None:
        del jinja_env, autoescape
        real(self, context, Unescaped())

    monkeypatch.setattr(DocxTemplate, "render", careless)
    values = {**SAMPLE, "organisation": "Fish & chips <of the area>"}
    try:
        text = words(filled(report_template(), values))
    except Exception:  # noqa: BLE001 - a broken file is as bad as lost words
        text = ""
    assert "Fish & chips <of the area>" not in text


def test_elevens_own_template_passes_its_check() -> None:
    check_template(report_template(), SAMPLE)
    check_template(template_of("{{ organisation|upper }}", "{% if stars %}{{ stars }}{% endif %}"), SAMPLE)


@pytest.mark.parametrize(
    "attack",
    [
        "{{ organisation.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ organisation.upper() }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 'a' * 1000000000 }}",
        "{{ organisation|attr('__class__') }}",
        "{{ organisation|center(100000000) }}",
        "{{ range(10) }}",
        "{{ cycler }}",
        "{{ unknown_name }}",
        "{% set x = 1 %}",
        "{% include 'letter' %}",
        "{% import 'os' as os %}",
        "{% macro m() %}{% endmacro %}",
        "{% for a in strengths %}{% for b in a %}{% for c in a %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ strengths[0] }}",
        "{{ organisation",
        "{% for a in strengths %}",
    ],
)
def test_a_template_that_does_more_than_show_values_is_refused(attack: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_template(template_of(attack), SAMPLE)
    assert "file" in caught.value.problems


def test_code_in_a_header_or_in_the_files_title_is_refused_too() -> None:
    for place in ("header", "title"):
        document = Document()
        if place == "header":
            document.sections[0].header.paragraphs[0].text = "{{ organisation.upper() }}"
        else:
            document.core_properties.title = "{{ organisation.upper() }}"
        out = BytesIO()
        document.save(out)
        with pytest.raises(RefusedError):
            check_template(out.getvalue(), SAMPLE)


def test_control_a_plain_sandbox_lets_calls_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_templates, "_refuse_code", lambda _node, _depth: None)
    assert "AN AGENCY" in words(filled(template_of("{{ organisation.upper() }}"), SAMPLE))


def _rezipped(change: Callable[[zipfile.ZipFile], None], skip: str = "") -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(report_template())) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            if name != skip:
                new.writestr(name, old.read(name))
        change(new)
    return out.getvalue()


def _linked(new: zipfile.ZipFile) -> None:
    link = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r" Type="http://x/image" Target="http://x.example/" TargetMode="External"/>'
        "</Relationships>"
    )
    new.writestr("word/_rels/header9.xml.rels", link)


@pytest.mark.parametrize(
    "made",
    [
        lambda: b"not a file",
        lambda: b"PK\x03\x04 broken",
        lambda: _rezipped(lambda new: new.writestr("word/vbaProject.bin", b"x")),
        lambda: _rezipped(lambda new: new.writestr("word/big.xml", b"0" * (41 * 1024 * 1024))),
        lambda: _rezipped(_linked),
        lambda: _rezipped(lambda new: new.writestr("word/x.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>")),
        lambda: _rezipped(lambda _new: None, skip="word/document.xml"),
        lambda: b"0" * (5 * 1024 * 1024 + 1),
    ],
    ids=["text", "broken", "macros", "bomb", "linked picture", "entities", "no document", "too large"],
)
def test_a_hostile_file_is_refused_with_a_sentence(made: Callable[[], bytes]) -> None:
    content = made()
    with pytest.raises(RefusedError) as caught:
        check_template(content, SAMPLE)
    assert caught.value.problems["file"]


def test_the_letter_says_what_was_written() -> None:
    written = {"today": "Monday", "letter": ["Come & see.", "The Act {{ 7*7 }}"]}
    text = words(filled(letter_template(), {**SAMPLE, **written}))
    assert "Come & see." in text
    assert "The Act {{ 7*7 }}" in text
    with pytest.raises(TemplateError):
        filled(letter_template(), SAMPLE)  # a value that is missing is not left blank


def test_the_pack_holds_everything_and_keeps_to_xml() -> None:
    line = QuestionLine(
        1, Source.YOUNG, "a", "A", Ask.CHILDREN, NASTY, NASTY, 1, False, False, "", "", Shows.NOTHING
    )
    pack = Pack(
        partnership="P & Q",
        phone="1",
        organisation=NASTY,
        day="Tuesday",
        address="",
        profile=(("Leadership", "Red"),),
        slots=(SlotLine(1, "09:30", "10:00", "Meet <them>", "Sam"),),
        questions={"A": {Ask.CHILDREN: [line]}},
        actions=("Open action: plan",),
    )
    text = words(visit_pack(pack))
    for expected in (
        "Meet <them>",
        "Young scrutineers ask: Fish & chips <w:p/> {{ 7*7 }}",
        "Open action: plan",
    ):
        assert expected in text


def test_each_file_is_offered_to_those_who_may_read_it(work: Work, client_as: ClientAs) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.visited(work, place)
    work.session.commit()
    pso = client_as(PartnershipRole.PSO)
    for name in ("letter", "pack"):
        reply = pso.get(f"/visits/{visit_id}/{name}.docx")
        assert reply.status_code == 200
        assert "Emberwick Probation Service" in words(reply.content)
    assert pso.get(f"/visits/{visit_id}/report.docx").status_code == 404
    first = queries.questions(work.session, visit_id)[0]
    assert first.text in words(pso.get(f"/visits/{visit_id}/pack.docx").content)
    assert (
        client_as(PartnershipRole.SAFEGUARDING_PARTNER).get(f"/visits/{visit_id}/pack.docx").status_code
        == 404
    )


def test_a_template_is_uploaded_previewed_and_used(work: Work, client_as: ClientAs) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.agreed(work, place)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    wrong = manager.post("/visits/template", files={"file": ("x.docx", template_of("{{ 1 + 1 }}"))})
    assert wrong.status_code == 422
    assert "only values, if and for are allowed" in wrong.text
    assert manager.post("/visits/template", data={"x": "y"}).status_code == 422
    ours = template_of("OUR OWN LOOK {{ organisation }}")
    assert manager.post("/visits/template", files={"file": ("ours.docx", ours)}).status_code == 303
    page = manager.get("/visits/settings").text
    number = page.split("/visits/template/")[1].split("/")[0]
    assert "OUR OWN LOOK An agency" in words(manager.get(f"/visits/template/{number}/preview.docx").content)
    assert "OUR OWN" not in words(manager.get(f"/visits/{visit_id}/report.docx").content)
    use = {"part": "template", "template_id": number}
    assert manager.post("/visits/settings", data=use).status_code == 303
    assert "OUR OWN LOOK Emberwick" in words(manager.get(f"/visits/{visit_id}/report.docx").content)
    manager.post("/visits/settings", data={"part": "template", "template_id": ""})
    assert "OUR OWN" not in words(manager.get(f"/visits/{visit_id}/report.docx").content)
    assert words(manager.get("/visits/template.docx").content).count("{{") > 3
