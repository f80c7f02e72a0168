"""The page for governors, printed: one sheet of A4 even for the return that has most to say."""

import re
from dataclasses import replace
from datetime import date

import pytest

from app.core.access import OrganisationRole, Work
from app.people.queries import DEMO_DOMAIN
from app.returns import queries, signoff
from app.returns.rules import AnswerValues
from tests import builders
from tests.journeys.conftest import NewVisitor, Visitor

pytestmark = pytest.mark.journey

LONG = AnswerValues(
    level="red",
    comment="We know. " * 60,
    action_what="Write the plan, agree it with everybody who has a part in it, and train them all. " * 20,
    action_owner="The deputy head teacher together with the designated safeguarding lead and the governors",
    action_due=date(2027, 3, 31),
)


@pytest.fixture
def longest(work: Work) -> queries.ReturnHead:
    """A signed return of a school with a name of 90 characters, where everything is red and has an action."""
    place = builders.organisation(
        work, "Saint Bartholomew and All Angels Church of England Voluntary Aided "[:89] + "X"
    )
    head = f"Bartholomew Featherstonehaugh-Cholmondeley {place}"
    builders.contact(work, place, f"head-{place}@{DEMO_DOMAIN}", name=head, rights=tuple(OrganisationRole))
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    person = builders.as_person(work, place, address=f"head-{place}@{DEMO_DOMAIN}", name=head)
    for number, question in enumerate(queries.questionnaire_of(work.session, this).questions):
        values = (
            replace(LONG, level="red" if number % 3 else "amber")
            if question.rated
            else (builders.default_answer(queries.questionnaire_of(work.session, this), question.key))
        )
        builders.save(person, this.id, question.key, values)
    signoff.sign(person, this, declared=True)
    work.session.commit()
    return builders.return_of(work, this.round_id, place)


def sheets(person: Visitor) -> int:
    """Print the page as it is and count the sheets."""
    printed = person.page.pdf(format="A4", prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", printed))


def test_the_longest_return_prints_on_one_sheet(visitor: NewVisitor, longest: queries.ReturnHead) -> None:
    head = visitor(f"Bartholomew Featherstonehaugh-Cholmondeley {longest.organisation_id}")
    head.go(f"/returns/{longest.id}/governors")
    head.sees("What we will do first")
    head.look("page for governors")
    assert sheets(head) == 1
    actions = head.page.locator("ol.govuk-list--number > li").all_inner_texts()
    assert len(actions) == 6
    assert all("(red)" in each for each in actions)
    # The counting catches a page that is too long: a browser needs a second sheet for it.
    head.page.evaluate(
        "document.querySelector('.one-page').append(...Array.from({length: 40}, () => "
        "Object.assign(document.createElement('p'), {textContent: 'More'})))"
    )
    assert sheets(head) > 1
