"""Configuration: one table, and a service that says which setting is wrong and stops."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import Field, SecretStr

from deploy import configuration
from deploy.local.environment import SERVICES
from shared.settings import Settings
from tests.architecture.tree import ROOT
from tests.unit.local.test_environment import settings as local_environment

# What an operator could write for a setting of every service, and what the service says then.
WRONG_EVERYWHERE = {
    "DATABASE_URL": ("mysql://u:hunter2@h/db", "must be an address like postgresql://"),
    "BROKER_URL": ("rabbit.example:hunter2", "must be an address like amqp://"),
    "HTTP_PORT": ("eighty", "integer"),
    "INTERNAL_TOKEN": ("long-enough-secret-one,hunter2", "16 characters or more"),
    "OTLP_ENDPOINT": ("collector:4318", "must be an address like http://host:port"),
    "LOG_LEVEL": ("LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    "DATABASE_POOL": ("1", "greater than or equal to 2"),
    "PREFETCH": ("0", "greater than or equal to 1"),
}
WRONG = {
    "usage": {"LATE_WINDOW_DAYS": ("0", "greater than or equal to 1")},
    "invoicing": {
        "USAGE_URL": ("usage:8080", "must be an address like http://host:port"),
        "BILLING_URL": ("portal.example/billing", "pattern"),
    },
    "payments": {
        "STRIPE_SECRET_KEY": ("hunter2", "at least 8 items"),
        "STRIPE_WEBHOOK_SECRET": ("whsec_one_long_enough,hunter2", "8 characters or more"),
        "STRIPE_API_BASE": ("api.stripe.com", "begins with https://"),
        "STRIPE_CALLS_IN_FLIGHT": ("0", "greater than or equal to 1"),
    },
    "suspension": {
        "INVOICING_URL": ("http://", "must be an address like http://host:port"),
        "PUSH_NETWORKS": ("10.0.0.0/8,ten", "'ten' is no network"),
        "SWEEP_SECONDS": ("-1", "greater than 0"),
    },
    "notifications": {
        "SMTP_TLS": ("ssl", "'none', 'starttls' or 'tls'"),
        "MAIL_FROM": ("Billing <a@b.example>", "plain mail address"),
        "SMTP_USER": ("mailer", "TOLLGATE_SMTP_USER and TOLLGATE_SMTP_PASSWORD go together"),
    },
    "gateway": {
        "PUBLIC_URL": ("portal.example", "must be an address like https://host:port"),
        "STRIPE_PUBLISHABLE_KEY": (
            "pk_live_x",
            "TOLLGATE_STRIPE_PUBLISHABLE_KEY needs TOLLGATE_STRIPE_JS_URL",
        ),
        "PORTAL_ORIGINS": ("https://portal.example/path", "is no origin"),
    },
}
CASES = [
    pytest.param(service, name, value, says, id=f"{service}-{name}")
    for service in SERVICES
    for name, (value, says) in {**WRONG_EVERYWHERE, **WRONG[service]}.items()
]


def serve_with(service: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that this service reads from this environment alone."""
    for name in os.environ:
        if name.startswith("TOLLGATE_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return configuration.settings_class(service).from_environment()


def complaint(
    service: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The one line with which the service stops."""
    with pytest.raises(SystemExit) as stopped:
        serve_with(service, environment, monkeypatch)
    assert stopped.value.code == 78
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Settings are wrong: ")
    return line


def test_the_table_in_the_tree_is_that_of_the_classes() -> None:
    """`make docs` writes it."""
    assert (ROOT / configuration.FILE).read_text() == configuration.document(), "run `make docs`"


def test_every_setting_stands_in_the_table_with_its_meaning() -> None:
    """Compared with the fields alone, by another way than the document is made."""
    rows = re.findall(r"^\| `(TOLLGATE_\w+)` \| (.+)$", configuration.document(), re.MULTILINE)
    told = [name for name, _ in rows]
    for service in SERVICES:
        for name, field in configuration.settings_class(service).model_fields.items():
            assert f"TOLLGATE_{name.upper()}" in told
            row = next(cells for told, cells in rows if told == f"TOLLGATE_{name.upper()}")
            assert row.endswith("| secret |") == (
                field.annotation is SecretStr or "SecretStr" in str(field.annotation)
            )


def test_a_number_without_a_unit_or_a_setting_without_a_meaning_is_refused() -> None:
    """So that nobody adds one that an operator has to guess at."""

    class Unitless(Settings):
        batch: int = Field(5, description="how much at once")

    class Meaningless(Settings):
        wait_seconds: float = 5.0

    for incomplete in (Unitless, Meaningless):
        with pytest.raises(configuration.Undescribed):
            configuration.settings_of(incomplete)


@pytest.mark.parametrize(("service", "name", "value", "says"), CASES)
def test_a_wrong_setting_is_named_with_what_is_wrong(
    service: str,
    name: str,
    value: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In one line, without any secret's value, and the process ends."""
    line = complaint(service, {**local_environment(service), f"TOLLGATE_{name}": value}, monkeypatch, capsys)
    assert f"TOLLGATE_{name}" in line
    assert says in line
    assert "hunter2" not in line
    assert line.count("TOLLGATE_") == (1 if "TOLLGATE_" not in says else says.count("TOLLGATE_"))


@pytest.mark.parametrize("service", SERVICES)
def test_each_setting_that_must_be_set_is_missed_by_name(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them in the one line; an empty variable is as good as none."""
    needed = {
        name
        for name, setting in configuration.settings_of(configuration.settings_class(service)).items()
        if setting.default is None
    }
    line = complaint(service, dict.fromkeys(needed, ""), monkeypatch, capsys)
    assert needed == set(re.findall(r"(TOLLGATE_\w+): is not set", line))


@pytest.mark.parametrize("service", SERVICES)
def test_a_key_set_that_is_not_there_stops_the_service(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it nobody could sign in, and the first to notice would be a customer. An address is asked later."""
    missing = {**local_environment(service), "TOLLGATE_AUTH_JWKS": str(tmp_path / "jwks.json")}
    with pytest.raises(SystemExit) as stopped:
        serve_with(service, missing, monkeypatch).stop_without_keys()
    assert stopped.value.code == 78
    assert "TOLLGATE_AUTH_JWKS" in capsys.readouterr().err
    (tmp_path / "jwks.json").write_text('{"keys": []}')
    serve_with(service, missing, monkeypatch).stop_without_keys()
    addressed = {**missing, "TOLLGATE_AUTH_JWKS": "https://issuer.example/jwks.json"}
    serve_with(service, addressed, monkeypatch).stop_without_keys()


def compose_environment(service: str) -> dict[str, str]:
    """What docker-compose.yml gives this service where the operator set nothing."""
    stack: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    given: dict[str, str] = stack["services"][service]["environment"]
    return {name: re.sub(r"\$\{\w+(?::-([^}]*))?\}", r"\1", value) for name, value in given.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_the_compose_file_alone_configures_every_service(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`docker compose up` without any variable gets services that start."""
    serve_with(service, compose_environment(service), monkeypatch)
