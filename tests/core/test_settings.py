"""Settings: unsafe ones refuse to start, and the table in the docs names each."""

from pathlib import Path

import pytest

from app.core.settings import Settings, UnsafeSettingsError

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "settings.md"


def test_production_refuses_to_start_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEVEN_MODE", "production")
    with pytest.raises(UnsafeSettingsError) as caught:
        Settings()
    for variable in ("DATABASE_URL", "ELEVEN_PUBLIC_ADDRESS", "ELEVEN_SMTP_HOST"):
        assert variable in str(caught.value)


def test_production_starts_with_safe_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ELEVEN_MODE": "production",
        "DATABASE_URL": "postgresql://db/eleven",
        "ELEVEN_PUBLIC_ADDRESS": "https://eleven.example.org",
        "ELEVEN_SMTP_HOST": "mail.example.org",
    }.items():
        monkeypatch.setenv(name, value)
    assert Settings().secure_cookies


def test_the_docs_name_every_setting() -> None:
    text = DOCS.read_text("utf-8")
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"ELEVEN_{name.upper()}")
        group, _, last = variable.rpartition("_")
        assert f"`{variable}`" in text or (f"`_{last}`" in text and group in text), variable
