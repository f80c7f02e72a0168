"""From the mail to the first answer: three clicks at most, whoever is invited for the first time."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from app.core.access import Work
from app.returns import queries
from tests import builders
from tests.conftest import ClientAs
from tests.people.steps import newest_link

pytestmark = pytest.mark.access


def arrived(browser: TestClient, path: str) -> tuple[str, str]:
    """Return where a path leads, and the page that is there."""
    while (reply := browser.get(path)).status_code == 303:
        path = reply.headers["location"]
    assert reply.status_code == 200
    return path, reply.text


def test_from_the_mail_to_the_first_answer_are_three_clicks(
    work: Work, client_as: ClientAs, engine: Engine
) -> None:
    place = builders.organisation(work)
    address = "robin.first@ashgrove.example.org"
    builders.contact(work, place, address)
    this = builders.return_of(work, builders.open_round(work, [place]), place)
    work.session.commit()
    browser = client_as()
    browser.post("/sign-in", data={"email": address})
    link = newest_link(engine, address)
    page = browser.get(link).text
    assert re.findall(r'<form action="([^"]*)"', page) == [link]
    first = browser.post(link)  # the first click: sign in
    where, tasks = arrived(browser, first.headers["location"])
    assert where == f"/returns/{this.id}"
    main = tasks.partition("<main")[2]
    second = re.search(rf'href="({where}/[a-z-]+)"', main)  # the second: the first part
    assert second is not None
    _, questions = arrived(browser, second[1])
    third = re.search(
        r'<input[^>]* name="([^"]+)\.level"[^>]* value="green"', questions
    )  # the third: a rating
    assert third is not None
    save = re.search(rf'data-save-url="({second[1]}/{third[1]})"', questions)
    assert save is not None, "a choice saves itself"
    sent = browser.post(save[1], data={f"{third[1]}.level": "green", f"{third[1]}.version": "0"})
    assert sent.status_code == 200
    work.session.rollback()
    assert queries.answers(work.session, work.actor, this.id)[third[1]].values.level == "green"
