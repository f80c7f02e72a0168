"""What is noticed about an organisation, as moderation shows it beside each domain."""

from sqlmodel import Session


def sentences_about(_session: Session, _organisation_id: int) -> tuple[str, ...]:
    """Return the organisation's signals as sentences; none while no room gives any."""
    return ()
