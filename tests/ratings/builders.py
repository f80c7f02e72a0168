"""Scales and answers from which the tests of ratings are made."""

from collections.abc import Sequence

from app.questionnaires.rules import Level, Rag, RatingRule
from app.ratings.rules import DomainRating, RatedAnswer, rate_domain


def level(key: str, points: int, rag: Rag) -> Level:
    return Level(key, key[0].upper(), key.title(), f"What {key} means", points, rag)


RED, AMBER, GREEN = level("red", 0, "red"), level("amber", 1, "amber"), level("green", 2, "green")
SCALE = (RED, AMBER, GREEN)
# Old grades, best first; nought to three; one to five.
FOUR = (
    level("outstanding", 3, "green"),
    level("good", 2, "green"),
    level("improving", 1, "amber"),
    level("inadequate", 0, "red"),
)
NOUGHT_TO_THREE = (level("0", 0, "red"), level("1", 1, "red"), level("2", 2, "amber"), level("3", 3, "green"))
ONE_TO_FIVE = (
    level("1", 0, "red"),
    level("2", 1, "red"),
    level("3", 2, "amber"),
    level("4", 3, "green"),
    level("5", 4, "green"),
)
SCALES = (SCALE, FOUR, NOUGHT_TO_THREE, ONE_TO_FIVE)
RULE = RatingRule()

_LETTERS = {"R": RED, "A": AMBER, "G": GREEN}


def answers(letters: str) -> tuple[RatedAnswer, ...]:
    """Answers from letters: R, A, G; `*` after it critical, `e` evidenced; - not answered, n/a as n."""
    made: list[RatedAnswer] = []
    for word in letters.split():
        made.append(
            RatedAnswer(
                standard_key=f"s{len(made) + 1}",
                title=f"Standard {len(made) + 1}",
                critical="*" in word,
                level=_LETTERS.get(word[0]),
                not_applicable=word[0] == "n",
                evidenced="e" in word,
            )
        )
    return tuple(made)


def rated(letters: str, rule: RatingRule = RULE, domain_key: str = "leadership") -> DomainRating:
    return rate_domain(domain_key, answers(letters), rule, SCALE)


def titles(given: Sequence[RatedAnswer]) -> dict[str, str]:
    return {each.standard_key: each.title for each in given}
