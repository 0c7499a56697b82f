"""The settings that service processes get."""

from pathlib import Path

import pytest

from deploy.local.environment import SERVICES, Addresses, Secrets, service_settings, stripe_settings
from deploy.local.errors import LocalError

ADDRESSES = Addresses(
    {service: 20_001 + number for number, service in enumerate(SERVICES)},
    20_010,
    20_011,
    "postgresql://postgres:admin@127.0.0.1:20012/postgres",
    "amqp://tollgate:pw@127.0.0.1:20013/",
    "http://tollgate:pw@127.0.0.1:20014",
)
SECRETS = Secrets("shared-between-the-services", {service: f"pw-{service}" for service in SERVICES})


def settings(service: str) -> dict[str, str]:
    """What this service's process gets, with the simulator as Stripe."""
    stripe = stripe_settings(ADDRESSES.simulator_url, {})
    return service_settings(service, ADDRESSES, SECRETS, stripe, Path("/state/jwks.json"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_gets_its_own_database_and_port(service: str) -> None:
    """No service learns another's password, nor the superuser's."""
    own = settings(service)
    assert (
        f"postgresql://tollgate_{service}:pw-{service}@127.0.0.1:20012/tollgate_{service}"
        == (own["TOLLGATE_DATABASE_URL"])
    )
    assert str(ADDRESSES.service_ports[service]) == own["TOLLGATE_HTTP_PORT"]
    others = [other for other in SERVICES if other != service]
    assert not [
        value for value in own.values() if "admin" in value or any(f"pw-{o}" in value for o in others)
    ]


def test_the_secret_key_goes_to_payments_alone() -> None:
    """The gateway has the publishable key only."""
    holders = [service for service in SERVICES if "TOLLGATE_STRIPE_SECRET_KEY" in settings(service)]
    assert holders == ["payments"]
    assert "TOLLGATE_STRIPE_PUBLISHABLE_KEY" in settings("gateway")


def test_a_real_test_key_turns_the_simulator_off() -> None:
    """The official address is used then."""
    real = {
        "STRIPE_SECRET_KEY": "sk_test_1",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_1",
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
    }
    chosen = stripe_settings(ADDRESSES.simulator_url, real)
    assert (chosen.simulated, chosen.api_base) == (False, "https://api.stripe.com")


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"STRIPE_SECRET_KEY": "sk_live_1"}, "never charges real cards"),
        ({"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_PUBLISHABLE_KEY": "pk_test_1"}, "STRIPE_WEBHOOK_SECRET"),
    ],
)
def test_a_dangerous_or_half_set_key_is_refused(environment: dict[str, str], word: str) -> None:
    """A live key never reaches a local stack; a missing setting is named."""
    with pytest.raises(LocalError, match=word):
        stripe_settings(ADDRESSES.simulator_url, environment)
