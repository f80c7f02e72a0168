"""A mail server that tests can ask what arrived, and that can refuse, break off and be away."""

import socket
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession

from app.core.settings import Settings

Hook = Callable[[str], bool]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class PostOffice:
    """An SMTP server on this machine: it keeps what it accepted, in order."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self.logins: list[str] = []
        # Called with "mail", "data" (before a mail is kept; true: it is not) and "kept" (before the reply).
        self.hook: Hook = lambda _step: False
        self._controller: Controller | None = None

    def open(self, **how: Any) -> None:
        """Begin to answer."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **how)
        self._controller.start()

    def close(self) -> None:
        """Be away."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_MAIL(  # noqa: N802 - the names that the server calls
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender."""
        self.hook("mail")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take the recipient, or refuse it with what the test said."""
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: SmtpSession, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        if self.hook("data"):
            return "451 Broken off"
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        self.hook("kept")
        return "250 Taken"

    def check_login(
        self, _server: SMTP, _session: SmtpSession, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        """Know one user."""
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"eleven", b"secret")
        self.logins.append("right" if right else "wrong")
        return AuthResult(success=right)

    @property
    def got(self) -> Counter[str]:
        """How many mails each address got."""
        return Counter(str(mail["To"]) for mail in self.mails)

    def ids_of(self, address: str) -> set[str]:
        """The Message-IDs that an address got."""
        return {str(mail["Message-ID"]) for mail in self.mails if mail["To"] == address}

    def text_to(self, address: str) -> str:
        """The plain text of the last mail to an address."""
        mail = [each for each in self.mails if each["To"] == address][-1]
        body = mail.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def settings(self, **more: Any) -> Settings:
        """Settings of an installation that sends here."""
        values = {"mode": "test", "smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_starttls": False}
        return Settings(**{**values, **more})
