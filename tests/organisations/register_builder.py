"""Makes files of the schools register that look like the real ones: header, codes, oddities and sizes."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import openpyxl

Row = Mapping[str, object]

# The header of the all-establishments download of Get Information About Schools, April 2025.
_HEADER = """
    URN, LA (code), LA (name), EstablishmentNumber, EstablishmentName, TypeOfEstablishment (code),
    TypeOfEstablishment (name), EstablishmentTypeGroup (code), EstablishmentTypeGroup (name),
    EstablishmentStatus (code), EstablishmentStatus (name), ReasonEstablishmentOpened (code),
    ReasonEstablishmentOpened (name), OpenDate, ReasonEstablishmentClosed (code),
    ReasonEstablishmentClosed (name), CloseDate, PhaseOfEducation (code), PhaseOfEducation (name),
    StatutoryLowAge, StatutoryHighAge, Boarders (code), Boarders (name), NurseryProvision (name),
    OfficialSixthForm (code), OfficialSixthForm (name), Gender (code), Gender (name),
    ReligiousCharacter (code), ReligiousCharacter (name), ReligiousEthos (name), Diocese (code),
    Diocese (name), AdmissionsPolicy (code), AdmissionsPolicy (name), SchoolCapacity,
    SpecialClasses (code), SpecialClasses (name), CensusDate, NumberOfPupils, NumberOfBoys,
    NumberOfGirls, PercentageFSM, TrustSchoolFlag (code), TrustSchoolFlag (name), Trusts (code),
    Trusts (name), SchoolSponsorFlag (name), SchoolSponsors (name), FederationFlag (name),
    Federations (code), Federations (name), UKPRN, FEHEIdentifier, FurtherEducationType (name),
    OfstedLastInsp, OfstedSpecialMeasures (code), OfstedSpecialMeasures (name), LastChangedDate, Street,
    Locality, Address3, Town, County (name), Postcode, SchoolWebsite, TelephoneNum, HeadTitle (name),
    HeadFirstName, HeadLastName, HeadPreferredJobTitle, BSOInspectorateName (name), InspectorateReport,
    DateOfLastInspectionVisit, NextInspectionVisit, TeenMoth (name), TeenMothPlaces, CCF (name),
    SENPRU (name), EBD (name), PlacesPRU, FTProv (name), EdByOther (name), Section41Approved (name),
    SEN1 (name), SEN2 (name), SEN3 (name), SEN4 (name), SEN5 (name), SEN6 (name), SEN7 (name),
    SEN8 (name), SEN9 (name), SEN10 (name), SEN11 (name), SEN12 (name), SEN13 (name),
    TypeOfResourcedProvision (name), ResourcedProvisionOnRoll, ResourcedProvisionCapacity,
    SenUnitOnRoll, SenUnitCapacity, GOR (code), GOR (name), DistrictAdministrative (code),
    DistrictAdministrative (name), AdministrativeWard (code), AdministrativeWard (name),
    ParliamentaryConstituency (code), ParliamentaryConstituency (name), UrbanRural (code),
    UrbanRural (name), GSSLACode (name), Easting, Northing, MSOA (name), LSOA (name),
    InspectorateName (name), SENStat, SENNoStat, BoardingEstablishment (name), PropsName,
    PreviousLA (code), PreviousLA (name), PreviousEstablishmentNumber, OfstedRating (name),
    RSCRegion (name), Country (name), UPRN, SiteName, QABName (code), QABName (name),
    EstablishmentAccredited (code), EstablishmentAccredited (name), QABReport, CHNumber, MSOA (code),
    LSOA (code), FSM, AccreditationExpiryDate
