"""compose.yaml and its settings: locked down, and no value from outside has a default."""

import re

from app.core.settings import Settings
from tests.conftest import ROOT
from tests.packaging.compose_file import compose, own_services


def test_every_service_is_locked_down() -> None:
    services = compose()["services"]
    assert set(services) == {"db", "migrate", "web", "worker", "proxy"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}, name
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert [
        name for name, service in services.items() if "db" not in name and "inside" in service["networks"]
    ] == [
        "migrate",
        "web",
        "worker",
    ]
    assert compose()["networks"]["inside"] == {"internal": True}


def test_no_password_and_no_other_value_from_outside_has_a_default() -> None:
    text = (ROOT / "compose.yaml").read_text()
    taken = re.findall(r"\$\{(\w+)([^}]*)\}", text)
    assert all(re.match(r":\?.{10,}", rest) for _, rest in taken), "${NAME:?what to do} and nothing else"
    given = {
        name: value
        for service in compose()["services"].values()
        for name, value in service["environment"].items()
    }
    assert all(not value or value.startswith("${") for name, value in given.items() if "PASSWORD" in name)
    for service in own_services():
        assert re.fullmatch(
            r"postgresql://eleven(_web)?@db:5432/eleven", service["environment"]["DATABASE_URL"]
        )
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "docs/env.example").read_text(), re.MULTILINE))
    assert set(example.values()) == {""}
    assert set(example) == {name for name, _ in taken}


def test_every_setting_of_the_example_is_a_setting_of_the_program() -> None:
    names = set(re.findall(r"^(?:# )?(ELEVEN_\w+)=", (ROOT / "docs/env.example").read_text(), re.MULTILINE))
    assert "ELEVEN_SMTP_PASSWORD" in names
    assert {name.removeprefix("ELEVEN_").lower() for name in names} <= set(Settings.model_fields)
