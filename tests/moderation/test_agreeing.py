"""What moderation leaves to be done, and the signals that an officer sees while judging."""

import pytest

from app.actions.models import ActionSource
from app.actions.queries import own_actions
from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.errors import RefusedError
from app.moderation import agreeing, releasing
from app.signals.measuring import measure
from tests.conftest import ClientAs
from tests.moderation import scenes

pytestmark = pytest.mark.visits
P = PartnershipRole


@pytest.fixture
def scene(work: Work) -> scenes.Scene:
    """A signed return."""
    made = scenes.signed(work)
    work.session.commit()
    return made


def test_an_action_is_agreed_at_a_standard_and_followed_up_like_any_other(
    scene: scenes.Scene, client_as: ClientAs
) -> None:
    pso = client_as(P.PSO)
    pso.post(f"/moderation/{scene.return_id}", data={"do": "take"})
    domain, key = f"/moderation/{scene.return_id}/{scene.domain}", scene.keys[1]
    form = {
        "do": "agree",
        f"action-{key}": "Train <b>two</b> deputies",
        f"owner-{key}": "",
        f"due-{key}": "16/11/2026",
    }
    refused = pso.post(f"{domain}/{key}", data=form)
    assert refused.status_code == 422
    for words in ("Say who sees to it", "Enter a day that is still to come", "Train &lt;b&gt;two&lt;/b&gt;"):
        assert words in refused.text
    good = {**form, f"owner-{key}": "Head teacher", f"due-{key}": "31/3/2027"}
    assert pso.post(f"{domain}/{key}", data=good).status_code == 303
    shown = pso.get(domain).text
    assert "Agreed since" in shown
    assert "Train &lt;b&gt;two&lt;/b&gt; deputies" in shown
    assert "Moderation" in pso.get("/actions?source=moderation").text
    school = client_as(OrganisationRole.LEAD, organisation=scene.place)
    assert "Train &lt;b&gt;two&lt;/b&gt; deputies" in school.get("/our-actions").text


def test_actions_come_from_who_has_the_domain_and_before_the_release(work: Work, scene: scenes.Scene) -> None:
    agreed = agreeing.Agreed("Train deputies", "Head", scenes.day_ahead(work))
    stranger = scenes.officer(work, "Pat Nobody")
    with pytest.raises(RefusedError, match="not with you"):
        agreeing.agree(stranger, scene.return_id, scene.domain, scene.keys[0], agreed)
    who = scenes.finished(work, scene)
    agreeing.agree(who, scene.return_id, scene.domain, scene.keys[0], agreed)
    school = Actor(0, "", "", organisations={scene.place: frozenset({OrganisationRole.LEAD})})
    (line,) = (each for each in own_actions(work.session, school) if each.source is ActionSource.MODERATION)
    assert (line.standard_key, line.source_id) == (scene.keys[0], scene.return_id)
    releasing.release(who, scene.return_id)
    with pytest.raises(RefusedError, match="released"):
        agreeing.agree(who, scene.return_id, scene.domain, scene.keys[0], agreed)


def test_an_officer_sees_the_signals_of_the_organisation(
    work: Work, scene: scenes.Scene, client_as: ClientAs
) -> None:
    measure(work.session, work.now)
    work.session.commit()
    page = client_as(P.PSO).get(f"/moderation/{scene.return_id}/{scene.domain}").text
    assert "Signals about this organisation" in page
    assert "One person gave all answers in 0 minutes" in page
