"""Names in the order in which people look for them, in the database and in memory alike."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import String, column, select, text, values
from sqlmodel import Session

from app.core.access import PartnershipRole, Work
from app.core.ordering import by_name, name_key
from app.rounds.queries import candidates
from tests import builders
from tests.conftest import ClientAs

NAMES = ["Zebedee", "école", "Éton", "Eagle", "eel", "Östlund", "Oakfield", "St. Mary's", "St Mary's"]


def sorted_by_database(session: Session, names: list[str]) -> list[str]:
    given_ = values(column("name", String), name="given").data([(name,) for name in names])
    return list(session.execute(select(given_.c.name).order_by(by_name(given_.c.name), text("1"))).scalars())


def test_accents_and_capitals_stand_beside_their_letters(session: Session) -> None:
    found = sorted_by_database(session, NAMES)
    assert found.index("Éton") == found.index("eel") + 1
    assert found[-1] == "Zebedee"
    assert found.index("Östlund") < found.index("Zebedee")


def test_plain_sorting_would_be_caught() -> None:
    plain = sorted(NAMES)
    assert plain.index("Éton") > plain.index("Zebedee")


LETTERS = st.text(st.sampled_from("abcXYZéÉöÜñ ç'-."), min_size=1, max_size=6)


@given(names=st.lists(LETTERS, min_size=2, max_size=8, unique_by=name_key))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_the_database_and_memory_agree(session: Session, names: list[str]) -> None:
    assert sorted_by_database(session, names) == sorted(names, key=name_key)


def test_lists_of_organisations_are_in_that_order(work: Work, client_as: ClientAs) -> None:
    for name in ("Zeal Primary School", "École Primary School", "Eden Primary School"):
        builders.organisation(work, name)
    work.session.commit()
    expected = ["École Primary School", "Eden Primary School", "Zeal Primary School"]
    assert [each.candidate.name for each in candidates(work.session)] == expected
    page = client_as(PartnershipRole.BOARD_MANAGER).get("/organisations").text
    assert sorted(expected, key=page.index) == expected
