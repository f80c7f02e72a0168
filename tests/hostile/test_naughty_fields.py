"""Naughty texts in every other field: a clear message or stored exactly, shown as text, mailed."""

import itertools
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core import outbox
from app.core.access import OrganisationRole, PartnershipRole, Work
from app.core.forms import MOST_BYTES_OF_STRANGERS
from app.people.rules import is_address
from tests import builders
from tests.conftest import ClientAs, MovableClock
from tests.faults.scale import figures
from tests.hostile.reading import Reply, flat
from tests.hostile.strings import NEVER_STORED, TOO_LONG, as_kept, as_line, as_register, storable

pytestmark = pytest.mark.faults

# In the short form each field gets its own part of the texts, so that together they get all of them.
SHARE = 1 if os.environ.get("ELEVEN_SOAK") else 14


_NUMBERS = itertools.count(1)
# Neither browsers nor servers take an address of more than 64 KB; a character is up to twelve of its bytes.
MOST_IN_ADDRESS = 5_000


@dataclass
class Place:
    """The partnership that the fields belong to, with a browser for each who types."""

    manager: TestClient
    lead: TestClient
    stranger: TestClient
    due: TestClient
    school: int
    round_id: int
    return_id: int
    hand_over: int
    fact: str
    engine: Engine
    numbers: Iterator[int] = _NUMBERS


@pytest.fixture
def place(work: Work, client_as: ClientAs, engine: Engine) -> Place:
    school = builders.organisation(work, "Ashgrove")
    round_id = builders.open_round(work, [school])
    head = builders.return_of(work, round_id, school)
    work.session.commit()
    lead = client_as(OrganisationRole.LEAD, organisation=school)
    work.session.execute(
        text(
            "INSERT INTO hand_over (organisation_id, leaver_id, name, email, note, asked_at, state, reason) "
            "VALUES (:school, :user, 'New', 'new@b.cd', '', now(), 'waiting', '')"
        ),
        {"school": school, "user": work.actor.user_id},
    )
    hand_over = work.session.execute(text("SELECT max(id) FROM hand_over")).scalar_one()
    work.session.commit()
    return Place(
        client_as(PartnershipRole.BOARD_MANAGER),
        lead,
        client_as(),
        client_as(PartnershipRole.PSO, second_factor=False),
        school,
        round_id,
        head.id,
        hand_over,
        "",
        engine,
    )


Sent = Callable[[Place, str], Any]


def _posted(who: str, path: str, **form: str) -> Sent:
    """Return how a text is posted; in the form {} is the text and {n} a number that is new each time."""

    def send(place: Place, naughty: str) -> Any:
        number = str(next(place.numbers))
        data = {
            name: naughty if value == "{}" else value.replace("{n}", number).replace("{}", naughty)
            for name, value in form.items()
        }
        data = {name: value.replace("{school}", str(place.school)) for name, value in data.items()}
        client: TestClient = getattr(place, who)
        return client.post(path.format(**vars(place)), data=data)

    return send


def _asked(who: str, path: str, name: str) -> Sent:
    def send(place: Place, naughty: str) -> Any:
        client: TestClient = getattr(place, who)
        return client.get(path.format(**vars(place)), params={name: naughty[:MOST_IN_ADDRESS]})

    return send


NEWEST_USER = "SELECT name FROM user_account ORDER BY id DESC LIMIT 1"
NEWEST_ADDRESS = "SELECT email FROM user_account ORDER BY id DESC LIMIT 1"
READY = "UPDATE return SET state = 'ready'"
NO_HAND_OVER = "DELETE FROM hand_over WHERE email = 's@example.org'"
WAITING = (
    "UPDATE hand_over SET state = 'waiting', decided_at = NULL, decided_by = NULL WHERE email = 'new@b.cd'"
)


@dataclass(frozen=True)
class Text:
    """A text field: how it is sent, where it is stored, and in which form it is kept there."""

    name: str
    send: Sent
    stored: str = ""
    kept: Callable[[str], str] = as_line
    before: str = ""


