"""What each role is to get from each route, written down once more and apart from the program."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.routing import Mount

from app.core.access import OrganisationRole, PartnershipRole
from app.core.routes import ACCESS
from tests.access.moderated import KEPT_BACK
from tests.access.world import CANARY, SECRET_CANARY, World

Role = PartnershipRole | OrganisationRole | None
CLASSES: Mapping[str, str] = {route: access.name for route, access in ACCESS.items()}

_P = PartnershipRole
_SCHOOL: frozenset[Role] = frozenset(OrganisationRole)
_ALL_P: frozenset[Role] = frozenset(PartnershipRole)
_READERS: frozenset[Role] = frozenset({_P.BOARD_MANAGER, _P.PSO, _P.INDEPENDENT_SCRUTINEER})
ALLOWED: Mapping[str, frozenset[Role]] = {
    "PUBLIC": _SCHOOL | _ALL_P | {None},
    "SIGNED_IN": _SCHOOL | _ALL_P,
    "ON_THE_WAY_IN": _SCHOOL | _ALL_P,
    "PARTNERSHIP": _ALL_P,
    "REGISTER": frozenset({_P.BOARD_MANAGER, _P.ADMINISTRATOR}),
    "RATINGS": _READERS | {_P.SAFEGUARDING_PARTNER},
    "RETURNS": _READERS,
    "BOARD_MANAGER": frozenset({_P.BOARD_MANAGER}),
    "OWN_READ": _SCHOOL | _READERS,
    "OWN_WRITE": _SCHOOL,
    "DEMO": frozenset(),
}
ROLES: tuple[Role, ...] = (None, *PartnershipRole, *OrganisationRole)
CASES = ("own", "other", "archived", "archived other", "crossed", "random")

# Not there although the class allows it: what the page shows does not exist in this state.
NOT_IN_THIS_STATE = frozenset(
    {
        ("GET /returns/{return_id}/receipt", "own"),
        ("GET /returns/{return_id}/receipt", "other"),
        ("POST /returns/{return_id}/{domain}/{standard}/restore", "own"),
        ("GET /returns/{return_id}/editions/{edition}", "own"),
        ("GET /returns/{return_id}/editions/{edition}", "other"),
        ("GET /returns/{return_id}/governors", "own"),
        ("GET /returns/{return_id}/governors", "other"),
        # A term is removed once.
        *(("POST /terms/{term_id}/remove", case) for case in CASES),
    }
)
# Nobody ends the browser session of another person; that people end their own is tested where they do.
OF_ONE_PERSON = frozenset({"session_id"})
# What these name does not belong to an organisation.
ANYBODYS = frozenset(
    {
        *("domain", "standard", "key", "version", "token", "message_id", "letter_key", "term_id"),
        *("template_id", "entry_id", "number"),
    }
)


def routes(app: FastAPI) -> Iterator[str]:
    """Yield every route of the program as "GET /path"."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route if hasattr(context, "original_route") else context, Mount):
            continue
        path = str(getattr(context, "path", ""))
        if path.startswith("/static/{"):
            continue
        for method in sorted((getattr(context, "methods", None) or set()) - {"HEAD"}):
            yield f"{method} {path}"


def parameters(route: str) -> tuple[str, ...]:
    """Return the names of a route's path parameters."""
    return tuple(re.findall(r"{(\w+)}", route))


def verdict(route: str, role: Role, case: str) -> str:
    """Return what is to happen: "sign in", "not found", "open", or "harmless" where either may be."""
    access, names = CLASSES[route], parameters(route)
    allowed = ALLOWED[access]
    others = "other" in case and bool(names) and names[0] not in ANYBODYS
    rules = (
        (None in allowed, "harmless"),
        (access == "DEMO", "not found"),
        (role is None, "sign in"),
        (role not in allowed, "not found"),
        (bool(OF_ONE_PERSON.intersection(names)), "not found"),
        (case == "crossed", "harmless"),
        (not names, "open"),
        (case == "random", "not found"),
        (access.startswith("OWN") and role in _SCHOOL and others, "not found"),
        ((route, case) in NOT_IN_THIS_STATE, "harmless"),
    )
    return next((result for holds, result in rules if holds), "open")


