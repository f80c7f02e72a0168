"""A conflict is decided by a button, never by silence; and earlier versions can be brought back."""

from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.models import AuditEvent
from app.questionnaires.definition import from_content
from app.returns import queries
from app.returns.deciding import both_texts
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders
from tests.conftest import ClientAs

pytestmark = pytest.mark.faults
DOMAIN = "leadership-and-governance"


@dataclass
class Scene:
    """A school whose lead typed on a page that a colleague has overtaken."""

    this: queries.ReturnHead
    key: str
    lead: TestClient
    work: Work

    @property
    def page(self) -> str:
        """The address of the domain."""
        return f"/returns/{self.this.id}/{DOMAIN}"

    @property
    def stands(self) -> queries.AnswerLine:
        """The answer as it stands."""
        self.work.session.rollback()
        return queries.answers(self.work.session, self.work.actor, self.this.id)[self.key]

    def fields(self, version: int, **more: str) -> dict[str, str]:
        """What the lead's page sends."""
        return {
            f"{self.key}.{name}": value
            for name, value in {"evidence": "Typed by me", "version": str(version), **more}.items()
        }


@pytest.fixture
def scene(work: Work, client_as: ClientAs) -> Scene:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    key = queries.questionnaire_of(work.session, this).rated[0].key
    colleague = builders.as_person(work, place, address="dana@example.org", name="Dana Hughes")
    builders.save(colleague, this.id, key, AnswerValues(level="amber", evidence="Typed by Dana"))
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    return Scene(this, key, lead, work)


@pytest.mark.parametrize("one", [True, False], ids=["one standard", "whole page"])
def test_both_texts_stand_side_by_side_with_who_and_when(scene: Scene, one: bool) -> None:
    reply = scene.lead.post(f"{scene.page}/{scene.key}" if one else scene.page, data=scene.fields(0))
    assert reply.status_code == 409
    for words in ("Typed by me", "Typed by Dana", "Dana Hughes changed this at 10:30", "Keep mine"):
        assert words in reply.text
    assert "Keep theirs" in reply.text
    assert "Put both together" in reply.text


@pytest.mark.parametrize("one", [True, False], ids=["one standard", "whole page"])
def test_without_a_decision_nothing_is_overwritten(scene: Scene, one: bool) -> None:
    data = scene.fields(1, undecided="yes")
    reply = scene.lead.post(f"{scene.page}/{scene.key}" if one else scene.page, data=data)
    assert reply.status_code == 409
    assert "Typed by me" in reply.text
    assert scene.stands.values.evidence == "Typed by Dana"


def test_keeping_mine_is_a_new_version(scene: Scene) -> None:
    data = scene.fields(1, undecided="yes", choice="mine", level="amber")
    reply = scene.lead.post(scene.page, data=data)
    assert reply.headers["location"] == f"{scene.page}#standard-{scene.key}"
    assert (scene.stands.version, scene.stands.values.evidence) == (2, "Typed by me")


def test_keeping_theirs_changes_nothing_and_shows_it(scene: Scene) -> None:
    scene.lead.post(f"{scene.page}/{scene.key}", data=scene.fields(0))
    data = scene.fields(1, undecided="yes", choice="theirs")
    reply = scene.lead.post(f"{scene.page}/{scene.key}", data=data)
    assert reply.status_code == 200
    assert "Dana Hughes’s text is kept" in reply.text
    assert "Typed by Dana</textarea>" in reply.text
    assert scene.stands.version == 1
    assert "Typed by me" in scene.lead.get(f"{scene.page}/{scene.key}").text


def test_both_texts_come_into_one_box(scene: Scene) -> None:
    data = scene.fields(1, undecided="yes", choice="both")
    reply = scene.lead.post(f"{scene.page}/{scene.key}", data=data)
    assert "Typed by me\n\nTyped by Dana</textarea>" in reply.text
    assert "Save what is in the boxes" in reply.text
    assert scene.stands.version == 1


def test_a_decision_on_a_text_that_moved_on_again_is_a_new_conflict(scene: Scene) -> None:
    dana = builders.as_person(
        scene.work, scene.this.organisation_id, address="dana@example.org", name="Dana Hughes"
    )
    newer = AnswerValues(level="amber", evidence="Dana again", comment="And this")
    builders.save(dana, scene.this.id, scene.key, newer, version=1)
    scene.work.session.commit()
    for choice in ("mine", "both", "open"):
        data = scene.fields(1, undecided="yes", choice=choice)
        reply = scene.lead.post(f"{scene.page}/{scene.key}", data=data)
        assert reply.status_code == 409, choice
        assert "Dana again" in reply.text, choice
        assert "And this</textarea>" in reply.text, choice
    assert scene.stands.values == newer


