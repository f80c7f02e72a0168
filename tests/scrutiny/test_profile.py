"""An organisation's profile: this year beside last, self beside validated, and what it was before."""

import re
from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.core.access import PartnershipRole, Work
from app.organisations.models import Succession
from app.questionnaires.queries import questionnaire
from app.ratings.models import RatingSource
from app.rounds.models import Round
from tests import builders
from tests.chasing.scenes import counted
from tests.conftest import ClientAs
from tests.scrutiny.scenes import issued, rate, schools

R = PartnershipRole
GREEN = "Ge Ge Ge Ge"


@pytest.fixture
def pso(client_as: ClientAs) -> TestClient:
    return client_as(R.PSO)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


def test_an_organisation_that_is_not_there_is_not_found(pso: TestClient, client_as: ClientAs) -> None:
    assert pso.get("/organisations/999999/profile").status_code == 404
    assert client_as(R.ADMINISTRATOR).get("/organisations/1/profile").status_code == 404


def test_an_organisation_that_was_never_asked_says_what_will_be_here(work: Work, pso: TestClient) -> None:
    place = builders.organisation(work, "N" * 90)
    work.session.commit()
    page = pso.get(f"/organisations/{place}/profile").text
    assert "has not been asked yet" in page
    assert "N" * 90 in page


def test_this_year_stands_beside_last_with_the_reason_and_the_validated_rating(
    work: Work, pso: TestClient
) -> None:
    before = issued(work, schools(work, "Oak"), title="Return 2025", due=date(2026, 10, 15))
    rate(work, before, "Oak", "R R R", GREEN)
    this = issued(work, before.places, previous=before.round_id, title="Return 2026")
    rate(work, this, "Oak", "Ge Ge Ge Ge", "A A A A", GREEN)
    rate(work, this, "Oak", "Ge Ge Ge Ge", "R R A A", GREEN, source=RatingSource.VALIDATED)
    text = words(pso.get(f"/organisations/{this.places['Oak']}/profile").text)
    assert "Return 2026, signed Tuesday 10 November 2026, beside Return 2025." in text
    assert "Green: all 4 standards are green." in text
    assert "Up from red to green." in text
    assert "Validated as red: 25% of the points are reached; less than 50% is red." in text
    assert "Over the years" in text


def test_the_reason_names_standards_by_their_titles(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Oak"))
    made = work.session.get(Round, this.round_id)
    assert made is not None
    asked = questionnaire(work.session, made.version_id)
    critical = next(each for each in asked.rated if each.critical)
    head = builders.signed_return(
        work, this.round_id, this.places["Oak"], **{critical.key.replace("-", "_"): builders.RED}
    )
    work.session.commit()
    text = words(pso.get(f"/organisations/{this.places['Oak']}/profile").text)
    assert "is critical and red" in text
    assert f'"/returns/{head.id}/feedback"' in pso.get(f"/organisations/{this.places['Oak']}/profile").text


def test_a_newer_return_that_is_not_signed_is_named_beside_the_newest_signed_one(
    work: Work, pso: TestClient
) -> None:
    before = issued(work, schools(work, "Oak"), title="Return 2025", due=date(2026, 10, 15))
    rate(work, before, "Oak", GREEN)
    issued(work, before.places, previous=before.round_id, title="Return 2026")
    text = words(pso.get(f"/organisations/{before.places['Oak']}/profile").text)
    assert "Return 2026 is not signed yet" in text
    assert "Below is the newest signed return." in text
    assert "Green: all 4 standards are green." in text


def test_history_follows_a_succession_and_a_merger_has_no_single_year_before(
    work: Work, pso: TestClient
) -> None:
    before = issued(work, schools(work, "Old oak", "Old elm"), title="Return 2025", due=date(2026, 10, 15))
    rate(work, before, "Old oak", "R R R")
    rate(work, before, "Old elm", GREEN)
    places = schools(work, "New oak", "Merged")
    for old, new in (("Old oak", "New oak"), ("Old oak", "Merged"), ("Old elm", "Merged")):
        work.session.add(
            Succession(
                predecessor_id=before.places[old],
                successor_id=places[new],
                merged=new == "Merged",
                on_date=date(2026, 9, 1),
            )
        )
    this = issued(work, places, previous=before.round_id, title="Return 2026")
    rate(work, this, "New oak", GREEN)
    rate(work, this, "Merged", GREEN)
    oak = words(pso.get(f"/organisations/{places['New oak']}/profile").text)
    assert "beside Return 2025 of Old oak" in oak
    assert "Up from red to green." in oak
    assert "Old oak , taken over on Tuesday 1 September 2026" in oak
    merged = words(pso.get(f"/organisations/{places['Merged']}/profile").text)
    assert "merged from several organisations" in merged
    assert "Up from" not in merged
    assert "Old elm , merged on" in merged


def test_a_circle_of_successions_does_no_harm(work: Work, pso: TestClient) -> None:
    places = schools(work, "A", "B")
    work.session.add(Succession(predecessor_id=places["A"], successor_id=places["B"]))
    work.session.add(Succession(predecessor_id=places["B"], successor_id=places["A"]))
    work.session.commit()
    assert pso.get(f"/organisations/{places['A']}/profile").status_code == 200


def test_a_profile_costs_the_same_however_many_years_are_kept(
    work: Work, pso: TestClient, page_engine: Engine
) -> None:
    places, year, counts = schools(work, "Oak"), None, []
    for number in range(4):
        this = issued(work, places, previous=year, due=date(2026, 11, 1 + number))
        year = this.round_id
        rate(work, this, "Oak", GREEN)
        with counted(page_engine) as statements:
            assert pso.get(f"/organisations/{places['Oak']}/profile").status_code == 200
        counts.append(len(statements))
    # Who is asking, the organisation, its returns, their ratings, its predecessors; of signals what is set,
    # the facts, what went down, and the peers.
    assert counts == [9, 9, 9, 9]
