"""States to begin a test from, built by the rooms' own services."""

from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from app.core.access import Actor, OrganisationRole, Work
from app.organisations.models import Contact, Organisation
from app.people import service as people
from app.questionnaires import service as questionnaires
from app.questionnaires.definition import Questionnaire
from app.returns import issuing, queries, signoff
from app.returns import service as returns
from app.returns.reading import Submitted
from app.returns.rules import AnswerValues
from app.rounds import service as rounds
from app.rounds.models import Round
from app.rounds.rules import Audience

ROOT = Path(__file__).resolve().parent.parent
LONG_AGO = datetime(2020, 9, 1, tzinfo=UTC)


def organisation(
    work: Work,
    name: str = "Ashgrove Primary School",
    *,
    kind: str = "maintained_school",
    phase: str = "primary",
    **more: Any,
) -> int:
    """Put an organisation into the register."""
    made = Organisation(
        name=name,
        kind=kind,
        phase=phase,
        **{
            "duty": "section_175",
            "governance": "maintained",
            "telephone": "01632 960123",
            "created_at": work.now,
            "updated_at": work.now,
            **more,
        },
    )
    work.session.add(made)
    work.session.flush()
    return made.id or 0


def contact(
    work: Work,
    organisation_id: int,
    address: str,
    *,
    name: str = "Robin Marsh",
    role: str = "designated_safeguarding_lead",
    rights: Iterable[OrganisationRole] = (OrganisationRole.LEAD,),
) -> int:
    """Give an organisation a contact who may sign in."""
    user_id = people.ensure_users(work, [(address, name)])[address]
    work.session.add(
        Contact(organisation_id=organisation_id, user_id=user_id, role=role, created_at=work.now)
    )
    for right in rights:
        people.grant_membership(work, user_id=user_id, organisation_id=organisation_id, role=right)
    work.session.flush()
    return user_id


def content(key: str = "section-175") -> dict[str, Any]:
    """Return the definition of a questionnaire that comes with Eleven, to be changed at will."""
    return deepcopy(_read(key))


@cache
def _read(key: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "questionnaires" / f"{key}.yaml").read_text("utf-8"))
    return loaded


def published(work: Work, key: str = "section-175") -> int:
    """Publish a questionnaire that comes with Eleven and return the version's id."""
    return questionnaires.publish_content(work, content(key)).id or 0


def open_round(
    work: Work,
    organisation_ids: Iterable[int],
    *,
    version_id: int | None = None,
    title: str = "Section 175, 2026 to 2027",
    due_on: date | None = None,
    previous: int | None = None,
) -> int:
    """Issue a round to organisations and return its id."""
    this = Round(
        title=title,
        version_id=version_id or published(work),
        school_year="2026 to 2027",
        opens_on=date(2026, 10, 1),
        due_on=due_on or date(2027, 1, 29),
        previous_round_id=previous,
        created_at=work.now,
    )
    work.session.add(this)
    work.session.flush()
    rounds.set_audience(work, this.id or 0, Audience(included=frozenset(organisation_ids)))
    issuing.issue(work, this.id or 0)
    return this.id or 0


def return_of(work: Work, round_id: int, organisation_id: int) -> queries.ReturnHead:
    """Return the head of an organisation's return in a round."""
    for head in queries.returns_of(work.session, work.actor, (organisation_id,)):
        if head.round_id == round_id:
            return head
    raise LookupError(organisation_id)


def as_person(
    work: Work,
    organisation_id: int,
    *roles: OrganisationRole,
    address: str = "lead@ashgrove.example.org",
    name: str = "Robin Marsh",
) -> Work:
    """Return the piece of work of somebody at an organisation."""
    user_id = people.ensure_users(work, [(address, name)])[address]
    held = frozenset(roles or OrganisationRole)
    for role in held:
        people.grant_membership(work, user_id=user_id, organisation_id=organisation_id, role=role)
    return Work(work.session, Actor(user_id, name, address, organisations={organisation_id: held}), work.now)


GREEN = AnswerValues(level="green", evidence="Minutes of the governors' meeting of 4 October")
RED = AnswerValues(
    level="red",
    action_what="Write the plan and train everybody",
    action_owner="Deputy head",
    action_due=date(2027, 3, 31),
)
AMBER = AnswerValues(level="amber")


def default_answer(questionnaire: Questionnaire, key: str) -> AnswerValues:
    """Return a plausible answer to any question."""
    standard = questionnaire.standard(key)
    if standard.rated:
        return GREEN
    facts = {
        "yes_no": "yes",
        "number": "3",
        "number_of_number": "41 of 44",
        "date": "2026-09-14",
        "choice": standard.choices[0] if standard.choices else "",
    }
    return AnswerValues(fact=facts.get(standard.type, "We keep this under review every half term."))


def save(work: Work, return_id: int, key: str, values: AnswerValues, *, version: int = 0) -> Any:
    """Save one answer as a person's browser would."""
    return returns.save_answer(work, return_id, Submitted(key, values, version, f"key-{key}-{version}"))


def answer_all(work: Work, this: queries.ReturnHead, **special: AnswerValues) -> None:
    """Answer every question of a return; keywords name standards (_ for -) to answer otherwise."""
    questionnaire = queries.questionnaire_of(work.session, this)
    for question in questionnaire.questions:
        chosen = special.get(question.key.replace("-", "_"), default_answer(questionnaire, question.key))
        save(work, this.id, question.key, chosen)


def signed_return(
    work: Work, round_id: int, organisation_id: int, **special: AnswerValues
) -> queries.ReturnHead:
    """Answer and sign an organisation's return."""
    this = return_of(work, round_id, organisation_id)
    person = as_person(
        work, organisation_id, address=f"signs-{organisation_id}@example.org", name="Head Teacher"
    )
    answer_all(person, this, **special)
    signoff.sign(person, this, declared=True)
    return return_of(work, round_id, organisation_id)
