"""QUALITY 4: twenty colleagues save on one return, some on the same question: no update is lost."""

import random
import secrets
import threading
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, text

from tests.faults.conftest import NewServer
from tests.faults.ledger import judge
from tests.faults.people import Person, Reply, Save, next_version
from tests.faults.scale import figures, times
from tests.faults.scene import Scene, set_scene

pytestmark = pytest.mark.faults
COLLEAGUES = 20


@dataclass
class Account:
    """What all colleagues together sent, and what they were told."""

    accepted: list[Save] = field(default_factory=list)
    refused: list[tuple[Save, Reply]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many saves had an answer."""
        return len(self.accepted) + len(self.refused)


def write_together(scene: Scene, port: int, saves: int) -> Account:
    """Let colleagues save; who is refused goes on from what they are shown."""
    account, lock = Account(), threading.Lock()
    keys = [(domain.key, each.key) for domain in scene.questionnaire.domains for each in domain.rated]
    start = threading.Barrier(COLLEAGUES)

    def work(person: Person, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - a test that can be repeated
        # The question that six people share, one that three share, and one of their own.
        mine = [keys[0], keys[1 + number // 3], keys[-1 - number]]
        versions = dict.fromkeys((key for _, key in mine), 0)
        start.wait(60)
        for turn in range(saves // COLLEAGUES):
            domain, key = mine[0] if number < 6 and turn % 3 == 0 else dice.choice(mine[1:])
            save = Save(scene.ids[0], key, f"{person.name}, turn {turn}", versions[key], secrets.token_hex(8))
            reply = person.post(f"/returns/{save.return_id}/{domain}/{key}", save.fields())
            with lock:
                if reply is None or reply.status not in {200, 409}:
                    account.odd.append(f"{save.text}: {reply}")
                    continue
                if reply.status == 200:
                    account.accepted.append(save)
                else:
                    account.refused.append((save, reply))
            versions[key] = next_version(reply, key)

    people = [scene.person(port, number) for number in range(COLLEAGUES)]
    threads = [threading.Thread(target=work, args=(person, number)) for number, person in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return account


def overwritten_unseen(engine: Engine, account: Account) -> list[str]:
    """Return accepted saves that replaced a text that their author had not seen."""
    statement = text(
        "SELECT standard_key, version, save_key, content->>'evidence' FROM answer_version "
        "WHERE accepted AND return_id = :id"
    )
    texts: dict[tuple[str, int], str] = {}
    by_key: dict[str, tuple[str, int]] = {}
    with engine.connect() as connection:
        for key, version, save_key, evidence in connection.execute(
            statement, {"id": account.accepted[0].return_id}
        ):
            texts[key, version] = evidence
            by_key[save_key] = (key, version)
    found = []
    for save in account.accepted:
        key, version = by_key[save.save_key]
        before, seen = texts.get((key, version - 1), ""), texts.get((key, save.version), "")
        if before != seen:
            found.append(f"{save.text} replaced {before!r} and had seen {seen!r}")
    return found


def shared(account: Account) -> set[str]:
    """Return the questions on which more than one person was writing."""
    writers: dict[str, set[str]] = {}
    every = [*account.accepted, *(save for save, _ in account.refused)]
    for save in every:
        writers.setdefault(save.standard_key, set()).add(save.text.split(",")[0])
    return {key for key, names in writers.items() if len(names) > 1}


def test_twenty_colleagues_lose_no_update(engine: Engine, served: NewServer) -> None:
    scene, saves = set_scene(engine, 1), times(500, 5_000)
    account = write_together(scene, served().port, saves)
    verdict = judge(engine, account.accepted, scene.ids)
    unseen = overwritten_unseen(engine, account)
    with engine.connect() as connection:
        kept = set(
            connection.execute(
                text(
                    "SELECT content->>'evidence' FROM answer_version WHERE NOT accepted AND return_id = :id"
                ),
                {"id": scene.ids[0]},
            ).scalars()
        )
    both_shown = [
        reply for save, reply in account.refused if save.text in reply.text and "Keep theirs" in reply.text
    ]
    figures(
        "4 twenty colleagues on one return",
        saves=account.count,
        refused=len(account.refused),
        refused_kept_in_history=len(kept),
        overwritten_unseen=len(unseen),
        **verdict.as_figures(),
    )
    assert not account.odd
    assert account.count == saves
    assert verdict.clean, verdict
    assert not unseen
    assert account.refused, "nobody collided: nothing was tested"
    assert kept == {save.text for save, _ in account.refused}
    assert len(both_shown) == len(account.refused)
    assert {save.standard_key for save, _ in account.refused} <= shared(account)


def test_a_server_without_a_version_check_is_caught(engine: Engine, served: NewServer) -> None:
    account = write_together(set_scene(engine, 1), served("without_version_check").port, 100)
    unseen = overwritten_unseen(engine, account)
    figures("4 control: no version check", saves=account.count, overwritten_unseen=len(unseen))
    assert unseen


def test_a_server_without_locks_is_caught(engine: Engine, served: NewServer) -> None:
    scene = set_scene(engine, 1)
    account = write_together(scene, served("without_locks").port, 200)
    verdict = judge(engine, account.accepted, scene.ids)
    figures("4 control: no locks", saves=account.count, errors=len(account.odd), **verdict.as_figures())
    assert not verdict.clean or account.odd
