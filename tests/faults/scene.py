"""Schools with a return and people signed in, for servers that run on the real clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from app.core.access import Actor, OrganisationRole, PartnershipRole, Work
from app.core.settings import settings
from app.people import service as people
from app.questionnaires.definition import Questionnaire
from app.returns import queries
from tests import builders
from tests.faults.people import Person, Writer

DOMAIN = "leadership-and-governance"


@dataclass
class Scene:
    """Some schools in one round, and a way to sign their people in."""

    engine: Engine
    returns: list[queries.ReturnHead]
    questionnaire: Questionnaire

    @property
    def ids(self) -> list[int]:
        """The returns."""
        return [this.id for this in self.returns]

    def keys(self, domain: str = DOMAIN) -> tuple[str, ...]:
        """Return the rated standards of a domain."""
        place = next(each for each in self.questionnaire.domains if each.key == domain)
        return tuple(standard.key for standard in place.rated)

    def person(self, port: int, number: int, return_number: int = 0) -> Person:
        """Sign somebody of a school in, with every right there."""
        this = self.returns[return_number]
        name = f"Writer {this.id}-{number}"
        with Session(self.engine) as session:
            work = Work(session, people.NOBODY, now())
            address = f"writer-{this.id}-{number}@example.org"
            user_id = people.ensure_users(work, [(address, name)])[address]
            for role in OrganisationRole:
                people.grant_membership(
                    work, user_id=user_id, organisation_id=this.organisation_id, role=role
                )
            token = people.start_session(session, settings(), user_id=user_id, name=name, now=work.now)
            session.commit()
        return Person(name, token, port)

    def writers(self, port: int, count: int) -> list[Writer]:
        """Sign writers in, spread over the returns and domains, each with standards of their own."""
        found = []
        domains = [domain.key for domain in self.questionnaire.domains if domain.rated]
        for number in range(count):
            place = number % len(self.returns)
            domain = domains[number // len(self.returns) % len(domains)]
            keys = self.keys(domain)[:3]
            found.append(Writer(self.person(port, number, place), self.returns[place].id, domain, keys))
        return found


def now() -> datetime:
    """Return the real time, a moment ago: servers in other processes use the system's clock."""
    return datetime.now(UTC) - timedelta(seconds=1)


def set_scene(engine: Engine, schools: int, *, signs: bool = True) -> Scene:
    """Make schools and issue a round to them."""
    with Session(engine, expire_on_commit=False) as session:
        nobody = Work(session, people.NOBODY, now())
        address = "manager@partnership.example.org"
        user_id = people.ensure_users(nobody, [(address, "Morgan Ellery")])[address]
        actor = Actor(user_id, "Morgan Ellery", address, roles=frozenset({PartnershipRole.BOARD_MANAGER}))
        work = Work(session, actor, now())
        places = [builders.organisation(work, f"School {number}") for number in range(schools)]
        if signs:
            for place in places:
                builders.contact(work, place, f"head-{place}@example.org", rights=tuple(OrganisationRole))
        round_id = builders.open_round(work, places)
        returns = [builders.return_of(work, round_id, place) for place in places]
        questionnaire = queries.questionnaire_of(session, returns[0])
        session.commit()
    return Scene(engine, returns, questionnaire)
