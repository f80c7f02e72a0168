"""Made-up requests to the program's own routes: mostly right, so that they get far, and then not."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi.testclient import TestClient
from hypothesis import strategies as st

from app.core.routes import ACCESS
from tests.hostile.strings import NEVER_STORED, TOO_LONG, storable

# What the program's own forms and addresses call their parts, and some that they do not know.
NAMES = (
    "name",
    "email",
    "roles",
    "role",
    "telephone",
    "title",
    "version_id",
    "opens_on",
    "due_on",
    "find",
    "look",
    "kinds",
    "phases",
    "single-1",
    "reason",
    "outcome",
    "note",
    "next_on",
    "back",
    "organisation_id",
    "to",
    "code",
    "sealed",
    "token",
    "user_id",
    "declared",
    "seen",
    "next",
    "continue",
    "what",
    "la_code",
    "file",
    "schools_file",
    "links_file",
    "contacts_file",
    "agencies_file",
    "gone",
    "many_gone",
    "q",
    "text",
    "kind",
    "phase",
    "duty",
    "district",
    "status",
    "contact",
    "page",
    "show",
    "start",
    "sort",
    "state",
    "called",
    "signed",
    "added",
    "removed",
    "red_below",
    "green_from",
    "answered",
    "policy.fact",
    "policy.fact-1",
    "board-lead.level",
    "board-lead.comment",
    "board-lead.version",
    "board-lead.save_key",
    "__proto__",
    "a[b]",
)
_ODD_IDS = ("0", "-1", "1e3", "99999999999", "9" * 40, "abc", "%00", "..", "%2e%2e%2f", "٣", "1 OR 1=1")
_HEADERS = (
    "HX-Request",
    "hx-request-type",
    "User-Agent",
    "Accept",
    "Accept-Language",
    "Range",
    "If-None-Match",
)
_HEADER_VALUES = ("true", "partial", "x" * 3_000, "bytes=0-1,5-", "*/*;q=NaN", "\xfc\xef", "")
_PLAIN = ("1", "0", "-1", "yes", "green", "red", "not-applicable", "31/3/2027", "lead", "pso", "in", "out")
_QUESTION = {
    "board-lead.level": "amber",
    "board-lead.comment": "We look again in spring",
    "board-lead.action_due": "31/3/2027",
    "board-lead.version": "0",
    "board-lead.save_key": "ab12",
}
# A right form for each route that takes one: from there it goes wrong.
FORMS: dict[str, dict[str, str]] = {
    "POST /sign-in": {"email": "nobody@example.org", "to": "/"},
    "POST /sign-in/{token}": {"code": "123456"},
    "POST /second-factor": {"code": "123456", "to": "/"},
    "POST /people": {"name": "Ana", "email": "ana@example.org", "roles": "pso"},
    "POST /people/{user_id}/roles": {"roles": "administrator"},
    "POST /account/hand-over": {
        "organisation_id": "1",
        "name": "Sam",
        "email": "s@example.org",
        "note": "Moved",
    },
    "POST /hand-overs/{hand_over_id}/decline": {"reason": "Not known"},
    "POST /organisations/{organisation_id}/contacts": {
        "name": "Kit",
        "email": "kit@example.org",
        "role": "chair_of_governors",
        "telephone": "01632 960123",
    },
    "POST /organisations/import": {"what": "schools", "la_code": "812"},
    "POST /rounds": {"title": "T", "version_id": "1", "opens_on": "1/12/2026", "due_on": "29/1/2027"},
    "POST /rounds/{round_id}/audience": {"kinds": "academy", "phases": "primary", "single-1": "in"},
    "POST /rounds/{round_id}/chase/{return_id}/call": {
        "outcome": "no_answer",
        "note": "",
        "next_on": "30/11/2026",
    },
    "POST /returns/{return_id}/team": {"name": "Kim", "email": "kim@example.org", "roles": "contributor"},
    "POST /returns/{return_id}/domains/{domain}/colleague": {"user_id": "1"},
    "POST /returns/{return_id}/send-back": {"reason": "Say more"},
    "POST /returns/{return_id}/sign-off": {"declared": "yes", "seen": ""},
    "POST /returns/{return_id}/{domain}": {**_QUESTION, "continue": "yes", "next": "closing"},
    "POST /returns/{return_id}/{domain}/{standard}": _QUESTION,
}

Pairs = list[tuple[str, str]]
values = st.one_of(
    st.sampled_from((*storable(), *NEVER_STORED, *TOO_LONG)),
    st.sampled_from(_PLAIN),
    st.text(max_size=30),
    st.integers().map(str),
)
pairs: st.SearchStrategy[Pairs] = st.lists(
    st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), values), max_size=5
)
headers = st.dictionaries(st.sampled_from(_HEADERS), st.sampled_from(_HEADER_VALUES), max_size=3)
kinds = st.sampled_from(("form",) * 5 + ("files", "json", "broken multipart", "raw"))


@dataclass(frozen=True)
class Request:
    """One made-up request."""

    method: str
    path: str
    query: Pairs
    kind: str
    fields: Pairs
    headers: dict[str, str]


@st.composite
def requests(draw: st.DrawFn, real: dict[str, tuple[str, ...]]) -> Request:
    """Draw a request to one of the program's own routes, mostly with ids that are there."""
    route = draw(st.sampled_from(sorted(ACCESS)))
    method, _, pattern = route.partition(" ")
    method = draw(st.sampled_from((method,) * 12 + ("HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")))

    def part(found: re.Match[str]) -> str:
        odd = draw(st.sampled_from(_ODD_IDS) | st.text(min_size=1, max_size=12))
        return draw(st.sampled_from((*real.get(found[1], ()) * 6, quote(odd, safe="%"))))

    path = re.sub(r"\{(\w+)\}", part, pattern)
    fields = list(FORMS.get(route, {}).items())
    spoiled = draw(st.sets(st.sampled_from(range(len(fields))), max_size=2)) if fields else set()
    fields = [
        (name, draw(values) if number in spoiled else value) for number, (name, value) in enumerate(fields)
    ]
    return Request(method, path, draw(pairs), draw(kinds), fields + draw(pairs)[:3], draw(headers))


