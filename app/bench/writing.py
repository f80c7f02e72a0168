"""What a person's browser sends while they answer: one standard's form with each save."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from app.bench.survey import DOMAINS, standard_keys

LEVELS: Final = ("red", "amber", "green")
EVIDENCE: Final = "Minutes of the governors' meeting of 4 October; audit of 12 case files, number "


@dataclass(frozen=True, slots=True)
class Save:
    """One request that saves."""

    path: str
    body: bytes


def form(key: str, version: int, save_key: str, **values: str) -> bytes:
    """Return a standard's form as a browser encodes it: every text field, filled or not."""
    fields = {
        f"{key}.evidence": "",
        f"{key}.action_what": "",
        f"{key}.action_owner": "",
        f"{key}.action_due": "",
        f"{key}.comment": "",
        **{f"{key}.{name}": value for name, value in values.items()},
        f"{key}.version": str(version),
        f"{key}.save_key": save_key,
    }
    return urlencode(fields).encode()


@dataclass(slots=True)
class Writer:
    """Somebody who goes through a return again and again and changes one field with each save.

    `versions` are the answers' versions so far: nobody else writes this return.
    """

    return_id: int
    versions: dict[str, int] = field(default_factory=dict)

    def saves(self) -> Iterator[Save]:
        """Yield saves without end: each question's level, then its evidence, then the next question."""
        for turn in itertools.count(1):
            for domain in DOMAINS:
                for key in standard_keys(domain):
                    level = LEVELS[turn % 3]
                    before = "" if turn == 1 else f"{EVIDENCE}{turn - 1}"
                    yield self._save(domain, key, level=level, evidence=before)
                    yield self._save(domain, key, level=level, evidence=f"{EVIDENCE}{turn}")

    def _save(self, domain: str, key: str, **values: str) -> Save:
        version = self.versions.get(key, 0)
        self.versions[key] = version + 1
        body = form(key, version, f"{self.return_id:08x}{version:08x}", **values)
        return Save(f"/returns/{self.return_id}/{domain}/{key}", body)
