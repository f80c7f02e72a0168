"""Made-up sequences of the whole flow against a small model of it: they never disagree (QUALITY 26)."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine, text
from sqlmodel import Session

from app.core.access import OrganisationRole, PartnershipRole, Work
from app.questionnaires.definition import Standard
from app.returns import service
from tests import builders
from tests.conftest import ClientAs
from tests.faults.scale import figures, times

pytestmark = pytest.mark.faults

SEQUENCES = int(os.environ.get("ELEVEN_SEQUENCES") or times(12, 400))
STEPS = 25
DOMAIN_OF = {"board-lead": "leadership-and-governance", "records": "performance-and-outcomes"}
KEYS = tuple(DOMAIN_OF)
LEVELS = ("red", "amber", "green")
COMMENTS = ("", "We know", "=1+1", "Two\nlines")


@dataclass(frozen=True)
class Said:
    """An answer of the model: a level and a comment."""

    level: str = ""
    comment: str = ""

    @property
    def counts(self) -> bool:
        """A question is answered when a level was chosen."""
        return bool(self.level)


def merged(base: Said, mine: Said, theirs: Said) -> Said | None:
    """Return what two people's changes make together, None where both changed the same thing."""
    parts = []
    for name in ("level", "comment"):
        was, want, now = getattr(base, name), getattr(mine, name), getattr(theirs, name)
        if want not in {was, now} and now != was:
            return None
        parts.append(now if want == was else want)
    return Said(*parts)


@dataclass
class Model:
    """What a return must be: in a few lines, without a database."""

    state: str = "issued"
    round_open: bool = True
    edition: int = 0
    opened: bool = False
    history: dict[str, list[Said]] = field(default_factory=dict)
    kept_refused: int = 0

    def now(self, key: str) -> Said:
        """Return the answer as it stands."""
        return self.history.get(key, [Said()])[-1]

    @property
    def writable(self) -> bool:
        """Answers change while the round is open and nobody has signed."""
        return self.round_open and self.state != "signed"

    @property
    def stopped(self) -> bool:
        """A red answer without an action stops the signature; the model's answers have none."""
        return any(self.now(key).level == "red" for key in self.history)

    def save(self, key: str, mine: Said, version: int) -> int:
        """Return the status of the reply."""
        if not self.writable:
            return 423
        past = self.history.setdefault(key, [Said()])
        newest = len(past) - 1
        base = past[min(version, newest)] if version <= newest else Said()
        together = mine if newest in {version, 0} else merged(base, mine, past[-1])
        if together is None:
            self.kept_refused += 1
            return 409
        if together != past[-1]:
            past.append(together)
            self.state = "ready" if self.state == "ready" else "in_progress"
            self.opened = True
        return 200


class Flow(RuleBasedStateMachine):
    """One round with one return; a lead who signs, and a board manager."""

    arrange: Callable[[], tuple[TestClient, TestClient, int, int]]
    engine: Engine
    compared = 0

    @initialize()
    def begin(self) -> None:
        """Issue a round to a new school."""
        self.lead, self.manager, self.round_id, self.return_id = type(self).arrange()
        self.model = Model()
        self.url = f"/returns/{self.return_id}"

    @rule()
    def look(self) -> None:
        """The lead opens the return."""
        assert self.lead.post(f"{self.url}/opened").status_code == 204
        if self.model.round_open and self.model.state == "issued":
            self.model.state = "opened"

    @rule(
        key=st.sampled_from(KEYS),
        level=st.sampled_from(LEVELS),
        comment=st.sampled_from(COMMENTS),
        behind=st.sampled_from((0, 0, 0, 1, 2)),
    )
    def answer(self, key: str, level: str, comment: str, behind: int) -> None:
        """Somebody saves an answer, now and then from a page that is behind."""
        version = max(len(self.model.history.get(key, [Said()])) - 1 - behind, 0)
        form = {f"{key}.level": level, f"{key}.comment": comment, f"{key}.version": str(version)}
        reply = self.lead.post(f"{self.url}/{DOMAIN_OF[key]}/{key}", data=form)
        assert reply.status_code == self.model.save(key, Said(level, comment), version), reply.text

    @rule()
    def ask_for_the_signature(self) -> None:
        """The lead says that it is complete."""
        reply = self.lead.post(f"{self.url}/ready")
        allowed = self.model.writable and not self.model.stopped
        assert reply.status_code == (303 if allowed else 422), reply.text
        if allowed:
            self.model.state = "ready"

    @rule(declared=st.booleans(), stale=st.sampled_from((False, False, True)))
    def sign(self, declared: bool, stale: bool) -> None:
        """The signatory signs what the page showed."""
        found = re.search(r'name="seen" value="([^"]*)"', self.lead.get(f"{self.url}/sign-off").text)
        seen = "0" * 32 if stale else found[1] if found else ""
        form = {"seen": seen, **({"declared": "yes"} if declared else {})}
        reply = self.lead.post(f"{self.url}/sign-off", data=form)
        again = declared and self.model.state == "signed"
        allowed = declared and self.model.writable and not stale and not self.model.stopped
        assert reply.status_code == (303 if allowed or again else 422), reply.text
        if allowed:
            self.model.state, self.model.edition = "signed", self.model.edition + 1

    @rule(reason=st.sampled_from(("Say more", "Say more", " ")))
    def send_back(self, reason: str) -> None:
        """The board manager sends it back."""
        reply = self.manager.post(f"{self.url}/send-back", data={"reason": reason})
        allowed = reason.strip() and self.model.round_open and self.model.state in {"signed", "ready"}
        assert reply.status_code == (303 if allowed else 422), reply.text
        if allowed:
            self.model.state = "in_progress"

    @rule()
    def close(self) -> None:
        """The board manager closes the round."""
        assert self.manager.post(f"/rounds/{self.round_id}/close").status_code == 303
        self.model.round_open = False

    @rule()
    def reopen(self) -> None:
        """The board manager opens it again."""
        assert self.manager.post(f"/rounds/{self.round_id}/reopen").status_code == 303
        self.model.round_open = True

    @rule(
        place=st.sampled_from(("", "/check", "/receipt", "/feedback", "/governors", "/answers.xlsx", "/team"))
    )
    def read(self, place: str) -> None:
        """Everybody of theirs can always read, whatever the state."""
        reply = self.lead.get(f"{self.url}{place}")
        missing = place in {"/receipt", "/governors"} and self.model.edition == 0
        unsigned = place == "/governors" and self.model.state != "signed"
        back = place == "/feedback" and self.model.state != "signed"
        assert reply.status_code == (404 if missing or unsigned else 303 if back else 200)

    @invariant()
    def they_agree(self) -> None:
        """What is stored is what the model says."""
        if not hasattr(self, "model"):
            return
        type(self).compared += 1
        assert stored(self.engine, self.return_id) == {
            "state": self.model.state,
            "edition": self.model.edition,
            "signed": self.model.edition,
            "answered": sum(self.model.now(key).counts for key in self.model.history),
            "answers": {
                key: (len(past) - 1, past[-1].level, past[-1].comment)
                for key, past in self.model.history.items()
                if len(past) > 1
            },
            "history": sum(len(past) - 1 for past in self.model.history.values()),
            "refused": self.model.kept_refused,
        }