"""
COLUMNS: tuple[str, ...] = tuple(" ".join(name.split()) for name in _HEADER.split(","))

AUTHORITIES: dict[str, str] = {
    "812": "North East Lincolnshire",
    "919": "Hertfordshire",
    "201": "City of London",
    "330": "Birmingham",
    "881": "Essex",
    "886": "Kent",
    "908": "Cornwall",
    "681": "Cardiff",
    "704": "Fieldwork Overseas Establishments",
}
WELSH, OVERSEAS = "681", "704"

# Code, name, code and name of the group, share, phase.
TYPES: tuple[tuple[str, str, str, str, int, str], ...] = (
    ("01", "Community school", "4", "Local authority maintained schools", 30, "2"),
    ("02", "Voluntary aided school", "4", "Local authority maintained schools", 14, "2"),
    ("03", "Voluntary controlled school", "4", "Local authority maintained schools", 8, "2"),
    ("05", "Foundation school", "4", "Local authority maintained schools", 4, "4"),
    ("07", "Community special school", "5", "Special schools", 3, "0"),
    ("10", "Other independent special school", "5", "Special schools", 2, "0"),
    ("11", "Other independent school", "3", "Independent schools", 8, "0"),
    ("14", "Pupil referral unit", "4", "Local authority maintained schools", 2, "0"),
    ("15", "Local authority nursery school", "4", "Local authority maintained schools", 2, "1"),
    ("18", "Further education", "1", "Colleges", 1, "6"),
    ("28", "Academy sponsor led", "10", "Academies", 8, "4"),
    ("29", "Higher education institutions", "2", "Universities", 1, "0"),
    ("32", "Special post 16 institution", "9", "Other types", 1, "6"),
    ("34", "Academy converter", "10", "Academies", 20, "2"),
    ("35", "Free schools", "11", "Free Schools", 2, "7"),
    ("44", "Academy special converter", "10", "Academies", 1, "0"),
)
STATUSES: tuple[tuple[str, str, int], ...] = (
    ("1", "Open", 52),
    ("2", "Closed", 44),
    ("3", "Open, but proposed to close", 2),
    ("4", "Proposed to open", 2),
)
_AGES = {"0": (3, 19), "1": (2, 5), "2": (4, 11), "4": (11, 18), "6": (16, 99), "7": (3, 18)}
_SAINTS = (
    "St Mary\u2019s",
    "St John\u2019s",
    "Brontë",
    "Holy Trinity",
    "École Jeanne d\u2019Arc",
    "Wold View",
    "Humber Road",
)
_ENDS = ("Primary School", "Church of England Academy", "School", "High School, Infants", "Learning Centre")
_STREETS = ("Station Road", "Church Lane", "The Avenue", "Cleethorpe Road")
_TOWNS = ("Grimsby", "Hertford", "Immingham", "Watford")


def school(**cells: object) -> dict[str, object]:
    """Return a row of one open community primary school in North East Lincolnshire, with other cells changed.

    Columns have spaces and brackets: pass those as school(**{"LA (code)": "919"}).
    """
    row: dict[str, object] = {
        "URN": "117900",
        "LA (code)": "812",
        "LA (name)": AUTHORITIES["812"],
        "EstablishmentNumber": "2000",
        "EstablishmentName": "Wold View Primary School",
        "TypeOfEstablishment (code)": "01",
        "TypeOfEstablishment (name)": "Community school",
        "EstablishmentStatus (code)": "1",
        "EstablishmentStatus (name)": "Open",
        "OpenDate": "01-09-1975",
        "PhaseOfEducation (code)": "2",
        "PhaseOfEducation (name)": "Primary",
        "StatutoryLowAge": "4",
        "StatutoryHighAge": "11",
        "Boarders (name)": "No boarders",
        "NurseryProvision (name)": "No Nursery Classes",
        "OfficialSixthForm (name)": "Does not have a sixth form",
        "NumberOfPupils": "212",
        "UKPRN": "10070001",
        "Street": "Station Road",
        "Town": "Grimsby",
        "County (name)": "Not recorded",
        "Postcode": "DN31 1AA",
        "DistrictAdministrative (name)": "North East Lincolnshire",
        "TelephoneNum": "01472000001",
        "SchoolWebsite": "https://www.woldview.example",
        "HeadTitle (name)": "Ms",
        "HeadFirstName": "Ada",
        "HeadLastName": "Okafor",
        "HeadPreferredJobTitle": "Headteacher",
        "Country (name)": "England",
    }
    return row | cells


def register(
    n: int, *, seed: int = 1, tally: Counter[tuple[str, str, str]] | None = None
) -> Iterator[dict[str, object]]:
    """Yield n establishments of all authorities; `tally` counts them by authority, status and type."""
    dice = random.Random(seed)  # noqa: S311
    codes = tuple(AUTHORITIES)
    for number in range(n):
        row = _establishment(dice, number, codes[number % len(codes)])
        if tally is not None:
            tally[
                str(row["LA (code)"]),
                str(row["EstablishmentStatus (code)"]),
                str(row["TypeOfEstablishment (code)"]),
            ] += 1
        yield row


def _establishment(dice: random.Random, number: int, la: str) -> dict[str, object]:
    kind = dice.choices(TYPES, [share for *_, share, _ in TYPES])[0]
    if la in {WELSH, OVERSEAS}:
        kind = ("30", "Welsh establishment", "6", "Welsh schools", 0, "0")
        if la == OVERSEAS:
            kind = ("37", "British schools overseas", "9", "Other types", 0, "0")
    status = dice.choices(STATUSES, [share for *_, share in STATUSES])[0]
    low, high = _AGES[kind[5]]
    opened = date(1950, 1, 1) + timedelta(days=dice.randrange(27_000))
    return school(
        **{
            "URN": str(100_000 + number),
            "LA (code)": la,
            "LA (name)": AUTHORITIES[la],
            "EstablishmentNumber": f"{dice.randrange(10_000):04d}",
            "EstablishmentName": f"{dice.choice(_SAINTS)} {dice.choice(_ENDS)}",
            "TypeOfEstablishment (code)": kind[0],
            "TypeOfEstablishment (name)": kind[1],
            "EstablishmentTypeGroup (code)": kind[2],
            "EstablishmentTypeGroup (name)": kind[3],
            "EstablishmentStatus (code)": status[0],
            "EstablishmentStatus (name)": status[1],
            "OpenDate": f"{opened:%d-%m-%Y}",
            "CloseDate": "31-08-2024" if status[0] in "23" else "",
            "PhaseOfEducation (code)": kind[5],
            "StatutoryLowAge": str(low),
            "StatutoryHighAge": str(high),
            "NumberOfPupils": str(dice.randrange(1_800)) if dice.random() < 0.9 else "",
            "UKPRN": str(10_000_000 + number) if dice.random() < 0.9 else "",
            "Trusts (code)": str(2_000 + number % 700) if kind[0] in {"28", "34", "35", "44"} else "",
            "Trusts (name)": "Estuary Learning Trust" if kind[0] in {"28", "34", "35", "44"} else "",
            "Street": f"{dice.randrange(1, 200)} {dice.choice(_STREETS)}",
            "Town": dice.choice(_TOWNS),
            "Postcode": f"DN{dice.randrange(1, 41)} {dice.randrange(10)}AB",
            "Boarders (name)": "Boarding school" if dice.random() < 0.03 else "No boarders",
            "OfficialSixthForm (name)": "Has a sixth form" if kind[5] == "4" else "Not applicable",
            "LSOA (name)": f"North East Lincolnshire {number % 300:03d}A",
            "UPRN": str(11_000_000_000 + number),
        }
    )


def as_csv(rows: Iterable[Row], *, columns: Sequence[str] = COLUMNS, encoding: str = "cp1252") -> bytes:
    """Return rows as a CSV file with the given columns, in their order; cells that a row lacks are empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Row], *, columns: Sequence[str] = COLUMNS) -> bytes:
    """Return rows as an Excel workbook; numbers and dates in rows stay numbers and dates."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Register")
    sheet.append(list(columns))
    for row in rows:
        sheet.append([row.get(column) for column in columns])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_excel_saves_it(row: Row) -> dict[str, object]:
    """Return a row as Excel keeps it after opening the CSV: codes are numbers, their leading zeros gone."""
    return {
        column: float(cell) if isinstance(cell, str) and cell.isascii() and cell.isdigit() else cell
        for column, cell in row.items()
    }
