"""Steps of visits are recorded under names that are put together: each of them has words too."""

import pytest

from app.trail.words import EVENTS
from app.visits.lifecycle import Step

pytestmark = pytest.mark.visits


@pytest.mark.parametrize("step", Step)
def test_each_step_has_words_in_the_trail(step: Step) -> None:
    assert f"visit.{step}" in EVENTS
