"""Pages for a selection from the chase list: send now, more time, exempt, pause, and who is spared."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from app.chasing import holding, queries, queueing
from app.chasing.composing import About, Recipient, compose, values_for
from app.chasing.exempting import EXEMPTION_WORDS
from app.chasing.listing import ChaseRow, chosen, wanted_from
from app.chasing.models import MessageOutcome
from app.chasing.queueing import TO_CHOICES, Selection, selected, sending
from app.chasing.rules import ANSWERED
from app.chasing.schedule_pages import typed_day
from app.chasing.spared import spared_lines
from app.chasing.stages import StageKind
from app.core.access import Work
from app.core.clock import london_date
from app.core.database import SessionDep
from app.core.errors import RefusedError
from app.core.forms import Form, FormDep, whole_number
from app.core.letters import letters
from app.core.rendering import error_list, page, query_string, wants_fragment
from app.core.settings import settings
from app.people.guard import ActorDep, NowDep, WorkDep
from app.rounds.queries import RoundLine, round_line

router = APIRouter()

_LISTED = 50
TO_WORDS = {
    "answering": "Those who answer, or who sign",
    "head": "The head teacher or chief officer",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was ticked on the chase list: some returns, or all that a filter found."""

    line: RoundLine
    rows: Sequence[ChaseRow]
    fields: Sequence[tuple[str, str]]

    @property
    def ids(self) -> list[int]:
        """The returns."""
        return [row.return_id for row in self.rows]


def _chosen(work: Work, round_id: int, pairs: Sequence[tuple[str, str]]) -> Chosen:
    """Read a selection from what an address or a form holds; only unsigned returns of the round count."""
    line = round_line(work.session, round_id)
    rows = queries.chase_rows(
        work.session,
        line,
        london_date(work.now),
        stalled_after_days=settings().stalled_after_days,
        with_ratings=False,
    )
    asked = dict(pairs)
    if asked.get("all"):
        filters = asked.get("filter", "")[:2_000].removeprefix("?")
        found = chosen(rows, replace(wanted_from(dict(parse_qsl(filters))), page=1))
        fields = [("all", "1"), ("filter", filters)]
    else:
        ids = {number for name, value in pairs if name == "return" and (number := whole_number(value))}
        found = [row for row in rows if row.return_id in ids]
        fields = [("return", str(row.return_id)) for row in found]
    return Chosen(line, [row for row in found if row.state not in ANSWERED], fields)


def _pairs(form: Form) -> list[tuple[str, str]]:
    return [
        *(("return", value) for value in form.values_of("return")),
        *((name, form.get(name, "")) for name in ("all", "filter") if name in form),
    ]


def _page(
    request: Request, template: str, picked: Chosen, *, problem: RefusedError | None = None, **context: Any
) -> Response:
    return page(
        request,
        template,
        status=422 if problem else 200,
        round=picked.line,
        rows=picked.rows[:_LISTED],
        more=max(0, len(picked.rows) - _LISTED),
        count=len(picked.rows),
        fields=picked.fields,
        problems=problem.problems if problem else {},
        errors=error_list(problem),
        **context,
    )


# --- send now ------------------------------------------------------------------------------------------


def _example(session: Session, found: Selection, kind: StageKind, line: RoundLine, work: Work) -> Any:
    """Return one of the mails as it would leave, without a link that works."""
    if not found.mails:
        return None
    group = next(iter(found.mails.values()))
    to = group[0].to
    if to is None:
        return None
    abouts = [
        About(
            each.of.return_id,
            each.of.organisation,
            line.title,
            each.of.standing,
            each.of.due_on,
            each.of.answered,
            each.of.total,
        )
        for each in group
    ]
    # The preview shows no link that signs in as somebody else.
    shown = Recipient(0, to.name, may_sign_in=False)
    values = values_for(abouts, shown, settings(), now=work.now, today=london_date(work.now))
    subject, body = compose(letters(session), kind, abouts, values)
    return {"to": to.address, "subject": subject, "body": body}


def _send_page(
    request: Request,
    work: Work,
    picked: Chosen,
    to: str,
    *,
    save_key: str,
    problem: RefusedError | None = None,
) -> Response:
    kind = TO_CHOICES.get(to, StageKind.REMINDER)
    found = selected(work.session, picked.line.id, picked.ids, kind, work.now)
    return _page(
        request,
        "chasing/send.html",
        picked,
        problem=problem,
        found=found,
        mails=[(group[0].to, [each.of.organisation for each in group]) for group in found.mails.values()][
            :_LISTED
        ],
        example=_example(work.session, found, kind, picked.line, work),
        to=to,
        to_words=TO_WORDS,
        save_key=save_key,
    )


@router.get("/rounds/{round_id}/send")
def preview(request: Request, work: WorkDep, round_id: int) -> Response:
    """Show what would leave now to a selection."""
    picked = _chosen(work, round_id, request.query_params.multi_items())
    to = request.query_params.get("to", "answering")
    return _send_page(request, work, picked, to, save_key=secrets.token_hex(16))


