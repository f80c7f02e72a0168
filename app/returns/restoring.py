"""Bringing an earlier text back: as a new version, so that nothing that was written since is lost either."""

import secrets

from app.core import audit
from app.core.access import Work
from app.core.errors import NotFoundError, RefusedError
from app.returns import queries, service
from app.returns.reading import Submitted
from app.returns.rules import from_stored

MOVED_ON = "A colleague changed this answer after you opened this page. Look at it again, then restore."


def restore(work: Work, this: queries.ReturnHead, standard_key: str, *, entry: int, seen: int) -> bool:
    """Make an earlier save of an answer its newest version, whether it was taken at the time or refused.

    `entry` is the id of that save, `seen` the version that stood when the person looked. Returns False when
    the answer says just this already. Raises NotFoundError for a save of another answer, RefusedError when
    the answer moved on since, the return is signed or the round closed.
    """
    held = service.hold(work, this.id)
    kept = queries.history(work.session, work.actor, held.id, standard_key)
    wanted = next((line for line in kept if line.id == entry), None)
    if wanted is None:
        raise NotFoundError
    newest = max(line.version for line in kept)
    if newest != seen:
        raise RefusedError(MOVED_ON)
    values = from_stored(wanted.values)
    result = service.save_answer(work, held.id, Submitted(standard_key, values, newest, secrets.token_hex(8)))
    if not isinstance(result, service.Saved):
        raise RefusedError(MOVED_ON)
    if result.version == newest:
        return False
    audit.record(
        work,
        "answer.restored",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=standard_key,
        version=result.version,
        from_save=entry,
        was_taken=wanted.accepted,
    )
    return True
