"""The board's workbook of a round, cell by cell against what is stored."""

import io
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from app.actions.rules import STATUS_WORDS, ActionStatus
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.clock import LONDON
from app.core.errors import NotFoundError
from app.questionnaires.definition import Questionnaire
from tests import builders
from tests.conftest import NOW
from tests.exports.conftest import workbook_of
from tests.exports.package_checks import chart_words, faults, records, reread
from tests.exports.rounds import SIGNED, SIZE, Made
from tests.exports.texts import as_shown

SHEETS = [
    "Cover", "Summary", "Domains", "Standards", "Answers", "Facts", "Strengths", "Actions",
    "Non-responders", "Exempt", "Data dictionary", "Cut texts",
]  # fmt: skip


def stored(session: Session, statement: str, **values: Any) -> list[Any]:
    return list(session.connection().execute(text(statement), values))


def london(moment: datetime | None) -> datetime | None:
    return moment.astimezone(LONDON).replace(tzinfo=None, microsecond=0) if moment else None


def day(value: date | None) -> datetime | None:
    return datetime(value.year, value.month, value.day) if value else None  # noqa: DTZ001


def test_the_package_is_sound(content: bytes) -> None:
    assert faults(content) == []


def test_the_sheets_stand_in_their_order(sheets: dict[str, list[list[Any]]]) -> None:
    assert list(sheets) == SHEETS


def test_every_signed_answer_is_a_row_that_equals_what_is_stored(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]], asked: Questionnaire
) -> None:
    rows = {
        (row["Organisation"], row["Standard key"]): row
        for row in records(sheets["Answers"])
        if row["Standard key"]
    }
    answers = stored(
        arranged,
        "SELECT o.name, a.*, u.name AS person FROM answer a JOIN return r ON r.id = a.return_id "
        "JOIN organisation o ON o.id = r.organisation_id JOIN user_account u ON u.id = a.updated_by "
        "WHERE r.round_id = :round AND r.state = 'signed'",
        round=made.round_id,
    )
    judged = [each for each in answers if asked.standard(each.standard_key).rated]
    assert len(judged) > 500
    words = {"red": "Red", "amber": "Amber", "green": "Green", None: "Not answered"}
    for each in judged:
        row = rows[as_shown(each.name), each.standard_key]
        standard = asked.standard(each.standard_key)
        domain = asked.domain_of(each.standard_key)
        unevidenced = each.level == "green" and not each.evidence.strip()
        expected = {
            "Return": "Signed",
            "Domain": domain.title if domain else None,
            "Standard": standard.title,
            "Critical": "Yes" if standard.critical else None,
            "Self-rating": "Not applicable" if each.not_applicable else words[each.level],
            "Validated rating": None,
            "Comment": as_shown(each.comment) or None,
            "Evidence": as_shown(each.evidence) or None,
            "Evidence mark": "Unevidenced" if unevidenced else None,
            "Why not applicable": as_shown(each.not_applicable_reason) or None,
            "Strength": "Yes" if each.strength else None,
            "Action: what": as_shown(each.action_what) or None,
            "Action: who": as_shown(each.action_owner) or None,
            "Action: by when": day(each.action_due),
            "Changed by": each.person,
            "Changed at": london(each.updated_at),
        }
        assert {name: row[name] for name in expected} == expected


def test_what_was_asked_but_not_answered_is_a_row_too(
    sheets: dict[str, list[list[Any]]],
) -> None:
    rows = [row for row in records(sheets["Answers"]) if row["Return"] == "Signed"]
    not_answered = [row for row in rows if row["Self-rating"] == "Not answered"]

    assert not_answered
    assert all(row["Comment"] is None and row["Changed by"] is None for row in not_answered)


def test_a_return_that_is_not_signed_shows_its_state_and_no_draft(
    sheets: dict[str, list[list[Any]]],
) -> None:
    rows = [row for row in records(sheets["Answers"]) if row["Return"] != "Signed"]

    assert len(rows) == SIZE - SIGNED
    assert all(row["Standard key"] is None and row["Self-rating"] is None for row in rows)
    everything = [value for rows in sheets.values() for row in rows for value in row]
    assert "A draft that nobody signed" not in everything


