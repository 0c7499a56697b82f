"""The gateway's settings beside those of every service."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from shared.settings import Settings, counts

_STRIPE_JS_HOST = "js.stripe.com"


def origin_of(address: str) -> str:
    """``scheme://host[:port]`` of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class GatewaySettings(Settings):
    """Where the services are, and what the browser may load."""

    usage_url: str = Field(description="base address of the service usage, without a slash at the end")
    invoicing_url: str = Field(description="base address of invoicing")
    payments_url: str = Field(description="base address of payments")
    suspension_url: str = Field(description="base address of suspension")
    notifications_url: str = Field(description="base address of notifications")
    public_url: str = Field(description="the address under which people reach this gateway")
    stripe_publishable_key: str = Field(
        pattern=r"^pk_", description="Stripe's publishable key (pk_…), public by nature"
    )
    stripe_js_url: str = Field(
        "https://js.stripe.com/endive/stripe.js", description="where the page loads Stripe.js from"
    )
    stripe_api_base: str | None = Field(
        None,
        description="Stripe's API as the browser calls it; default: the one that belongs to STRIPE_JS_URL",
    )
    frame_ancestors: str = Field(
        "'none'", description="origins that may frame the page (CSP frame-ancestors), separated by spaces"
    )
    portal_origins: str = Field(
        "", description="origins whose pages may call the API (CORS), like https://portal.example, by spaces"
    )
    webhooks_to_private_addresses: bool = Field(
        False, description="let webhooks go to http:// and to private addresses; for development only"
    )
    requests_per_minute: int = Field(
        600,
        ge=10,
        le=1_000_000,
        description="how many requests one person may send in a minute",
        json_schema_extra=counts("requests"),
    )
    service_deadline_seconds: float = Field(
        3.0, gt=0, le=60, description="how long a service may take to answer a reading request"
    )
    payment_deadline_seconds: float = Field(
        25.0, gt=0, le=120, description="how long payments may take for a change that asks Stripe"
    )

    @field_validator(
        "usage_url",
        "invoicing_url",
        "payments_url",
        "suspension_url",
        "notifications_url",
        "public_url",
        "stripe_js_url",
        "stripe_api_base",
    )
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        # A space or semicolon would end up in the Content-Security-Policy and change its meaning.
        if parts.scheme not in ("http", "https") or not parts.hostname or set(value) & set(" ;,'\"\n\r\t"):
            raise ValueError("must be an address like https://host:port")
        return value.rstrip("/")

    @field_validator("portal_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in value.split():
            if origin_of(origin) != origin or not origin.startswith(("http://", "https://")):
                raise ValueError(f"{origin!r} is no origin; write scheme://host[:port] without a path")
        return value

    @field_validator("frame_ancestors")
    @classmethod
    def _sources(cls, value: str) -> str:
        if any(mark in value for mark in ";,\n\r") or not value.strip():
            raise ValueError("must be 'none' or origins separated by spaces")
        return value

    @model_validator(mode="after")
    def _keys_belong_to_stripe(self) -> Self:
        """A live key with a stand-in's script would send real cards to it."""
        if self.stripe_publishable_key.startswith("pk_live") and not self.uses_stripes_own_script:
            raise ValueError(
                "a live TOLLGATE_STRIPE_PUBLISHABLE_KEY needs TOLLGATE_STRIPE_JS_URL on https://js.stripe.com"
            )
        return self

    @property
    def portals(self) -> tuple[str, ...]:
        """The origins of providers' portals."""
        return tuple(self.portal_origins.split())

    @property
    def uses_stripes_own_script(self) -> bool:
        return origin_of(self.stripe_js_url) == f"https://{_STRIPE_JS_HOST}"

    @property
    def browser_api_origin(self) -> str:
        """The origin that Stripe.js calls from the page."""
        if self.stripe_api_base:
            return origin_of(self.stripe_api_base)
        return "https://api.stripe.com" if self.uses_stripes_own_script else origin_of(self.stripe_js_url)
