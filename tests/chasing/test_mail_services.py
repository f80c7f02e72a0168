"""The two mail services: SMTP with TLS and a login, and GOV.UK Notify against a server of our own."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from app.chasing.models import ChaseMessage, MessageOutcome
from app.chasing.worker import Worker
from app.core.access import Work
from app.core.models import MessageState, OutboxMessage, UndeliverableAddress
from app.core.notify import ADDRESS_FAULT, ARRIVED, GIVEN_UP, SANITISED, NotifyTransport, personalisation
from app.core.outside import mail_transport
from app.core.settings import Settings, UnsafeSettingsError
from app.core.transports import AwayError, ComplaintError, RefusedAddressError, SmtpTransport
from tests import builders
from tests.chasing.post_office import PostOffice
from tests.chasing.scenes import scene
from tests.chasing.test_sending import FIRST, lead
from tests.conftest import NOW

pytestmark = pytest.mark.chasing
SERVICE, SECRET = "26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0"
OURS = "http://127.0.0.1:8011"
TEMPLATE = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3"
# What an email's status can be, and the fields of a request, as Notify's documentation has them.
STATUSES = {
    "created",
    "sending",
    "delivered",
    "permanent-failure",
    "temporary-failure",
    "technical-failure",
}
DOCUMENTED = {
    "email_address",
    "template_id",
    "personalisation",
    "reference",
    "email_reply_to_id",
    "one_click_unsubscribe_url",
    "sanitise_content_for",
}


def mail(to: str = "lead@example.org", text: str = "Hello") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "eleven@example.org", to, "Section 175"
    made["Message-ID"] = "<abc@eleven>"
    made.set_content(text)
    return made


# --- SMTP ------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself."""
    from ipaddress import ip_address  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert, secret = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, secret


@pytest.fixture
def sealed(certificate: tuple[Path, Path]) -> Iterator[PostOffice]:
    """A mail server that takes nothing without TLS and a login."""
    import ssl  # noqa: PLC0415

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    office = PostOffice()
    office.open(
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=office.check_login,
    )
    yield office
    office.close()


def test_mail_goes_over_tls_with_a_login(sealed: PostOffice, certificate: tuple[Path, Path]) -> None:
    config = sealed.settings(
        smtp_starttls=True, smtp_user="eleven", smtp_password="secret", smtp_ca_file=str(certificate[0])
    )
    send = SmtpTransport(config)
    send(mail())
    send(mail("second@example.org"))
    send.close()
    assert sealed.got == {"lead@example.org": 1, "second@example.org": 1}
    assert sealed.logins == ["right"]


@pytest.mark.parametrize(
    "change", [{"smtp_ca_file": None}, {"smtp_password": "wrong"}, {"smtp_starttls": False}]
)
def test_without_trust_or_login_nothing_leaves(
    sealed: PostOffice, certificate: tuple[Path, Path], change: dict[str, Any]
) -> None:
    values = {
        "smtp_starttls": True,
        "smtp_user": "eleven",
        "smtp_password": "secret",
        "smtp_ca_file": str(certificate[0]),
        **change,
    }
    send = SmtpTransport(sealed.settings(**values))
    with pytest.raises(AwayError):
        send(mail())
    send.close()
    assert not sealed.mails


def test_a_connection_that_was_cut_is_opened_again(office: PostOffice) -> None:
    send = SmtpTransport(office.settings())
    send(mail())
    office.close()
    office.open()
    with pytest.raises(AwayError):
        send(mail("second@example.org"))
    send(mail("second@example.org"))
    send.close()
    assert office.got == {"lead@example.org": 1, "second@example.org": 1}


# --- GOV.UK Notify ---------------------------------------------------------------------------------------


