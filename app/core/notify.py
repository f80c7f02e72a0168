"""GOV.UK Notify: sends a mail by its service, and asks it later whether the mail arrived.

The template at Notify has the subject ((subject)) and the body ((text_1)) ((link_1)) ((text_2)) ((link_2))
((text_3)), each on lines of its own. Every text of the body is named in `sanitise_content_for`: Notify then
escapes formatting and takes addresses out, so that nothing people typed becomes a link in our name. A subject
is no Markdown and would show the escapes, so addresses are taken out of it here.

Held against the REST API documentation (docs.notifications.service.gov.uk/rest-api.html) and the files
behind it in github.com/alphagov/notifications-tech-docs: openapi/POST_notification_email.json (request, reply
201, `sanitise_content_for`), openapi/GET_status_message.json, documentation/error_tables/_send_an_email.md
and _generic_errors.md (status codes and types of errors; their words may change), the statuses of an email
under notification_status_descriptions, and the token (HS256; iss is the service, iat within 30 seconds).
What is escaped is from github.com/alphagov/notifications-utils/pull/1220. No account at Notify was at hand:
nobody has seen this adapter talk to it.

Statuses are asked for, not called back: that needs no public address, Notify gives up calling after five
tries, and one question for each mail every 15 minutes keeps far below its 3,000 requests a minute.
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
from app.core.transports import AwayError, ComplaintError, RefusedAddressError

_UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY: Final = re.compile(rf".+-({_UUID})-({_UUID})")
_LINKS: Final = 2
_BAD_REQUEST: Final = 400
_CREATED: Final = 201
_NOT_FOUND: Final = 404
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S*", re.IGNORECASE)
SANITISED: Final = ("text_1", "text_2", "text_3")
# What Notify says about a mail that will not arrive: for good, or after it gave up trying.
ADDRESS_FAULT: Final = "permanent-failure"
GIVEN_UP: Final = frozenset({"temporary-failure", "technical-failure"})
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
    fields = {"subject": " ".join(_ADDRESS.sub("", subject).split())}
    for number in range(_LINKS + 1):
        fields[f"text_{number + 1}"] = "\n".join(pieces[number]).strip() if number < len(pieces) else ""
    for number in range(_LINKS):
        fields[f"link_{number + 1}"] = links[number] if number < len(links) else ""
    return fields


def _problem(reply: httpx2.Response) -> Exception:
    """Return what a refusal means. The type of an error tells; of its words only the field's name is used."""
    said = reply.text[:300]
    try:
        errors = reply.json().get("errors", [])
        found = [(str(each["error"]), str(each["message"])) for each in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        found = []
    about_mail = [message for error, message in found if error == "ValidationError"]
    if reply.status_code == _BAD_REQUEST and about_mail:
        if any(message.startswith("email_address") for message in about_mail):
            return RefusedAddressError(said)
        return ComplaintError(f"GOV.UK Notify answered {reply.status_code}: {said}")
    return AwayError(f"GOV.UK Notify answered {reply.status_code}: {said}")


class NotifyTransport:
    """Sends mails by GOV.UK Notify and reads what became of them."""

    def __init__(self, config: Settings) -> None:
        found = _KEY.fullmatch(config.notify_key)
        if found is None:
            raise ValueError("ELEVEN_NOTIFY_KEY is not an API key of GOV.UK Notify")
        if re.fullmatch(_UUID, config.notify_template) is None:
            raise ValueError("ELEVEN_NOTIFY_TEMPLATE is not the ID of a template at GOV.UK Notify")
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

        Raises RefusedAddressError when the address cannot exist, ComplaintError when something else about
        this one mail is wrong, AwayError when Notify takes nothing now: too much at once, a key or a clock
        that is wrong, or a service that may not send yet.
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
        raise _problem(reply)

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def status(self, number: str) -> str | None:
        """Return what Notify says about a mail (delivered, permanent-failure ...), None if it knows it not.

        Notify forgets a mail after its retention period, seven days unless a service chooses fewer. Raises
        AwayError when Notify does not answer.
        """
        reply = self._request("GET", f"/v2/notifications/{number}")
        if reply.status_code in {_NOT_FOUND, _BAD_REQUEST}:
            return None
        if reply.status_code >= _BAD_REQUEST:
            raise AwayError(f"GOV.UK Notify answered {reply.status_code}")
        return str(reply.json().get("status", ""))
