"""A schools register as large as the national one: made up, in the shape that the real file has."""

import csv
import io
from typing import Final

AUTHORITY: Final = "812"
COLUMNS_OF_THE_REAL_FILE: Final = 135

_READ: Final = {
    "URN": "{urn}",
    "LA (code)": "{la}",
    "LA (name)": "Authority {la}",
    "EstablishmentNumber": "2000",
    "EstablishmentName": "School number {urn}",
    "TypeOfEstablishment (code)": "01",
    "TypeOfEstablishment (name)": "Community school",
    "EstablishmentStatus (code)": "1",
    "EstablishmentStatus (name)": "Open",
    "OpenDate": "01-09-1975",
    "CloseDate": "",
    "PhaseOfEducation (code)": "2",
    "PhaseOfEducation (name)": "Primary",
    "StatutoryLowAge": "4",
    "StatutoryHighAge": "11",
    "Boarders (name)": "No boarders",
    "NurseryProvision (name)": "No Nursery Classes",
    "OfficialSixthForm (name)": "Does not have a sixth form",
    "NumberOfPupils": "212",
    "Trusts (code)": "",
    "Trusts (name)": "",
    "UKPRN": "",
    "Street": "{urn} Station Road",
    "Locality": "",
    "Address3": "",
    "Town": "Grimsby",
    "County (name)": "Not recorded",
    "Postcode": "DN31 1AA",
    "DistrictAdministrative (name)": "North East Lincolnshire",
    "TelephoneNum": "01632960{last}",
    "SchoolWebsite": "https://www.school{urn}.example",
    "HeadTitle (name)": "Ms",
    "HeadFirstName": "Ada",
    "HeadLastName": "Okafor",
    "HeadPreferredJobTitle": "Headteacher",
    "PreviousLA (code)": "",
    "PreviousEstablishmentNumber": "",
}


def register_csv(rows: int, *, one_in: int) -> bytes:
    """Return a register of open schools, one in so many of them in the authority that imports it."""
    others = COLUMNS_OF_THE_REAL_FILE - len(_READ)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*_READ, *(f"Another column {number}" for number in range(others))])
    filling = ["Not applicable"] * others
    for number in range(rows):
        la = AUTHORITY if number % one_in == 0 else str(201 + number % 150)
        values = {"urn": 100_000 + number, "la": la, "last": f"{number % 1_000:03d}"}
        writer.writerow([*(cell.format_map(values) for cell in _READ.values()), *filling])
    return text.getvalue().encode("cp1252")
