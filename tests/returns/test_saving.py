"""Saving answers: nobody's text is lost, whoever else is typing."""

from datetime import date

import pytest

from app.core.access import OrganisationRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.returns import queries, service
from app.returns.models import ReturnState
from app.returns.reading import Submitted
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders

pytestmark = pytest.mark.faults


@pytest.fixture
def school(work: Work) -> tuple[Work, queries.ReturnHead]:
    """A school's lead at a return that was just issued."""
    place = builders.organisation(work)
    round_id = builders.open_round(work, [place])
    return builders.as_person(work, place), builders.return_of(work, round_id, place)


def rated_key(work: Work, this: queries.ReturnHead) -> str:
    return queries.questionnaire_of(work.session, this).rated[0].key


def stands(work: Work, this: queries.ReturnHead, key: str) -> AnswerValues:
    return queries.answers(work.session, work.actor, this.id)[key].values


def test_a_first_save_starts_the_return(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    saved = builders.save(work, this.id, key, builders.GREEN)
    after = queries.head(work.session, work.actor, this.id)
    assert saved == service.Saved(1, builders.GREEN)
    assert (after.state, after.answered) == (ReturnState.IN_PROGRESS, 1)


def test_the_same_save_sent_again_is_one_save(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    first = builders.save(work, this.id, key, builders.GREEN)
    again = builders.save(work, this.id, key, builders.GREEN)
    assert again == first
    assert len(queries.history(work.session, work.actor, this.id, key)) == 1


def test_newer_text_after_a_lost_reply_is_no_conflict(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    builders.save(work, this.id, key, AnswerValues(level="green", evidence="First"))
    result = builders.save(work, this.id, key, AnswerValues(level="green", evidence="First, and more"))
    assert isinstance(result, service.Saved)
    assert stands(work, this, key).evidence == "First, and more"


def test_different_fields_of_one_answer_merge(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    colleague = builders.as_person(work, this.organisation_id, address="dana@example.org", name="Dana Hughes")
    service.save_answer(work, this.id, Submitted(key, AnswerValues(level="amber"), 0, "a"))
    result = service.save_answer(
        colleague, this.id, Submitted(key, AnswerValues(comment="Look here"), 0, "b")
    )
    assert result == service.Saved(2, AnswerValues(level="amber", comment="Look here"), "Robin Marsh")


def test_the_same_field_is_a_conflict_that_keeps_both(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    colleague = builders.as_person(work, this.organisation_id, address="dana@example.org", name="Dana Hughes")
    service.save_answer(work, this.id, Submitted(key, AnswerValues(evidence="Mine"), 0, "a"))
    result = service.save_answer(colleague, this.id, Submitted(key, AnswerValues(evidence="Hers"), 0, "b"))
    assert isinstance(result, service.Conflict)
    assert (result.mine.evidence, result.theirs.values.evidence, result.fields) == (
        "Hers",
        "Mine",
        ("evidence",),
    )
    assert stands(work, this, key).evidence == "Mine"
    kept = queries.history(work.session, work.actor, this.id, key)
    assert [(line.accepted, line.values["evidence"]) for line in kept] == [(False, "Hers"), (True, "Mine")]


def test_after_a_conflict_saving_again_is_a_decision(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    service.save_answer(work, this.id, Submitted(key, AnswerValues(evidence="Mine"), 0, "a"))
    colleague = builders.as_person(work, this.organisation_id, address="dana@example.org", name="Dana Hughes")
    service.save_answer(colleague, this.id, Submitted(key, AnswerValues(evidence="Hers"), 0, "b"))
    result = service.save_answer(colleague, this.id, Submitted(key, AnswerValues(evidence="Both"), 1, "c"))
    assert isinstance(result, service.Saved)
    assert stands(work, this, key).evidence == "Both"


def test_taking_an_answer_back_lowers_the_progress(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    key = rated_key(work, this)
    builders.save(work, this.id, key, builders.GREEN)
    builders.save(work, this.id, key, AnswerValues(comment="Not sure yet"), version=1)
    assert queries.head(work.session, work.actor, this.id).answered == 0


def test_a_closed_round_takes_no_answer(school: tuple[Work, queries.ReturnHead], work: Work) -> None:
    person, this = school
    rounds.set_state(work, this.round_id, RoundState.CLOSED)
    with pytest.raises(RefusedError, match="closed"):
        builders.save(person, this.id, rated_key(person, this), builders.GREEN)


def test_another_school_cannot_save(school: tuple[Work, queries.ReturnHead], work: Work) -> None:
    _, this = school
    stranger = builders.as_person(
        work, builders.organisation(work, "Birchfield School"), address="x@example.org"
    )
    with pytest.raises(NotFoundError):
        builders.save(stranger, this.id, "anything", builders.GREEN)


def test_the_partnership_reads_but_does_not_answer(
    school: tuple[Work, queries.ReturnHead], work: Work
) -> None:
    _, this = school
    with pytest.raises(NotFoundError):
        builders.save(work, this.id, rated_key(work, this), builders.GREEN)


def test_a_standard_that_is_not_asked_is_not_there(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    with pytest.raises(NotFoundError):
        builders.save(work, this.id, "no-such-standard", builders.GREEN)


def test_every_field_survives(school: tuple[Work, queries.ReturnHead]) -> None:
    work, this = school
    full = AnswerValues(
        level="amber",
        comment="A “quoted” comment\nover two lines  ",
        evidence="=1+1 & <b>bold</b> 🏫",
        strength=True,
        action_what="Do it",
        action_owner="Head",
        action_due=date(2027, 3, 31),
    )
    key = rated_key(work, this)
    builders.save(work, this.id, key, full)
    assert stands(work, this, key) == full


def test_contributors_may_answer(work: Work) -> None:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    person = builders.as_person(work, place, OrganisationRole.CONTRIBUTOR, address="teacher@example.org")
    assert isinstance(builders.save(person, this.id, rated_key(person, this), builders.GREEN), service.Saved)


def test_a_merged_save_sent_again_takes_nothing_of_the_colleagues(
    school: tuple[Work, queries.ReturnHead],
) -> None:
    work, this = school
    key = rated_key(work, this)
    colleague = builders.as_person(work, this.organisation_id, address="dana@example.org", name="Dana Hughes")
    service.save_answer(work, this.id, Submitted(key, AnswerValues(level="amber"), 0, "a"))
    lost_reply = Submitted(key, AnswerValues(comment="Hers"), 0, "b")
    service.save_answer(colleague, this.id, lost_reply)
    assert isinstance(service.save_answer(colleague, this.id, lost_reply), service.Saved)
    typed_on = Submitted(key, AnswerValues(comment="Hers, and more"), 0, "b")
    assert isinstance(service.save_answer(colleague, this.id, typed_on), service.Saved)
    assert stands(work, this, key) == AnswerValues(level="amber", comment="Hers, and more")
