"""The summary's figures, from counts."""

from datetime import UTC, date, datetime, time

import pytest

from app.questionnaires.definition import from_content
from app.ratings.models import RatingSource
from app.returns.models import ReturnState
from app.rounds.models import RoundState
from app.rounds.queries import RoundLine
from app.scrutiny.counts import ChangeCount, OutcomeCount, Signatures, TypeCount
from exports.sheets.tallies import (
    MOST_WEEKS_AFTER_DUE,
    change_rows,
    rating_rows,
    share,
    total_row,
    type_rows,
    week_rows,
)
from tests import builders

ASKED = from_content(builders.content())
FIRST = ASKED.domains[0].key


def line(opens_on: date, due_on: date, closed_on: date | None = None) -> RoundLine:
    return RoundLine(
        id=1,
        title="A round",
        state=RoundState.CLOSED if closed_on else RoundState.OPEN,
        school_year="2026 to 2027",
        opens_on=opens_on,
        due_on=due_on,
        closed_at=datetime.combine(closed_on, time(12), UTC) if closed_on else None,
        previous_round_id=None,
        version_id=1,
        questionnaire_key="section-175",
        questionnaire_version=1,
        questionnaire_title="A questionnaire",
    )


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, None), (0, 3, 0), (1, 3, 0.33), (2, 3, 0.66), (199, 200, 0.99), (5, 5, 1)],
)
def test_a_share_is_rounded_down_so_that_all_means_all(part: int, whole: int, shown: float | None) -> None:
    assert share(part, whole) == shown


def test_kinds_and_phases_count_the_same_returns() -> None:
    counts = [
        TypeCount("academy", "primary", ReturnState.SIGNED, 3),
        TypeCount("academy", "secondary", ReturnState.ISSUED, 2),
        TypeCount("college", "post_16", ReturnState.READY, 9),
    ]
    kinds, phases = type_rows(counts, by_phase=False), type_rows(counts, by_phase=True)

    assert [(row.key, row.asked, row.signed, row.others) for row in kinds] == [
        ("college", 9, 0, (9, 0, 0, 0)),
        ("academy", 5, 3, (0, 0, 0, 2)),
    ]
    assert [row.key for row in phases] == ["post_16", "primary", "secondary"]
    assert total_row(kinds) == total_row(phases)


def test_every_domain_has_a_row_and_one_that_is_gone_keeps_its_figures() -> None:
    counts = [
        OutcomeCount(FIRST, RatingSource.SELF, "red", 2),
        OutcomeCount(FIRST, RatingSource.SELF, "insufficient", 1),
        OutcomeCount(FIRST, RatingSource.VALIDATED, "green", 5),
        OutcomeCount("gone", RatingSource.SELF, "green", 4),
    ]
    rows = rating_rows(ASKED, counts, RatingSource.SELF)

    assert [row.domain_key for row in rows] == [*(domain.key for domain in ASKED.domains), "gone"]
    assert rows[0].counts == (2, 0, 0, 1, 0)
    assert rows[-1].counts == (0, 0, 4, 0, 0)


def test_weeks_are_counted_from_the_due_date_and_the_future_is_not_known() -> None:
    this = line(date(2026, 11, 2), date(2026, 12, 18))
    signed = Signatures(10, {date(2026, 11, 6): 1, date(2026, 11, 13): 2, date(2026, 11, 16): 3})
    rows = week_rows(this, signed, None, None, date(2026, 11, 17))

    assert [row.week for row in rows] == [-6, -5, -4, -3, -2, -1, 0]
    assert rows[0].ends_on == date(2026, 11, 6)
    assert [row.this for row in rows] == [1, 3, 6, None, None, None, None]
    assert all(row.last is None for row in rows)


def test_the_last_round_lies_so_that_the_due_dates_meet() -> None:
    this = line(date(2026, 11, 2), date(2026, 12, 18))
    last = line(date(2025, 11, 3), date(2025, 12, 12), date(2026, 3, 1))
    before = Signatures(8, {date(2025, 12, 12): 5, date(2025, 12, 20): 1, date(2026, 2, 1): 1})
    rows = week_rows(this, Signatures(10, {}), last, before, date(2026, 11, 17))

    by_week = {row.week: row.last for row in rows}
    assert (by_week[-1], by_week[0], by_week[1], by_week[2]) == (0, 5, 5, 6)
    assert rows[-1].week == 8
    assert rows[-1].last == 7


def test_a_signature_long_after_the_due_date_is_counted_in_the_last_week() -> None:
    this = line(date(2025, 11, 3), date(2025, 12, 12), date(2026, 11, 1))
    rows = week_rows(this, Signatures(3, {date(2026, 10, 1): 3}), None, None, date(2026, 11, 17))

    assert rows[-1].week == MOST_WEEKS_AFTER_DUE
    assert rows[-1].this == 3
    assert rows[-2].this == 0


def test_a_round_that_is_due_sooner_than_a_week_after_opening_has_its_due_week() -> None:
    this = line(date(2026, 11, 16), date(2026, 11, 18))

    assert [row.week for row in week_rows(this, Signatures(1, {}), None, None, date(2026, 11, 16))] == [0]


def test_changes_are_better_same_worse_or_not_comparable() -> None:
    changes = [
        ChangeCount(FIRST, "red", "amber", 1),
        ChangeCount(FIRST, "amber", "green", 2),
        ChangeCount(FIRST, "green", "green", 3),
        ChangeCount(FIRST, "green", "red", 4),
        ChangeCount(FIRST, "insufficient", "red", 5),
    ]
    row = change_rows(ASKED, changes, {FIRST: 20})[0]

    assert (row.better, row.same, row.worse, row.not_comparable, row.new) == (3, 3, 4, 5, 5)
