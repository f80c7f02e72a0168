"""Pages of actions: the partnership's list and file, the organisation's own, one action from both sides."""

import csv
import io
from datetime import date

import pytest

from app.actions import service
from app.actions.rules import ActionStatus
from app.core.access import OrganisationRole, PartnershipRole, Work
from tests import builders
from tests.actions import scenes
from tests.conftest import ClientAs

pytestmark = pytest.mark.visits
_S = ActionStatus


@pytest.fixture
def place(work: Work) -> int:
    """A school with an action still to do, one overdue and one done; one looks like a formula."""
    made = builders.organisation(work)
    builders.contact(work, made, "robin@ashgrove.example.org")
    scenes.action(work, made, what="=1+1 is what we will do")
    scenes.action(work, made, what="Write the plan", due_on=date(2026, 3, 31))
    done = scenes.action(work, made, what="Train everybody").id or 0
    service.say(builders.as_person(work, made), done, scenes.said(_S.DONE, "Nine in ten knew it"))
    work.session.commit()
    return made


def rows_of(text: str, *wanted: str) -> list[bool]:
    return [each in text for each in wanted]


def test_the_list_shows_and_counts_what_is_chosen(client_as: ClientAs, place: int) -> None:
    client = client_as(PartnershipRole.PSO)
    what = ("=1+1 is what", "Write the plan", "Train everybody")
    where = f"/actions?organisation={place}"
    assert rows_of(client.get(where).text, *what) == [True, True, False]
    assert rows_of(client.get(f"{where}&show=overdue").text, *what) == [False, True, False]
    assert rows_of(client.get(f"{where}&show=review").text, *what) == [False, False, True]
    assert rows_of(client.get(f"{where}&show=done").text, *what) == [False, False, True]
    assert rows_of(client.get(f"{where}&show=all").text, *what) == [True, True, True]
    page = client.get(f"{where}&show=ended").text
    assert "Nothing here" in page
    assert "Still to do (2)" in page
    assert "Overdue (1)" in page
    assert "For SAIG to review (1)" in page
    assert "Nothing here" in client.get(f"{where}&source=moderation").text
    assert "Nothing here" in client.get(f"{where}&domain=no-such-domain").text
    assert "Nothing here" in client.get(f"{where}&search=%25nobody").text
    assert "Write the plan" in client.get(f"{where}&search=ASHGROVE&source=visit").text
    assert client.get("/actions?show=x&organisation=abc&start=-3&search=%00&domain=%00").status_code == 200


def test_the_list_is_shown_in_pages(client_as: ClientAs, work: Work) -> None:
    many = builders.organisation(work, "Many Actions School")
    for number in range(52):
        scenes.action(work, many, what=f"Action number {number:02}.")
    work.session.commit()
    client = client_as(PartnershipRole.PSO)
    first = client.get(f"/actions?organisation={many}").text
    assert "Action number 49." in first
    assert "Action number 50." not in first
    second = client.get(f"/actions?organisation={many}&start=50").text
    assert rows_of(second, "Action number 49.", "Action number 50.", "Action number 51.") == [
        False,
        True,
        True,
    ]


def test_the_file_holds_what_is_chosen_and_no_formula(client_as: ClientAs, place: int) -> None:
    reply = client_as(PartnershipRole.PSO).get(f"/actions.csv?organisation={place}&show=all")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    heading, *rows = csv.reader(io.StringIO(reply.content.decode("utf-8-sig")))
    assert heading[:5] == ["Organisation", "What", "Who", "By when", "How far"]
    assert sorted(row[1] for row in rows) == ["'=1+1 is what we will do", "Train everybody", "Write the plan"]
    late = next(row for row in rows if row[1] == "Write the plan")
    assert late[3:6] == ["2026-03-31", "Not started", "230"]


def test_its_people_say_how_far_they_are_and_read_what_saig_says(
    client_as: ClientAs, place: int, work: Work
) -> None:
    number = scenes.action(work, place, what="Write to all parents").id
    work.session.commit()
    lead, officer = client_as(OrganisationRole.LEAD, organisation=place), client_as(PartnershipRole.PSO)
    own = lead.get("/our-actions").text
    assert "Write to all parents" in own
    assert "The partnership looks at these (1)" in own
    path = f"/actions/{number}"
    refused = lead.post(f"{path}/progress", data={"status": "done", "words": "", "owner": "Typed name"})
    assert refused.status_code == 422
    assert "Say how you know that it is done" in refused.text
    assert "Typed name" in refused.text, "what was typed stays"
    said = {"status": "done", "words": "The letter of 4 May", "owner": "Head"}
    assert lead.post(f"{path}/progress", data=said).status_code == 303
    shown = officer.get(path).text
    assert "They say:" in shown
    assert "The letter of 4 May" in shown
    again = officer.post(f"{path}/review", data={"outcome": "more_to_do", "seen": "done"})
    assert again.status_code == 422
    assert "Say what is still to be done" in again.text
    review = {"outcome": "accepted", "review": "Thank you", "seen": "done"}
    assert officer.post(f"{path}/review", data=review).status_code == 303
    ended = lead.get(path).text
    assert "does not follow this action up any more" in ended
    assert "Thank you" in ended
    assert lead.post(f"{path}/progress", data=said).status_code == 422


def test_terms_and_comments_come_back_with_what_was_typed(
    client_as: ClientAs, place: int, work: Work
) -> None:
    path = f"/actions/{scenes.action(work, place).id}"
    work.session.commit()
    officer = client_as(PartnershipRole.PSO)
    wrong = officer.post(f"{path}/terms", data={"owner": "Chair", "due_on": "31/31/2027", "why": ""})
    assert wrong.status_code == 422
    assert "31/31/2027" in wrong.text
    right = {"owner": "Chair", "due_on": "30/6/2027", "why": "The post is vacant"}
    assert officer.post(f"{path}/terms", data=right).status_code == 303
    assert "30 June 2027" in officer.get(path).text
    assert officer.post(f"{path}/comments", data={"comment": " "}).status_code == 422
    lead = client_as(OrganisationRole.LEAD, organisation=place)
    assert lead.post(f"{path}/comments", data={"comment": "When do you visit?"}).status_code == 303
    assert "When do you visit?" in officer.get(path).text
    assert lead.post(f"{path}/review", data={"outcome": "closed"}).status_code == 404


def test_homes_say_what_is_to_do(client_as: ClientAs, place: int) -> None:
    assert "Review" in client_as(PartnershipRole.BOARD_MANAGER).get("/").text
    lead = client_as(OrganisationRole.LEAD, organisation=place).get("/").text
    assert "still to do" in lead
    assert "of them overdue" in lead


def test_an_organisation_without_actions_is_told_where_they_come_from(
    client_as: ClientAs, work: Work
) -> None:
    empty = builders.organisation(work, "Empty School")
    work.session.commit()
    assert "You have none" in client_as(OrganisationRole.LEAD, organisation=empty).get("/our-actions").text
