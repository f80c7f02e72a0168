"""The schools and colleges of the invented county: 535 that are open, and four that merged into two."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from app.demo.names import DISTRICTS, LA_CODE, Namer
from app.organisations.models import Organisation, OrganisationStatus
from app.organisations.rules import SCHOOL_TYPES

ASHGROVE = "Ashgrove Primary School"
TRUST_SIZES = (18, 16, 15, 14, 12, 12, 11, 10, 9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 2)
CONVERSIONS = 9

_WORDS = (
    "Old Mill", "Windmill", "Riverbank", "Oak Tree", "Four Lanes", "Millstone", "Lapwing", "Hollybush",
    "Orchard", "Two Rivers", "Chalk Pit", "Long Meadow", "Harbour View", "Rookery", "Sandpiper", "Weavers",
    "Greenfinch", "Ferry", "Market Cross", "Sheepwash", "Lime Kiln", "Skylark", "Silver Birch", "Tide Mill",
)  # fmt: skip
_CHURCH = (
    "All Saints",
    "Holy Well",
    "Good Shepherd",
    "Our Lady of the Wolds",
    "Holy Trinity",
    "Star of the Sea",
)


@dataclass(slots=True)
class Listed:
    """An organisation of the demo with what the register knows about it beside its own row."""

    organisation: Organisation
    domain: str
    identifiers: list[dict[str, Any]] = field(default_factory=list)
    # What it was when last year's round was issued, where that differs from today.
    last_year: dict[str, Any] = field(default_factory=dict)
    asked_last_year: bool = True
    asked_this_year: bool = True

    @property
    def id(self) -> int:
        """The organisation's id, given when the register is complete."""
        return self.organisation.id or 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Schools of one type with the same ages: how many, how large, and how they are called."""

    count: int
    type_code: str
    phase: str
    ages: tuple[int, int]
    pupils: tuple[int, int]
    names: tuple[str, ...]
    boarding: int = 0


_PRIMARY = (
    "{place} Primary School",
    "{word} Primary School, {place}",
    "{place} Community Primary School",
    "{place} {word} Primary School",
)
_CHURCH_PRIMARY = (
    "{place} Church of England Primary School",
    "{place} {church} Church of England Primary School",
)
_CATHOLIC = ("{church} Catholic Primary School, {place}",)
_ACADEMY_PRIMARY = (
    "{place} Primary Academy",
    "{word} Primary Academy, {place}",
    "{place} Church of England Academy",
    "{place} Academy",
    "{place} {word} Primary School",
)
_SECONDARY = ("{place} High School", "{place} School", "{word} School, {place}", "{place} Community College")
_ACADEMY_SECONDARY = (
    "{place} Academy",
    "The {word} Academy, {place}",
    "{place} High School",
    "{place} College",
)
_SPECIAL = ("{word} School, {place}", "The {word} School", "{place} {word} Special School")
_INDEPENDENT = (
    "{place} House School",
    "{place} Hall",
    "{place} Preparatory School",
    "{place} Steiner School",
    "Madrasah {place}",
    "{place} Grammar School",
    "{place} Christian School",
)

BATCHES = (
    Batch(72, "1", "primary", (4, 11), (60, 440), _PRIMARY),
    Batch(18, "1", "primary", (3, 11), (180, 630), _PRIMARY),
    Batch(40, "3", "primary", (4, 11), (34, 240), _CHURCH_PRIMARY),
    Batch(14, "2", "primary", (4, 11), (90, 300), _CHURCH_PRIMARY),
    Batch(11, "2", "primary", (3, 11), (120, 420), _CATHOLIC),
    Batch(8, "5", "primary", (4, 11), (150, 420), _PRIMARY),
    Batch(25, "1", "primary", (4, 7), (90, 270), ("{place} Infant School", "{word} Infant School, {place}")),
    Batch(
        24, "1", "primary", (7, 11), (120, 360), ("{place} Junior School", "{word} Junior School, {place}")
    ),
    Batch(14, "1", "secondary", (11, 16), (520, 1150), _SECONDARY),
    Batch(5, "5", "secondary", (11, 18), (760, 1480), _SECONDARY),
    Batch(1, "5", "secondary", (11, 18), (690, 720), ("{place} Grammar School",), boarding=1),
    Batch(104, "34", "primary", (4, 11), (80, 460), _ACADEMY_PRIMARY),
    Batch(22, "34", "primary", (3, 11), (190, 650), _ACADEMY_PRIMARY),
    Batch(15, "28", "primary", (4, 11), (110, 420), _ACADEMY_PRIMARY),
    Batch(3, "35", "primary", (4, 11), (60, 210), ("{place} Free School", "{word} Free School, {place}")),
    Batch(25, "34", "secondary", (11, 18), (720, 1900), _ACADEMY_SECONDARY),
    Batch(13, "34", "secondary", (11, 16), (540, 1200), _ACADEMY_SECONDARY),
    Batch(9, "28", "secondary", (11, 16), (430, 980), _ACADEMY_SECONDARY),
    Batch(1, "40", "secondary", (14, 19), (220, 320), ("{place} University Technical College",)),
    Batch(1, "41", "secondary", (14, 19), (140, 220), ("{place} Studio School",)),
    Batch(3, "34", "all_through", (4, 18), (900, 1600), ("{place} All-through Academy",)),
    Batch(12, "7", "not_applicable", (3, 16), (70, 210), _SPECIAL),
    Batch(2, "12", "not_applicable", (4, 19), (80, 180), _SPECIAL),
    Batch(2, "8", "not_applicable", (8, 19), (40, 90), ("{word} School, {place}",), boarding=2),
    Batch(6, "44", "not_applicable", (4, 19), (90, 240), ("{place} {word} Academy",)),
    Batch(2, "36", "not_applicable", (5, 16), (50, 120), ("{place} {word} Free School",)),
    Batch(
        5,
        "14",
        "not_applicable",
        (5, 16),
        (24, 90),
        ("{place} Pupil Referral Unit", "{place} Short Stay School"),
    ),
    Batch(3, "42", "not_applicable", (11, 16), (40, 110), ("{place} Alternative Provision Academy",)),
    Batch(1, "38", "not_applicable", (11, 16), (48, 64), ("{place} Hub Free School",)),
    Batch(
        6, "15", "nursery", (2, 5), (50, 130), ("{place} Nursery School", "{word} Nursery School, {place}")
    ),
    Batch(3, "18", "post_16", (16, 99), (1900, 6200), ("{place} College", "{place} and District College")),
    Batch(2, "31", "post_16", (16, 19), (900, 2100), ("{place} Sixth Form College",)),
    Batch(3, "32", "post_16", (16, 25), (30, 90), ("{word} Specialist College, {place}",), boarding=1),
    Batch(20, "11", "not_applicable", (3, 11), (40, 260), _INDEPENDENT),
    Batch(13, "11", "not_applicable", (3, 18), (190, 820), _INDEPENDENT, boarding=7),
    Batch(19, "11", "not_applicable", (11, 18), (12, 240), _INDEPENDENT, boarding=2),
    Batch(
        8,
        "10",
        "not_applicable",
        (7, 19),
        (8, 70),
        ("{word} House, {place}", "{place} Lodge School"),
        boarding=3,
    ),
)

LONG_NAMES = (
    "{place} {church} Church of England Voluntary Aided Primary School with Nursery and Resourced Provision",
    "{place}, {other} and {third} Federated Church of England Voluntary Controlled Primary School",
    "The {place} and {other} Community Special School for Pupils with Communication and Interaction Needs",
    "{place} and {other} All Saints Catholic and Church of England Shared Primary School and Nursery",
)


def schools(namer: Namer, now: datetime) -> list[Listed]:
    """Return the open schools and colleges, in mixed order; Ashgrove Primary School is among them."""
    listed = [_school(namer, batch, index, now) for batch in BATCHES for index in range(batch.count)]
    _rename_long(namer, listed)
    first = next(each for each in listed if each.organisation.kind == "maintained_school")
    first.organisation.name, first.domain = ASHGROVE, "demo.example.org"
    first.organisation.pupils = 318
    first.organisation.website = "https://ashgrove.example.org"
    _join_trusts(namer, listed)
    namer.rng.shuffle(listed)
    for number, each in enumerate(listed, 1):
        _identify(each, number)
    return listed


def _name(namer: Namer, templates: tuple[str, ...]) -> str:
    while True:
        name = namer.rng.choice(templates).format(
            place=namer.place(),
            other=namer.place(),
            third=namer.place(),
            word=namer.rng.choice(_WORDS),
            church=namer.rng.choice(_CHURCH),
        )
        if namer.once(name):
            return name


def _features(batch: Batch, index: int) -> list[str]:
    features = []
    if index < batch.boarding:
        features.append("boarding")
    if batch.ages[0] < 5:
        features.append("early_years")
    if batch.ages[1] >= 18 and batch.phase != "post_16":
        features.append("sixth_form")
    return features


_JOB_TITLES = {"college": "Principal", "special_post_16": "Principal", "independent_school": "Head"}


def _school(namer: Namer, batch: Batch, index: int, now: datetime) -> Listed:
    kind = SCHOOL_TYPES[batch.type_code]
    name = _name(namer, batch.names)
    domain = namer.domain(name)
    district = namer.rng.choice(DISTRICTS)
    title = _JOB_TITLES.get(kind.kind, "Headteacher")
    if kind.governance == "academy" and namer.rng.random() < 0.4:
        title = "Principal" if batch.phase == "secondary" else "Head of school"
    organisation = Organisation(
        name=name,
        kind=kind.kind,
        duty=kind.duty,
        governance=kind.governance,
        phase=batch.phase,
        features=_features(batch, index),
        low_age=batch.ages[0],
        high_age=batch.ages[1],
        pupils=namer.rng.randint(*batch.pupils),
        district=district,
        address=f"{namer.street()}, {namer.place()}",
        postcode=namer.postcode(district),
        telephone=namer.telephone(),
        website=f"https://www.{domain}",
        head_name=namer.person(),
        head_job_title=title,
        opened_on=date(namer.rng.randint(1952, 2014), 9, 1),
        created_at=now - timedelta(days=540),
        updated_at=now - timedelta(days=namer.rng.randint(20, 200)),
    )
    return Listed(organisation, domain)


def _rename_long(namer: Namer, listed: list[Listed]) -> None:
    by_kind = {"special_school": LONG_NAMES[2:3], "maintained_school": (*LONG_NAMES[:2], LONG_NAMES[3])}
    for kind, templates in by_kind.items():
        fitting = [
            each for each in listed if each.organisation.kind == kind and each.organisation.low_age == 3
        ]
        some = fitting[-len(templates) :]
        for each, template in zip(some, templates, strict=True):
            each.organisation.name = _name(namer, (template,))


def _join_trusts(namer: Namer, listed: list[Listed]) -> None:
    """Put academies into trusts of 2 to 18; the last few stand alone in a trust of their own name."""
    academies = [each.organisation for each in listed if each.organisation.governance == "academy"]
    namer.rng.shuffle(academies)
    rest = iter(academies)
    kinds = ("Learning Trust", "Schools Trust", "Academies Trust", "Education Partnership")
    for number, size in enumerate(TRUST_SIZES, 1):
        name = f"{namer.place()} {kinds[number % len(kinds)]}"
        for _, academy in zip(range(size), rest, strict=False):
            academy.trust_code, academy.trust_name = f"98{number:03}", name
    for number, academy in enumerate(rest, len(TRUST_SIZES) + 1):
        academy.trust_code, academy.trust_name = f"98{number:03}", f"{academy.name} Trust"


def identifier(
    scheme: str, value: str, since: date | None = None, until: date | None = None
) -> dict[str, Any]:
    """Return an identifier of an organisation with the days on which it held."""
    return {"scheme": scheme, "value": value, "valid_from": since, "valid_to": until}


def _identify(listed: Listed, number: int) -> None:
    listed.identifiers = [identifier("urn", str(890_000 + number), listed.organisation.opened_on)]
    listed.identifiers.append(identifier("laestab", f"{LA_CODE}/{2000 + number}"))
    if listed.organisation.phase == "post_16" or number % 3 == 0:
        listed.identifiers.append(identifier("ukprn", str(19_000_000 + number)))


# --- what changed since last year ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Merger:
    """Two schools that became one."""

    predecessors: tuple[Listed, Listed]
    successor: Listed
    on_date: date


def convert(listed: list[Listed], since: date) -> None:
    """Turn some academies into conversions of the last year: another URN, and maintained before."""
    ready = [each for each in listed if each.organisation.trust_code and each.organisation.kind == "academy"]
    plain = [each for each in ready if each.organisation.phase in {"primary", "secondary"}]
    for number, each in enumerate(plain[:CONVERSIONS], 1):
        # Schools convert on the first of a month.
        day = (since + timedelta(days=30 * number)).replace(day=1)
        urn = each.identifiers[0]
        urn["valid_to"] = day - timedelta(days=1)
        each.identifiers.insert(1, identifier("urn", str(896_000 + number), day))
        each.last_year = {"kind": "maintained_school", "governance": "maintained", "duty": "section_175"}
        each.organisation.opened_on = day


def open_new(listed: list[Listed], day: date) -> None:
    """Let two schools of the list be new this year: nobody asked them last year."""
    new = [
        each
        for each in listed
        if each.organisation.phase == "primary" and "Free School" in each.organisation.name
    ]
    for each in new[:2]:
        each.organisation.opened_on = day
        each.identifiers[0]["valid_from"] = day
        each.asked_last_year = False


def mergers(namer: Namer, listed: list[Listed], day: date) -> list[Merger]:
    """Return two mergers of an infant and a junior school into a primary school that is on the list."""
    successors = [
        each
        for each in listed
        if each.organisation.kind == "maintained_school"
        and each.organisation.low_age == 4
        and each.organisation.high_age == 11
        and each.organisation.name != ASHGROVE
    ]
    return [_merger(namer, each, number, day) for number, each in enumerate(successors[:2])]


def _merger(namer: Namer, successor: Listed, number: int, day: date) -> Merger:
    place = successor.organisation.name.split(", ")[-1].split(maxsplit=1)[0]
    successor.asked_last_year = False
    successor.organisation.opened_on = day
    successor.identifiers[0]["valid_from"] = day
    infant, junior = (
        _gone(namer, successor, _Former(f"{place} {word} School", ages, 897_000 + 10 * number + offset), day)
        for offset, (word, ages) in enumerate((("Infant", (4, 7)), ("Junior", (7, 11))), 1)
    )
    return Merger((infant, junior), successor, day)


@dataclass(frozen=True, slots=True)
class _Former:
    name: str
    ages: tuple[int, int]
    urn: int


def _gone(namer: Namer, successor: Listed, former: _Former, day: date) -> Listed:
    namer.once(former.name)
    now = successor.organisation
    values = now.model_dump() | {
        "name": former.name,
        "low_age": former.ages[0],
        "high_age": former.ages[1],
        "features": ["early_years"] if former.ages[0] < 5 else [],
        "status": OrganisationStatus.GONE,
        "pupils": (now.pupils or 200) // 2,
        "opened_on": date(1968, 9, 1),
        "closes_on": day - timedelta(days=1),
        "head_name": namer.person(),
        "telephone": namer.telephone(),
    }
    urn = identifier("urn", str(former.urn), date(1968, 9, 1), day - timedelta(days=1))
    laestab = identifier("laestab", f"{LA_CODE}/{former.urn - 897_000 + 3900}", None, day - timedelta(days=1))
    return Listed(Organisation(**values), namer.domain(former.name), [urn, laestab], asked_this_year=False)


def bodies(listed: list[Listed], merged: list[Merger]) -> Iterator[Listed]:
    """Yield every school that has a row: the open ones, then those that merged."""
    yield from listed
    for merger in merged:
        yield from merger.predecessors
