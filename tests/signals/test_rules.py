"""Each signal of the design's list: when it fires, when it does not, and what it says."""

from datetime import date, timedelta

import pytest

from app.signals.rules import Facts, Moved, Peers, SignalKind, VoicesGap, months_before
from app.signals.settings import DEFAULTS, RULES, signals_from
from tests.signals.builders import DUE, SIGNED, TODAY, facts, measured, only, sentence

pytestmark = pytest.mark.visits
K = SignalKind


def test_the_list_is_the_designs() -> None:
    assert set(RULES) == set(SignalKind) == set(DEFAULTS)
    assert {
        kind: DEFAULTS[kind].limit for kind in (K.UNEVIDENCED, K.HASTY, K.OLD_EVIDENCE, K.VOICES_BELOW)
    } == {
        K.UNEVIDENCED: 25,
        K.HASTY: 20,
        K.OLD_EVIDENCE: 24,
        K.VOICES_BELOW: 20,
    }


def test_nothing_is_said_about_an_organisation_that_signed_in_time() -> None:
    assert signals_from(facts(), DEFAULTS, TODAY) == ()


# Each case: the kind, facts that fire it, what is said.
FIRES: list[tuple[SignalKind, Facts, str]] = [
    (K.NOT_RETURNED, facts(signed_on=None), "There is no return. It was due on 2 Nov 2026, 14 days ago"),
    (
        K.LATE,
        facts(signed_on=DUE + timedelta(days=1)),
        "The return came 1 day late: due 2 Nov 2026, signed 3 Nov 2026",
    ),
    (
        K.UNEVIDENCED,
        facts(greens=19, unevidenced=5),
        "5 of 19 greens are without evidence, more than 25%",
    ),
    (
        K.IDENTICAL,
        measured(alike=(("policy", "training", "records"), ("a", "b"))),
        "The same or nearly the same text stands beside 3 standards: “Safeguarding policy”, “Training” and “Records”",  # noqa: E501
    ),
    (
        K.UNCHANGED,
        measured(unchanged=("policy", "training", "records"), compared=6),
        "3 of 6 comments are word for word last year’s: “Safeguarding policy”, “Training” and “Records”",
    ),
    (
        K.HASTY,
        measured(people=1, saves=60, minutes=19),
        "One person gave all answers in 19 minutes: 60 saves from the first to the last",
    ),
    (
        K.ALL_GREEN,
        measured(rated=58, greens=58),
        "All 58 rated standards are green, and no action is planned",
    ),
    (
        K.OLD_EVIDENCE,
        measured(evidence={"policy": date(2023, 5, 1), "training": date(2026, 1, 1)}),
        "Evidence of 1 standard was older than 24 months when the return was signed; the oldest is of 2023: “Safeguarding policy”",  # noqa: E501
    ),
    (
        K.VALIDATED_BELOW,
        facts(below=(Moved("culture", "green", "amber"),)),
        "Rated lower by the partnership than by themselves: Culture from green to amber",
    ),
    (
        K.VOICES_BELOW,
        facts(voices=(VoicesGap("training", 20), VoicesGap("policy", 31), VoicesGap("records", 19))),
        "Staff are up to 31 points below their leaders: “Safeguarding policy” and “Training”",
    ),
    (
        K.DOWN,
        facts(down=(Moved("culture", "green", "red"), Moved("x", "amber", "red"))),
        "Culture from green to red; x from amber to red",
    ),
    (
        K.OVERDUE_ACTIONS,
        facts(overdue=2, overdue_since=date(2026, 9, 1)),
        "2 actions are overdue, the first since 1 Sep 2026",
    ),
    (
        K.NEW_LEADERS,
        facts(
            new_leaders={"head_teacher": date(2026, 9, 1), "designated_safeguarding_lead": date(2026, 10, 1)}
        ),
        "There is a new designated safeguarding lead since 1 Oct 2026 and a new head teacher since 1 Sep 2026",  # noqa: E501
    ),
    (
        K.CONVERTED,
        facts(academy=True, converted_on=date(2026, 4, 1)),
        "It became an academy on 1 Apr 2026",
    ),
    (K.BOUNCED, facts(bounced=1, contacts=3), "Mails to 1 of 3 contacts do not arrive"),
    (
        K.LONG_SINCE_VISIT,
        facts(last_visit=date(2024, 11, 16)),
        "The last visit was on 16 Nov 2024, 24 months ago or more",
    ),
    (
        K.LONG_SINCE_VISIT,
        facts(section_11=True),
        "It was never visited, and has a duty under section 11",
    ),
    (
        K.FAR_FROM_PEERS,
        facts(share=51, peers=Peers(6, 76)),
        "Their own rating reaches 51% of the points. The middle of 6 organisations of the same kind is 76%: 25 points below",  # noqa: E501
    ),
]


