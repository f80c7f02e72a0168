"""Heat maps: organisations by domains, and organisations by standards."""

from app.questionnaires.definition import Questionnaire
from app.questionnaires.queries import facts_from
from app.ratings.rules import headline
from app.returns.models import ReturnState
from app.scrutiny.consolidated import AnsweredReturn, DomainLine, Profile
from exports.book import A3, Book
from exports.cells import Look, Value
from exports.sheets.wording import (
    NOT_THERE,
    STATE_WORDS,
    WHO_COLUMNS,
    Asked,
    domain_words,
    letter_cell,
    level_of,
    outcome_cell,
    outcome_words,
    standard_words,
    who_cells,
)
from exports.tables import Column, TableSheet, TableSpec

STATE_COLUMN = Column("Return", "How far the return is", 20, holds=", ".join(STATE_WORDS.values()))
SIGNED_COLUMN = Column(
    "Signed on", "Day and time of the signature in force", 18, Look.MOMENT, "Date and time in London"
)
_LETTERS = (
    "R, A, G; ? too few answers; n/a no standard applies; – not signed; ✓ reviewed; G→A self, then validated"
)
_MARKS = "The scale's letter; ○ green, no evidence; n/a; – not answered; empty: not asked or not signed"


def domains_spec(questionnaire: Questionnaire) -> TableSpec:
    """Return what the sheet of domains is."""
    domains = tuple(
        Column(domain_words(questionnaire, domain.key), "Rating of this domain", 13, Look.CENTRED, _LETTERS)
        for domain in questionnaire.domains
    )
    return TableSpec(
        "Domains",
        "Domains",
        "Organisations by domains, the gravest first. R red, A amber, G green, ? too few answers, "
        "– not signed; ✓ reviewed; G→A self-rating, then validated rating.",
        "No organisation has been asked yet.",
        (
            *WHO_COLUMNS,
            STATE_COLUMN,
            Column("Headline", "The worst domain's rating: there is no averaged grade", 14, Look.CENTRED),
            *domains,
            Column("Critical reds", "Critical standards that are red", 10, Look.NUMBER, "Count"),
            Column("Red domains", "Domains that are red", 10, Look.NUMBER, "Count"),
            Column("Amber domains", "Domains that are amber", 10, Look.NUMBER, "Count"),
            Column(
                "Lowest share",
                "Points reached of those possible, in the coloured domain with the fewest; rounded down",
                10,
                Look.PERCENT,
                "Percent",
            ),
            Column(
                "Greens without evidence",
                "Green answers without a word or a file of evidence",
                12,
                Look.NUMBER,
                "Count",
            ),
            Column("Domains reviewed", "Domains that have a validated rating", 11, Look.NUMBER, "Count"),
            SIGNED_COLUMN,
        ),
        paper=A3,
    )


class DomainsSheet:
    """Organisations by domains."""

    def __init__(self, book: Book, questionnaire: Questionnaire) -> None:
        self.table = TableSheet(book, domains_spec(questionnaire))
        self.table.begin(header_height=64)
        self._keys = [domain.key for domain in questionnaire.domains]

    def append(self, profile: Profile) -> None:
        """Write one organisation."""
        line, ratings = profile.line, {rating.domain_key: rating for rating in profile.ratings}
        worst = headline(profile.ratings)
        signed = line.state is ReturnState.SIGNED
        self.table.append(
            (
                *who_cells(line.who),
                STATE_WORDS[line.state],
                outcome_words(worst.outcome) if worst else NOT_THERE,
                *(_domain_cell(ratings.get(key)) for key in self._keys),
                *(_tallies(profile.ratings) if signed else (None,) * 6),
                line.signed_at if signed else None,
            )
        )


def _domain_cell(rating: DomainLine | None) -> Value:
    return outcome_cell(rating.outcome, rating.validated) if rating else NOT_THERE


def _tallies(ratings: tuple[DomainLine, ...]) -> tuple[Value, ...]:
    outcomes = [rating.outcome for rating in ratings]
    shares = [
        100 * rating.points // rating.possible
        for rating in ratings
        if rating.outcome in {"red", "amber", "green"} and rating.possible
    ]
    return (
        sum(rating.critical_reds for rating in ratings),
        outcomes.count("red"),
        outcomes.count("amber"),
        min(shares) / 100 if shares else None,
        sum(rating.unevidenced for rating in ratings),
        sum(rating.validated is not None for rating in ratings),
    )


def standards_spec(questionnaire: Questionnaire) -> TableSpec:
    """Return what the sheet of standards is."""
    return TableSpec(
        "Standards",
        "Standards",
        "Organisations by standards, as they rated themselves. The scale's letter; ○ green without evidence; "
        "n/a not applicable; – not answered; empty: not asked of them, or the return is not signed.",
        "No organisation has been asked yet.",
        (
            *WHO_COLUMNS,
            STATE_COLUMN,
            *(
                Column(
                    standard_words(standard),
                    f"Self-rating of {standard.key}",
                    5.5,
                    Look.CENTRED,
                    _MARKS,
                    turned=True,
                )
                for standard in questionnaire.rated
            ),
        ),
        paper=A3,
    )


class StandardsSheet:
    """Organisations by standards, grouped by domain."""

    def __init__(self, book: Book, questionnaire: Questionnaire, asked: Asked) -> None:
        self._questionnaire = questionnaire
        self._asked = asked
        self.table = TableSheet(book, standards_spec(questionnaire))
        groups: list[Value] = [None] * (len(WHO_COLUMNS) + 1)
        spans: list[tuple[int, int]] = []
        for domain in questionnaire.domains:
            if domain.rated:
                spans.append((len(groups) + 1, len(groups) + len(domain.rated)))
                groups += [domain_words(questionnaire, domain.key), *[""] * (len(domain.rated) - 1)]
        self.table.begin(groups, spans, header_height=230)

    def append(self, returned: AnsweredReturn) -> None:
        """Write one organisation."""
        line = returned.line
        who: tuple[Value, ...] = (*who_cells(line.who), STATE_WORDS[line.state])
        if line.state is not ReturnState.SIGNED:
            self.table.append(who)
            return
        asked = self._asked.of(facts_from(line.facts))
        self.table.append(
            (*who, *(self._cell(returned, standard.key, asked) for standard in self._questionnaire.rated))
        )

    def _cell(self, returned: AnsweredReturn, key: str, asked: frozenset[str]) -> Value:
        answer = returned.answers.get(key)
        if answer is None:
            return NOT_THERE if key in asked else None
        return letter_cell(level_of(self._questionnaire, answer.values), answer.values)
