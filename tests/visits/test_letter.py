"""The selection letter: words to begin from, changed before they go, the same in the mail and in Word."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from app.core.access import PartnershipRole, Work
from app.core.models import OutboxMessage
from app.visits import service
from app.visits.letter import LONGEST, LetterFacts, paragraphs, problems_of, standard_text
from tests.conftest import ClientAs
from tests.exports.test_visit_documents import words
from tests.visits import scenes

pytestmark = pytest.mark.visits

DAY = date(2027, 3, 16)
FACTS = LetterFacts(
    "Emberwick {x}", DAY, date(2027, 2, 2), date(2027, 2, 23), "The Act says so.", "01632 960000", "a@b.org"
)


def test_eleven_s_own_words_hold_every_date_and_whom_to_ask() -> None:
    text = standard_text(FACTS)
    for expected in (
        "Emberwick {x}",
        "Tuesday 16 March 2027",
        "Tuesday 2 February 2027",
        "Tuesday 23 February 2027",
        "The Act says so.",
        "ring 01632 960000 or write to a@b.org",
    ):
        assert expected in text
    assert problems_of(text, DAY) == {}
    assert len(paragraphs(text)) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" \n ", "Write what the letter says"),
        ("x" * (LONGEST + 1), "Shorten the letter to 4,000 characters"),
        ("We come on Monday 15 March 2027", "Keep the date of the visit in the text"),
    ],
)
def test_what_is_wrong_with_a_letter_is_said(text: str, said: str) -> None:
    assert problems_of(text, DAY)["letter"].startswith(said)
    assert problems_of("We come on Tuesday\n16 March 2027", DAY) == {}


@given(st.text(max_size=200))
def test_paragraphs_keep_every_word(text: str) -> None:
    assert " ".join(paragraphs(text)).split() == text.split()


def test_the_words_are_changed_before_the_letter_goes(work: Work, client_as: ClientAs) -> None:
    visit_id = scenes.endorsed(work, place := scenes.agency(work))
    service.set_date(work, visit_id, DAY)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    page = manager.get(f"/visits/{visit_id}").text
    assert "We visit every agency with a duty" in page.split('name="letter"', 1)[1]
    step = f"/visits/{visit_id}/steps/send_letter"
    wrong = manager.post(step, data={"letter": "We come soon"})
    assert wrong.status_code == 422
    assert "Keep the date of the visit in the text, written like this: Tuesday 16 March 2027" in wrong.text
    assert "We come soon</textarea>" in wrong.text
    own = "Dear colleagues\n\nWe come on Tuesday 16 March 2027 & bring cake."
    assert manager.post(step, data={"letter": own}).status_code == 303
    bodies = work.session.execute(
        select(col(OutboxMessage.body)).where(
            col(OutboxMessage.kind) == "visit-selected", col(OutboxMessage.organisation_id) == place
        )
    ).scalars()
    assert all(own in body and "duty" not in body for body in bodies)
    letter = words(manager.get(f"/visits/{visit_id}/letter.docx").content)
    assert "We come on Tuesday 16 March 2027 & bring cake." in letter
    assert "within two years" not in letter
