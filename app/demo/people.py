"""The people of the demo: the partnership's own, and leads, colleagues and signatories of organisations."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.access import OrganisationRole, PartnershipRole
from app.demo.names import Namer
from app.demo.register import Register
from app.demo.schools import Listed
from app.organisations.models import OrganisationStatus
from app.people.queries import DEMO_DOMAIN

SCHOOLS_WITHOUT_CONTACT = 7
TRUST_LEADS = 4
MOST_SCHOOLS_OF_A_TRUST_LEAD = 12

_PARTNERSHIP = (
    ("Morgan Ellery", "morgan.ellery", PartnershipRole.BOARD_MANAGER),
    ("Ifeoma Lindenshaw", "administrator", PartnershipRole.ADMINISTRATOR),
    ("Callum Yarroway", "pso", PartnershipRole.PSO),
    ("Sushila Hazelrigg-Bose", "partner", PartnershipRole.SAFEGUARDING_PARTNER),
    ("Dr Bernadette Wainfold", "scrutineer", PartnershipRole.INDEPENDENT_SCRUTINEER),
)
_MORE_PARTNERSHIP = (
    ("Teodor Brackenfold", PartnershipRole.PSO),
    ("Marcia Ravensworthy", PartnershipRole.PSO),
    ("Alastair Turnstone", PartnershipRole.SAFEGUARDING_PARTNER),
    ("Nasreen Quayleford", PartnershipRole.SAFEGUARDING_PARTNER),
)
_LEAD, _CONTRIBUTOR, _SIGNATORY = (
    OrganisationRole.LEAD,
    OrganisationRole.CONTRIBUTOR,
    OrganisationRole.SIGNATORY,
)


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the demo."""

    id: int
    name: str
    email: str


@dataclass(slots=True)
class Team:
    """The people of one organisation: who answers, who helps, who signs, and who led last year."""

    lead: Person | None = None
    signatory: Person | None = None
    contributors: list[Person] = field(default_factory=list)
    last_lead: Person | None = None

    @property
    def somebody(self) -> bool:
        """Say whether anybody there can answer."""
        return self.lead is not None and self.signatory is not None

    @property
    def contacts(self) -> list[Person]:
        """The people who can sign in, each once."""
        people = [self.lead, self.signatory, *self.contributors]
        return list({each.id: each for each in people if each is not None}.values())