def test_facts_are_text_numbers_and_dates(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]], asked: Questionnaire
) -> None:
    rows = {(row["Organisation"], row["Question key"]): row for row in records(sheets["Facts"])}
    answers = stored(
        arranged,
        "SELECT o.name, a.* FROM answer a JOIN return r ON r.id = a.return_id "
        "JOIN organisation o ON o.id = r.organisation_id WHERE r.round_id = :round AND r.state = 'signed'",
        round=made.round_id,
    )
    facts = [each for each in answers if not asked.standard(each.standard_key).rated]
    assert facts
    for each in facts:
        row = rows[as_shown(each.name), each.standard_key]
        if each.fact == "41 of 44":
            assert (row["Answer"], row["Number"], row["Of"], row["Share"]) == ("41 of 44", 41, 44, 0.93)
        elif each.fact == "2026-09-14":
            assert (row["Answer"], row["Date"]) == ("14 September 2026", day(date(2026, 9, 14)))
        elif each.fact == "3":
            assert (row["Answer"], row["Number"], row["Of"]) == ("3", 3, None)
        else:
            assert row["Answer"] == as_shown(each.fact)
    closing = [row for row in rows.values() if row["Domain"] == "Closing questions"]
    assert len(closing) == SIGNED * len(asked.closing)


def test_the_heat_map_of_domains_shows_self_and_validated_ratings(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]], asked: Questionnaire
) -> None:
    rows = {row["Organisation"]: row for row in records(sheets["Domains"])}
    ratings = stored(
        arranged,
        "SELECT o.name, s.domain_key, s.outcome, v.outcome AS validated FROM domain_rating s "
        "JOIN organisation o ON o.id = s.organisation_id "
        "LEFT JOIN domain_rating v ON v.return_id = s.return_id AND v.domain_key = s.domain_key "
        "AND v.source = 'validated' WHERE s.round_id = :round AND s.source = 'self'",
        round=made.round_id,
    )
    letters = {"red": "R", "amber": "A", "green": "G", "insufficient": "?", "not_rated": "n/a"}
    marks = set()
    for each in ratings:
        self, validated = letters[each.outcome], letters.get(each.validated)
        expected = self if validated is None else f"{self} ✓" if self == validated else f"{self}→{validated}"
        marks.add(expected)
        assert rows[as_shown(each.name)][asked.domain(each.domain_key).title] == expected
    assert any("✓" in mark for mark in marks)
    assert any("→" in mark for mark in marks)
    silent = [row for row in rows.values() if row["Return"] != "Signed"]
    assert len(silent) == SIZE - SIGNED
    assert all(row["Headline"] == "–" and row["Critical reds"] is None for row in silent)


def test_the_gravest_profile_stands_first_and_unsigned_returns_last(
    sheets: dict[str, list[list[Any]]],
) -> None:
    rows = records(sheets["Domains"])
    keys = [
        (-row["Critical reds"], -row["Red domains"], -row["Amber domains"])
        for row in rows
        if row["Return"] == "Signed"
    ]

    assert keys == sorted(keys)
    assert [row["Return"] == "Signed" for row in rows] == [True] * SIGNED + [False] * (SIZE - SIGNED)