@router.post("/rounds/{round_id}/send")
def send(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Send now, and go to the page that shows how far the sending is."""
    picked = _chosen(work, round_id, _pairs(form))
    save_key = form.line("save_key", most=64) or secrets.token_hex(16)
    to = form.line("to", most=20)
    try:
        batch = queueing.send_now(work, round_id, picked.ids, to, save_key=save_key)
    except RefusedError as problem:
        return _send_page(request, work, picked, to, save_key=save_key, problem=problem)
    return RedirectResponse(f"/rounds/{round_id}/sends/{batch}", status_code=303)


@router.get("/rounds/{round_id}/sends/{batch_id}")
def progress(
    request: Request, _actor: ActorDep, session: SessionDep, round_id: int, batch_id: int
) -> Response:
    """Show how far a sending is; the page can be left and opened again."""
    return page(
        request,
        "chasing/_sending.html" if wants_fragment(request) else "chasing/sending.html",
        round=round_line(session, round_id),
        sending=sending(session, round_id, batch_id),
        outcomes=OUTCOMES,
    )


OUTCOMES: Mapping[str, str] = {
    MessageOutcome.WAITING: "waiting",
    MessageOutcome.SENT: "sent",
    MessageOutcome.STALE: "not sent, because they were no longer due",
    MessageOutcome.BOUNCED: "not delivered: the address does not work",
    MessageOutcome.FAILED: "not sent: the mail server would not take them",
}


# --- more time, exempt, pause ----------------------------------------------------------------------------


def _form_page(
    request: Request,
    picked: Chosen,
    what: str,
    work: Work,
    form: Mapping[str, str],
    problem: RefusedError | None,
) -> Response:
    return _page(
        request,
        "chasing/change.html",
        picked,
        problem=problem,
        what=what,
        values=form,
        kinds=[(each.value, words) for each, words in EXEMPTION_WORDS.items()],
        example_day=london_date(work.now) + timedelta(days=28),
    )


@router.get("/rounds/{round_id}/extend")
@router.get("/rounds/{round_id}/exempt")
@router.get("/rounds/{round_id}/pause")
def ask(request: Request, work: WorkDep, round_id: int) -> Response:
    """Ask for the reason of a change to a selection."""
    picked = _chosen(work, round_id, request.query_params.multi_items())
    return _form_page(request, picked, request.url.path.rsplit("/", 1)[1], work, {}, None)


def _apply(work: Work, form: Form, picked: Chosen, what: str) -> int:
    reason, round_id = form.line("reason", most=2_000), picked.line.id
    if not picked.ids:
        raise RefusedError("Nobody was chosen, or all of them have answered.")
    if what == "extend":
        return holding.extend(work, round_id, picked.ids, typed_day(form, "due_on"), reason)
    if what == "exempt":
        return holding.exempt(work, round_id, picked.ids, form.line("kind", most=20), reason)
    ends_on = typed_day(form, "ends_on")
    return holding.pause(work, round_id, reason=reason, ends_on=ends_on, return_ids=picked.ids)


@router.post("/rounds/{round_id}/extend")
@router.post("/rounds/{round_id}/exempt")
@router.post("/rounds/{round_id}/pause")
def change(request: Request, work: WorkDep, form: FormDep, round_id: int) -> Response:
    """Give more time, exempt or pause a selection, with a reason."""
    what = request.url.path.rsplit("/", 1)[1]
    picked = _chosen(work, round_id, _pairs(form))
    try:
        count = _apply(work, form, picked, what)
    except RefusedError as problem:
        return _form_page(request, picked, what, work, form, problem)
    return RedirectResponse(f"/rounds/{round_id}/spared{query_string({what: count})}", status_code=303)


@router.get("/rounds/{round_id}/spared")
def spared(request: Request, _actor: ActorDep, session: SessionDep, at: NowDep, round_id: int) -> Response:
    """List who is left alone and who was given more time, with reasons."""
    done = next(
        (
            (name, number)
            for name in ("extend", "exempt", "pause")
            if (number := whole_number(request.query_params.get(name, "")))
        ),
        None,
    )
    lines = spared_lines(session, round_id, london_date(at))
    return page(request, "chasing/spared.html", round=round_line(session, round_id), lines=lines, done=done)


@router.post("/rounds/{round_id}/exemptions/{exemption_id}/lift")
def lift(work: WorkDep, round_id: int, exemption_id: int) -> Response:
    """Ask an exempt organisation again."""
    holding.lift_exemption(work, round_id, exemption_id)
    return RedirectResponse(f"/rounds/{round_id}/spared", status_code=303)


@router.post("/rounds/{round_id}/pauses/{pause_id}/end")
def end_pause(work: WorkDep, round_id: int, pause_id: int) -> Response:
    """End a pause now."""
    holding.end_pause(work, round_id, pause_id)
    return RedirectResponse(f"/rounds/{round_id}/spared", status_code=303)
