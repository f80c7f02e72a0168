"""Deciding a conflict: keep mine, keep theirs, or edit both into one text; nothing is decided by silence."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from app.core.access import Work
from app.core.forms import Form
from app.questionnaires.definition import Questionnaire, Standard
from app.returns import context, queries
from app.returns.reading import Submitted, field
from app.returns.rules import FIELDS, NOTHING, AnswerValues, from_stored, merge
from app.returns.service import Conflict

LONG_TEXTS = ("evidence", "comment", "action_what", "fact")
SHORT_TEXTS = ("not_applicable_reason", "action_owner")


class Choice(StrEnum):
    """What a person does about a conflict; `OPEN` while they have not said."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    OPEN = "open"


def choice_in(form: Form, standard_key: str) -> Choice | None:
    """Return what the form says about a conflict, or None when none was shown."""
    if not form.get(field(standard_key, "undecided")):
        return None
    said = form.get(field(standard_key, "choice"), "")
    return Choice(said) if said in {each.value for each in Choice} else Choice.OPEN


def decided_now(form: Form) -> str:
    """Return the key of the standard whose conflict a button on the page decided, or an empty string."""
    names = [name for name in form if name.endswith(".choice") and form[name]]
    return names[0].removesuffix(".choice") if names else ""


def instead_of_saving(
    work: Work,
    return_id: int,
    questionnaire: Questionnaire,
    standard: Standard,
    sent: Submitted,
    *,
    choice: Choice,
) -> context.StandardView | None:
    """Return what to show in place of a save, or None when what was sent is to be saved.

    Keeping theirs saves nothing. While nothing is decided, or both texts are put together to be edited,
    the conflict stays open, against the answer as it stands by now.
    """
    line = queries.answers(work.session, work.actor, return_id).get(standard.key)
    if choice is Choice.MINE or line is None:
        return None
    if choice is Choice.THEIRS:
        kept = context.saved_view(standard, line, "", whole=True)
        return replace(kept, just_saved=False, kept_theirs=True)
    mine = _on_what_stands(work, return_id, sent, line)
    fields = tuple(name for name in FIELDS if getattr(mine, name) != getattr(line.values, name))
    if not fields:
        return None
    view = context.conflict_view(questionnaire, standard, Conflict(mine, line, fields))
    if choice is Choice.OPEN:
        return view
    return replace(view, shown=both_texts(standard, mine, line.values, fields), mixing=True)


def _on_what_stands(work: Work, return_id: int, sent: Submitted, line: queries.AnswerLine) -> AnswerValues:
    """Return my values brought onto the newest version, in case the answer moved on once more meanwhile."""
    if sent.version == line.version:
        return sent.values
    kept = queries.history(work.session, work.actor, return_id, sent.standard_key)
    seen = (each.values for each in kept if each.accepted and each.version == sent.version)
    merged = merge(from_stored(next(seen, NOTHING.stored())), sent.values, line.values)
    return replace(merged.values, **{name: getattr(sent.values, name) for name in merged.conflicts})


def both_texts(
    standard: Standard, mine: AnswerValues, theirs: AnswerValues, fields: tuple[str, ...]
) -> context.Shown:
    """Return my answer as the form shows it, with their text below mine wherever we disagree on a text."""
    mixed: dict[str, Any] = {
        name: _together(getattr(mine, name), getattr(theirs, name), "\n\n" if name in LONG_TEXTS else " / ")
        for name in fields
        if name in LONG_TEXTS + SHORT_TEXTS
    }
    return context.shown(standard, replace(mine, **mixed))


def _together(mine: str, theirs: str, between: str) -> str:
    if theirs in mine:
        return mine
    return theirs if mine in theirs else f"{mine}{between}{theirs}"
