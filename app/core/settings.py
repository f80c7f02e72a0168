"""Settings, read from environment variables; docs/settings.md lists them with their defaults."""

import os
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent.parent
SHORTEST_SECRET_KEY = 32
# Sign-in there is open to any organisation or person in the world: an address proves nothing then.
OPEN_TENANTS = frozenset({"common", "organizations", "consumers"})


class UnsafeSettingsError(RuntimeError):
    """Settings that must not serve real returns; the message says which and how to mend them."""


def data_directory() -> Path:
    """Where the embedded PostgreSQL and the demo's mails live.

    As root the database runs as a user of its own, which must be able to walk the parent folders:
    a system state directory then, the user's own data directory otherwise.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/eleven")
    return Path(platformdirs.user_data_dir("eleven", appauthor=False))


class Settings(BaseSettings):
    """One partnership's installation."""

    model_config = SettingsConfigDict(env_prefix="ELEVEN_", extra="ignore")

    mode: Literal["production", "demo", "test"] = "production"
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    database_web_password: str = ""
    data_dir: Path = Field(default_factory=data_directory)
    public_address: str = "http://127.0.0.1:8011"
    pool_size: int = 20

    partnership_name: str = "Our Safeguarding Children Partnership"
    partnership_email: str = "safeguarding.partnership@example.org"
    partnership_phone: str = "01632 960000"
    statutory_paragraph: str = (
        "Section 11 of the Children Act 2004 and sections 175 and 157 of the Education Act 2002 "
        "ask each organisation to have arrangements that safeguard and promote the welfare of children."
    )

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_starttls: bool = True
    smtp_ca_file: str | None = None
    notify_key: str = ""
    notify_template: str = ""
    notify_address: str = "https://api.notifications.service.gov.uk"
    mails_per_minute: int | None = Field(default=None, ge=1)
    mail_from: str = "eleven@example.org"

    secret_key: str = ""
    session_hours: int = Field(default=12, ge=1)
    session_idle_minutes: int = Field(default=60, ge=10)
    sign_in_link_minutes: int = 10
    invitation_days: int = 90
    partnership_sign_in: Literal["second_factor", "oidc"] = "second_factor"
    oidc_discovery: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_claim: Literal["email", "preferred_username"] = "email"
    log_format: Literal["auto", "json", "plain"] = "auto"
    health_mail_minutes: int = Field(default=30, ge=1)
    health_free_mb: int = Field(default=500, ge=0)
    peers_minimum: int = Field(default=5, ge=5)
    stalled_after_days: int = 10

    keep_sign_in_link_days: int = Field(default=7, ge=1)
    keep_session_days: int = Field(default=90, ge=1)
    keep_reading_months: int = Field(default=24, ge=1)
    keep_sign_in_mail_days: int = Field(default=1, ge=1)
    keep_mail_months: int = Field(default=24, ge=1)
    keep_limit_days: int = Field(default=1, ge=1)
    keep_import_days: int = Field(default=90, ge=1)
    keep_contact_months: int = Field(default=24, ge=1)
    keep_person_months: int = Field(default=24, ge=1)
    keep_return_years: int = Field(default=6, ge=1)
    evidence_dir: Path | None = None
    evidence_file_megabytes: int = Field(default=10, ge=1, le=100)
    evidence_files_per_standard: int = Field(default=20, ge=1, le=200)
    s3_endpoint: str = ""
    s3_bucket: str = ""
    s3_region: str = "eu-west-2"
    s3_access_key: str = ""
    s3_secret_key: str = ""
    scanner: str = ""
    scanner_seconds: float = Field(default=30, gt=0)

    @property
    def evidence_folder(self) -> Path:
        """Where evidence files are kept when they are not in object storage."""
        return self.evidence_dir or self.data_dir / "evidence" / self.mode

    @property
    def evidence_file_bytes(self) -> int:
        """The size in bytes of the largest evidence file that is taken."""
        return self.evidence_file_megabytes * 1_000_000

    @property
    def secure_cookies(self) -> bool:
        """Cookies are marked Secure wherever people reach us over TLS."""
        return self.public_address.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers insist on Secure, host and path."""
        return "__Host-eleven" if self.secure_cookies else "eleven"

    @property
    def is_demo(self) -> bool:
        """The demo offers its people for sign-in and shows its mails; nothing else may."""
        return self.mode == "demo"

    @property
    def logs_json(self) -> bool:
        """The log is for machines in production and for people elsewhere, unless the setting says so."""
        return self.mode == "production" if self.log_format == "auto" else self.log_format == "json"

    @property
    def secret_keys(self) -> list[str]:
        """The keys for secrets at rest, the newest first; the demo's and the tests' is no secret."""
        return [key.strip() for key in self.secret_key.split(",") if key.strip()] or ["not a secret"]

    @property
    def by_provider(self) -> bool:
        """The partnership's people sign in with their own provider, which looks after the second factor."""
        return self.partnership_sign_in == "oidc"

    @model_validator(mode="after")
    def refuse_unsafe_provider(self) -> Self:
        """Refuse to start with a provider that is named by halves, or that anybody could sign in with."""
        faults = _provider_faults(self) if self.by_provider else []
        if faults:
            raise UnsafeSettingsError("Eleven does not start:\n- " + "\n- ".join(faults))
        return self

    @model_validator(mode="after")
    def refuse_unclear_storage(self) -> Self:
        """Refuse to start with a place for files or a scanner that is named by halves."""
        faults = _storage_faults(self)
        if faults:
            raise UnsafeSettingsError("Eleven does not start:\n- " + "\n- ".join(faults))
        return self

    @model_validator(mode="after")
    def refuse_unsafe_production(self) -> Self:
        """Refuse to start in production with settings that would expose returns."""
        if self.is_demo and self.database_url:
            raise UnsafeSettingsError(
                "Eleven does not start: the demo lets anybody be anybody, and DATABASE_URL names a real "
                "database. Take DATABASE_URL out, or set ELEVEN_MODE to production."
            )
        if self.mode != "production":
            return self
        faults = []
        if not self.database_url:
            faults.append("DATABASE_URL is not set: name the PostgreSQL server that holds the returns")
        if not self.secure_cookies:
            faults.append("ELEVEN_PUBLIC_ADDRESS does not begin with https://: set the address people use")
        if not self.smtp_host and not self.notify_key:
            faults.append("ELEVEN_SMTP_HOST is not set: without it nobody can sign in")
        if self.notify_key and not self.notify_template:
            faults.append("ELEVEN_NOTIFY_TEMPLATE is not set: name the template at GOV.UK Notify")
        if min((len(key) for key in self.secret_key.split(",")), default=0) < SHORTEST_SECRET_KEY:
            faults.append(
                f"ELEVEN_SECRET_KEY is not set, or has fewer than {SHORTEST_SECRET_KEY} characters: it keeps "
                "second factors secret. Make one with: openssl rand -hex 32"
            )
        if faults:
            raise UnsafeSettingsError("Eleven does not start:\n- " + "\n- ".join(faults))
        return self


