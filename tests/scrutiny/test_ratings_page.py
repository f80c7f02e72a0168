"""The heat map's page: who sees it, what leads where, and what it costs."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.organisations.models import Succession
from app.ratings.models import RatingSource
from tests.chasing.scenes import close, counted
from tests.conftest import ClientAs
from tests.scrutiny.scenes import domains, issued, rate, schools

R = PartnershipRole
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
GREEN = "Ge Ge Ge Ge"


@pytest.fixture
def pso(client_as: ClientAs) -> TestClient:
    return client_as(R.PSO)


def names_on(page: str) -> list[str]:
    return re.findall(r'heat-map__name"[^>]*>([^<]+)</a>', page)


def cells_of(page: str, name: str) -> list[str]:
    """Return what those who listen hear in each cell of a row."""
    line = page.split(f">{name}</a>", 1)[1].split("</th>", 1)[1].split("</tr>", 1)[0]
    hidden = re.sub(r'<span aria-hidden="true">[^<]*</span>', "", line)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", hidden, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", cell).replace("→", " ").split()) for cell in cells]


@pytest.mark.access
@pytest.mark.parametrize("path", ["/ratings", "/what-if"])
@pytest.mark.parametrize(
    ("role", "status"),
    [
        (R.BOARD_MANAGER, 200),
        (R.PSO, 200),
        (R.SAFEGUARDING_PARTNER, 200),
        (R.INDEPENDENT_SCRUTINEER, 200),
        (R.ADMINISTRATOR, 404),
    ],
)
def test_those_who_read_ratings_see_them(
    work: Work, client_as: ClientAs, role: PartnershipRole, path: str, status: int
) -> None:
    this = issued(work, schools(work, "Oak"))
    rate(work, this, "Oak", GREEN)
    assert client_as(role).get(this.here + path).status_code == status


@pytest.mark.access
def test_people_of_organisations_never_see_the_heat_map(work: Work, client_as: ClientAs) -> None:
    this = issued(work, schools(work, "Oak"))
    lead = client_as(OrganisationRole.LEAD, organisation=this.places["Oak"])
    for path in (
        f"{this.here}/ratings",
        f"{this.here}/what-if",
        f"/organisations/{this.places['Oak']}/profile",
    ):
        assert lead.get(path).status_code == 404


def test_each_cell_leads_to_the_answers_of_its_domain(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Oak"))
    rate(work, this, "Oak", GREEN)
    page = pso.get(f"{this.here}/ratings").text
    for key in domains(work, this.round_id):
        assert f'href="/returns/{this.returns["Oak"]}/{key}"' in page
    assert f'href="/organisations/{this.places["Oak"]}/profile"' in page


@pytest.mark.access
def test_a_safeguarding_partner_reads_ratings_without_links_to_answers(
    work: Work, client_as: ClientAs
) -> None:
    this = issued(work, schools(work, "Oak"))
    rate(work, this, "Oak", GREEN)
    client = client_as(R.SAFEGUARDING_PARTNER)
    for path in (f"{this.here}/ratings", f"/organisations/{this.places['Oak']}/profile"):
        page = client.get(path).text
        assert "Green" in page
        assert '"/returns/' not in page


def test_insufficient_unanswered_validated_and_differing_cells_are_told_apart(
    work: Work, pso: TestClient
) -> None:
    this = issued(work, schools(work, "Oak", "Elm", "Waiting"))
    rate(work, this, "Oak", "Ge Ge Ge Ge", "G - - -", "A A A A")
    rate(work, this, "Oak", "Ge Ge Ge Ge", "G - - -", "R R R R", source=RatingSource.VALIDATED)
    rate(work, this, "Elm", "G G G G", "R* G G G")
    page = pso.get(f"{this.here}/ratings").text
    oak = cells_of(page, "Oak")
    assert oak[0] == "Green, validated"
    assert oak[1].startswith("Not enough answers, validated")
    assert oak[2] == "Amber , validated as red"
    assert cells_of(page, "Elm")[:2] == ["Green, no evidence given", "Red, no evidence given"]
    assert set(cells_of(page, "Waiting")) == {"Not answered"}


def test_kinds_stand_together_worst_first_and_the_unsigned_can_be_hidden(work: Work, pso: TestClient) -> None:
    places = schools(work, "Fine", "Grave", "Absent") | schools(
        work, "College", kind="college", phase="post_16"
    )
    this = issued(work, places)
    rate(work, this, "Fine", GREEN)
    rate(work, this, "Grave", "R* R R G")
    rate(work, this, "College", GREEN)
    page = pso.get(f"{this.here}/ratings").text
    assert names_on(page) == ["College", "Grave", "Fine", "Absent"]
    assert re.findall(r'heat-map__title">([^<]+)<', page) == [
        "Colleges (1)",
        "Maintained schools (2)",
        "Not signed yet (1)",
    ]
    assert names_on(pso.get(f"{this.here}/ratings?signed=yes").text) == ["College", "Grave", "Fine"]


def test_filters_and_the_links_of_the_counts(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Oak", "Elm"))
    first = domains(work, this.round_id)[0]
    rate(work, this, "Oak", "R R R", GREEN)
    rate(work, this, "Elm", GREEN)
    page = pso.get(f"{this.here}/ratings").text
    assert f'href="{this.here}/ratings?domain={first}&amp;outcome=red"' in page
    assert names_on(pso.get(f"{this.here}/ratings?domain={first}&outcome=red").text) == ["Oak"]
    assert names_on(pso.get(f"{this.here}/ratings?text=el").text) == ["Elm"]
    assert "No organisation fits these filters" in pso.get(f"{this.here}/ratings?text=absent").text
    part = pso.get(f"{this.here}/ratings?text=el", headers=PARTIAL).text
    assert "<html" not in part
    assert names_on(part) == ["Elm"]


def test_changes_since_last_year_follow_a_succession(work: Work, pso: TestClient) -> None:
    before = issued(work, schools(work, "Old oak", "Elm"))
    rate(work, before, "Old oak", "R R R")
    rate(work, before, "Elm", GREEN)
    places = {**schools(work, "New oak"), "Elm": before.places["Elm"]}
    work.session.add(Succession(predecessor_id=before.places["Old oak"], successor_id=places["New oak"]))
    this = issued(work, places, previous=before.round_id)
    rate(work, this, "New oak", GREEN)
    rate(work, this, "Elm", GREEN)
    page = pso.get(f"{this.here}/ratings?changed=yes").text
    assert names_on(page) == ["New oak"]
    assert "was red" in page
    # Where there is no round before, nothing can have changed: the filter is not there and does nothing.
    assert names_on(pso.get(f"{before.here}/ratings?changed=yes").text) == ["Old oak", "Elm"]


def test_a_round_without_returns_and_a_closed_one(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Oak"))
    close(work, this.round_id)
    assert names_on(pso.get(f"{this.here}/ratings").text) == ["Oak"]
    assert pso.get("/rounds/999999/ratings").status_code == 404
    assert pso.get("/rounds/999999/what-if").status_code == 404


def test_names_of_any_kind_are_shown_as_text(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "<script>alert(1)</script>", "N" * 90))
    rate(work, this, "N" * 90, GREEN)
    page = pso.get(f"{this.here}/ratings").text
    assert "<script>alert" not in page
    assert "N" * 90 in page


def test_the_heat_map_costs_the_same_however_many_returns_and_years(
    work: Work, pso: TestClient, page_engine: Engine
) -> None:
    places = schools(work, *(f"School {number}" for number in range(12)))
    year, counts = None, []
    for _ in range(4):
        this = issued(work, places, previous=year)
        year = this.round_id
        for name in places:
            rate(work, this, name, "R G A G", GREEN)
        pso.get(f"{this.here}/ratings")
        with counted(page_engine) as statements:
            assert pso.get(f"{this.here}/ratings").status_code == 200
        counts.append(len(statements))
        assert not any(re.search(r"\bFROM answer\b", statement) for statement in statements)
    # Who is asking, the round, its returns, their ratings, who is exempt; of signals what is set, the facts,
    # what went down, and the peers.
    assert counts == [9, 9, 9, 9]