@dataclass(slots=True)
class People:
    """All people and their roles, as rows for the tables and as teams by organisation."""

    namer: Namer
    now: datetime
    users: list[dict[str, Any]] = field(default_factory=list)
    partnership: list[dict[str, Any]] = field(default_factory=list)
    memberships: dict[tuple[int, int, OrganisationRole], None] = field(default_factory=dict)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[int, Team] = field(default_factory=dict)
    staff: dict[PartnershipRole, Person] = field(default_factory=dict)

    def add(self, name: str, email: str) -> Person:
        """Make somebody a user."""
        person = Person(len(self.users) + 1, name, email)
        self.users.append(
            {"id": person.id, "email": email, "name": name, "created_at": self.now - timedelta(days=500)}
        )
        return person

    def join(self, person: Person, listed: Listed, membership: OrganisationRole, role: str | None) -> None:
        """Give somebody a role at an organisation, and make them its contact unless `role` is None."""
        self.memberships[(person.id, listed.id, membership)] = None
        if role:
            self.contact(person, listed, role)

    def contact(self, person: Person, listed: Listed, role: str, ended: datetime | None = None) -> None:
        """Make somebody a contact of an organisation."""
        if listed.organisation.status is OrganisationStatus.GONE:
            # What became of the school: nobody is written to about it any more.
            ended = self.now - timedelta(days=40)
        direct = self.namer.rng.random() < 0.4
        self.contacts.append(
            {
                "organisation_id": listed.id,
                "user_id": person.id,
                "role": role,
                "telephone": self.namer.telephone() if direct else listed.organisation.telephone,
                "created_at": self.now - timedelta(days=500),
                "ended_at": ended,
            }
        )

    def began(self, person: Person, listed: Listed, when: datetime) -> None:
        """Let somebody have begun as safeguarding lead of a school on a later day."""
        for row in self.contacts:
            of_theirs = row["user_id"] == person.id and row["organisation_id"] == listed.id
            if of_theirs and row["role"] == "designated_safeguarding_lead":
                row["created_at"] = when

    def membership_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the membership table."""
        for user_id, organisation_id, role in self.memberships:
            yield {"user_id": user_id, "organisation_id": organisation_id, "role": role}


def build(namer: Namer, register: Register, now: datetime) -> People:
    """Make up the people: first those whom visitors of the demo can be, one for each role."""
    people = People(namer, now)
    _partnership(people)
    _demo_schools(people, register)
    rest = [each for each in register if each.id not in people.teams]
    open_schools = [
        each for each in rest if each.organisation.governance != "agency" and each.asked_this_year
    ]
    silent = {each.id for each in namer.rng.sample(open_schools, SCHOOLS_WITHOUT_CONTACT)}
    silent.add(next(each.id for each in reversed(register.agencies)))
    trust_leads = _trust_leads(people, register, silent)
    for each in rest:
        team = people.teams[each.id] = Team()
        if each.id in silent:
            continue
        if each.organisation.governance == "agency":
            _agency(people, each, team)
        else:
            _school(people, each, team, trust_leads.get(each.id))
    return people


def _partnership(people: People) -> None:
    for name, local, role in _PARTNERSHIP:
        person = people.add(name, f"{local}@{DEMO_DOMAIN}")
        people.partnership.append({"user_id": person.id, "role": role})
        people.staff[role] = person


def _demo_schools(people: People, register: Register) -> None:
    ashgrove, leisure = register.ashgrove, register.leisure
    lead = people.add("Rhiannon Oakenshawe", f"lead.ashgrove@{DEMO_DOMAIN}")
    helper = people.add("Dev Patel-Garth", f"contributor.ashgrove@{DEMO_DOMAIN}")
    head = people.add("Joanne O'Sheelin", f"head.ashgrove@{DEMO_DOMAIN}")
    ashgrove.organisation.head_name = head.name
    people.join(lead, ashgrove, _LEAD, "designated_safeguarding_lead")
    people.join(helper, ashgrove, _CONTRIBUTOR, "deputy_safeguarding_lead")
    people.join(head, ashgrove, _SIGNATORY, "head_teacher")
    people.teams[ashgrove.id] = Team(lead, head, [helper], lead)
    manager = people.add("Winston Marlinspike", f"lead.leisure@{DEMO_DOMAIN}")
    chief = people.add("Agnieszka Copperfold", f"chief.leisure@{DEMO_DOMAIN}")
    leisure.organisation.head_name = chief.name
    people.join(manager, leisure, _LEAD, "agency_lead")
    people.join(chief, leisure, _SIGNATORY, "chief_officer")
    people.teams[leisure.id] = Team(manager, chief, [], manager)
    # The rest of the partnership comes after those who are offered for sign-in.
    for name, role in _MORE_PARTNERSHIP:
        person = people.add(name, people.namer.address(name, "partnership.example.org"))
        people.partnership.append({"user_id": person.id, "role": role})


def _trust_leads(people: People, register: Register, silent: set[int]) -> dict[int, Person]:
    """Return the leads of the largest trusts by organisation: one person serves up to twelve schools."""
    trusts: dict[str, list[Listed]] = {}
    for each in register.schools:
        if each.organisation.trust_code and each.id not in silent:
            trusts.setdefault(each.organisation.trust_code, []).append(each)
    leads = {}
    for code in sorted(trusts, key=lambda code: (-len(trusts[code]), code))[:TRUST_LEADS]:
        name = people.namer.person()
        domain = people.namer.domain(trusts[code][0].organisation.trust_name)
        person = people.add(name, people.namer.address(name, domain))
        for each in trusts[code][:MOST_SCHOOLS_OF_A_TRUST_LEAD]:
            people.join(person, each, _LEAD, "trust_safeguarding_lead")
            leads[each.id] = person
    return leads


def _somebody(people: People, listed: Listed, name: str | None = None) -> Person:
    called = name or people.namer.person()
    return people.add(called, people.namer.address(called, listed.domain))


def _school(people: People, listed: Listed, team: Team, trust_lead: Person | None) -> None:
    rng = people.namer.rng
    small = listed.organisation.phase in {"primary", "nursery"} and (listed.organisation.pupils or 0) < 210
    head = _somebody(people, listed, listed.organisation.head_name)
    people.join(head, listed, _SIGNATORY, "head_teacher")
    team.signatory = team.lead = head
    if small and rng.random() < 0.5:
        # In a small school the head leads on safeguarding too.
        people.join(head, listed, _LEAD, "designated_safeguarding_lead")
    else:
        team.lead = _somebody(people, listed)
        people.join(team.lead, listed, _LEAD, "designated_safeguarding_lead")
    if rng.random() < 0.62:
        chair = _somebody(people, listed)
        people.join(chair, listed, _CONTRIBUTOR, "chair_of_governors")
    for _ in range(rng.choices((0, 1, 2), (62, 28, 10))[0]):
        helper = _somebody(people, listed)
        people.join(helper, listed, _CONTRIBUTOR, rng.choice((None, "deputy_safeguarding_lead")))
        team.contributors.append(helper)
    if trust_lead is not None:
        team.contributors.append(trust_lead)
    team.last_lead = team.lead
    if rng.random() < 0.1 and listed.asked_last_year:
        # The lead of last year has left: the contact is ended, what they wrote stays.
        team.last_lead = _somebody(people, listed)
        left = people.now - timedelta(days=rng.randint(70, 150))
        people.began(team.lead, listed, left)
        people.contact(team.last_lead, listed, "designated_safeguarding_lead", left)


def _agency(people: People, listed: Listed, team: Team) -> None:
    rng = people.namer.rng
    team.signatory = _somebody(people, listed, listed.organisation.head_name)
    people.join(team.signatory, listed, _SIGNATORY, "chief_officer")
    team.lead = team.last_lead = _somebody(people, listed)
    people.join(team.lead, listed, _LEAD, "agency_lead")
    for _ in range(rng.choices((0, 1, 2, 3), (35, 30, 25, 10))[0]):
        helper = _somebody(people, listed)
        people.join(helper, listed, _CONTRIBUTOR, None)
        team.contributors.append(helper)