def test_a_mistake_does_not_decide_a_conflict(scene: Scene) -> None:
    data = scene.fields(1, undecided="yes", action_due="some day")
    assert f'name="{scene.key}.undecided"' in scene.lead.post(f"{scene.page}/{scene.key}", data=data).text


TEXTS = st.text(max_size=30)
RATED = from_content(builders.content()).rated[0]


@given(TEXTS, TEXTS)
def test_a_mix_holds_all_of_both_texts(mine: str, theirs: str) -> None:
    mixed = both_texts(RATED, AnswerValues(evidence=mine), AnswerValues(evidence=theirs), ("evidence",))
    assert mine in mixed.evidence
    assert theirs in mixed.evidence


def saves(scene: Scene) -> tuple[queries.HistoryLine, ...]:
    scene.work.session.rollback()
    return queries.history(scene.work.session, scene.work.actor, scene.this.id, scene.key)


def test_a_refused_text_can_be_restored(scene: Scene) -> None:
    scene.lead.post(f"{scene.page}/{scene.key}", data=scene.fields(0))
    refused = saves(scene)[0]
    assert not refused.accepted
    assert "Restore this version" in scene.lead.get(f"{scene.page}/{scene.key}").text
    reply = scene.lead.post(
        f"{scene.page}/{scene.key}/restore", data={"entry": str(refused.id), "version": "1"}
    )
    assert reply.status_code == 303
    assert (scene.stands.version, scene.stands.values.evidence) == (2, "Typed by me")
    assert [line.accepted for line in saves(scene)] == [True, False, True]
    event = scene.work.session.execute(
        select(AuditEvent).where(
            col(AuditEvent.event) == "answer.restored", col(AuditEvent.subject_id) == scene.this.id
        )
    ).scalar_one()
    assert event.detail == {
        "standard": scene.key,
        "version": 2,
        "from_save": refused.id,
        "was_taken": False,
    }


def test_a_restore_from_a_stale_page_is_refused(scene: Scene) -> None:
    first = saves(scene)[0]
    scene.lead.post(f"{scene.page}/{scene.key}", data=scene.fields(1))
    reply = scene.lead.post(
        f"{scene.page}/{scene.key}/restore", data={"entry": str(first.id), "version": "1"}
    )
    assert reply.status_code == 409
    assert "after you opened this page" in reply.text
    assert scene.stands.version == 2


def test_restoring_what_stands_changes_nothing(scene: Scene) -> None:
    only = saves(scene)[0]
    scene.lead.post(f"{scene.page}/{scene.key}/restore", data={"entry": str(only.id), "version": "1"})
    assert scene.stands.version == 1


@pytest.mark.access
def test_nobody_restores_what_is_not_theirs(scene: Scene, client_as: ClientAs, work: Work) -> None:
    entry = {"entry": str(saves(scene)[0].id), "version": "1"}
    other = builders.organisation(work, "Another School")
    elsewhere = builders.return_of(work, builders.open_round(work, [other]), other)
    work.session.commit()
    stranger = client_as(OrganisationRole.LEAD, organisation=other)
    assert stranger.post(f"{scene.page}/{scene.key}/restore", data=entry).status_code == 404
    own = f"/returns/{elsewhere.id}/{DOMAIN}/{scene.key}/restore"
    assert stranger.post(own, data=entry).status_code == 404
    reader = client_as(PartnershipRole.PSO)
    assert "Restore this version" not in reader.get(f"{scene.page}/{scene.key}").text
    assert reader.post(f"{scene.page}/{scene.key}/restore", data=entry).status_code == 404


def test_a_closed_round_restores_nothing(scene: Scene, work: Work) -> None:
    scene.lead.post(f"{scene.page}/{scene.key}", data=scene.fields(1))
    entry = saves(scene)[-1].id
    rounds.set_state(work, scene.this.round_id, RoundState.CLOSED)
    work.session.commit()
    reply = scene.lead.post(f"{scene.page}/{scene.key}/restore", data={"entry": str(entry), "version": "2"})
    assert reply.status_code == 409
    assert "closed" in reply.text


def test_nobody_saves_what_somebody_else_typed(scene: Scene, client_as: ClientAs) -> None:
    page = scene.lead.get(scene.page).text
    person = page.split('name="person" value="', 1)[1].split('"', 1)[0]
    colleague = client_as(OrganisationRole.CONTRIBUTOR, organisation=scene.this.organisation_id)
    data = {**scene.fields(1), "person": person}
    for path in (f"{scene.page}/{scene.key}", scene.page):
        reply = colleague.post(path, data=data)
        assert reply.status_code == 423, path
        assert "Somebody else has signed in" in reply.text, path
    assert scene.stands.version == 1
    assert scene.lead.post(f"{scene.page}/{scene.key}", data=data).status_code == 200
