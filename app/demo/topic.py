"""A topic: the standards that it fits, and the sentences that people write about it."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Topic:
    """Sentences for standards whose key fits a pattern; braces are filled in for each organisation."""

    pattern: str
    evidence: tuple[str, ...]
    amber: tuple[str, ...]
    red: tuple[str, ...]
    actions: tuple[str, ...]
    _fits: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_fits", re.compile(self.pattern))

    def fits(self, standard_key: str) -> bool:
        """Say whether the topic is that of a standard."""
        return self._fits.search(standard_key) is not None
