"""Rules about people: mails in an hour, networks, names of browsers, who looks after whom."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.access import Actor, PartnershipRole
from app.people import rules

pytestmark = pytest.mark.access
NOW = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)


def mailed(asked: list[int]) -> list[datetime]:
    """Return when links leave for somebody for whom a link is asked at these seconds."""
    sent: list[datetime] = []
    for second in sorted(asked):
        due = rules.next_link_at(sent, NOW + timedelta(seconds=second))
        if due is not None:
            sent.append(due)
    return sent


@given(st.lists(st.integers(0, 20_000), max_size=400))
def test_nobody_gets_more_than_five_links_in_any_hour(asked: list[int]) -> None:
    sent = mailed(asked)
    for each in sent:
        assert sum(each <= other < each + timedelta(hours=1) for other in sent) <= rules.LINKS_AN_HOUR


def test_whoever_asks_all_the_time_makes_nobody_wait_longer_than_twenty_minutes() -> None:
    sent = mailed(list(range(0, 6 * 3600, 10)))
    assert max(then - before for before, then in pairwise(sent)) <= rules.LINK_PAUSE + timedelta(seconds=10)


def test_a_rule_without_the_pause_would_lock_people_out() -> None:
    """The control: five at once and then none for an hour is what the test above must catch."""
    sent = [NOW] * 5 + [NOW + timedelta(hours=1)] * 5
    assert max(then - before for before, then in pairwise(sent)) > rules.LINK_PAUSE


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_network_is_what_one_household_has(host: str, network: str) -> None:
    assert rules.network_of(host) == network


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari on an iPhone",
        ),
        ("<script>", "A browser"),
    ],
)
def test_browsers_have_names_that_people_know(agent: str, words: str) -> None:
    assert rules.browser_words(agent) == words


MANAGER = Actor(1, "M", "m@example.org", roles=frozenset({PartnershipRole.BOARD_MANAGER}))
ADMINISTRATOR = Actor(2, "A", "a@example.org", roles=frozenset({PartnershipRole.ADMINISTRATOR}))
PSO = Actor(3, "P", "p@example.org", roles=frozenset({PartnershipRole.PSO}))


def test_only_board_managers_make_board_managers() -> None:
    assert PartnershipRole.BOARD_MANAGER in rules.roles_to_give(MANAGER)
    assert PartnershipRole.BOARD_MANAGER not in rules.roles_to_give(ADMINISTRATOR)
    assert rules.roles_to_give(PSO) == ()


def test_administrators_change_neither_board_managers_nor_themselves() -> None:
    assert rules.may_look_after(MANAGER, 1, MANAGER.roles)
    assert not rules.may_look_after(ADMINISTRATOR, 1, MANAGER.roles)
    assert not rules.may_look_after(ADMINISTRATOR, 2, ADMINISTRATOR.roles)
    assert rules.may_look_after(ADMINISTRATOR, 3, PSO.roles)
    assert not rules.may_look_after(PSO, 2, ADMINISTRATOR.roles)


@given(st.emails())
def test_a_masked_address_gives_nothing_but_its_first_letter_and_domain(address: str) -> None:
    masked = rules.masked_address(address)
    assert masked == f"{address[0]}•••@{address.split('@', 1)[1]}"
