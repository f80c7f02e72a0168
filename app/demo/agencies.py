"""The agencies of the invented county: the kinds that section 11 names, and those who answer by agreement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.names import COUNTY, DISTRICTS, LA_CODE, Namer, plain
from app.demo.schools import Listed, identifier
from app.organisations.models import Organisation
from app.organisations.rules import KINDS

LEISURE = f"{COUNTY} Leisure and Culture Service"


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency: what it is, what it is called, who leads it, how many people work there."""

    kind: str
    name: str
    chief: str
    staff: int
    ods: str = ""


_COUNCIL = (
    Agency(
        "children_social_care", f"{COUNTY} Children's Social Care", "Director of children's services", 940
    ),
    Agency("adult_social_care", f"{COUNTY} Adult Social Care", "Director of adult services", 1210),
    Agency("public_health", f"{COUNTY} Public Health", "Director of public health", 118),
    Agency("housing", f"{COUNTY} Housing and Homelessness Service", "Head of housing", 164),
    Agency("leisure_and_culture", LEISURE, "Head of leisure and culture", 236),
    Agency("licensing", f"{COUNTY} Licensing and Trading Standards", "Head of regulatory services", 41),
    Agency("youth_justice", f"{COUNTY} Youth Justice Service", "Head of youth justice", 63),
    Agency("youth_service", f"{COUNTY} Youth Service", "Head of youth and play", 87),
)
_HEALTH = (
    Agency("integrated_care_board", f"{COUNTY} Integrated Care Board", "Chief nurse", 390, "QZ9"),
    Agency("nhs_england", "NHS England regional safeguarding team", "Regional chief nurse", 74, "YZ9"),
    Agency(
        "nhs_trust", "Gannetholme and Emberwick Hospitals NHS Foundation Trust", "Chief nurse", 6240, "ZH1"
    ),
    Agency("nhs_trust", "Marrowmere Hospitals NHS Trust", "Director of nursing", 3810, "ZH2"),
    Agency(
        "nhs_trust", f"{COUNTY} Community Health NHS Trust", "Director of nursing and therapies", 2170, "ZH3"
    ),
    Agency("nhs_trust", "Thesselwold Mental Health NHS Foundation Trust", "Chief nurse", 2930, "ZH4"),
    Agency("ambulance", "Ember and Coast Ambulance Service NHS Trust", "Director of quality", 3350, "ZA1"),
    Agency("independent_health", "Quillsea Sexual Health CIC", "Managing director", 58),
    Agency("independent_health", "Haskmere Urgent Care Limited", "Medical director", 132),
    Agency("independent_health", "Tansy & Fennel Speech and Language Partners", "Managing partner", 27),
)
_JUSTICE = (
    Agency("police", f"{COUNTY} Constabulary", "Assistant chief constable", 3120),
    Agency(
        "police_commissioner", f"Office of the {COUNTY} Police and Crime Commissioner", "Chief executive", 34
    ),
    Agency("transport_police", f"British Transport Police, {COUNTY} lines", "Superintendent", 46),
    Agency("probation", f"Probation Service, {COUNTY}", "Head of probation delivery unit", 205),
    Agency("fire_and_rescue", f"{COUNTY} Fire and Rescue Service", "Chief fire officer", 710),
    Agency("secure_setting", "Lapwing House Secure Children's Home", "Registered manager", 69),
)
_VOLUNTARY = (
    Agency("voluntary", f"{COUNTY} Young Carers", "Chief executive", 22),
    Agency("voluntary", "Safe Harbour Domestic Abuse Support (Gannetfleet)", "Chief executive", 48),
    Agency("voluntary", "Emberby Community Sports Trust", "Trust manager", 31),
    Agency("voluntary", "Marrow Fen Befrienders", "Co-ordinator", 9),
    Agency("voluntary", f"{COUNTY} Council for Voluntary Service", "Chief officer", 26),
    Agency("voluntary", "Kestrelwick Playbus & Toy Library", "Manager", 12),
    Agency("voluntary", "Two Rivers Youth Counselling", "Clinical director", 19),
    Agency("voluntary", "Quillness Sea Cadets and Scouts Association", "District lead", 64),
    Agency("voluntary", "Sorrelgarth Refugee and Migrant Welcome", "Director", 17),
)
_SURGERIES = (
    "Osknessfield Surgery", "The Lime Kiln Practice", "Yarrowbeck Medical Centre", "Mallowthorpe Surgery",
    "Cawdlewick and Varnby Group Practice", "Riverbank Health Centre, Russetby", "Dunlinsea Surgery",
    "Pippinholme Family Practice", "Wytherntoft Medical Practice", "The Old Chapel Surgery, Hobbleby",
    "Brindlemere Health Centre", "Curlewness Surgery",
)  # fmt: skip


def _all(namer: Namer) -> list[Agency]:
    councils = [
        Agency(
            "district_council", f"{district} District Council", "Chief executive", namer.rng.randint(210, 640)
        )
        for district in DISTRICTS
    ]
    surgeries = [
        Agency("general_practice", name, "Senior partner", namer.rng.randint(9, 64), f"Z{99_001 + number}")
        for number, name in enumerate(_SURGERIES)
    ]
    return [*_COUNCIL, *councils, *_HEALTH, *surgeries, *_JUSTICE, *_VOLUNTARY]


def agencies(namer: Namer, now: datetime) -> list[Listed]:
    """Return the agencies, council services first."""
    return [_listed(namer, agency, number, now) for number, agency in enumerate(_all(namer), 1)]


def _listed(namer: Namer, agency: Agency, number: int, now: datetime) -> Listed:
    namer.once(agency.name)
    domain = "demo.example.org" if agency.name == LEISURE else namer.domain(agency.name)
    district = next((each for each in DISTRICTS if agency.name.startswith(each)), namer.rng.choice(DISTRICTS))
    web = plain(agency.name)[:40].strip("-")
    organisation = Organisation(
        name=agency.name,
        kind=agency.kind,
        duty=KINDS[agency.kind].duty,
        governance="agency",
        phase="not_applicable",
        features=[],
        district=district,
        address=f"{namer.street()}, {namer.place()}",
        postcode=namer.postcode(district),
        telephone=namer.telephone(),
        website=f"https://{web}.example.org",
        head_name=namer.person(),
        head_job_title=agency.chief,
        created_at=now - timedelta(days=560),
        updated_at=now - timedelta(days=namer.rng.randint(15, 240)),
    )
    names = [identifier("slug", plain(agency.name)[:60].strip("-"))]
    if agency.ods:
        names.append(identifier("ods", agency.ods))
    if agency.kind == "district_council":
        names.append(identifier("gss", f"E0{LA_CODE}{number:05}"))
    return Listed(organisation, domain, names)


def staff_of(name: str) -> int | None:
    """Return how many people work at an agency that is listed with a number, else None."""
    for agency in (*_COUNCIL, *_HEALTH, *_JUSTICE, *_VOLUNTARY):
        if agency.name == name:
            return agency.staff
    return None
