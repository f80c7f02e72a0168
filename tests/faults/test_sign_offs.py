"""QUALITY 5 and 6: many sign-offs at once are one, and a save that races one is in it or refused."""

import itertools
import random
import re
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, text

from app.returns.signing import snapshot_hash
from tests.faults.conftest import NewServer
from tests.faults.people import Person, Reply, Save, next_version
from tests.faults.scale import figures, times
from tests.faults.scene import Scene, set_scene

pytestmark = pytest.mark.faults
SIGN_OFFS = 200
AT_ONCE = 40
SAVERS = 3


def seen_by(person: Person, return_id: int) -> str:
    """Return the mark of the answers that the sign-off page shows."""
    reply = person.get(f"/returns/{return_id}/sign-off")
    found = re.search(r'name="seen" value="([^"]+)"', reply.text) if reply else None
    return found[1] if found else ""


def signed_counts(engine: Engine, return_id: int) -> dict[str, int]:
    """Count what a signature leaves: editions, audit events, receipts, ratings twice."""
    statement = text(
        "SELECT (SELECT count(*) FROM signed_return WHERE return_id = :id), "
        "(SELECT count(*) FROM audit_event WHERE event = 'return.signed' AND subject_id = :id), "
        "(SELECT count(*) FROM outbox_message WHERE dedupe_key LIKE 'receipt:' || :id || ':%'), "
        "(SELECT count(*) FROM domain_rating WHERE return_id = :id)"
    )
    with engine.connect() as connection:
        row = connection.execute(statement, {"id": return_id}).one()
    return dict(zip(("editions", "events", "receipts", "ratings"), row, strict=True))