class FakeNotify:
    """A server that answers as Notify's documentation says."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.states: dict[str, str] = {}
        self.refuses: dict[str, tuple[int, str, str]] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: object) -> None:
                """Say nothing."""

            def reply(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def knows(self) -> bool:
                scheme, token = self.headers["Authorization"].split(" ")
                found = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])
                age = abs(datetime.now(UTC).timestamp() - found.claims["iat"])
                head_is_right = found.header == {"typ": "JWT", "alg": "HS256"}
                claims_are_right = found.claims.keys() == {"iss", "iat"} and found.claims["iss"] == SERVICE
                return bool(scheme == "Bearer" and head_is_right and claims_are_right and age < 30)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self.knows() or self.headers["Content-Type"] != "application/json":
                    self.reply(403, {"status_code": 403, "errors": []})
                    return
                if body.keys() - DOCUMENTED or not body.keys() >= {"email_address", "template_id"}:
                    error = {"error": "ValidationError", "message": "Additional properties are not allowed"}
                    self.reply(400, {"status_code": 400, "errors": [error]})
                    return
                if body["email_address"] in outer.refuses:
                    status, kind, message = outer.refuses[body["email_address"]]
                    errors = [{"error": kind, "message": message}]
                    self.reply(status, {"status_code": status, "errors": errors})
                    return
                outer.taken.append(body)
                number = f"number-{len(outer.taken)}"
                outer.states[number] = "sending"
                self.reply(201, {"id": number, "reference": body["reference"]})

            def do_GET(self) -> None:
                state = outer.states.get(self.path.rsplit("/", 1)[1])
                self.reply(200 if state else 404, {"status": state})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def settings(self, **more: Any) -> Settings:
        """Settings of an installation that sends here."""
        address = f"http://127.0.0.1:{self.server.server_port}"
        values = {
            "mode": "test",
            "notify_key": f"test-{SERVICE}-{SECRET}",
            "notify_template": TEMPLATE,
            "notify_address": address,
        }
        return Settings(**{**values, **more})


@pytest.fixture
def notify() -> Iterator[FakeNotify]:
    fake = FakeNotify()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()


def test_our_links_and_what_people_wrote_travel_apart() -> None:
    text = f"Hello\n\n# Big [click](https://evil.example)\n\n{OURS}/a\n\nMiddle\n{OURS}/b\nEnd\n{OURS}/c"
    fields = personalisation("Subject", text, OURS)
    assert fields == {
        "subject": "Subject",
        "text_1": "Hello\n\n# Big [click](https://evil.example)",
        "link_1": f"{OURS}/a",
        "text_2": "Middle",
        "link_2": f"{OURS}/b",
        "text_3": f"End\n{OURS}/c",
    }
    assert set(fields) - set(SANITISED) == {"subject", "link_1", "link_2"}


def test_a_subject_carries_no_address_and_no_marks_of_escaping() -> None:
    fields = personalisation("Due: St. Mary's (VA) https://evil.example/x WWW.evil.example now", "", OURS)
    assert fields["subject"] == "Due: St. Mary's (VA) now"


def test_notify_takes_a_mail_and_gives_a_number(notify: FakeNotify) -> None:
    send = mail_transport(notify.settings())
    assert isinstance(send, NotifyTransport)
    assert send(mail(text=f"Hi\n\n{OURS}/x\n")) == "number-1"
    taken = notify.taken[0]
    assert (taken["email_address"], taken["template_id"]) == ("lead@example.org", TEMPLATE)
    assert taken["reference"] == "abc@eleven"
    assert taken["sanitise_content_for"] == ["text_1", "text_2", "text_3"]
    assert set(taken["personalisation"]) == {"subject", *SANITISED, "link_1", "link_2"}
    assert taken["personalisation"]["link_1"] == f"{OURS}/x"
    assert send.status("number-1") == "sending"
    assert send.status("number-9") is None
    assert {ADDRESS_FAULT, ARRIVED, *GIVEN_UP} | {"created", "sending"} == STATUSES
    send.close()


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "ValidationError", "email_address Not a valid email address", RefusedAddressError),
        (400, "ValidationError", "email_address is not a valid email address", RefusedAddressError),
        (400, "ValidationError", "personalisation is not of type object", ComplaintError),
        (400, "BadRequestError", "Can't send to this recipient using a team-only API key", AwayError),
        (400, "BadRequestError", "Can't send when service is in trial mode, email_address", AwayError),
        (403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds", AwayError),
        (403, "AuthError", "Invalid token: API key not found", AwayError),
        (429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests", AwayError),
        (429, "TooManyRequestsError", "Exceeded send limits (250,000) for today", AwayError),
        (500, "Exception", "Internal server error", AwayError),
    ],
)
def test_what_notify_refuses_is_told_apart(
    notify: FakeNotify, status: int, kind: str, message: str, error: type[Exception]
) -> None:
    notify.refuses["lead@example.org"] = (status, kind, message)
    send = NotifyTransport(notify.settings())
    with pytest.raises(error):
        send(mail())
    send.close()


def test_a_key_that_is_none_is_refused_with_a_message() -> None:
    with pytest.raises(ValueError, match="ELEVEN_NOTIFY_KEY"):
        NotifyTransport(Settings(mode="test", notify_key="secret"))
    key = f"test-{SERVICE}-{SECRET}"
    with pytest.raises(ValueError, match="ELEVEN_NOTIFY_TEMPLATE"):
        NotifyTransport(Settings(mode="test", notify_key=key, notify_template="template"))
    with pytest.raises(UnsafeSettingsError, match="ELEVEN_NOTIFY_TEMPLATE"):
        Settings(mode="production", notify_key="x")


def test_a_mail_that_notify_complains_of_holds_up_no_other(
    own_engine: Engine, own_work: Work, notify: FakeNotify
) -> None:
    this = scene(own_work, "Oak", "Elm")
    bad, good = lead(this, "Oak"), lead(this, "Elm")
    notify.refuses[bad] = (400, "ValidationError", "personalisation is not of type object")
    config = notify.settings()
    send = NotifyTransport(config)
    Worker(own_engine, send, config).step(NOW)
    assert [each["email_address"] for each in notify.taken] == [good]
    del notify.refuses[bad]
    Worker(own_engine, send, config).step(NOW + timedelta(minutes=10))
    send.close()
    assert [each["email_address"] for each in notify.taken] == [good, bad]


def test_what_notify_reports_later_stops_the_address_and_the_next_contact_takes_over(
    own_engine: Engine, own_work: Work, notify: FakeNotify
) -> None:
    this = scene(own_work, "Oak")
    builders.contact(own_work, this.places["Oak"], "deputy@example.org", role="deputy_safeguarding_lead")
    own_work.session.commit()
    config = notify.settings()
    send = NotifyTransport(config)
    worker = Worker(own_engine, send, config)
    worker.step(NOW)
    assert worker.step(FIRST) == 1
    dead = lead(this, "Oak")
    assert notify.taken[-1]["email_address"] == dead
    notify.states[f"number-{len(notify.taken)}"] = "permanent-failure"
    worker.step(FIRST + timedelta(minutes=20))
    worker.step(FIRST + timedelta(minutes=26))
    assert notify.taken[-1]["email_address"] == "deputy@example.org"
    notify.states[f"number-{len(notify.taken)}"] = "delivered"
    worker.step(FIRST + timedelta(minutes=50))
    send.close()
    with Session(own_engine) as session:
        assert session.get_one(UndeliverableAddress, dead).fault == "reported"
        rows = session.execute(select(col(ChaseMessage.address), col(ChaseMessage.outcome))).all()
        assert {tuple(row) for row in rows} == {
            (dead, MessageOutcome.BOUNCED),
            ("deputy@example.org", MessageOutcome.SENT),
        }
        last = session.execute(
            select(OutboxMessage).where(col(OutboxMessage.recipient) == "deputy@example.org")
        ).scalars()
        assert "delivered" in {each.delivery for each in last}
        states = select(OutboxMessage).where(col(OutboxMessage.recipient) == dead)
        assert MessageState.FAILED in {each.state for each in session.execute(states).scalars()}
