"""GOV.UK Notify: sends a mail by its service, and asks it later whether the mail arrived.

The template at Notify has the subject ((subject)) and the body ((text_1)) ((link_1)) ((text_2)) ((link_2))
((text_3)), each on lines of its own. Everything but our own links is named in `sanitise_content_for`: Notify
then escapes formatting and takes addresses out, so that nothing people typed becomes a link in our name.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any, Final

import httpx2
from joserfc import jwt
from joserfc.jwk import OctKey

from app.core.settings import Settings
from app.core.transports import AwayError, RefusedAddressError

_KEY: Final = re.compile(r".+-([0-9a-f-]{36})-([0-9a-f-]{36})")
_LINKS: Final = 2
_BAD_REQUEST: Final = 400
_CREATED: Final = 201
_NOT_FOUND: Final = 404
SANITISED: Final = ("subject", "text_1", "text_2", "text_3")
# What Notify says about a mail that will not arrive: for good, or after it gave up trying.
ADDRESS_FAULT: Final = "permanent-failure"
GIVEN_UP: Final = frozenset({"temporary-failure", "technical-failure", "validation-failed"})
ARRIVED: Final = "delivered"


def personalisation(subject: str, text: str, our_address: str) -> dict[str, str]:
    """Return the fields of a mail for the template at Notify: our links apart from everything else."""
    pieces: list[list[str]] = [[]]
    links: list[str] = []
    for line in text.strip().splitlines():
        if len(links) < _LINKS and re.fullmatch(rf"{re.escape(our_address)}/\S*", line):
            links.append(line)
            pieces.append([])
        else:
            pieces[-1].append(line)
    fields = {"subject": subject}
    for number in range(_LINKS + 1):
        fields[f"text_{number + 1}"] = "\n".join(pieces[number]).strip() if number < len(pieces) else ""
    for number in range(_LINKS):
        fields[f"link_{number + 1}"] = links[number] if number < len(links) else ""
    return fields


class NotifyTransport:
    """Sends mails by GOV.UK Notify and reads what became of them."""

    def __init__(self, config: Settings) -> None:
        found = _KEY.fullmatch(config.notify_key)
        if found is None:
            raise ValueError("ELEVEN_NOTIFY_KEY is not an API key of GOV.UK Notify")
        self._config = config
        self._service, self._secret = found[1], OctKey.import_key(found[2])
        self._client = httpx2.Client(base_url=config.notify_address, timeout=20)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        claims = {"iss": self._service, "iat": int(datetime.now(UTC).timestamp())}
        token = jwt.encode({"typ": "JWT", "alg": "HS256"}, claims, self._secret)
        try:
            return self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        except httpx2.HTTPError as problem:
            raise AwayError(f"GOV.UK Notify: {type(problem).__name__}") from problem

    def __call__(self, mail: EmailMessage) -> str:
        """Hand a mail to Notify and return its number there.

        Raises RefusedAddressError when the address cannot exist, AwayError when Notify takes nothing now.
        """
        config = self._config
        body = mail.get_body(("plain",))
        subject, text = str(mail["Subject"]), body.get_content() if body else ""
        reply = self._request(
            "POST",
            "/v2/notifications/email",
            {
                "email_address": str(mail["To"]),
                "template_id": config.notify_template,
                "personalisation": personalisation(subject, text, config.public_address),
                "reference": str(mail["Message-ID"]).strip("<>"),
                "sanitise_content_for": list(SANITISED),
            },
        )
        if reply.status_code == _CREATED:
            return str(reply.json()["id"])
        said = reply.text[:300]
        if reply.status_code == _BAD_REQUEST and "email_address" in said:
            raise RefusedAddressError(said)
        raise AwayError(f"GOV.UK Notify answered {reply.status_code}: {said}")

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def status(self, number: str) -> str | None:
        """Return what Notify says about a mail (delivered, permanent-failure ...), None if it forgot it.

        Raises AwayError when Notify does not answer.
        """
        reply = self._request("GET", f"/v2/notifications/{number}")
        if reply.status_code == _NOT_FOUND:
            return None
        if reply.status_code >= _BAD_REQUEST:
            raise AwayError(f"GOV.UK Notify answered {reply.status_code}")
        return str(reply.json().get("status", ""))
