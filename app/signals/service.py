"""Changing which signals a partnership uses."""

from sqlalchemy.dialects.postgresql import insert

from app.core import audit
from app.core.access import PartnershipRole, Work
from app.core.errors import NotFoundError, RefusedError
from app.signals.models import SignalSetting
from app.signals.queries import settings
from app.signals.settings import Settings, Typed, said


def set_signals(work: Work, typed: Typed) -> None:
    """Set which signals are on, their weights and limits; what is the same writes nothing.

    Raises NotFoundError for anybody but a board manager, RefusedError with each field at fault.
    """
    if not work.actor.has(PartnershipRole.BOARD_MANAGER):
        raise NotFoundError
    if typed.settings is None:
        raise RefusedError("Nothing was changed.", dict(typed.problems))
    before = settings(work.session)
    changed = {kind: each for kind, each in typed.settings.items() if each != before[kind]}
    if changed:
        _store(work, changed, before)


def _store(work: Work, changed: Settings, before: Settings) -> None:
    statement = insert(SignalSetting)
    fresh = {name: statement.excluded[name] for name in ("switched_on", "weight", "fires_from", "changed_at")}
    work.session.connection().execute(
        statement.on_conflict_do_update(index_elements=["kind"], set_=fresh),
        [
            {
                "kind": kind,
                "switched_on": each.on,
                "weight": each.weight,
                "fires_from": each.limit,
                "changed_at": work.now,
            }
            for kind, each in changed.items()
        ],
    )
    audit.record(
        work,
        "signal.settings",
        ("signal_setting", 0),
        before=[said(kind, before[kind]) for kind in changed],
        after=[said(kind, each) for kind, each in changed.items()],
    )