FIELDS = (
    Text(
        "name of an invited person",
        _posted("manager", "/people", name="{}", email="p{n}@example.org", roles="pso"),
        NEWEST_USER,
    ),
    Text(
        "address of an invited person",
        _posted("manager", "/people", name="Ana", email="{}", roles="pso"),
        NEWEST_ADDRESS,
        str.lower,
    ),
    Text(
        "name of a colleague",
        _posted(
            "lead", "/returns/{return_id}/team", name="{}", email="c{n}@example.org", roles="contributor"
        ),
        NEWEST_USER,
    ),
    Text(
        "address of a colleague",
        _posted("lead", "/returns/{return_id}/team", name="Ana", email="{}", roles="contributor"),
        NEWEST_ADDRESS,
        str.lower,
    ),
    Text(
        "name of a round",
        _posted("manager", "/rounds", title="{}", version_id="1", opens_on="1/12/2026", due_on="29/1/2027"),
        "SELECT title FROM round ORDER BY id DESC LIMIT 1",
    ),
    Text(
        "opening day of a round",
        _posted("manager", "/rounds", title="T", version_id="1", opens_on="{}", due_on="29/1/2027"),
        "",
    ),
    Text("organisation to find", _posted("manager", "/rounds/{round_id}/audience", find="{}", look="yes")),
    Text(
        "name of a contact",
        _posted(
            "manager",
            "/organisations/{school}/contacts",
            name="{}",
            email="k{n}@example.org",
            role="chair_of_governors",
        ),
        NEWEST_USER,
        as_register,
    ),
    Text(
        "telephone of a contact",
        _posted(
            "manager",
            "/organisations/{school}/contacts",
            name="Ana",
            email="k{n}@example.org",
            role="chair_of_governors",
            telephone="{}",
        ),
        "SELECT telephone FROM contact ORDER BY id DESC LIMIT 1",
        as_register,
    ),
    Text(
        "reason for sending back",
        _posted("manager", "/returns/{return_id}/send-back", reason="{}"),
        "SELECT sent_back_reason FROM return WHERE id = {return_id}",
        as_kept,
        READY,
    ),
    Text(
        "note of a call",
        _posted(
            "manager", "/rounds/{round_id}/chase/{return_id}/call", outcome="reached_promised", note="{}"
        ),
        "SELECT note FROM call ORDER BY id DESC LIMIT 1",
    ),
    Text(
        "day of the next call",
        _posted(
            "manager", "/rounds/{round_id}/chase/{return_id}/call", outcome="reached_promised", next_on="{}"
        ),
    ),
    Text(
        "name of a successor",
        _posted("lead", "/account/hand-over", organisation_id="{school}", name="{}", email="s@example.org"),
        "SELECT name FROM hand_over ORDER BY id DESC LIMIT 1",
        as_line,
        NO_HAND_OVER,
    ),
    Text(
        "note of a hand-over",
        _posted(
            "lead",
            "/account/hand-over",
            organisation_id="{school}",
            name="Sam",
            email="s@example.org",
            note="{}",
        ),
        "SELECT note FROM hand_over ORDER BY id DESC LIMIT 1",
        lambda typed: as_kept(typed).strip(),
        NO_HAND_OVER,
    ),
    Text(
        "reason for declining",
        _posted("manager", "/hand-overs/{hand_over}/decline", reason="{}"),
        "SELECT reason FROM hand_over WHERE id = {hand_over}",
        lambda typed: as_kept(typed).strip(),
        WAITING,
    ),
    Text("address at the door", _posted("stranger", "/sign-in", email="{}")),
    Text("way back at the door", _posted("stranger", "/sign-in", email="nobody@example.org", to="{}")),
    Text("code at the door", _posted("due", "/second-factor", code="{}")),
    Text("secret at setting up", _posted("due", "/second-factor/set-up", sealed="{}", code="123456")),
    Text("code of a link", _posted("stranger", "/sign-in/no-such-link", code="{}")),
    Text("person to find", _asked("manager", "/people", "q")),
    Text("organisation in the register", _asked("manager", "/organisations", "text")),
    Text("district in the register", _asked("manager", "/organisations", "district")),
    Text("district of the chase list", _asked("manager", "/rounds/{round_id}/chase", "district")),
    Text("order of the chase list", _asked("manager", "/rounds/{round_id}/chase", "sort")),
    Text("page of the chase list", _asked("manager", "/rounds/{round_id}/chase", "page")),
    Text("called return", _asked("manager", "/rounds/{round_id}/chase", "called")),
    Text("exported chase list", _asked("manager", "/rounds/{round_id}/chase.csv", "district")),
    Text("what-if threshold", _asked("manager", "/rounds/{round_id}/what-if", "red_below")),
    Text("ratings", _asked("manager", "/rounds/{round_id}/ratings", "kind")),
    Text("actions", _asked("manager", "/actions", "show")),
    Text("way back after signing in", _asked("stranger", "/sign-in", "to")),
    Text(
        "place of a list that a call came from",
        _posted(
            "manager", "/rounds/{round_id}/chase/{return_id}/call", outcome="no_answer", note="", back="{}"
        ),
    ),
)


