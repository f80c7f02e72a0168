"""Settings: unsafe ones refuse to start, and the table in the docs names each."""

from pathlib import Path

import pytest

from app.core.settings import Settings, UnsafeSettingsError

pytestmark = pytest.mark.access

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "settings.md"


def test_production_refuses_to_start_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVEN_MODE", "production")
    with pytest.raises(UnsafeSettingsError) as caught:
        Settings()
    for variable in ("DATABASE_URL", "ELEVEN_PUBLIC_ADDRESS", "ELEVEN_SMTP_HOST", "ELEVEN_SECRET_KEY"):
        assert variable in str(caught.value)


def test_production_starts_with_safe_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ELEVEN_MODE": "production",
        "DATABASE_URL": "postgresql://db/eleven",
        "ELEVEN_PUBLIC_ADDRESS": "https://eleven.example.org",
        "ELEVEN_SMTP_HOST": "mail.example.org",
        "ELEVEN_SECRET_KEY": "a" * 64,
    }.items():
        monkeypatch.setenv(name, value)
    assert Settings().secure_cookies


@pytest.mark.parametrize("keys", ["", "short", "a" * 64 + ",short", "a" * 64 + ","])
def test_production_refuses_a_weak_key(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("ELEVEN_MODE", "production")
    monkeypatch.setenv("ELEVEN_SECRET_KEY", keys)
    with pytest.raises(UnsafeSettingsError, match="ELEVEN_SECRET_KEY"):
        Settings()


PROVIDER = {
    "ELEVEN_PARTNERSHIP_SIGN_IN": "oidc",
    "ELEVEN_OIDC_DISCOVERY": "https://login.example.org/.well-known/openid-configuration",
    "ELEVEN_OIDC_CLIENT_ID": "eleven",
    "ELEVEN_OIDC_CLIENT_SECRET": "of the provider",
}


def test_a_provider_that_is_named_in_full_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PROVIDER.items():
        monkeypatch.setenv(name, value)
    assert Settings().by_provider


@pytest.mark.parametrize("missing", ["DISCOVERY", "CLIENT_ID", "CLIENT_SECRET"])
def test_a_provider_that_is_named_by_halves_does_not_start(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in PROVIDER.items():
        monkeypatch.setenv(name, "" if name.endswith(missing) else value)
    with pytest.raises(UnsafeSettingsError, match=f"ELEVEN_OIDC_{missing}"):
        Settings()


@pytest.mark.parametrize(
    ("discovery", "words"),
    [
        ("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration", "tenant"),
        ("https://login.microsoftonline.com/Organizations/v2.0/.well-known/openid-configuration", "tenant"),
        ("https://login.microsoftonline.com/consumers/v2.0/.well-known/openid-configuration", "tenant"),
        ("http://login.example.org/.well-known/openid-configuration", "https"),
    ],
)
def test_a_provider_that_anybody_could_use_does_not_start(
    monkeypatch: pytest.MonkeyPatch, discovery: str, words: str
) -> None:
    for name, value in {**PROVIDER, "ELEVEN_OIDC_DISCOVERY": discovery}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeSettingsError, match=words):
        Settings()


def test_one_tenant_of_entra_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the refusals above: the same provider with a tenant of its own."""
    tenant = "https://login.microsoftonline.com/8f1c0f9e-0000-4000-8000-1234567890ab/v2.0"
    for name, value in {
        **PROVIDER,
        "ELEVEN_OIDC_DISCOVERY": f"{tenant}/.well-known/openid-configuration",
    }.items():
        monkeypatch.setenv(name, value)
    assert Settings().by_provider


def test_the_docs_name_every_setting() -> None:
    text = DOCS.read_text("utf-8")
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"ELEVEN_{name.upper()}")
        group, _, last = variable.rpartition("_")
        assert f"`{variable}`" in text or (f"`_{last}`" in text and group in text), variable


STORE = {
    "ELEVEN_S3_ENDPOINT": "https://s3.example.org",
    "ELEVEN_S3_BUCKET": "evidence",
    "ELEVEN_S3_ACCESS_KEY": "key",
    "ELEVEN_S3_SECRET_KEY": "of the key",
}


def test_object_storage_that_is_named_in_full_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELEVEN_EVIDENCE_DIR")
    for name, value in STORE.items():
        monkeypatch.setenv(name, value)
    assert Settings().s3_bucket == "evidence"


@pytest.mark.parametrize("missing", STORE)
def test_object_storage_that_is_named_by_halves_does_not_start(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delenv("ELEVEN_EVIDENCE_DIR")
    for name, value in STORE.items():
        monkeypatch.setenv(name, "" if name == missing else value)
    with pytest.raises(UnsafeSettingsError, match=missing):
        Settings()


def test_evidence_has_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (STORE | {"ELEVEN_EVIDENCE_DIR": "/srv/evidence"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeSettingsError, match="one place"):
        Settings()


@pytest.mark.parametrize("scanner", ["127.0.0.1:3310", "http://clamd", "tcp://", "unix:", "yes"])
def test_a_scanner_that_cannot_be_one_does_not_start(monkeypatch: pytest.MonkeyPatch, scanner: str) -> None:
    monkeypatch.setenv("ELEVEN_SCANNER", scanner)
    with pytest.raises(UnsafeSettingsError, match="ELEVEN_SCANNER"):
        Settings()
    monkeypatch.setenv("ELEVEN_SCANNER", "tcp://clamd:3310")
    assert Settings().scanner == "tcp://clamd:3310"
