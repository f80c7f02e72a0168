"""The pages of a return: for its own people, for readers of the partnership, and for nobody else."""

from dataclasses import dataclass

import pytest
from fastapi.testclient import TestClient

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.questionnaires.definition import Questionnaire
from app.returns import queries
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import RoundState
from tests import builders
from tests.conftest import ClientAs

PAGES = ("", "/check", "/team", "/sign-off", "/leadership-and-governance", "/closing")


@dataclass
class School:
    """A school with a return, one answer in it that nobody else may read."""

    this: queries.ReturnHead
    questionnaire: Questionnaire
    key: str

    @property
    def path(self) -> str:
        """The address of the return."""
        return f"/returns/{self.this.id}"


@pytest.fixture
def school(work: Work) -> School:
    place = builders.organisation(work)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    questionnaire = queries.questionnaire_of(work.session, this)
    key = questionnaire.rated[0].key
    person = builders.as_person(work, place)
    builders.save(person, this.id, key, AnswerValues(level="red", evidence="CANARY-of-this-school"))
    work.session.commit()
    return School(this, questionnaire, key)


def lead_of(school: School, client_as: ClientAs) -> TestClient:
    return client_as(
        OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=school.this.organisation_id
    )


def test_its_own_people_read_every_page(school: School, client_as: ClientAs) -> None:
    lead = lead_of(school, client_as)
    for page in PAGES:
        assert lead.get(school.path + page).status_code == 200, page
    assert "CANARY-of-this-school" in lead.get(f"{school.path}/leadership-and-governance").text


@pytest.mark.access
def test_another_school_finds_nothing(school: School, client_as: ClientAs, work: Work) -> None:
    other = builders.organisation(work, "Another School")
    work.session.commit()
    stranger = client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=other)
    missing = stranger.get("/returns/987654").text
    for page in (*PAGES, f"/leadership-and-governance/{school.key}", "/receipt", "/feedback", "/governors"):
        reply = stranger.get(school.path + page)
        assert (reply.status_code, reply.text) == (404, missing), page
    for page in (
        "/leadership-and-governance",
        f"/leadership-and-governance/{school.key}",
        "/sign-off",
        "/ready",
    ):
        assert stranger.post(school.path + page, data={"declared": "yes"}).status_code == 404, page


@pytest.mark.access
@pytest.mark.parametrize("role", [PartnershipRole.PSO, PartnershipRole.INDEPENDENT_SCRUTINEER])
def test_readers_of_the_partnership_read_and_do_not_write(
    school: School, client_as: ClientAs, role: PartnershipRole
) -> None:
    reader = client_as(role)
    page = reader.get(f"{school.path}/leadership-and-governance")
    assert "CANARY-of-this-school" in page.text
    assert "<textarea" not in page.text
    assert f'href="{school.path}/performance-and-outcomes" rel="next"' in page.text, "on to the next part"
    assert 'rel="prev"' not in page.text, "it is the first part"
    assert reader.post(f"{school.path}/leadership-and-governance", data={}).status_code == 404


@pytest.mark.access
@pytest.mark.parametrize("role", [PartnershipRole.ADMINISTRATOR, PartnershipRole.SAFEGUARDING_PARTNER])
def test_other_roles_read_no_answers(school: School, client_as: ClientAs, role: PartnershipRole) -> None:
    assert client_as(role).get(f"{school.path}/leadership-and-governance").status_code == 404


def test_the_first_thing_of_a_part_is_its_question(school: School, client_as: ClientAs) -> None:
    page = lead_of(school, client_as).get(f"{school.path}/leadership-and-governance").text
    assert page.index("<textarea") < page.index('aria-label="Parts of this return"')
    assert "if this standard is red, the whole part is red" in page


def test_a_page_saves_all_its_answers(school: School, client_as: ClientAs) -> None:
    lead = lead_of(school, client_as)
    domain = school.questionnaire.domains[1]
    data = {f"{standard.key}.level": "green" for standard in domain.rated}
    reply = lead.post(f"{school.path}/{domain.key}", data={**data, "continue": "yes", "next": "closing"})
    assert (reply.status_code, reply.headers["location"]) == (303, f"{school.path}/closing")
    assert f"{len(domain.rated) + 1} of {school.this.total} questions answered" in lead.get(school.path).text


def test_a_stale_page_gets_a_conflict_and_both_texts(school: School, client_as: ClientAs) -> None:
    lead = lead_of(school, client_as)
    reply = lead.post(
        f"{school.path}/leadership-and-governance",
        data={f"{school.key}.evidence": "Typed on a stale page", f"{school.key}.version": "0"},
    )
    assert reply.status_code == 409
    assert "CANARY-of-this-school" in reply.text
    assert "Typed on a stale page" in reply.text


