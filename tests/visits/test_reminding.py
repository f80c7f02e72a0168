"""Reminders of visits: on their day, once, and never about what is done."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.chasing.schedule import plan_of
from app.chasing.stages import DEFAULT_STAGES
from app.core.access import Work
from app.core.clock import london_date
from app.core.models import OutboxMessage
from app.visits import queries, reminding
from tests.visits import scenes

pytestmark = pytest.mark.visits


def mails(work: Work, place: int, kind: str) -> int:
    return int(
        work.session.execute(
            select(func.count()).where(
                col(OutboxMessage.kind) == kind, col(OutboxMessage.organisation_id) == place
            )
        ).scalar_one()
    )


def test_the_agency_is_reminded_a_week_before_and_when_it_is_overdue(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.issued(work, place)
    due = queries.visit_head(work.session, visit_id).visit.return_due
    assert due is not None
    days = (due - london_date(work.now)).days
    seen = []
    for after in (days - 8, days - 7, days, days + 1, days + 9):
        now = work.now + timedelta(days=after)
        reminding.remind(work.session, now)
        reminding.remind(work.session, now)
        seen.append((mails(work, place, "visit-return-due"), mails(work, place, "visit-return-overdue")))
    # A lead and a signatory each.
    reached = seen[1][0]
    assert reached >= 2
    assert seen == [(0, 0), (reached, 0), (reached, 0), (reached, reached), (reached, reached)]


def test_nobody_is_reminded_of_a_signed_return_and_a_moved_visit_reminds_anew(work: Work) -> None:
    place = scenes.agency(work)
    scenes.answered_before(work, place)
    visit_id = scenes.issued(work, place)
    this = queries.visit_head(work.session, visit_id)
    assert this.visit.return_due is not None
    assert reminding.due_reminders(this, this.visit.return_due) == (f"return:{this.visit.return_due}",)
    scenes.sign_framework(work, visit_id)
    again = queries.visit_head(work.session, visit_id)
    assert reminding.due_reminders(again, this.visit.return_due + timedelta(days=5)) == ()


def test_the_board_manager_is_reminded_to_send_the_framework(work: Work) -> None:
    place = scenes.agency(work)
    visit_id = scenes.announced(work, place)
    this = queries.visit_head(work.session, visit_id)
    out = this.visit.framework_due
    assert out is not None
    assert reminding.due_reminders(this, out - timedelta(days=8)) == ()
    assert reminding.due_reminders(this, out - timedelta(days=7)) == (f"framework:{out}",)
    assert reminding.remind(work.session, work.now + timedelta(days=(out - london_date(work.now)).days)) >= 1
    subjects = work.session.execute(select(col(OutboxMessage.subject))).scalars()
    assert any(subject.startswith("Framework to go out") for subject in subjects)


def test_the_framework_of_a_visit_is_not_chased_as_yearly_rounds_are(work: Work) -> None:
    place = scenes.agency(work)
    year = scenes.answered_before(work, place)
    scenes.issued(work, place)
    framework = max(queries.framework_rounds(work.session))
    assert plan_of(work.session, framework).stages == ()
    assert plan_of(work.session, year.round_id).stages == DEFAULT_STAGES
