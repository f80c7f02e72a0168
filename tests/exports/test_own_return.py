"""An organisation's own workbook: all it gave, signed or not, closed or not."""

import io
from typing import Any

import pytest
from sqlalchemy import text

from app.core.access import Actor, OrganisationRole, Work
from app.core.errors import NotFoundError
from app.questionnaires.queries import questionnaire_for
from app.returns import signoff
from app.returns.queries import ReturnHead, returns_of
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from exports.own_return import return_workbook
from tests import builders
from tests.conftest import NOW
from tests.exports.package_checks import faults, records, reread
from tests.exports.rounds import SIGNED, Made
from tests.exports.texts import as_shown

SHEETS = [
    "Cover",
    "Ratings",
    "Answers",
    "Facts",
    "Actions",
    "Signed editions",
    "Signed answers",
    "Data dictionary",
]


def own_workbook(work: Work, return_id: int, actor: Actor | None = None) -> dict[str, list[list[Any]]]:
    out = io.BytesIO()
    return_workbook(work.session, actor or work.actor, return_id, out, NOW)
    assert faults(out.getvalue()) == []
    return reread(out.getvalue())


def head_of(board: Work, made: Made, place: int) -> ReturnHead:
    return next(
        each for each in returns_of(board.session, board.actor, (place,)) if each.round_id == made.round_id
    )


def test_every_answer_is_there_as_it_is_stored(board: Work, made: Made) -> None:
    this = head_of(board, made, made.organisation_ids[0])
    sheets = own_workbook(board, this.id)
    asked = questionnaire_for(board.session, this.version_id, this.facts)
    rows = {row["Standard key"]: row for row in records(sheets["Answers"])}
    facts = {row["Question key"]: row for row in records(sheets["Facts"])}

    assert [title for title in sheets if title != "Cut texts"] == SHEETS
    assert list(rows) == [each.key for each in asked.rated]
    assert list(facts) == [each.key for each in asked.questions if not each.rated]
    answers = board.session.connection().execute(
        text("SELECT * FROM answer WHERE return_id = :id"), {"id": this.id}
    )
    for each in answers:
        if each.standard_key in rows:
            row = rows[each.standard_key]
            assert row["What was asked"] == asked.standard(each.standard_key).text
            assert row["Comment"] == (as_shown(each.comment) or None)
            assert row["Evidence"] == (as_shown(each.evidence) or None)
            assert row["Action: what"] == (as_shown(each.action_what) or None)


def test_ratings_come_with_their_reasons(board: Work, made: Made) -> None:
    this = head_of(board, made, made.organisation_ids[0])
    rows = records(own_workbook(board, this.id)["Ratings"])

    assert len(rows) == 6
    assert all(row["Why"].startswith(f"{row['Rating']}: ") for row in rows)


def test_a_draft_can_be_taken_away_with_provisional_ratings(board: Work, made: Made) -> None:
    draft = next(
        each
        for each in returns_of(board.session, board.actor, made.organisation_ids[SIGNED:])
        if each.round_id == made.round_id and each.state == "in_progress"
    )
    sheets = own_workbook(board, draft.id)

    rows = {row["Standard key"]: row for row in records(sheets["Answers"])}
    assert rows["board-lead"]["Comment"] == "A draft that nobody signed"
    assert any("Provisional" in str(row[1]) for row in sheets["Cover"])
    assert sheets["Signed editions"][4][0] == "This return has not been signed yet."
    assert all(row["Rating"] == "Not enough answers" for row in records(sheets["Ratings"]))


def test_both_signed_editions_are_there_after_the_round_is_closed(board: Work) -> None:
    place = builders.organisation(board, "Twice signed")
    made = builders.open_round(board, [place], title="Signed twice")
    first = builders.signed_return(
        board, made, place, board_lead=AnswerValues(level="green", evidence="=first")
    )
    signoff.send_back(board, first.id, "Say more")
    again = builders.as_person(board, place, address=f"signs-{place}@example.org", name="Head Teacher")
    second = AnswerValues(level="amber", comment="=second", evidence="=second")
    builders.save(again, first.id, "board-lead", second, version=1)
    signoff.sign(again, builders.return_of(board, made, place), declared=True)
    rounds.set_state(board, made, RoundState.CLOSED)
    board.session.flush()

    sheets = own_workbook(board, first.id, again.actor)
    editions = records(sheets["Signed editions"])
    assert [row["Edition"] for row in editions] == [1, 2]
    assert all(len(row["Content hash"]) == 64 for row in editions)
    signed = {
        row["Edition"]: (row["Self-rating"], row["Evidence"])
        for row in records(sheets["Signed answers"])
        if row["Key"] == "board-lead"
    }
    assert signed == {1: ("Green", "=first"), 2: ("Amber", "=second")}
    board.session.rollback()


def test_validated_ratings_are_not_in_an_organisations_file(board: Work, made: Made) -> None:
    sheets = own_workbook(board, head_of(board, made, made.organisation_ids[1]).id)

    assert not any("alidated" in str(value) for rows in sheets.values() for row in rows for value in row)


def test_a_strangers_return_is_not_found(board: Work, made: Made) -> None:
    own, other = made.organisation_ids[:2]
    lead = Actor(9, "Lead", "l@example.org", organisations={own: frozenset({OrganisationRole.LEAD})})
    own_workbook(board, head_of(board, made, own).id, lead)

    with pytest.raises(NotFoundError):
        own_workbook(board, head_of(board, made, other).id, lead)


def test_the_data_dictionary_explains_every_column(board: Work, made: Made) -> None:
    sheets = own_workbook(board, head_of(board, made, made.organisation_ids[0]).id)
    explained = {(row["Sheet"], row["Column"]) for row in records(sheets["Data dictionary"])}

    for title in SHEETS[1:-1]:
        assert {(title, heading) for heading in sheets[title][3]} <= explained