def test_the_heat_map_of_standards_has_a_letter_for_each_answer(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]], asked: Questionnaire
) -> None:
    headings = sheets["Standards"][3]
    titles = [f"{each.title} (critical)" if each.critical else each.title for each in asked.rated]
    assert headings[6:] == titles
    groups = [value for value in sheets["Standards"][2] if value]
    assert groups == [domain.title for domain in asked.domains]
    rows = {row["Organisation"]: row for row in records(sheets["Standards"])}
    answers = stored(
        arranged,
        "SELECT o.name, a.standard_key, a.level, a.not_applicable, a.evidence FROM answer a "
        "JOIN return r ON r.id = a.return_id JOIN organisation o ON o.id = r.organisation_id "
        "WHERE r.round_id = :round AND r.state = 'signed'",
        round=made.round_id,
    )
    by_key = {each.key: title for each, title in zip(asked.rated, titles, strict=True)}
    letters = {"red": "R", "amber": "A"}
    for each in answers:
        if each.standard_key not in by_key:
            continue
        green = "G" if each.evidence.strip() else "G ○"
        expected = "n/a" if each.not_applicable else letters.get(each.level, green)
        assert rows[as_shown(each.name)][by_key[each.standard_key]] == expected


def test_ratings_have_their_colour_and_their_letter(content: bytes) -> None:
    sheet = load_workbook(io.BytesIO(content))["Standards"]
    colours = {"R": "00B3261E", "A": "00F2B431", "G": "000F7A52"}
    cells = [cell for row in sheet.iter_rows(min_row=5, min_col=7) for cell in row if cell.value]

    assert len(cells) > 500
    for cell in cells:
        letter = str(cell.value)[0]
        if letter in colours:
            assert cell.fill.start_color.rgb == colours[letter]


def test_actions_and_strengths_equal_what_is_stored(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]]
) -> None:
    rows = {(row["Organisation"], row["Standard key"]): row for row in records(sheets["Actions"])}
    actions = stored(
        arranged,
        "SELECT o.name, a.* FROM action a JOIN organisation o ON o.id = a.organisation_id "
        "WHERE a.round_id = :round",
        round=made.round_id,
    )
    assert len(rows) == len(actions) > 50
    today = NOW.date()
    for each in actions:
        row = rows[as_shown(each.name), each.standard_key]
        assert row["What"] == as_shown(each.what)
        assert row["Who"] == as_shown(each.owner)
        assert row["By when"] == day(each.due_on)
        assert row["Status"] == STATUS_WORDS[ActionStatus(each.status)]
        late = (today - each.due_on).days if each.status == "open" else 0
        assert row["Days overdue"] == (late if late > 0 else None)
    strengths = stored(
        arranged,
        "SELECT count(*) AS n FROM answer a JOIN return r ON r.id = a.return_id "
        "WHERE r.round_id = :round AND r.state = 'signed' AND a.strength",
        round=made.round_id,
    )
    assert len(records(sheets["Strengths"])) == strengths[0].n


def test_non_responders_come_with_every_contact_and_the_last_call(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]]
) -> None:
    rows = records(sheets["Non-responders"])
    people_of = stored(
        arranged,
        "SELECT o.name AS place, u.name, u.email FROM return r "
        "JOIN organisation o ON o.id = r.organisation_id "
        "LEFT JOIN contact c ON c.organisation_id = o.id LEFT JOIN user_account u ON u.id = c.user_id "
        "WHERE r.round_id = :round AND r.state <> 'signed' "
        "AND r.id NOT IN (SELECT return_id FROM exemption)",
        round=made.round_id,
    )
    expected = {(as_shown(each.place), each.email) for each in people_of}
    assert {(row["Organisation"], row["Email"]) for row in rows} == expected
    assert len(rows) == len(people_of)
    by_email = {each.email: each.name for each in people_of}
    for row in rows:
        assert row["Telephone"] == "01632 960123"
        if row["Email"]:
            assert row["Contact"] == as_shown(by_email[row["Email"]])
        else:
            assert (row["Contact number"], row["Contact"]) == (0, "No contact")
    called = [row for row in rows if row["Calls"]]
    assert called
    assert all(
        row["Called by"] == "=Caller()" and row["Next call"] == day(date(2026, 11, 20)) for row in called
    )
    assert {row["Last round"] for row in rows} >= {"Not asked"}
    assert any(row["Took over from"] for row in rows)


def test_codes_keep_their_leading_zeros(sheets: dict[str, list[list[Any]]]) -> None:
    codes = {row["Code"]: row["Code type"] for row in records(sheets["Domains"])}

    assert codes["000000"] == "URN"
    assert codes["=1"] == "ODS"