def texts_for(each: Text) -> tuple[str, ...]:
    every = (*storable(), *NEVER_STORED, *TOO_LONG)
    first = zlib.crc32(each.name.encode()) % SHARE
    return (*every[first::SHARE], NEVER_STORED[1], TOO_LONG[0])


def faults_of(place: Place, each: Text, naughty: str) -> list[str]:
    """Send one text and return what is wrong with the answer and with what is stored."""
    if each.before:
        with place.engine.begin() as connection:
            connection.execute(text(each.before))
    reply = each.send(place, naughty)
    if reply.status_code >= 500:
        return [f"{reply.status_code} for {naughty[:40]!r}"]
    page = Reply(reply.text) if "html" in reply.headers.get("content-type", "") else None
    found = [f"{naughty[:40]!r} became {odd}" for odd in (page.strange if page else [])]
    if reply.status_code == 422 and page is not None:
        found += _refusal_faults(page, naughty)
    elif reply.status_code == 303 and each.stored:
        with place.engine.connect() as connection:
            kept = connection.execute(text(each.stored.format(**vars(place)))).scalar()
        if kept != each.kept(naughty):
            found.append(f"{naughty[:40]!r} is stored as {str(kept)[:40]!r}")
    elif reply.status_code == 413:
        if len(urlencode({"": naughty})) <= MOST_BYTES_OF_STRANGERS:
            found.append(f"{naughty[:40]!r} is called too large")
    elif reply.status_code not in {200, 303, 400, 401, 404, 410, 422, 429}:
        found.append(f"{naughty[:40]!r} was answered with {reply.status_code}")
    return found


def _refusal_faults(page: Reply, naughty: str) -> list[str]:
    """A refusal says what is wrong, and keeps what was typed unless it is a code."""
    found = []
    if "There is a problem" not in page.text:
        found.append(f"{naughty[:40]!r} is refused without a message")
    return found


@pytest.mark.parametrize("each", FIELDS, ids=lambda each: each.name)
def test_a_text_field_keeps_or_refuses_every_text(place: Place, each: Text) -> None:
    texts = texts_for(each)
    found = [fault for naughty in texts for fault in faults_of(place, each, naughty)]
    figures("23 texts in other fields", fields=1, texts=len(texts), wrong=len(found))
    assert found == []


def test_a_field_that_fails_is_noticed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # The control: a planted fault for one text among all.
    from app.people import managing  # noqa: PLC0415

    invite = managing.invite

    def broken(work: Work, **typed: Any) -> int:
        if typed["name"].startswith("="):
            typed["name"] = typed["name"][1:]
        return invite(work, **typed)

    monkeypatch.setattr(managing, "invite", broken)
    found = faults_of(place, FIELDS[0], "=1+1")
    figures("23 control: a name that loses a letter", noticed=len(found))
    assert any("is stored as" in fault for fault in found)


def test_pages_and_lists_show_the_names_as_text(place: Place) -> None:
    names = [name for name in map(as_line, storable()) if 0 < len(name) <= 150][::SHARE]
    for name in names:
        FIELDS[0].send(place, name)
        FIELDS[7].send(place, name)
        FIELDS[10].send(place, name)
    manager = place.manager
    for path in ("/people", f"/organisations/{place.school}", f"/rounds/{place.round_id}/chase"):
        page = Reply(manager.get(path).text)
        assert page.strange == [], path
        if path == "/people":
            assert [name for name in names if flat(name) not in page.text] == []
    csv = manager.get(f"/rounds/{place.round_id}/chase.csv").content.decode("utf-8-sig")
    assert csv


def _delivered(engine: Engine, clock: MovableClock) -> list[EmailMessage]:
    sent: list[EmailMessage] = []
    while outbox.deliver(engine, sent.append, sender="eleven@example.org", now=clock()):
        pass
    return sent


def test_every_mail_with_a_naughty_name_or_address_leaves_or_fails_alone(
    place: Place, engine: Engine, clock: MovableClock
) -> None:
    for naughty in storable()[::SHARE]:
        FIELDS[2].send(place, naughty)
    addresses = [f"a{part}@x.yz" for part in map(chr, range(1, 0x250, 14)) if is_address(f"a{part}b@x.yz")]
    for address in addresses:
        FIELDS[3].send(place, address)
    sent = _delivered(engine, clock)
    with Session(engine) as session:
        waiting = session.connection().execute(
            text("SELECT recipient, last_error FROM outbox_message WHERE state <> 'sent'")
        )
        assert [tuple(row) for row in waiting] == []
    figures("23 texts in mails", mails=len(sent), wrong=0)
    for mail in sent:
        again = message_from_bytes(mail.as_bytes())
        assert again["Bcc"] is None
        assert len(again.get_all("To") or []) == 1
