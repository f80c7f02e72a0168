"""Ways in which mail leaves: the partnership's mail server, or a folder of the demo; what can go wrong."""

import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Final

from app.core.settings import Settings

# A connection that was quiet for longer is asked whether it is still there before it is trusted.
_TRUSTED_SECONDS: Final = 5.0
_TIMEOUT: Final = 20
_PERMANENT: Final = 500

# A transport gives back what the mail service calls the mail, if it has a name for it.
Transport = Callable[[EmailMessage], str | None]


class AwayError(Exception):
    """The mail service cannot be reached or takes nothing now: no mail's fault, try all of them later."""


class RefusedAddressError(Exception):
    """The mail service says for good that it does not deliver to this address."""


class ComplaintError(Exception):
    """The mail service complains of this one mail; others may leave, and this one is tried again."""


class SmtpTransport:
    """Sends by a mail server over one connection that is kept while there is something to send."""

    def __init__(self, config: Settings) -> None:
        self._config = config
        self._server: smtplib.SMTP | None = None
        self._used_at = 0.0

    def __call__(self, mail: EmailMessage) -> None:
        """Send one mail.

        Raises RefusedAddressError, AwayError, or the server's complaint about this one mail.
        """
        server = self._connected()
        try:
            server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as problem:
            code, reason = next(iter(problem.recipients.values()))
            self._used_at = time.monotonic()
            said = f"{code} {reason.decode('utf-8', 'replace') if isinstance(reason, bytes) else reason}"
            if code >= _PERMANENT:
                raise RefusedAddressError(said) from problem
            raise smtplib.SMTPResponseException(code, said) from problem
        except smtplib.SMTPSenderRefused as problem:
            self.close()
            raise AwayError(str(problem)) from problem
        except smtplib.SMTPServerDisconnected as problem:
            self.close()
            raise AwayError(str(problem)) from problem
        except OSError as problem:
            if not isinstance(problem, smtplib.SMTPException):
                self.close()
                raise AwayError(str(problem) or type(problem).__name__) from problem
            raise
        self._used_at = time.monotonic()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and time.monotonic() - self._used_at > _TRUSTED_SECONDS:
            try:
                alive = self._server.noop()[0] == 250
            except (OSError, smtplib.SMTPException):
                alive = False
            if not alive:
                self.close()
        if self._server is None:
            try:
                self._server = self._open()
            except (OSError, smtplib.SMTPException) as problem:
                raise AwayError(str(problem) or type(problem).__name__) from problem
            self._used_at = time.monotonic()
        return self._server

    def _open(self) -> smtplib.SMTP:
        config = self._config
        server = smtplib.SMTP(config.smtp_host or "", config.smtp_port, timeout=_TIMEOUT)
        try:
            if config.smtp_starttls:
                server.starttls(context=_tls(config))
            if config.smtp_user:
                server.login(config.smtp_user, config.smtp_password or "")
        except BaseException:
            server.close()
            raise
        return server

    def close(self) -> None:
        """Let the connection go; the next mail opens another."""
        if self._server is not None:
            self._server.close()
            self._server = None


def _tls(config: Settings) -> ssl.SSLContext:
    """Return TLS that checks the server's certificate, against an authority of one's own if there is one."""
    return ssl.create_default_context(cafile=config.smtp_ca_file)


def folder_transport(folder: Path) -> Transport:
    """Write each mail to an .eml file: the demo has no mail server."""

    def send(mail: EmailMessage) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = str(mail["Message-ID"]).strip("<>").split("@", 1)[0]
        (folder / f"{name}.eml").write_bytes(mail.as_bytes())

    return send