@pytest.mark.parametrize(("kind", "known", "said"), FIRES)
def test_each_signal_says_in_a_sentence_what_fired_it(kind: SignalKind, known: Facts, said: str) -> None:
    (found,) = signals_from(known, DEFAULTS, TODAY)
    assert (found.kind, found.sentence) == (kind, said)
    assert found.weight == RULES[kind].weight
    assert found.fired, "the facts that fired it"


def test_every_kind_has_an_example() -> None:
    assert {kind for kind, _, _ in FIRES} == set(SignalKind)


# Facts at the limit, on the side where nothing is said.
SILENT: list[tuple[SignalKind, Facts]] = [
    (K.NOT_RETURNED, facts(signed_on=None, due_on=TODAY)),
    (K.NOT_RETURNED, facts(signed_on=None, owed=False)),
    (K.LATE, facts(signed_on=DUE)),
    (K.UNEVIDENCED, facts(greens=20, unevidenced=5)),
    (K.UNEVIDENCED, facts(greens=0, unevidenced=0)),
    (K.IDENTICAL, measured(alike=(("policy", "training"),))),
    (K.IDENTICAL, facts()),
    (K.UNCHANGED, measured(unchanged=("policy", "training"), compared=5)),
    (K.UNCHANGED, measured(unchanged=("policy", "training"), compared=2)),
    (K.UNCHANGED, facts()),
    (K.HASTY, measured(people=1, saves=60, minutes=20)),
    (K.HASTY, measured(people=2, saves=60, minutes=5)),
    (K.HASTY, measured(people=1, saves=9, minutes=5)),
    (K.HASTY, facts()),
    (K.ALL_GREEN, measured(rated=58, greens=57)),
    (K.ALL_GREEN, measured(rated=58, greens=58, actions=1)),
    (K.ALL_GREEN, measured()),
    (K.ALL_GREEN, facts()),
    (K.OLD_EVIDENCE, measured(evidence={"policy": months_before(SIGNED, 24)})),
    (K.OLD_EVIDENCE, facts()),
    (K.VOICES_BELOW, facts()),
    (K.VOICES_BELOW, facts(voices=(VoicesGap("training", 19),))),
    (K.NEW_LEADERS, facts(new_leaders={"head_teacher": date(2025, 11, 15)})),
    (K.NEW_LEADERS, facts(new_leaders={"chair_of_governors": date(2026, 9, 1)})),
    (K.CONVERTED, facts(academy=True, was_academy=True, converted_on=date(2026, 4, 1))),
    (K.CONVERTED, facts(academy=False, converted_on=date(2026, 4, 1))),
    (K.CONVERTED, facts(academy=True, converted_on=date(2025, 11, 15))),
    (K.CONVERTED, facts(academy=True)),
    (K.LONG_SINCE_VISIT, facts(last_visit=date(2024, 11, 17))),
    (K.LONG_SINCE_VISIT, facts(section_11=False)),
    (K.FAR_FROM_PEERS, facts(share=52, peers=Peers(6, 76))),
    (K.FAR_FROM_PEERS, facts(share=0, peers=Peers(5, 100))),
    (K.FAR_FROM_PEERS, facts(share=0)),
    (K.FAR_FROM_PEERS, facts(peers=Peers(6, 76))),
]


@pytest.mark.parametrize(("kind", "known"), SILENT)
def test_nothing_is_said_at_the_limit(kind: SignalKind, known: Facts) -> None:
    assert sentence(known, kind) == ""


def test_facts_of_the_register_belong_to_the_newest_return_only() -> None:
    now = facts(
        overdue=1,
        bounced=1,
        contacts=1,
        section_11=True,
        new_leaders={"head_teacher": TODAY},
        academy=True,
        converted_on=TODAY,
    )
    assert {each.kind for each in signals_from(now, DEFAULTS, TODAY)} == {
        K.OVERDUE_ACTIONS, K.BOUNCED, K.LONG_SINCE_VISIT, K.NEW_LEADERS, K.CONVERTED
    }  # fmt: skip
    earlier = facts(
        standing=False, overdue=1, bounced=1, contacts=1, section_11=True, academy=True, converted_on=TODAY,
        new_leaders={"head_teacher": TODAY},
    )  # fmt: skip
    assert signals_from(earlier, DEFAULTS, TODAY) == ()


def test_far_above_the_others_is_far_too() -> None:
    assert sentence(facts(share=100, peers=Peers(9, 40)), K.FAR_FROM_PEERS).endswith("60 points above")


def test_several_texts_that_repeat_are_counted() -> None:
    groups = (("policy", "training", "records"), ("a", "b", "c"), ("d", "e", "f"))
    assert sentence(measured(alike=groups), K.IDENTICAL).endswith("The same goes for 2 other texts")


def test_months_before_the_end_of_a_month() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2024, 2, 29), 12) == date(2023, 2, 28)
    assert months_before(date(2026, 1, 31), 2) == date(2025, 11, 30)


def test_a_switched_off_signal_is_silent() -> None:
    assert sentence(facts(bounced=1, contacts=1), K.BOUNCED)
    assert signals_from(facts(bounced=1, contacts=1), only(K.LATE), TODAY) == ()
