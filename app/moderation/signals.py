"""What is noticed about an organisation, as moderation shows it beside each domain."""

from app.core.access import Work
from app.core.clock import london_date
from app.signals.queries import signals_seen
from app.signals.settings import RULES


def sentences_about(work: Work, organisation_id: int) -> tuple[str, ...]:
    """Return the organisation's signals as sentences, the weightiest first; none for whom they are not."""
    standing = signals_seen(work.session, work.actor, organisation_id, london_date(work.now))
    return (
        tuple(f"{RULES[each.kind].title}: {each.sentence}." for each in standing.signals) if standing else ()
    )
