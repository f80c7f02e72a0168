"""From an action to the files that show it: which returns hold them, and who may add some."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.actions import queries as actions
from app.actions.queries import ActionLine
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.storage import LocalFolder
from app.organisations.models import Succession
from app.returns import evidence
from app.returns.action_evidence import places_of
from app.returns.queries import ReturnHead
from tests import builders
from tests.actions import scenes
from tests.conftest import ClientAs
from tests.returns.file_makers import pdf

pytestmark = pytest.mark.visits
Years = tuple[int, ReturnHead, ReturnHead]


@pytest.fixture
def years(work: Work) -> Years:
    """A school whose board lead was red last year, with this year's return before it."""
    made = scenes.two_years(work)
    work.session.commit()
    return made


def _action(work: Work, place: int) -> ActionLine:
    wanted = actions.Wanted(show="all", organisation=place)
    return actions.actions(work.session, work.actor, wanted, work.now.date(), most=1)[0]


def _add(work: Work, place: int, this: ReturnHead, key: str, folder: Path) -> None:
    content = pdf()
    evidence.add(
        builders.as_person(work, place),
        this,
        key,
        evidence.Upload("Minutes of May.pdf", io.BytesIO(content), len(content)),
        evidence.Place(LocalFolder(folder), scanned=False),
    )


def test_files_added_this_year_are_found_from_the_action_of_last_year(
    client_as: ClientAs, work: Work, years: Years, tmp_path: Path
) -> None:
    place, old, this = years
    action = _action(work, place)
    _add(work, place, this, action.standard_key, tmp_path / "evidence")
    work.session.commit()
    path = f"/actions/{action.id}/evidence"
    own = client_as(OrganisationRole.LEAD, organisation=place)
    assert f'href="{path}"' in own.get(f"/actions/{action.id}").text
    page = own.get(path).text
    assert page.index("This year") < page.index("Minutes of May.pdf") < page.index("Last year")
    assert f'href="/returns/{this.id}/{action.domain_key}/{action.standard_key}/evidence#add"' in page
    assert f"/returns/{old.id}/{action.domain_key}/{action.standard_key}/evidence" not in page, "it is signed"
    assert "The action came with this return" in page
    officer = client_as(PartnershipRole.PSO).get(path).text
    assert "Minutes of May.pdf" in officer
    assert "Add a file" not in officer
    stranger = builders.organisation(work, "Other School")
    work.session.commit()
    other = client_as(OrganisationRole.LEAD, organisation=stranger)
    assert other.get(path).status_code == 404


def test_what_was_signed_before_the_action_came_up_says_nothing_of_it(work: Work, years: Years) -> None:
    place, old, this = years
    action = _action(work, place)
    later = replace(action, return_id=None, created_at=work.now + timedelta(days=1))
    own = builders.as_person(work, place).actor
    assert [each.this.id for each in places_of(work.session, own, action)] == [this.id, old.id]
    assert [each.this.id for each in places_of(work.session, own, later)] == [this.id]
    assert [each.this.id for each in places_of(work.session, work.actor, later)] == [], (
        "nothing to see or add"
    )
    assert places_of(work.session, own, replace(action, standard_key="gone-with-last-year")) == ()


def test_a_successors_return_shows_the_actions_that_it_took_over(work: Work, years: Years) -> None:
    place, *_ = years
    action = _action(work, place)
    heir = builders.organisation(work, "Academy of Heirs")
    round_id = builders.open_round(work, [heir], title="The heir’s")
    work.session.add(Succession(predecessor_id=place, successor_id=heir))
    work.session.flush()
    person = builders.as_person(work, heir).actor
    assert [each.this.round_id for each in places_of(work.session, person, action)] == [round_id]


def test_an_action_about_a_whole_domain_says_why_it_has_no_files(client_as: ClientAs, work: Work) -> None:
    place = builders.organisation(work)
    number = scenes.action(work, place).id
    work.session.commit()
    own = client_as(OrganisationRole.LEAD, organisation=place)
    assert f"/actions/{number}/evidence" not in own.get(f"/actions/{number}").text
    assert "what shows it is said in words" in own.get(f"/actions/{number}/evidence").text
