"""Changing the planner's entries: this one, all following ones, and what was different on its own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from app.core.access import Actor, PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.planner import entries
from app.planner.entries import Place
from app.planner.entry_rules import MOST_OWN_KINDS, Which, problems_of
from app.planner.recurrence import Repeat
from app.planner.year import EntryKind
from app.planner.year_queries import entry_line
from tests.planner import plans
from tests.planner.plans import JANUARY_END, at, days, monthly, new, standing

pytestmark = pytest.mark.visits

ALL = ["31 Jan", "28 Feb", "31 Mar", "30 Apr", "31 May", "30 Jun"]
MARCH = date(2027, 3, 31)


@pytest.fixture(autouse=True)
def empty(engine: Engine) -> Iterator[None]:
    """Each test has a year of its own."""
    yield
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM planner_entry"))


def test_one_occurrence_changes_and_the_others_stay(work: Work) -> None:
    made = monthly(work)
    alone = new("Moved", date(2027, 3, 24))
    entries.change(work, at(made, 2), alone, Which.ONE)
    assert days(work) == ["31 Jan", "28 Feb", "24 Mar", "30 Apr", "31 May", "30 Jun"]
    assert days(work, "Moved") == ["24 Mar"]
    with pytest.raises(NotFoundError):
        entries.change(work, at(made, 2), alone, Which.ONE)


def test_all_following_change_from_there_and_month_ends_do_not_drift(work: Work) -> None:
    made = monthly(work)
    second = entries.change(work, at(made, 1), new("Renamed", date(2027, 2, 28)), Which.FOLLOWING)
    assert second != made
    assert days(work) == ALL, "counted from 31 January still, not from 28 February"
    assert days(work, "Deep dive: neglect") == ["31 Jan"]


def test_all_following_move_to_another_day(work: Work) -> None:
    made = monthly(work)
    entries.change(work, at(made, 2), new("Earlier", date(2027, 3, 10)), Which.FOLLOWING)
    assert days(work) == ["31 Jan", "28 Feb", "10 Mar", "10 Apr", "10 May", "10 Jun"]


def test_from_the_first_on_the_series_itself_changes(work: Work) -> None:
    made = monthly(work)
    same = entries.change(work, at(made, 0), new("Renamed", repeat=Repeat.QUARTERLY), Which.FOLLOWING)
    assert same == made
    assert standing(work) == [("31 Jan", "Renamed"), ("30 Apr", "Renamed")]
    entries.change(work, at(made, 0), new("Once", repeat=Repeat.ONCE), Which.FOLLOWING)
    assert standing(work) == [("31 Jan", "Once")]
    entries.change(work, at(made, 0), new("Again"), None)
    assert days(work, "Again") == ALL


def test_what_was_different_on_its_own_stays_so_while_the_rhythm_stays(work: Work) -> None:
    made = monthly(work)
    entries.change(work, at(made, 3), new("Moved", date(2027, 4, 20)), Which.ONE)
    entries.remove(work, at(made, 4), Which.ONE)
    entries.change(work, at(made, 1), new("Renamed", date(2027, 2, 28)), Which.FOLLOWING)
    assert standing(work)[1:] == [
        ("28 Feb", "Renamed"),
        ("31 Mar", "Renamed"),
        ("20 Apr", "Moved"),
        ("30 Jun", "Renamed"),
    ]
    _, _, again = plans.series(work)
    entries.change(work, at(again.id or 0, 1), new("Tenth", date(2027, 2, 10)), Which.FOLLOWING)
    assert days(work) == ["31 Jan", "10 Feb", "10 Mar", "20 Apr", "10 Jun"], "numbers follow the days"
    fresh = plans.series(work)[-1]
    yearly = new("Tenth", date(2027, 2, 10), repeat=Repeat.QUARTERLY)
    entries.change(work, at(fresh.id or 0, fresh.from_number), yearly, Which.FOLLOWING)
    assert days(work, "Tenth") == ["10 Feb", "10 May"], "another rhythm: the cancelled one is back"


def test_one_is_cancelled_and_all_following_go(work: Work) -> None:
    made = monthly(work)
    entries.remove(work, at(made, 1), Which.ONE)
    assert days(work) == ["31 Jan", "31 Mar", "30 Apr", "31 May", "30 Jun"]
    entries.change(work, at(made, 4), new("Moved", date(2027, 5, 20)), Which.ONE)
    entries.remove(work, at(made, 3), Which.FOLLOWING)
    assert days(work) == ["31 Jan", "31 Mar"], "the one that was moved goes, too"
    with pytest.raises(NotFoundError):
        entries.remove(work, at(made, 1), Which.ONE)
    entries.remove(work, at(made, 0), Which.FOLLOWING)
    assert plans.series(work) == []


def test_a_series_of_which_nothing_is_left_is_no_ghost(work: Work) -> None:
    made = monthly(work, until=date(2027, 2, 28))
    entries.remove(work, at(made, 0), Which.ONE)
    entries.change(work, at(made, 1), new("Last", date(2027, 2, 27)), Which.ONE)
    assert [(entry.title, entry.repeats) for entry in plans.series(work)] == [("Last", Repeat.ONCE)]


def test_a_replacement_that_is_taken_out_leaves_its_day_empty(work: Work) -> None:
    made = monthly(work)
    moved = entries.change(work, at(made, 2), new("Moved", date(2027, 3, 24)), Which.ONE)
    entries.remove(work, at(moved, 0), None)
    assert days(work) == ["31 Jan", "28 Feb", "30 Apr", "31 May", "30 Jun"]


def test_which_is_asked_and_a_stale_page_changes_nothing(work: Work) -> None:
    made = monthly(work)
    with pytest.raises(RefusedError) as asked:
        entries.remove(work, at(made, 1), None)
    assert "which" in asked.value.problems
    entries.change(work, Place(made, 0, edition=1), new("First"), Which.FOLLOWING)
    with pytest.raises(RefusedError, match="somebody else changed this entry"):
        entries.change(work, Place(made, 0, edition=1), new("Second"), Which.FOLLOWING)
    with pytest.raises(RefusedError, match="somebody else changed this entry"):
        entries.remove(work, Place(made, 0, edition=1), Which.FOLLOWING)
    entries.change(work, Place(made, 0, edition=2), new("Third"), Which.FOLLOWING)
    assert set(dict(standing(work)).values()) == {"Third"}


def test_only_who_looks_after_the_register_writes(work: Work) -> None:
    made = monthly(work)
    for role in set(PartnershipRole) - {PartnershipRole.BOARD_MANAGER, PartnershipRole.ADMINISTRATOR}:
        reader = replace(work, actor=Actor(work.actor.user_id, "R", "r@x.org", roles=frozenset({role})))
        for attempt in (
            lambda who: entries.add(who, new("Mine")),
            lambda who: entries.change(who, at(made, 0), new("Mine"), Which.ONE),
            lambda who: entries.remove(who, at(made, 0), Which.ONE),
        ):
            with pytest.raises(NotFoundError):
                attempt(reader)
    helper = Actor(work.actor.user_id, "H", "h@x.org", roles=frozenset({PartnershipRole.ADMINISTRATOR}))
    entries.change(replace(work, actor=helper), at(made, 0), new("Helped"), Which.ONE)
    assert "Helped" in dict(standing(work)).values()


def test_every_change_is_in_the_audit_trail(work: Work, engine: Engine) -> None:
    made = monthly(work)
    entries.change(work, at(made, 1), new("Renamed", date(2027, 2, 28)), Which.FOLLOWING)
    entries.remove(work, at(made, 0), Which.FOLLOWING)
    work.session.commit()
    with engine.connect() as connection:
        query = "SELECT event, detail FROM audit_event WHERE event LIKE 'planner.%' ORDER BY id DESC LIMIT 3"
        removed, changed, added = connection.execute(text(query)).all()
    assert [row.event for row in (added, changed, removed)] == [
        "planner.added",
        "planner.changed",
        "planner.removed",
    ]
    assert added.detail["title"] == "Deep dive: neglect"
    assert "title: Deep dive: neglect" in changed.detail["before"]
    assert "title: Renamed" in changed.detail["after"]
    assert (removed.detail["which"], removed.detail["day_on"]) == ("following", "2027-01-31")


def test_own_kinds_are_one_whatever_their_letters_and_at_most_so_many(work: Work) -> None:
    for number in range(MOST_OWN_KINDS):
        monthly(work, kind=EntryKind.OWN, own_kind=f"Kind {number}", title=f"T{number}")
    monthly(work, kind=EntryKind.OWN, own_kind="kInD 1", title="Same")
    assert {entry.own_kind for entry in plans.series(work)} == {f"Kind {n}" for n in range(MOST_OWN_KINDS)}
    with pytest.raises(RefusedError) as refused:
        monthly(work, kind=EntryKind.OWN, own_kind="Fifth")
    assert "Kind 0, Kind 1" in refused.value.problems["own_kind"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"kind": None}, "kind"),
        ({"kind": EntryKind.OWN}, "own_kind"),
        ({"kind": EntryKind.OWN, "own_kind": "deep DIVES"}, "own_kind"),
        ({"first": None}, "first_on"),
        ({"last": None}, "last_on"),
        ({"last": JANUARY_END - timedelta(days=1)}, "last_on"),
        ({"last": JANUARY_END + timedelta(days=367)}, "last_on"),
        ({"repeat": None}, "repeats"),
        ({"until": None}, "repeats_until"),
        ({"until": JANUARY_END - timedelta(days=1)}, "repeats_until"),
        ({"until": date(2037, 2, 1)}, "repeats_until"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_at_its_field(wrong: dict[str, object], field: str) -> None:
    good = new()
    assert problems_of(good, ()) == {}
    assert set(problems_of(replace(good, **wrong), ())) == {field}  # type: ignore[arg-type]


def test_the_same_thing_on_the_same_day_is_added_once(work: Work) -> None:
    monthly(work)
    with pytest.raises(RefusedError, match="Nothing was added"):
        entries.add(work, new())
    assert len(plans.series(work)) == 1


@dataclass
class Slot:
    """One month of the model: what stands there, of which series, and whether it was changed on its own."""

    title: str
    series: int = 0
    alone: bool = False


Model = dict[str, Slot]
STEPS = st.lists(st.tuples(st.sampled_from(ALL), st.sampled_from(Which), st.booleans()), max_size=6)


def meant(model: Model, day: str, which: Which, *, take_out: bool) -> list[Slot]:
    """Return what a step is about: one slot, or it and what follows it in its series."""
    this = model[day]
    if this.alone or which is Which.ONE:
        return [this]
    later = [model[each] for each in ALL[ALL.index(day) :] if each in model]
    return [slot for slot in later if slot.series == this.series and (take_out or not slot.alone)]


def told(model: Model, turn: int, day: str, which: Which) -> None:
    """Change the model as the year is to change."""
    this = model[day]
    for slot in meant(model, day, which, take_out=False):
        slot.title = f"T{turn}"
        slot.alone = slot.alone or which is Which.ONE
    if which is Which.FOLLOWING and not this.alone:  # what was changed on its own goes along
        before = this.series
        for each in ALL[ALL.index(day) :]:
            if each in model and model[each].series == before:
                model[each].series = turn


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_changed_the_year_is_what_was_asked_for(
    work: Work, steps: list[tuple[str, Which, bool]]
) -> None:
    work.session.execute(text("DELETE FROM planner_entry"))
    entries.add(work, new("T0"))
    model = {day: Slot("T0") for day in ALL}
    for turn, (day, which, take_out) in enumerate(steps, 1):
        if day not in model:
            continue
        mark = next(each for each in plans.marks(work) if f"{each.first:%d %b}" == day)
        place = at(*(int(part) for part in mark.key.split("-")[1:]))
        if take_out:
            entries.remove(work, place, which)
            gone = meant(model, day, which, take_out=True)
            model = {each: slot for each, slot in model.items() if not any(slot is one for one in gone)}
        else:
            entry = entry_line(work.session, place.entry_id, place.number).entry
            days_of = {"repeat": entry.repeats, "until": entry.repeats_until}
            entries.change(work, place, new(f"T{turn}", mark.first, **days_of), which)
            told(model, turn, day, which)
        wanted = [(each, model[each].title) for each in ALL if each in model]
        assert standing(work) == wanted
