"""A round that was issued before it opens: nobody is chased until somebody can answer."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, update
from sqlmodel import col

from app.chasing.queueing import queue_due, send_now
from app.core.access import Work
from app.core.errors import RefusedError
from app.rounds.models import Round
from tests.chasing.scenes import Scene, scene

pytestmark = pytest.mark.chasing
FIRST = datetime(2027, 1, 8, 9, 0, tzinfo=UTC)


def opening(work: Work, day: date) -> Scene:
    this = scene(work, "Oak")
    work.session.execute(update(Round).where(col(Round.id) == this.round_id).values(opens_on=day))
    work.session.commit()
    work.session.expire_all()
    return this


@pytest.mark.parametrize(
    ("day", "told"), [(date(2027, 1, 7), 1), (date(2027, 1, 8), 0), (date(2027, 1, 11), 0)]
)
def test_stages_before_the_opening_day_are_left_out(
    own_engine: Engine, own_work: Work, day: date, told: int
) -> None:
    assert own_engine
    opening(own_work, day)
    assert queue_due(own_work.session, FIRST) == told


def test_nothing_is_sent_to_a_selection_either(own_engine: Engine, own_work: Work) -> None:
    assert own_engine
    this = opening(own_work, date(2027, 1, 11))
    chosen = [this.returns["Oak"]]
    before = Work(own_work.session, own_work.actor, FIRST)
    with pytest.raises(RefusedError, match="Nobody can answer before this round opens, on Monday 11 January"):
        send_now(before, this.round_id, chosen, "answering", save_key="one")
    after = Work(own_work.session, own_work.actor, datetime(2027, 1, 11, 9, tzinfo=UTC))
    assert send_now(after, this.round_id, chosen, "answering", save_key="one")