def sign_many_times(scene: Scene, port: int, number: int) -> list[Reply | None]:
    """Press 'Sign' many times at once, just the same each time."""
    return_id = scene.ids[number]
    person = scene.person(port, 1, number)
    form = {"declared": "yes", "seen": seen_by(person, return_id)}
    presses = [Person(person.name, person.token, port) for _ in range(AT_ONCE)]
    start = threading.Barrier(AT_ONCE)

    def press(each: Person) -> list[Reply | None]:
        start.wait(60)
        path = f"/returns/{return_id}/sign-off"
        return [each.post(path, form, fragment=False) for _ in range(SIGN_OFFS // AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(itertools.chain.from_iterable(pool.map(press, presses)))


def test_two_hundred_sign_offs_are_one(engine: Engine, served: NewServer) -> None:
    turns = times(1, 10)
    scene, port = set_scene(engine, turns), served().port
    wrong = []
    for number in range(turns):
        replies = sign_many_times(scene, port, number)
        counts = signed_counts(engine, scene.ids[number])
        # A lead or signatory gets one receipt each: the school's contact, and the person who pressed.
        wanted = {"editions": 1, "events": 1, "receipts": 2, "ratings": counts["ratings"]}
        domains = [domain for domain in scene.questionnaire.domains if domain.rated]
        if counts != wanted or counts["ratings"] != len(domains):
            wrong.append(counts)
        wrong += [
            {"status": each.status if each else 0} for each in replies if not each or each.status != 303
        ]
        assert len(replies) == SIGN_OFFS
    figures("5 identical sign-offs at once", sign_offs=SIGN_OFFS * turns, returns=turns, wrong=len(wrong))
    assert not wrong


def test_sign_offs_without_locks_are_caught(engine: Engine, served: NewServer) -> None:
    scene, port = set_scene(engine, 1), served("without_locks").port
    replies = sign_many_times(scene, port, 0)
    wrong = [each for each in replies if each is None or each.status != 303]
    counts = signed_counts(engine, scene.ids[0])
    figures("5 control: no locks", sign_offs=SIGN_OFFS, wrong=len(wrong), **counts)
    assert wrong or counts["editions"] != 1 or counts["events"] != 1


@dataclass
class Race:
    """What savers were told while somebody signed."""

    accepted: list[Save] = field(default_factory=list)
    refused: list[tuple[Save, Reply]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)


def race(scene: Scene, port: int, number: int) -> Race:
    """Let people save without pause until somebody has signed; then everybody has been told something."""
    outcome, lock, return_id = Race(), threading.Lock(), scene.ids[number]
    keys = [(domain.key, each.key) for domain in scene.questionnaire.domains for each in domain.rated]

    def save(person: Person, place: int) -> None:
        domain, key = keys[place]
        version, dice = 0, random.Random(number * SAVERS + place)  # noqa: S311 - to be repeated
        for turn in range(100_000):
            this = Save(return_id, key, f"{person.name}, text {turn}", version, secrets.token_hex(8))
            # Every second one as a browser without scripts, which gets the whole page back.
            whole = turn % 2 == 1
            path = f"/returns/{return_id}/{domain}" + ("" if whole else f"/{key}")
            reply = person.post(path, this.fields(), fragment=not whole)
            with lock:
                if reply and reply.status in {200, 303}:
                    outcome.accepted.append(this)
                elif reply and reply.status == 423:
                    outcome.refused.append((this, reply))
                    return
                else:
                    outcome.odd.append(f"{this.text}: {reply.status if reply else 'no reply'}")
                    return
            version = version + 1 if whole else next_version(reply, key)
            # Now and then a moment without any save, or nobody could ever sign what they have seen.
            time.sleep(dice.uniform(0, 0.3))

    people = [scene.person(port, 10 + place, number) for place in range(SAVERS)]
    threads = [threading.Thread(target=save, args=(person, place)) for place, person in enumerate(people)]
    for thread in threads:
        thread.start()
    sign_in_between(scene.person(port, 2, number), return_id)
    for thread in threads:
        thread.join()
    return outcome


def sign_in_between(person: Person, return_id: int) -> None:
    """Sign as soon as nobody saved between looking and signing; until then look again."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        form = {"declared": "yes", "seen": seen_by(person, return_id)}
        reply = person.post(f"/returns/{return_id}/sign-off", form, fragment=False)
        if reply and reply.status == 303:
            return
    pytest.fail("nobody could sign in a minute")


def signed_content(engine: Engine, return_id: int) -> tuple[dict[str, str], bool]:
    """Return the signed evidence by standard, and whether the fingerprint belongs to it."""
    with engine.connect() as connection:
        content, digest = connection.execute(
            text("SELECT content, content_hash FROM signed_return WHERE return_id = :id"), {"id": return_id}
        ).one()
    evidence = {key: values["evidence"] for key, values in content["answers"].items()}
    return evidence, snapshot_hash(content) == digest


def missing(engine: Engine, outcome: Race) -> list[str]:
    """Return what was said to be saved and is not what was signed."""
    last = {save.standard_key: save for save in outcome.accepted}
    if not last:
        return []
    signed, true = signed_content(engine, outcome.accepted[0].return_id)
    found = [save.text for save in last.values() if signed[save.standard_key] != save.text]
    return found if true else [*found, "the fingerprint does not belong to what was signed"]


def test_a_save_that_races_a_sign_off_is_in_it_or_refused(engine: Engine, served: NewServer) -> None:
    turns = times(5, 100)
    scene, port = set_scene(engine, turns, signs=False), served().port
    accepted = refused = 0
    neither: list[str] = []
    for number in range(turns):
        outcome = race(scene, port, number)
        neither += missing(engine, outcome) + outcome.odd
        for save, reply in outcome.refused:
            # On the page the text stands in its box; the fragment leaves the page, and its text, alone.
            if "Your text is still on this page" not in reply.text and save.text not in reply.text:
                neither.append(save.text)
        accepted += len(outcome.accepted)
        refused += len(outcome.refused)
    figures(
        "6 save races sign-off", races=turns, acknowledged=accepted, refused=refused, neither=len(neither)
    )
    assert not neither
    assert refused == turns * SAVERS
    assert accepted


def test_a_race_without_locks_is_caught(engine: Engine, served: NewServer) -> None:
    most = 40
    scene, port = set_scene(engine, most, signs=False), served("without_locks").port
    for number in range(most):
        outcome = race(scene, port, number)
        found = missing(engine, outcome) + outcome.odd
        if found:
            figures("6 control: no locks", races=number + 1, neither=len(found), first=found[0])
            return
    pytest.fail("no race without locks was caught: the test would not see a lost save")