def test_what_does_not_fit_comes_back_as_it_was_typed(school: School, client_as: ClientAs) -> None:
    lead = lead_of(school, client_as)
    fact = next(
        standard for standard in school.questionnaire.standards if standard.type == "number_of_number"
    )
    domain = school.questionnaire.domain_of(fact.key)
    assert domain is not None
    reply = lead.post(
        f"{school.path}/{domain.key}", data={f"{fact.key}.fact-1": "fifty", f"{fact.key}.fact-2": "44"}
    )
    assert reply.status_code == 422
    assert 'value="fifty"' in reply.text
    assert "must be a whole number" in reply.text


def test_a_null_character_is_refused_with_a_message(school: School, client_as: ClientAs) -> None:
    reply = lead_of(school, client_as).post(
        f"{school.path}/leadership-and-governance/{school.key}", data={f"{school.key}.evidence": "a\x00b"}
    )
    assert reply.status_code == 422
    assert "invisible character" in reply.text


def test_extra_fields_are_ignored(school: School, client_as: ClientAs, work: Work) -> None:
    other = builders.organisation(work, "Yet Another School")
    work.session.commit()
    data = {f"{school.key}.level": "green", f"{school.key}.version": "1", "organisation_id": str(other)}
    lead = lead_of(school, client_as)
    reply = lead.post(
        f"{school.path}/leadership-and-governance/{school.key}",
        data={**data, "rating": "green", "role": "admin"},
    )
    assert reply.status_code == 200
    assert lead.get("/rounds").status_code == 404


def test_a_closed_round_can_be_read_for_ever(school: School, client_as: ClientAs, work: Work) -> None:
    rounds.set_state(work, school.this.round_id, RoundState.CLOSED)
    work.session.commit()
    lead = lead_of(school, client_as)
    page = lead.get(f"{school.path}/leadership-and-governance")
    assert "CANARY-of-this-school" in page.text
    assert "<textarea" not in page.text
    late = lead.post(
        f"{school.path}/leadership-and-governance/{school.key}",
        data={f"{school.key}.level": "green", f"{school.key}.version": "1"},
    )
    assert late.status_code == 423
    assert "closed" in late.text


def test_a_lead_invites_and_the_last_lead_stays(school: School, client_as: ClientAs) -> None:
    lead = lead_of(school, client_as)
    bad = lead.post(f"{school.path}/team", data={"name": "", "email": "nowhere"})
    assert bad.status_code == 422
    assert "Enter your colleague&#39;s name" in bad.text or "Enter your colleague's name" in bad.text
    good = lead.post(
        f"{school.path}/team",
        data={"name": "Dana Hughes", "email": "Dana@Example.org", "roles": ["contributor"]},
    )
    assert good.status_code == 303
    assert "Dana Hughes" in lead.get(f"{school.path}/team").text
    colleague = client_as(email="dana@example.org")
    assert colleague.get(school.path).status_code == 200
    assert (
        colleague.post(f"{school.path}/team", data={"name": "X", "email": "x@example.org"}).status_code == 422
    )


def test_the_page_is_quick_on_the_database(school: School, client_as: ClientAs) -> None:
    from sqlalchemy import event  # noqa: PLC0415 - counted here only

    lead = lead_of(school, client_as)
    lead.get(f"{school.path}/leadership-and-governance")
    statements: list[str] = []
    engine = lead.app.state.engine  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    lead.get(f"{school.path}/leadership-and-governance")
    assert len(statements) <= 4, statements


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", "Say why you send it back"),
        ("x" * 2_001, "Shorten this text to 2,000 characters"),
        ("Look at\x00 it again", "Remove the invisible character"),
    ],
)
def test_a_reason_that_cannot_be_taken_is_said_at_its_field_and_stays(
    work: Work, client_as: ClientAs, reason: str, says: str
) -> None:
    place = builders.organisation(work)
    signed = builders.signed_return(work, builders.open_round(work, [place]), place)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    reply = manager.post(f"/returns/{signed.id}/send-back", data={"reason": reason})
    assert reply.status_code == 422
    assert says in reply.text
    assert 'href="#reason"' in reply.text
    assert reason.replace("\x00", "") in reply.text.replace("\x00", "")
    assert queries.head(work.session, work.actor, signed.id).state.value == "signed"


def test_the_address_of_a_button_explains_itself(school: School, client_as: ClientAs) -> None:
    reply = lead_of(school, client_as).get(f"{school.path}/ready/")
    assert reply.status_code in {307, 404, 405}
    reply = lead_of(school, client_as).get("/sign-out")
    assert reply.status_code == 405
    assert "There is no page at this address" in reply.text
    assert "Nothing was changed" in reply.text
    assert "POST" in reply.headers["allow"]