def _body(request: Request) -> dict[str, Any]:
    if request.method in {"GET", "HEAD"}:
        return {}
    pairs = request.fields
    if request.kind == "files":
        as_file = (
            (name or "x", (value[:300] or "f", value.encode("utf-8", "replace"))) for name, value in pairs
        )
        return {"files": list(as_file)}
    if request.kind == "json":
        return {"json": dict(pairs)}
    if request.kind == "broken multipart":
        start = b"--x\r\nContent-Disposition: form-data; name=\r\n\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return {"content": start + repr(pairs).encode(), "headers": kind}
    if request.kind == "raw":
        kind = {"Content-Type": "text/plain; charset=utf-7"}
        return {"content": repr(pairs).encode("utf-8", "replace"), "headers": kind}
    joined = "&".join(f"{coded(name)}={coded(value)}" for name, value in pairs)
    return {"content": joined, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}


def coded(value: str) -> str:
    """Return a text as addresses and forms carry it, lone surrogates included."""
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def faults_of(client: TestClient, request: Request) -> list[str]:
    """Send a request and return what is wrong with the reply: a fault of ours, or a stack trace."""
    body = _body(request)
    sent = {**request.headers, **body.pop("headers", {})}
    clean = {name: value.encode("latin-1", "replace") for name, value in sent.items()}
    query = "&".join(f"{coded(name)}={coded(value[:2_000])}" for name, value in request.query)
    reply = client.request(request.method, f"{request.path}?{query}", headers=clean, **body)
    what = f"{request.method} {request.path} {request.kind} {request.fields}"
    found = [f"{reply.status_code}: {what}"] if reply.status_code >= 500 else []
    if "Traceback" in reply.text or re.search(r'File "[^"]+", line \d+', reply.text):
        found.append(f"stack trace: {what}")
    return found
