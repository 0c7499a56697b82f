"""The settings of every service process on one machine (all prefixed TOLLGATE_)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import tokens
from deploy.local.databases import service_url
from deploy.local.errors import LocalError

SERVICES = ("usage", "invoicing", "payments", "suspension", "notifications", "gateway")
BILLING_PATH = "/billing"
STRIPE_JS_PATH = "/endive/stripe.js"
WEBHOOK_PATH = "/v1/webhooks/stripe"


@dataclass(frozen=True)
class StripeSettings:
    """Which Stripe the stack talks to: the simulator of this machine, or a real account in test mode."""

    secret_key: str
    publishable_key: str
    webhook_secret: str
    api_base: str
    js_url: str
    simulated: bool


def stripe_settings(simulator_url: str, environment: Mapping[str, str] = os.environ) -> StripeSettings:
    """The real account whose test key is in the environment, else the simulator.

    Raises LocalError on a live key, and on a test key without the two settings that go with it.
    """
    key = environment.get("STRIPE_SECRET_KEY", "")
    if not key:
        return StripeSettings(
            secret_key="sk_test_tollgate_development",  # noqa: S106  opens nothing but the simulator
            publishable_key="pk_test_tollgate_development",
            webhook_secret="whsec_tollgate_development",  # noqa: S106  signs nothing but the simulator's events
            api_base=simulator_url,
            js_url=simulator_url + STRIPE_JS_PATH,
            simulated=True,
        )
    if not key.startswith(("sk_test_", "rk_test_")):
        raise LocalError(
            "STRIPE_SECRET_KEY is not a test key (sk_test_…): a local stack never charges real cards"
        )
    missing = [
        name for name in ("STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET") if not environment.get(name)
    ]
    if missing:
        raise LocalError(
            f"STRIPE_SECRET_KEY is set, but not {' and '.join(missing)}: set both, or unset the key"
        )
    return StripeSettings(
        secret_key=key,
        publishable_key=environment["STRIPE_PUBLISHABLE_KEY"],
        webhook_secret=environment["STRIPE_WEBHOOK_SECRET"],
        api_base=environment.get("STRIPE_API_BASE", "https://api.stripe.com"),
        js_url=environment.get("STRIPE_JS_URL", "https://js.stripe.com/endive/stripe.js"),
        simulated=False,
    )


@dataclass(frozen=True)
class Addresses:
    """Where everything of one stack listens. Ports are on the loopback address."""

    service_ports: Mapping[str, int]
    simulator_port: int
    smtp_port: int
    postgres_admin_url: str
    broker_url: str
    management_url: str

    def base_url(self, service: str) -> str:
        """http://127.0.0.1:port, without a slash at the end."""
        return f"http://127.0.0.1:{self.service_ports[service]}"

    @property
    def simulator_url(self) -> str:
        """The Stripe simulator's base address."""
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def billing_page(self) -> str:
        """What a person opens in a browser."""
        return self.base_url("gateway") + BILLING_PATH


@dataclass(frozen=True)
class Secrets:
    """What only this stack's processes know."""

    internal_token: str
    database_passwords: Mapping[str, str]


def service_settings(
    service: str, addresses: Addresses, secrets: Secrets, stripe: StripeSettings, jwks: Path
) -> dict[str, str]:
    """The environment of one service's process; its other services' addresses are in every one."""
    settings = {
        "DATABASE_URL": service_url(
            addresses.postgres_admin_url, service, secrets.database_passwords[service]
        ),
        "BROKER_URL": addresses.broker_url,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(addresses.service_ports[service]),
        "INTERNAL_TOKEN": secrets.internal_token,
        "AUTH_ISSUER": tokens.ISSUER,
        "AUTH_AUDIENCE": tokens.AUDIENCE,
        "AUTH_JWKS": str(jwks),
        "LOG_LEVEL": os.environ.get("TOLLGATE_LOG_LEVEL", "INFO"),
        "OTLP_ENDPOINT": os.environ.get("TOLLGATE_OTLP_ENDPOINT", ""),
    }
    for other in SERVICES:
        if other not in (service, "gateway"):
            settings[f"{other.upper()}_URL"] = addresses.base_url(other)
    if service == "payments":
        settings |= {
            "STRIPE_SECRET_KEY": stripe.secret_key,
            "STRIPE_PUBLISHABLE_KEY": stripe.publishable_key,
            "STRIPE_WEBHOOK_SECRET": stripe.webhook_secret,
            "STRIPE_API_BASE": stripe.api_base,
        }
    if service == "gateway":
        settings |= {
            "STRIPE_PUBLISHABLE_KEY": stripe.publishable_key,
            "STRIPE_JS_URL": stripe.js_url,
            "PUBLIC_URL": addresses.base_url("gateway"),
            # The demonstration's client is one person who does a month in a minute.
            "REQUESTS_PER_MINUTE": "60000",
        }
    if service == "notifications":
        settings |= {
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(addresses.smtp_port),
            "SMTP_TLS": "none",
            "MAIL_FROM": "billing@tollgate.example",
            "BILLING_URL": addresses.billing_page,
        }
    return {f"TOLLGATE_{name}": value for name, value in settings.items() if value}


def simulator_settings(addresses: Addresses, stripe: StripeSettings, folder: Path) -> dict[str, str]:
    """The environment of the Stripe simulator's process."""
    return {
        "STRIPE_SIMULATOR_HOST": "127.0.0.1",
        "STRIPE_SIMULATOR_PORT": str(addresses.simulator_port),
        "STRIPE_SIMULATOR_WEBHOOK_URL": addresses.base_url("payments") + WEBHOOK_PATH,
        "STRIPE_SIMULATOR_WEBHOOK_SECRET": stripe.webhook_secret,
        "STRIPE_SIMULATOR_STATE": str(folder),
    }