def test_the_summary_counts_what_is_there(sheets: dict[str, list[list[Any]]], asked: Questionnaire) -> None:
    rows = sheets["Summary"]

    def table(first: str) -> list[list[Any]]:
        begin = next(number for number, row in enumerate(rows) if row[0] == first)
        found = []
        for row in rows[begin + 1 :]:
            if row[0] is None:
                break
            found.append(row)
        return found

    kinds = table("Kind")
    assert [row[1:5] for row in kinds if row[0] == "All"] == [[SIZE, SIGNED, SIZE - SIGNED, 0.56]]
    assert sum(row[1] for row in kinds[:-1]) == SIZE
    ratings = table("Domain")
    assert [row[0] for row in ratings] == [domain.title for domain in asked.domains]
    assert all(sum(row[1:6]) == row[6] == SIGNED for row in ratings)
    weeks = table("Week ends on")
    assert [row[1] for row in weeks] == list(range(weeks[0][1], weeks[0][1] + len(weeks)))
    known = [row for row in weeks if row[2] is not None]
    assert known[-1][2] == SIGNED
    assert weeks[-1][4] == 10


def test_this_year_against_last_counts_each_pair_once(sheets: dict[str, list[list[Any]]]) -> None:
    rows = sheets["Summary"]
    begin = next(number for number, row in enumerate(rows) if row[:2] == ["Domain", "Improved"])
    found = rows[begin + 1 : begin + 7]

    assert all(sum(row[1:6]) == SIGNED for row in found)
    assert all(row[5] == SIGNED - 10 for row in found)


def test_charts_have_titles_axes_and_descriptions(content: bytes) -> None:
    words = chart_words(content)
    assert len(words) == 4
    assert all(title and description.endswith("below.") for title, description in words)


def test_no_chart_leaves_out_a_name(content: bytes) -> None:
    with ZipFile(io.BytesIO(content)) as archive:
        drawn = [archive.read(name).decode() for name in archive.namelist() if "/charts/chart" in name]
    bars = [chart for chart in drawn if "barChart" in chart]
    assert len(bars) == 3
    assert all('tickLblSkip val="1"' in chart for chart in bars)


def test_tables_headers_filters_and_print_are_set_up(content: bytes) -> None:
    workbook = load_workbook(io.BytesIO(content))
    for sheet in workbook.worksheets[2:]:
        assert len(sheet.tables) == 1
        assert sheet.freeze_panes
        assert sheet.print_title_rows == "$3:$4"
        assert sheet.page_setup.orientation == "landscape"
        properties, footer = sheet.sheet_properties.pageSetUpPr, sheet.oddFooter
        assert properties is not None
        assert properties.fitToPage
        assert footer is not None
        assert "&P of &N" in str(footer)
        table = next(iter(sheet.tables.values()))
        assert table.autoFilter is not None
        assert table.autoFilter.ref == table.ref
    assert workbook.properties.creator == "Eleven"
    assert workbook.properties.title == (
        "@Section 175 & 157 <2026> &P: Wolds and Coast Safeguarding Children Partnership"
    )


def test_the_data_dictionary_explains_every_column(sheets: dict[str, list[list[Any]]]) -> None:
    explained = {(row["Sheet"], row["Column"]) for row in records(sheets["Data dictionary"])}
    for title in SHEETS[2:-1]:
        for heading in sheets[title][3]:
            assert (title, heading) in explained
    assert all(row["Meaning"] for row in records(sheets["Data dictionary"]))


def test_the_cover_says_rule_versions_and_definitions(
    sheets: dict[str, list[list[Any]]], asked: Questionnaire
) -> None:
    words = " ".join(str(value) for row in sheets["Cover"] for value in row if value)
    for expected in (
        "16 November 2026 at 10:30am",
        "Fewer than 80%",
        "less than 50%",
        "at least 85%",
        "Red: not in place",
        asked.guidance_edition,
        "drafts",
    ):
        assert expected.lower() in words.lower()


