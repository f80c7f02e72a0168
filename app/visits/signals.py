"""What other rooms notice about an organisation, and when schools are in session, as visits take it in."""

from sqlmodel import Session

from app.chasing.deciding import terms
from app.core.working_days import Term
from app.visits.enquiry import Said


def signals_of(_session: Session, _organisation_id: int) -> tuple[Said, ...]:
    """Return the signals about an organisation as sentences; none while no room gives any."""
    return ()


def voices_of(_session: Session, _organisation_id: int) -> tuple[Said, ...]:
    """Return where staff see a standard otherwise than their leaders; none while no room asks them."""
    return ()


def voices_below(_session: Session) -> dict[int, tuple[str, ...]]:
    """Return the titles of such standards by organisation, for the selection."""
    return {}


def school_terms(session: Session) -> tuple[Term, ...]:
    """Return the school terms that are entered; with none every working day counts as term."""
    return terms(session)
