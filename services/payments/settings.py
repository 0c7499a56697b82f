"""Settings of payments, read once from the environment (prefix ``TOLLGATE_``)."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from shared.settings import Settings

STRIPE = "https://api.stripe.com"
_LIVE = ("sk_live_", "rk_live_")


class PaymentsSettings(Settings):
    """What every service has, and Stripe."""

    stripe_secret_key: SecretStr = Field(
        min_length=8, description="secret (or restricted) key of the platform's account"
    )
    stripe_publishable_key: str = Field(min_length=8, description="publishable key; browsers get it")
    stripe_webhook_secret: SecretStr = Field(
        min_length=8, description="webhook secret; several, comma separated, while one is rotated"
    )
    stripe_api_base: str = Field(STRIPE, description="Stripe's API, or the simulator's address")

    @model_validator(mode="after")
    def _live_keys_only_to_stripe(self) -> Self:
        key = self.stripe_secret_key.get_secret_value()
        live = key.startswith(_LIVE) or self.stripe_publishable_key.startswith("pk_live_")
        if live and self.stripe_api_base.rstrip("/") != STRIPE:
            raise ValueError(
                f"TOLLGATE_STRIPE_API_BASE is not {STRIPE}, but a live key is set: a live key is sent to Stripe only"
            )
        if urlsplit(self.stripe_api_base).scheme not in ("http", "https"):
            raise ValueError(
                "TOLLGATE_STRIPE_API_BASE must be an address that begins with http:// or https://"
            )
        if not any(part.strip() for part in self.stripe_webhook_secret.get_secret_value().split(",")):
            raise ValueError("TOLLGATE_STRIPE_WEBHOOK_SECRET holds no secret")
        return self
