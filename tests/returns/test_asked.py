"""Older actions in a return: beside their standards, answered before signing, frozen with the signature."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select
from sqlmodel import col

from app.actions import service
from app.actions.models import Action, ActionSource
from app.actions.queries import AskedAction
from app.actions.rules import ActionStatus
from app.actions.service import NewAction
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.organisations.models import Succession
from app.returns import asked, looking_back, queries, signoff
from app.returns.queries import ReturnHead
from tests import builders
from tests.actions import scenes
from tests.conftest import ClientAs

pytestmark = pytest.mark.visits
_S = ActionStatus


@pytest.fixture
def years(work: Work) -> tuple[int, ReturnHead, ReturnHead]:
    """A school with last year's signed return and this year's."""
    made = scenes.two_years(work)
    work.session.commit()
    return made


def older(work: Work, this: ReturnHead) -> tuple[AskedAction, ...]:
    return asked.asked_of(work.session, work.actor, this, queries.questionnaire_of(work.session, this))


def lead_of(client_as: ClientAs, place: int) -> TestClient:
    return client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=place)


def beside(work: Work, this: ReturnHead, domain: str) -> asked.Placed:
    head, found = asked.head_and_older(work.session, work.actor, this.id)
    assert head == this
    return asked.placed(found, queries.questionnaire_of(work.session, this), domain)


Years = tuple[int, ReturnHead, ReturnHead]


def test_a_return_is_not_signed_before_each_older_action_has_an_answer(work: Work, years: Years) -> None:
    place, old, this = years
    person = builders.as_person(work, place)
    builders.answer_all(person, this)
    number = older(work, this)[0].line.id
    deeds: list[Callable[[], object]] = [
        lambda: signoff.sign(person, this, declared=True),
        lambda: signoff.ready_to_sign(person, this),
    ]
    for deed in deeds:
        with pytest.raises(RefusedError, match="1 earlier action has no answer"):
            deed()
    assert not older(work, old), "last year's return does not ask about its own"
    with pytest.raises(RefusedError):
        asked.answer(person, this, number, scenes.said(_S.DONE, ""))
    asked.answer(person, this, number, scenes.said(_S.UNDER_WAY, "Half are trained"))
    assert [each.answered for each in older(work, this)] == [True]
    assert signoff.sign(person, this, declared=True)
    signed = queries.latest_signed(work.session, work.actor, this.id)
    assert signed
    assert [each["said"] for each in signed.content["earlier_actions"]] == ["Half are trained"]
    sections = looking_back.signed_sections(queries.questionnaire_of(work.session, this), signed)
    assert sections[-1][0] == looking_back.EARLIER_ACTIONS
    assert sections[-1][2][0].level == "Under way"
    with pytest.raises(RefusedError, match="signed"):
        asked.answer(person, this, number, scenes.said(_S.DONE))


def test_what_was_said_on_the_actions_own_page_counts_as_an_answer(work: Work, years: Years) -> None:
    place, _, this = years
    number = older(work, this)[0].line.id
    service.say(builders.as_person(work, place), number, scenes.said(_S.DONE, "All are trained"))
    assert [each.answered for each in older(work, this)] == [True]


def test_control_what_ended_before_the_return_went_out_is_not_asked_about(work: Work) -> None:
    place, old, _ = scenes.two_years(work)
    stored = work.session.execute(select(Action).where(col(Action.return_id) == old.id)).scalar_one()
    stored.status, stored.said_at = _S.DONE, work.now.replace(year=2025)
    work.session.flush()
    again = builders.open_round(work, [place], version_id=old.version_id, title="Once more")
    this = builders.return_of(work, again, place)
    assert older(work, this) == ()
    assert not beside(work, this, "leadership-and-governance").by_standard


def test_actions_stand_beside_their_standard_or_at_their_domain(work: Work, years: Years) -> None:
    place, old, this = years
    found = beside(work, this, "leadership-and-governance")
    assert list(found.by_standard) == ["board-lead"]
    where: dict[str, Any] = {"organisation_id": place, "return_id": old.id, "round_id": old.round_id}
    then = replace(work, now=this.issued_at.replace(year=2025))
    for key, domain in (("gone", "leadership-and-governance"), ("gone", "domain-gone")):
        service.add(
            then,
            NewAction(
                source=ActionSource.MODERATION, source_id=1, domain_key=domain, standard_key=key,
                what=f"About {domain}", owner="", due_on=None, **where,
            ),
        )  # fmt: skip
    placed = beside(work, this, "leadership-and-governance")
    assert [each.what for each in placed.of_domain] == ["About leadership-and-governance"]
    assert beside(work, this, "culture-and-challenge").of_domain == ()
    assert len(older(work, this)) == 3, "what stands nowhere is on the list of all of them"


def test_a_school_answers_for_the_school_that_it_took_over(work: Work, years: Years) -> None:
    place, _, this = years
    gone = builders.organisation(work, "Ashgrove Infant School")
    then = replace(work, now=this.issued_at.replace(year=2025))
    number = scenes.action(then, gone, what="Merge the registers").id or 0
    person = builders.as_person(work, place)
    with pytest.raises(NotFoundError):
        asked.answer(person, this, number, scenes.said(_S.DONE))
    work.session.add(Succession(predecessor_id=gone, successor_id=place, merged=True))
    work.session.flush()
    heir = replace(person, actor=replace(person.actor, inherited=frozenset({gone})))
    assert {each.line.what for each in older(heir, this)} >= {"Merge the registers"}
    asked.answer(heir, this, number, scenes.said(_S.DONE, "One register since September"))
    assert scenes.by_id(work, number).status is _S.DONE


def test_pages_ask_and_say_what_is_missing(client_as: ClientAs, work: Work, years: Years) -> None:
    place, old, this = years
    lead, path = lead_of(client_as, place), f"/returns/{this.id}"
    number = older(work, this)[0].line.id
    for page in (path, f"{path}/check", f"{path}/sign-off", f"{path}/leadership-and-governance"):
        assert lead.get(page).status_code == 200, page
    assert "0 of 1" in lead.get(path).text
    check = lead.get(f"{path}/check").text
    assert f"{path}/actions#action-{number}" in check
    assert "Say what became of it" in lead.get(f"{path}/leadership-and-governance").text
    assert "Say what became of it" not in lead.get(f"{path}/culture-and-challenge").text
    assert "1 action still needs an answer" in lead.get(f"{path}/actions").text
    wrong = lead.post(f"{path}/actions/{number}", data={"status": "dropped", "words": ""})
    assert wrong.status_code == 422
    assert "Say why you will not do it" in wrong.text
    assert f'href="#a{number}-words"' in wrong.text
    right = {"status": "dropped", "words": "The trust does it", "owner": "Head"}
    assert lead.post(f"{path}/actions/{number}", data=right).status_code == 303
    assert "Every earlier action has an answer" in lead.get(f"{path}/actions").text
    assert f"{path}/actions#action-{number}" not in lead.get(f"{path}/check").text
    officer = client_as(PartnershipRole.PSO)
    assert "The trust does it" in officer.get(f"{path}/actions").text
    assert officer.post(f"{path}/actions/{number}", data=right).status_code == 404
    assert lead.post(f"/returns/{old.id}/actions/{number}", data=right).status_code in {404, 422}


def test_a_page_that_was_refused_still_shows_older_actions(client_as: ClientAs, years: Years) -> None:
    place, _, this = years
    reply = lead_of(client_as, place).post(
        f"/returns/{this.id}/leadership-and-governance", data={"board-lead.action_due": "no day"}
    )
    assert reply.status_code == 422
    assert "Say what became of it" in reply.text


def test_questions_with_older_actions_cost_no_statement_more(client_as: ClientAs, years: Years) -> None:
    place, _, this = years
    lead = lead_of(client_as, place)
    path = f"/returns/{this.id}/leadership-and-governance"
    lead.get(path)
    statements: list[str] = []
    event.listen(lead.app.state.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))  # type: ignore[attr-defined]
    assert "Say what became of it" in lead.get(path).text
    assert len(statements) <= 4, statements
