"""The page on which a round is started: what is wrong is said in the order of the fields."""

import re

import pytest

from app.core.access import PartnershipRole, Work
from tests import builders
from tests.conftest import ClientAs


def summary(page: str) -> list[str]:
    """Return the fields that the error summary leads to, in its order."""
    listed = page.split("govuk-error-summary__list", 1)[1].split("</ul>", 1)[0]
    return re.findall(r'href="#([a-z_]+)"', listed)


@pytest.fixture
def version(work: Work) -> str:
    made = str(builders.published(work))
    work.session.commit()
    return made


@pytest.mark.usefixtures("version")
def test_the_summary_follows_the_fields(client_as: ClientAs) -> None:
    reply = client_as(PartnershipRole.BOARD_MANAGER).post("/rounds", data={})
    assert reply.status_code == 422
    assert summary(reply.text) == ["title", "version_id", "opens_on", "due_on"]


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("title", "Section 175 " * 20, "Shorten this text to 120 characters"),
        ("title", "Section\x00 175", "Remove the invisible character"),
        ("due_on", "9" * 500, "Shorten this text to 40 characters"),
        ("version_id", "7" * 30, "Shorten this text"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_stays(
    version: str, client_as: ClientAs, field: str, text: str, says: str
) -> None:
    sent = {"title": "Round", "version_id": version, "opens_on": "1/12/26", "due_on": "29/1/27"}
    reply = client_as(PartnershipRole.BOARD_MANAGER).post("/rounds", data=sent | {field: text})
    assert reply.status_code == 422
    assert "That did not work" not in reply.text
    assert summary(reply.text) == [field]
    assert says in reply.text
    if field != "version_id":
        assert text.replace("\x00", "").strip() in reply.text.replace("\x00", "")


def test_short_years_are_taken(version: str, client_as: ClientAs) -> None:
    sent = {"title": "Round", "version_id": version, "opens_on": "1/12/26", "due_on": "29/1/27"}
    reply = client_as(PartnershipRole.BOARD_MANAGER).post("/rounds", data=sent)
    assert reply.status_code == 303


@pytest.mark.parametrize("text", ["x" * 101, "a\x00b"])
def test_a_search_that_cannot_be_read_keeps_the_choice(
    version: str, client_as: ClientAs, work: Work, text: str
) -> None:
    builders.organisation(work)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)
    sent = {"title": "Round", "version_id": version, "opens_on": "1/12/26", "due_on": "29/1/27"}
    place = manager.post("/rounds", data=sent).headers["location"]
    reply = manager.post(place, data={"kinds": "academy", "find": text, "look": "yes"})
    assert reply.status_code == 422
    assert summary(reply.text) == ["find"]
    assert 'id="find-error"' in reply.text