def test_long_texts_go_on_so_that_nothing_is_lost(
    arranged: Session, made: Made, sheets: dict[str, list[list[Any]]]
) -> None:
    longest = stored(
        arranged,
        "SELECT a.comment FROM answer a JOIN return r ON r.id = a.return_id WHERE r.round_id = :round "
        "AND length(a.comment) = 40000 AND a.comment LIKE 'aaa%'",
        round=made.round_id,
    )
    rows = [row for row in records(sheets["Answers"]) if str(row["Comment"]).startswith("aaa")]
    assert len(rows) == len(longest) == 1
    kept = rows[0]["Comment"].removesuffix("… (cut: 40,000 characters in all)")
    parts = [
        row
        for row in records(sheets["Cut texts"])
        if row["Sheet"] == "Answers"
        and row["Column"] == "Comment"
        and row["The text goes on here"].startswith("aaa")
    ]
    assert kept + "".join(row["The text goes on here"] for row in parts) == longest[0].comment


def test_who_is_exempt_stands_on_a_sheet_apart_and_nowhere_else(sheets: dict[str, list[list[Any]]]) -> None:
    (row,) = records(sheets["Exempt"])
    assert row["Organisation"].startswith("=Merged()")
    assert row["Why"].startswith("Merged into ")
    assert row["Reason"] == "@They are one school now"
    elsewhere = [name for name, rows in sheets.items() if any(row["Organisation"] in each for each in rows)]
    assert elsewhere == ["Exempt"]
    said = [value for rows in sheets["Summary"] for value in rows if "owes no answer" in str(value)]
    assert said == ["1 more organisation owes no answer and is not counted: see the sheet Exempt."]


def test_the_number_of_statements_does_not_grow(engine: Engine, arranged: Session, made: Made) -> None:
    counts = []
    for round_id in (made.previous_id, made.round_id):
        seen: list[str] = []

        def note(*details: Any, seen: list[str] = seen) -> None:
            seen.append(details[2])

        event.listen(engine, "before_cursor_execute", note)
        workbook_of(arranged, round_id)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    # A round with one before it asks twice more about that one, and once for its line; about who is exempt
    # and into whom they merged it asks four times.
    assert counts[0] <= counts[1] <= 18


def test_an_empty_round_has_sentences_instead_of_tables(board: Work) -> None:
    place = builders.organisation(board, "Not asked")
    made = builders.open_round(board, [place], title="Nobody answered")
    board.session.connection().execute(text("DELETE FROM return WHERE round_id = :id"), {"id": made})
    content = workbook_of(board.session, made)

    assert faults(content) == []
    sheets = reread(content)
    assert sheets["Answers"][4][0] == "No organisation has been asked yet."
    assert sheets["Actions"][4][0] == "No action has been promised yet."
    assert sheets["Non-responders"][4][0] == "Every return of this round is signed."
    assert "Cut texts" not in sheets
    board.session.rollback()


def test_nobody_reads_beyond_the_organisations_that_they_may_read(arranged: Session, made: Made) -> None:
    own = made.organisation_ids[0]
    lead = Actor(9, "Lead", "l@example.org", organisations={own: frozenset({OrganisationRole.LEAD})})
    sheets = reread(workbook_of(arranged, made.round_id, lead))

    assert len(records(sheets["Domains"])) == 1
    names = {row["Organisation"] for row in records(sheets["Answers"])}
    assert len(names) == 1
    assert sheets["Non-responders"][4][0] == "Every return of this round is signed."

    partner = Actor(8, "Partner", "p@example.org", roles=frozenset({PartnershipRole.SAFEGUARDING_PARTNER}))
    assert reread(workbook_of(arranged, made.round_id, partner))["Answers"][4][0] == (
        "No organisation has been asked yet."
    )


def test_a_round_that_is_not_there_is_not_found(arranged: Session) -> None:
    with pytest.raises(NotFoundError):
        workbook_of(arranged, 999_999)
