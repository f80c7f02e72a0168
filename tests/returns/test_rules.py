"""The rules of a return: merging two people's changes, what is missing, what counts as answered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.questionnaires.definition import from_content
from app.returns.rules import FIELDS, NOTHING, AnswerValues, Merge, from_stored, gaps, merge
from tests.builders import content

TEXTS = st.sampled_from(["", "a", "b", "c"])
JUDGEMENTS = st.sampled_from([(None, False), ("red", False), ("green", False), (None, True)])
JUDGEMENT = ("level", "not_applicable")


@st.composite
def answers(draw: st.DrawFn) -> AnswerValues:
    """Draw an answer from few values, so that people often agree."""
    level, not_applicable = draw(JUDGEMENTS)
    return AnswerValues(
        level=level,
        not_applicable=not_applicable,
        comment=draw(TEXTS),
        evidence=draw(TEXTS),
        strength=draw(st.booleans()),
        action_what=draw(TEXTS),
        action_due=draw(st.sampled_from([None, date(2027, 3, 31), date(2027, 5, 31)])),
    )


Rule = Callable[[AnswerValues, AnswerValues, AnswerValues], Merge]


def nothing_is_lost(rule: Rule, base: AnswerValues, mine: AnswerValues, theirs: AnswerValues) -> bool:
    """Say whether each change of either person is in the result, or named as a conflict."""
    result = rule(base, mine, theirs)
    for name in FIELDS:
        changed = getattr(mine, name) != getattr(base, name)
        kept = getattr(result.values, name) == getattr(mine, name)
        if changed and not kept and name not in result.conflicts:
            return False
        theirs_changed = getattr(theirs, name) != getattr(base, name)
        theirs_kept = getattr(result.values, name) == getattr(theirs, name)
        if theirs_changed and not theirs_kept:
            return False
    return True


@given(answers(), answers(), answers())
def test_a_merge_loses_no_change_of_either(
    base: AnswerValues, mine: AnswerValues, theirs: AnswerValues
) -> None:
    assert nothing_is_lost(merge, base, mine, theirs)


def test_the_property_catches_a_merge_that_takes_the_last_save() -> None:
    """The control: 'the last one wins' loses the colleague's text, and the property says so."""

    def last_wins(_base: AnswerValues, mine: AnswerValues, _theirs: AnswerValues) -> Merge:
        return Merge(mine, ())

    assert not nothing_is_lost(last_wins, NOTHING, AnswerValues(level="red"), AnswerValues(comment="b"))


@given(answers(), answers())
def test_a_merge_with_myself_is_what_i_typed(base: AnswerValues, mine: AnswerValues) -> None:
    assert merge(base, mine, base) == Merge(mine, ())
    assert merge(base, mine, mine) == Merge(mine, ())


@given(answers(), answers(), answers())
def test_a_merged_judgement_is_somebodys(
    base: AnswerValues, mine: AnswerValues, theirs: AnswerValues
) -> None:
    result = merge(base, mine, theirs).values
    judgement = [getattr(result, name) for name in JUDGEMENT]
    assert judgement in [[getattr(each, name) for name in JUDGEMENT] for each in (mine, theirs)]
    assert not (result.not_applicable and result.level)


@given(answers())
def test_the_history_gives_back_what_it_was_given(values: AnswerValues) -> None:
    assert from_stored(values.stored()) == values


@pytest.mark.parametrize(
    ("values", "what", "stops"),
    [
        (NOTHING, "not answered", False),
        (AnswerValues(level="red"), "red needs an action: what, who and by when", True),
        (AnswerValues(level="red", action_what="Plan", action_owner="Head"), "red needs", True),
        (AnswerValues(level="amber"), "amber: think about an action", False),
        (AnswerValues(level="green"), "green without evidence: say how you know", False),
        (AnswerValues(level="green", evidence="   "), "green without evidence", False),
        (AnswerValues(not_applicable=True), "say why it does not apply", True),
    ],
)
def test_what_is_missing_is_named(values: AnswerValues, what: str, *, stops: bool) -> None:
    questionnaire = from_content(content())
    key = questionnaire.rated[0].key
    found = next(gap for gap in gaps(questionnaire, {key: values}) if gap.standard_key == key)
    assert found.what.startswith(what)
    assert found.stops_signing is stops


@pytest.mark.parametrize(
    "values",
    [
        AnswerValues(level="green", evidence="Minutes"),
        AnswerValues(level="red", action_what="Plan", action_owner="Head", action_due=date(2027, 3, 31)),
        AnswerValues(not_applicable=True, not_applicable_reason="We have no boarders"),
    ],
)
def test_a_complete_answer_has_no_gap(values: AnswerValues) -> None:
    questionnaire = from_content(content())
    key = questionnaire.rated[0].key
    assert key not in {gap.standard_key for gap in gaps(questionnaire, {key: values})}


def test_blank_text_is_no_answer() -> None:
    assert not replace(NOTHING, fact="  \n").answered
    assert replace(NOTHING, fact="0").answered