def searchable(reply: Response) -> bytes:
    """Return everything that a reply says, in lower case; workbooks and documents are unpacked."""
    body = reply.content
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(BytesIO(body)) as packed:
            body = b"\n".join(packed.read(name) for name in packed.namelist())
    return (str(reply.headers).encode() + b"\n" + body).lower()


_SAID = rb'<p class="govuk-body">If you were saving.*?</p>\n'
_GIVEN_BACK = rb'<h2 class="govuk-heading-m">What you typed.*?</textarea>\s*</div>\s*'
_OWN_TEXT = re.compile(_SAID + b"|" + _GIVEN_BACK, re.DOTALL)


def without_own_text(body: bytes) -> bytes:
    """Return a page without the part that gives somebody back what they sent."""
    return re.sub(rb"\s+", b" ", _OWN_TEXT.sub(b"", body))


_OPEN = {"GET": {200, 303}, "POST": {200, 204, 303, 409, 410, 422, 423}}


@dataclass
class Walk:
    """One role's walk through the program: what went wrong on it, and every "not found" it was given."""

    role: Role
    wrong: list[str] = field(default_factory=list)
    not_found: dict[str, set[bytes]] = field(default_factory=dict)

    def knock(self, client: TestClient, world: World, route: str, case: str) -> None:
        """Ask for one route with the ids of one case and note what should not have happened."""
        method, _, _ = route.partition(" ")
        path = world.path(route, case)
        # Some forms want a reason before they look at what it is for.
        reply = client.request(method, path, data=None if method == "GET" else {"reason": "It was late"})
        where = f"{self.role or 'stranger'} {method} {path} ({case}): {reply.status_code}"
        expected = verdict(route, self.role, case)
        if not self._as_expected(reply, method, expected):
            self.wrong.append(f"{where}, not {expected}")
        if reply.status_code == 404:
            # Whoever sent a text gets it back, and nothing else may differ.
            self.not_found.setdefault(path.split("/")[1], set()).add(without_own_text(reply.content))
        if self.leaks(reply):
            self.wrong.append(f"{where} tells what another organisation said, or what is kept back")

    def _as_expected(self, reply: Response, method: str, expected: str) -> bool:
        status = reply.status_code
        if expected == "sign in":
            led = status == 303 and reply.headers["location"].startswith("/sign-in")
            return led or status == 401
        if expected == "not found":
            return status == 404
        return status < 500 if expected == "harmless" else status in _OPEN[method]

    def leaks(self, reply: Response) -> bool:
        """Say whether a reply holds what this role may not see."""
        if self.role in _READERS:
            return False
        # Staff of the partnership without the right to read returns know the names of schools.
        canaries = (SECRET_CANARY,) if self.role in _ALL_P else (CANARY, KEPT_BACK)
        said = searchable(reply)
        return any(canary.encode() in said for canary in canaries)

    def complaints(self) -> list[str]:
        """Return everything that went wrong, different words for the same "not found" included."""
        seen = self.not_found
        if self.role is None or self.role in _SCHOOL:  # no navigation, so nothing may differ anywhere
            seen = {"": {body for bodies in seen.values() for body in bodies}}
        differing = [
            f"{self.role}: {len(bodies)} kinds of 'not found' below /{place}"
            for place, bodies in seen.items()
            if len(bodies) > 1
        ]
        return self.wrong + differing


def walk(client: TestClient, world: World, role: Role, asked: Sequence[str]) -> list[str]:
    """Let one role knock at routes with every kind of id and return what went wrong."""
    this = Walk(role)
    for route in asked:
        for case in CASES if parameters(route) else ("own",):
            this.knock(client, world, route, case)
    return this.complaints()
