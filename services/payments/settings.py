"""Settings of payments, read once from the environment (prefix ``TOLLGATE_``)."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.settings import Settings, counts, is_web_address

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
    stripe_secrets_file: Path | None = Field(
        None,
        description="file whose lines replace the three keys and secrets of Stripe; read again whenever it changes",
    )
    stripe_calls_in_flight: int = Field(
        20,
        ge=1,
        le=200,
        description="most calls to Stripe at work at once for one account",
        json_schema_extra=counts("calls"),
    )

    @field_validator("stripe_webhook_secret")
    @classmethod
    def _holds_a_secret(cls, value: SecretStr) -> SecretStr:
        if not all(len(part.strip()) >= 8 for part in value.get_secret_value().split(",")):
            raise ValueError("give one secret, or several with a comma between them, of 8 characters or more")
        return value

    @field_validator("stripe_api_base")
    @classmethod
    def _live_keys_go_to_stripe_only(cls, value: str, info: ValidationInfo) -> str:
        if not is_web_address(value):
            raise ValueError("give an address that begins with https:// (or http:// for the simulator)")
        secret = info.data.get("stripe_secret_key")
        publishable = str(info.data.get("stripe_publishable_key", ""))
        live = secret is not None and secret.get_secret_value().startswith(_LIVE)
        if (live or publishable.startswith("pk_live_")) and value.rstrip("/") != STRIPE:
            raise ValueError(f"a live key is set, and a live key is sent to {STRIPE} only")
        return value
