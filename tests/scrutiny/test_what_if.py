"""Other thresholds: what would change, nothing stored, and the one case that needs answers."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select
from sqlmodel import Session, col

from app.core.access import PartnershipRole, Work
from app.questionnaires.queries import questionnaire
from app.ratings import service as ratings
from app.ratings.models import RatingSource, StoredRating
from app.ratings.rules import RatedAnswer, rate_domain
from app.ratings.service import RatedReturn
from app.returns.models import Answer
from app.rounds.models import Round
from tests.chasing.scenes import Scene, counted, sign
from tests.conftest import ClientAs
from tests.scrutiny.scenes import issued, rate, schools

R = PartnershipRole
GREEN = "Ge Ge Ge Ge"


@pytest.fixture
def pso(client_as: ClientAs) -> TestClient:
    return client_as(R.PSO)


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.split("<main", 1)[1]).split())


def test_without_thresholds_it_shows_the_questionnaires_own_and_no_change(
    work: Work, pso: TestClient
) -> None:
    this = issued(work, schools(work, "Oak"))
    rate(work, this, "Oak", "R R G G", GREEN)
    page = pso.get(f"{this.here}/what-if").text
    assert 'value="80"' in page
    assert 'value="50"' in page
    assert 'value="85"' in page
    assert "nothing changes" in page


def test_other_thresholds_show_what_would_change_and_store_nothing(
    work: Work, pso: TestClient, session: Session
) -> None:
    this = issued(work, schools(work, "Oak", "Elm"))
    rate(work, this, "Oak", "A A G G", GREEN)
    rate(work, this, "Elm", GREEN)

    def stored() -> list[tuple[object, ...]]:
        rows = session.execute(
            select(col(StoredRating.id), col(StoredRating.outcome), col(StoredRating.thresholds))
            .where(col(StoredRating.round_id) == this.round_id)
            .order_by(col(StoredRating.id))
        )
        return [tuple(row) for row in rows]

    before = stored()
    text = words(pso.get(f"{this.here}/what-if?answered=80&red=80&green=95").text)
    assert "1 domain would change colour" in text
    assert "Red: 75% of the points are reached; less than 80% is red." in text
    assert "Amber 1 0 (−1)" in text
    assert stored() == before


def test_the_gravest_change_comes_first(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Better", "Worse"))
    rate(work, this, "Better", "A A G G", GREEN)
    rate(work, this, "Worse", "R R R G G G G", GREEN)
    page = pso.get(f"{this.here}/what-if?red=60&green=75").text
    listed = re.findall(r"stacked-table.*", page, re.DOTALL)[0]
    assert listed.index("Worse") < listed.index("Better")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?red=90&green=80", "Green must begin above 90%"),
        ("?red=50&green=50", "Green must begin above 50%"),
        ("?answered=0", "Enter a whole number from 1 to 100"),
        ("?green=many", "Enter a whole number from 1 to 100"),
        ("?red=<script>", "Enter a whole number from 1 to 100"),
    ],
)
def test_thresholds_that_make_no_sense_are_said_at_their_field(
    work: Work, pso: TestClient, query: str, message: str
) -> None:
    this = issued(work, schools(work, "Oak"))
    reply = pso.get(f"{this.here}/what-if{query}")
    assert reply.status_code == 422
    assert message in reply.text
    assert "Error: What if" in reply.text
    assert "<script>" not in reply.text.split("<main", 1)[1]


def test_a_round_without_signed_returns_says_what_will_be_here(work: Work, pso: TestClient) -> None:
    this = issued(work, schools(work, "Oak"))
    assert "No return of this round is signed yet" in pso.get(f"{this.here}/what-if").text


def too_few(work: Work, this: Scene, name: str, *, critical_amber: bool) -> None:
    """Sign a return with too few answers in a domain that has critical standards; one answer is amber."""
    made = work.session.get(Round, this.round_id)
    assert made is not None
    asked = questionnaire(work.session, made.version_id)
    domain = next(each for each in asked.domains if any(one.critical for one in each.rated))
    standards = sorted(domain.rated, key=lambda each: each.critical is not critical_amber)
    amber, *greens = standards[: len(standards) * 3 // 4]
    levels = {amber.key: "amber", **{each.key: "green" for each in greens}}
    answers = [
        RatedAnswer(
            each.key, each.title, each.critical, asked.level(levels[each.key]) if each.key in levels else None
        )
        for each in domain.rated
    ]
    rating = rate_domain(domain.key, answers, asked.rating_rule, asked.scale)
    assert rating.outcome == "insufficient"
    of = RatedReturn(this.returns[name], this.round_id, this.places[name])
    ratings.store(work, of, [rating], RatingSource.SELF)
    work.session.connection().execute(
        insert(Answer),
        [
            {
                "return_id": of.return_id,
                "standard_key": key,
                "organisation_id": of.organisation_id,
                "version": 1,
                "level": level,
                "updated_at": work.now,
                "updated_by": work.actor.user_id,
            }
            for key, level in levels.items()
        ],
    )
    sign(work, of.return_id, work.now.date())


def test_a_critical_amber_that_the_rating_does_not_tell_is_read_from_the_answers(
    work: Work, pso: TestClient, page_engine: Engine
) -> None:
    this = issued(work, schools(work, "Critical", "Ordinary"))
    too_few(work, this, "Critical", critical_amber=True)
    too_few(work, this, "Ordinary", critical_amber=False)
    with counted(page_engine) as plain:
        pso.get(f"{this.here}/what-if")
    with counted(page_engine) as statements:
        page = pso.get(f"{this.here}/what-if?answered=50&green=80").text
    rows = re.findall(r"<tr.*?</tr>", page.split("Domains that would change colour")[1], re.DOTALL)
    sentences = {
        name: words("<main" + row) for row in rows for name in ("Critical", "Ordinary") if f">{name}<" in row
    }
    assert "Amber: a critical standard is amber." in sentences["Critical"]
    assert "Green:" in sentences["Ordinary"]
    # Who is asking, the round, its ratings; and the answers in one statement, only where they matter.
    assert len(plain) == 3
    assert len(statements) == 4
