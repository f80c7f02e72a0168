"""Invented names: places, people, streets, addresses. Nobody and nothing real is meant.

Places are built from parts that make no town of the gazetteer, telephone numbers come from the range that
Ofcom keeps for drama (01632 960000 to 960999), mail goes to example.org, and no postcode begins with ZW.
"""

import random
import re
import unicodedata
from dataclasses import dataclass, field

COUNTY = "Wolds and Coast"
LA_CODE = "899"
DISTRICTS = (
    "North Wolds",
    "South Wolds",
    "Saltmerby",
    "Gannet Coast",
    "Upper Ember",
    "Ember Vale",
    "Marrow Fen",
    "Quillsea",
)

_STEMS = (
    "Marrow", "Quill", "Hask", "Ember", "Wythern", "Saffron", "Rask", "Saltmer", "Ulm", "Varn",
    "Yarrow", "Cawdle", "Fossel", "Gannet", "Kestrel", "Linnet", "Mallow", "Oxter", "Tamble", "Osk",
    "Puffin", "Thessel", "Dunlin", "Hobble", "Merrin", "Sorrel", "Tansy", "Pippin", "Russet", "Teasel",
    "Brindle", "Curlew", "Dapple", "Fennel",
)  # fmt: skip
_ENDINGS = ("by", "thorpe", "wick", "garth", "holme", "fleet", "ness", "mere", "wold", "sea", "toft", "beck")

_FIRST_NAMES = (
    "Aaliyah", "Adaeze", "Agnieszka", "Aidan", "Alison", "Amir", "Anita", "Anneliese", "Bethan", "Brendan",
    "Carys", "Chantelle", "Chloë", "Clive", "Colette", "Daljit", "Declan", "Delroy", "Dilys", "Dominic",
    "Ebony", "Efua", "Eilidh", "Elspeth", "Esme", "Fatima", "Fergus", "Gareth", "Gwen", "Hamza",
    "Harriet", "Hazel", "Hyacinth", "Imogen", "Ingrid", "Ishaan", "Jada", "Janine", "Jerome", "Joanne",
    "Jürgen", "Kamala", "Karen", "Kerry-Ann", "Kwame", "Leanne", "Lorcan", "Lucía", "Maeve", "Malcolm",
    "Marcus", "Meena", "Mhairi", "Mohammed", "Nadia", "Niamh", "Nigel", "Oluwaseun", "Oonagh", "Padraig",
    "Parminder", "Philippa", "Priya", "Rashida", "Renée", "Rhodri", "Rosalind", "Ruksana", "Sadie", "Samir",
    "Shanice", "Siobhán", "Stella", "Sunita", "Tamsin", "Tobias", "Trevor", "Ursula", "Vikram", "Winston",
    "Yasmin", "Yusuf", "Zainab", "Zoë",
)  # fmt: skip
_SURNAMES = (
    "Abernall", "Adeyinka-Brook", "Ambleforth", "Anstrake", "Bannerjee-Holt", "Barleyman", "Birdforth",
    "Brackenfold", "Bramblett", "Brightwaite", "Calderstone", "Chaudhry-Pell", "Coltsworth", "Copperfold",
    "Cranewell", "D'Alverne", "Dappleby", "Darrowby-Khan", "Dellacroft", "Dunnockson", "Eastermere",
    "Elderfold", "Fairweathers", "Farrowmont", "Fennimoor", "Fieldgrave", "Firth-Okonjo", "Gannetson",
    "Garthwell", "Glasswright", "Goldfinchley", "Greenhithe", "Hallowby", "Harkaway", "Hassan-Wray",
    "Hawksmeer", "Hazelrigg-Bose", "Hollowell", "Inglefold", "Jessamy", "Kaur-Linton", "Kestleby",
    "Kittiwright", "Lanternby", "Larkspurr", "Lindenshaw", "Lovelacey", "Mallowby", "Marlinspike",
    "Marshwater", "Meadowcroft-Ali", "Merryfold", "Mistlewood", "Nettlefold", "Nightingarth", "O'Farrendy",
    "O'Sheelin", "Oakenshawe", "Orchardson", "Osterby", "Patel-Garth", "Pebblewhite", "Penhollow",
    "Plumwright", "Quayleford", "Quillfeather", "Ravensworthy", "Reedmace", "Rookley", "Saltmarsh",
    "Sandalwright", "Sedgemond", "Singh-Harker", "Skylarke", "Stonechatt", "Summerlea", "Swallowfield",
    "Tarrowdale", "Thistlemere", "Thornapple", "Turnstone", "Underbrook", "Vesperton", "Wainfold",
    "Waxwing", "Weatherlow", "Wheatcroft", "Whimbrell", "Whitethorne", "Winterbeck", "Wolderby",
    "Wrenfield", "Yarroway", "Yewtree",
)  # fmt: skip
_ROADS = ("Road", "Lane", "Way", "Street", "Drove", "Bank", "Gate", "Rise")


def plain(text: str) -> str:
    """Return a text as letters, digits and hyphens, for addresses of mail and web."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters.lower().replace("'", "")).strip("-")


@dataclass(slots=True)
class Namer:
    """Gives out invented names, each address and each organisation's name once."""

    rng: random.Random
    places: list[str] = field(init=False)
    _taken: set[str] = field(init=False, default_factory=set)
    _domains: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.places = [stem + ending for stem in _STEMS for ending in _ENDINGS]
        self.rng.shuffle(self.places)

    def place(self) -> str:
        """Return an invented village or town."""
        return self.rng.choice(self.places)

    def once(self, name: str) -> bool:
        """Take a name, and say whether it was still free."""
        free = name not in self._taken
        self._taken.add(name)
        return free

    def person(self) -> str:
        """Return an invented person's name."""
        return f"{self.rng.choice(_FIRST_NAMES)} {self.rng.choice(_SURNAMES)}"

    def domain(self, organisation: str) -> str:
        """Return a mail domain of its own for an organisation: marrowby-primary.example.org."""
        short = plain(
            re.sub(r"\b(School|of|and|the|The|Church|England|Voluntary|Aided)\b", " ", organisation)
        )
        label = "-".join(short.split("-")[:4])[:40].strip("-")
        number = 1
        candidate = label
        while candidate in self._domains:
            number += 1
            candidate = f"{label}-{number}"
        self._domains.add(candidate)
        return f"{candidate}.example.org"

    def address(self, person: str, domain: str) -> str:
        """Return a mail address that nobody else has."""
        first, _, last = person.partition(" ")
        local = f"{plain(first)}.{plain(last)}"
        number = 1
        candidate = f"{local}@{domain}"
        while not self.once(candidate):
            number += 1
            candidate = f"{local}{number}@{domain}"
        return candidate

    def telephone(self) -> str:
        """Return a number of the drama range."""
        return f"01632 960{self.rng.randrange(1000):03}"

    def street(self) -> str:
        """Return a house number and an invented street."""
        return f"{self.rng.randrange(1, 140)} {self.place()} {self.rng.choice(_ROADS)}"

    def postcode(self, district: str) -> str:
        """Return a postcode of an area that does not exist."""
        letters = "ABDEFGHJLNPQRSTUWXYZ"
        inward = f"{self.rng.randrange(1, 10)}{self.rng.choice(letters)}{self.rng.choice(letters)}"
        return f"ZW{DISTRICTS.index(district) + 1} {inward}"
