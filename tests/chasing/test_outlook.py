"""What leaves next, on the board manager's home page: the same as the preview says, paused or not."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.chasing import holding, service
from app.chasing.deciding import coming, mails_of
from app.chasing.outlook import NextMails, next_mails
from app.chasing.queueing import queue_due
from app.core.access import PartnershipRole, Work
from tests.chasing.post_office import PostOffice
from tests.chasing.scenes import scene
from tests.chasing.test_sending import FIRST, begun, worker
from tests.conftest import NOW, ClientAs, MovableClock

pytestmark = pytest.mark.chasing
# The round is due on Friday 29 January 2027; the first reminder leaves on Friday the 8th.
WEEK_BEFORE = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


def test_the_next_mails_are_those_of_the_previews_first_day(
    own_engine: Engine, own_work: Work, office: PostOffice
) -> None:
    this = begun(own_work, own_engine, office, "Oak", "Elm", "Ash")
    session = own_work.session
    assert next_mails(session, this.round_id, NOW) == NextMails()
    for moment in (WEEK_BEFORE, FIRST - timedelta(hours=3), FIRST):
        found = next_mails(session, this.round_id, moment)
        due = [each for each in coming(session, this.round_id, moment.date()) if each.day == found.day]
        assert found == NextMails(date(2027, 1, 8), "8:30am", len(mails_of(due)), 3)
    queue_due(session, FIRST)
    session.commit()
    leaving = next_mails(session, this.round_id, FIRST)
    assert (leaving.waiting, leaving.day) == (3, None)
    worker(own_engine, office).step(FIRST)
    assert next_mails(session, this.round_id, FIRST).waiting == 0


def test_what_has_not_left_by_the_evening_leaves_on_the_next_working_day(own_work: Work) -> None:
    this = scene(own_work, "Oak")
    evening = FIRST.replace(hour=17)
    assert next_mails(own_work.session, this.round_id, evening).day == date(2027, 1, 11)


def test_a_pause_of_the_whole_round_is_said_with_its_end(own_work: Work) -> None:
    this = scene(own_work, "Oak", "Elm")
    later = Work(own_work.session, own_work.actor, WEEK_BEFORE)
    holding.pause(later, this.round_id, reason="Snow", ends_on=date(2027, 1, 12))
    found = next_mails(own_work.session, this.round_id, WEEK_BEFORE)
    assert (found.paused, found.paused_until, found.day) == (True, date(2027, 1, 12), None)
    holding.pause(later, this.round_id, reason="Longer")
    found = next_mails(own_work.session, this.round_id, WEEK_BEFORE)
    assert (found.paused, found.paused_until) == (True, None)
    own_work.session.rollback()


def test_the_home_page_says_what_leaves_next_and_which_calls_are_due(
    work: Work, client_as: ClientAs, clock: MovableClock
) -> None:
    this = scene(work, "Oak", "Elm")
    manager: TestClient = client_as(PartnershipRole.BOARD_MANAGER)
    assert "No reminder leaves by itself in the next 14 days" in words_of(manager.get("/").text)
    service.log_call(
        work, this.returns["Oak"], "spoke", "", NOW.date() + timedelta(days=1), round_id=this.round_id
    )
    work.session.commit()
    assert "promised call" not in words_of(manager.get("/").text)
    clock.moment = WEEK_BEFORE
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    said = words_of(manager.get("/").text)
    assert "Friday 8 January 2027, from 8:30am: 2 mails about 2 organisations" in said
    assert "1 promised call is due" in said
    reader = client_as(PartnershipRole.PSO)
    assert "Next reminders" not in words_of(reader.get("/").text)
