"""The thread on a standard: an officer asks, the organisation answers, and the answer comes back."""

from sqlalchemy import select
from sqlmodel import col

from app.core import audit
from app.core.access import Work
from app.core.errors import RefusedError
from app.moderation import mails, queries
from app.moderation.models import ModerationMessage
from app.moderation.rules import Thread
from app.moderation.service import hold, must_moderate
from app.returns import queries as returns
from app.returns.models import Return


def ask(work: Work, return_id: int, domain_key: str, standard_key: str, text: str) -> None:
    """Ask the organisation about a standard: on its page, and in a mail to leads and signatories."""
    held = hold(work, return_id)
    _, standard = held.standard(domain_key, standard_key)
    must_moderate(work, held, domain_key)
    if not text.strip():
        raise RefusedError("", {f"question-{standard_key}": "Write what you want to know"})
    if queries.thread_states(work.session, held.id).get(standard_key) is Thread.ASKED:
        problem = "Your last question on this standard is not answered yet: wait for the answer"
        raise RefusedError("", {f"question-{standard_key}": problem})
    number = _say(work, held.this, (domain_key, standard_key), text, asks=True)
    mails.to_organisation(
        work,
        held.this,
        "moderation-question",
        "A question about your return",
        key=str(number),
        path=f"/returns/{held.id}/questions",
        standard=standard.title,
        question=text.strip(),
        asker=work.actor.name,
    )
    audit.record(
        work,
        "moderation.asked",
        ("return", held.id),
        organisation_id=held.organisation_id,
        standard=standard_key,
        text=text.strip(),
    )


def _say(work: Work, this: returns.ReturnHead, where: tuple[str, str], text: str, *, asks: bool) -> int:
    made = ModerationMessage(
        return_id=this.id,
        organisation_id=this.organisation_id,
        domain_key=where[0],
        standard_key=where[1],
        asks=asks,
        text=text.strip(),
        user_id=work.actor.user_id,
        user_name=work.actor.name,
        said_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    return made.id or 0


def answer(work: Work, this: returns.ReturnHead, standard_key: str, text: str) -> None:
    """Answer an officer's question for the organisation; the officer hears of it by mail."""
    if not work.actor.holds(this.organisation_id):
        raise RefusedError("Only the organisation’s own people answer its questions.")
    # Of two colleagues at the same moment the second finds the question answered.
    work.session.execute(select(col(Return.id)).where(col(Return.id) == this.id).with_for_update())
    thread = queries.threads(work.session, work.actor, this.id).get(standard_key, ())
    if not thread or not thread[-1].asks:
        raise RefusedError("There is no open question on this standard. A colleague may have answered it.")
    if not text.strip():
        raise RefusedError("", {f"answer-{standard_key}": "Write your answer"})
    asked = thread[-1]
    number = _say(work, this, (asked.domain_key, standard_key), text, asks=False)
    mails.answered(work, this, asked.user_id, number)
    audit.record(
        work,
        "moderation.answered",
        ("return", this.id),
        organisation_id=this.organisation_id,
        standard=standard_key,
        text=text.strip(),
    )