def stored(engine: Engine, return_id: int) -> dict[str, Any]:
    """Return what the database holds about a return."""
    with engine.connect() as connection:

        def one(statement: str) -> Any:
            return connection.execute(text(statement), {"id": return_id}).one()

        state, edition, answered = one("SELECT state, edition, answered FROM return WHERE id = :id")
        rows = connection.execute(
            text("SELECT standard_key, version, level, comment FROM answer WHERE return_id = :id"),
            {"id": return_id},
        )
        counts = "SELECT count(*) FILTER (WHERE accepted), count(*) FILTER (WHERE NOT accepted) "
        history, refused = one(f"{counts} FROM answer_version WHERE return_id = :id")
        return {
            "state": state,
            "edition": edition,
            "signed": one("SELECT count(*) FROM signed_return WHERE return_id = :id")[0],
            "answered": answered,
            "answers": {key: (version, level or "", comment) for key, version, level, comment in rows},
            "history": history,
            "refused": refused,
        }


@pytest.fixture
def machine(work: Work, client_as: ClientAs, engine: Engine) -> type[Flow]:
    """The machine on this module's database."""
    version = builders.published(work)
    work.session.commit()
    manager = client_as(PartnershipRole.BOARD_MANAGER)

    def arrange() -> tuple[TestClient, TestClient, int, int]:
        with Session(engine, expire_on_commit=False) as session:
            inner = Work(session, work.actor, work.now)
            school = builders.organisation(inner, "Ashgrove")
            round_id = builders.open_round(inner, [school], version_id=version)
            return_id = builders.return_of(inner, round_id, school).id
            session.commit()
        lead = client_as(OrganisationRole.LEAD, OrganisationRole.SIGNATORY, organisation=school)
        return lead, manager, round_id, return_id

    return type("FlowHere", (Flow,), {"arrange": staticmethod(arrange), "engine": engine})


def run(machine: type[Flow], sequences: int, *phases: Phase) -> None:
    """Run sequences, the same ones at each run."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=phases or tuple(Phase),
        ),
    )


def test_the_program_and_the_model_never_disagree(machine: type[Flow]) -> None:
    run(machine, SEQUENCES)
    figures("26 sequences against a model", sequences=SEQUENCES, comparisons=machine.compared, wrong=0)


def test_a_program_without_a_check_of_versions_disagrees(
    machine: type[Flow], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The control: the last save wins, as if nobody had looked at the version.
    save = service.save_held

    def last_wins(work: Work, held: service.Held, *, asked: Standard, sent: Any) -> Any:
        line = service._standing(work, held, sent.standard_key)
        return save(work, held, asked=asked, sent=replace(sent, version=line.version if line else 0))

    monkeypatch.setattr(service, "save_held", last_wins)
    with pytest.raises(AssertionError):
        run(machine, 40, Phase.generate)
    figures("26 control: the last save wins", noticed=1)