def _provider_faults(config: Settings) -> list[str]:
    faults = [
        f"ELEVEN_OIDC_{name} is not set: ELEVEN_PARTNERSHIP_SIGN_IN is oidc, which needs it"
        for name, value in (
            ("DISCOVERY", config.oidc_discovery),
            ("CLIENT_ID", config.oidc_client_id),
            ("CLIENT_SECRET", config.oidc_client_secret),
        )
        if not value
    ]
    address = urlsplit(config.oidc_discovery)
    here = config.mode == "test" and address.hostname == "127.0.0.1"
    if config.oidc_discovery and address.scheme != "https" and not here:
        faults.append(
            "ELEVEN_OIDC_DISCOVERY does not begin with https://: name the provider's secure address"
        )
    if (
        OPEN_TENANTS & set(address.path.lower().split("/"))
        and "microsoft" in (address.hostname or "").lower()
    ):
        faults.append(
            "ELEVEN_OIDC_DISCOVERY names an address of Entra that is open to everybody (common, "
            "organizations or consumers): put your own tenant's ID in its place"
        )
    return faults


def _storage_faults(config: Settings) -> list[str]:
    parts = {
        "ENDPOINT": config.s3_endpoint,
        "BUCKET": config.s3_bucket,
        "ACCESS_KEY": config.s3_access_key,
        "SECRET_KEY": config.s3_secret_key,
    }
    faults = [
        f"ELEVEN_S3_{name} is not set: object storage needs all of ELEVEN_S3_{', _'.join(parts)}"
        for name, value in parts.items()
        if not value and any(parts.values())
    ]
    if config.s3_endpoint and config.evidence_dir:
        faults.append("ELEVEN_EVIDENCE_DIR and ELEVEN_S3_ENDPOINT are both set: evidence has one place")
    if config.s3_endpoint and not config.s3_endpoint.startswith("https://") and config.mode == "production":
        faults.append("ELEVEN_S3_ENDPOINT does not begin with https://: files would travel in the open")
    scanner = urlsplit(config.scanner)
    named = scanner.hostname if scanner.scheme == "tcp" else scanner.scheme == "unix" and scanner.path
    if config.scanner and not named:
        faults.append(
            "ELEVEN_SCANNER does not name a clamd: write tcp://host:3310 or unix:/run/clamav/clamd.ctl"
        )
    return faults


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings()
