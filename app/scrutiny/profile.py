"""One organisation's profile: this year beside last, self beside validated, and the years before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.questionnaires.definition import Questionnaire
from app.ratings.comparison import Change, change_since
from app.ratings.models import RatingSource
from app.ratings.rules import DomainRating, explain
from app.returns.models import ReturnState
from app.returns.signing import titles_of
from app.scrutiny.queries import YearReturn

Ratings = Mapping[str, DomainRating]
StoredRatings = Mapping[tuple[int, RatingSource], Ratings]


@dataclass(frozen=True, slots=True)
class Judged:
    """One domain in one return: the organisation's rating, and the validated one where there is one."""

    own: DomainRating | None = None
    validated: DomainRating | None = None

    @property
    def effective(self) -> DomainRating | None:
        """The rating that counts."""
        return self.validated or self.own


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """One domain of the profile, with the sentence for each colour and what changed."""

    key: str
    title: str
    bespoke: bool
    now: Judged
    last: Judged
    why: str
    why_validated: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One domain over the years, oldest first; None where a return has no rating of it."""

    title: str
    years: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organisation's answers to one questionnaire show over the years.

    `now` is the newest signed return, `coming` a newer one that is not signed yet. `last` is the return of
    the round before `now`; None with `several_before` when the organisation was merged from several.
    """

    questionnaire_title: str
    now: YearReturn | None
    coming: YearReturn | None
    last: YearReturn | None
    several_before: bool
    lines: tuple[ProfileLine, ...]
    trend: tuple[TrendLine, ...]
    trend_years: tuple[YearReturn, ...]


def profile_of(
    organisation_id: int,
    years: Sequence[YearReturn],
    stored: StoredRatings,
    questionnaires: Mapping[int, Questionnaire],
) -> Profile:
    """Return the profile from an organisation's returns to one questionnaire, the newest first.

    `questionnaires` holds what was asked in each return, by return id, in the organisation's words.
    """
    signed = [each for each in years if each.state is ReturnState.SIGNED]
    now = signed[0] if signed else None
    newest = years[0]
    before = [] if now is None else [each for each in signed if each.round_id == now.previous_round_id]
    own = [each for each in before if each.organisation_id == organisation_id]
    last = (own or before)[0] if len(own or before) == 1 else None
    trend_years = tuple(reversed(signed))
    return Profile(
        questionnaire_title=newest.questionnaire_title,
        now=now,
        coming=newest if newest.state is not ReturnState.SIGNED else None,
        last=last,
        several_before=last is None and len(before) > 1,
        lines=_lines(questionnaires[now.id], stored, now, last) if now else (),
        trend=_trend(trend_years, stored, questionnaires),
        trend_years=trend_years,
    )


def _judged(stored: StoredRatings, return_id: int | None, domain_key: str) -> Judged:
    if return_id is None:
        return Judged()
    return Judged(
        stored.get((return_id, RatingSource.SELF), {}).get(domain_key),
        stored.get((return_id, RatingSource.VALIDATED), {}).get(domain_key),
    )


def _lines(
    asked: Questionnaire, stored: StoredRatings, now: YearReturn, last: YearReturn | None
) -> tuple[ProfileLine, ...]:
    titles = titles_of(asked)
    made = []
    for domain in asked.domains:
        this = _judged(stored, now.id, domain.key)
        then = _judged(stored, last.id if last else None, domain.key)
        changes = change_since(
            [then.effective] if then.effective else [], [this.effective] if this.effective else []
        )
        made.append(
            ProfileLine(
                key=domain.key,
                title=domain.title,
                bespoke=domain.bespoke,
                now=this,
                last=then,
                why=explain(this.own, titles) if this.own else "",
                why_validated=explain(this.validated, titles) if this.validated else "",
                change=changes.get(domain.key) if last else None,
            )
        )
    return tuple(made)


def _trend(
    years: Sequence[YearReturn], stored: StoredRatings, questionnaires: Mapping[int, Questionnaire]
) -> tuple[TrendLine, ...]:
    # A domain keeps its place and title of the newest year that had it.
    titles: dict[str, str] = {}
    for year in reversed(years):
        for domain in questionnaires[year.id].domains:
            titles.setdefault(domain.key, domain.title)
    return tuple(
        TrendLine(title, tuple(_judged(stored, year.id, key) for year in years))
        for key, title in titles.items()
    )
