"""What the provider API takes, checked and described."""

import base64
import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.invoicing.domain.plans import Included, Plan, Prices
from shared.ids import PlanId
from shared.money import Money, currency

MOST_LOGO_BYTES = 200_000
_LOGO = re.compile(r"data:image/(svg\+xml|png)(;utf8|;charset=utf-8|;base64)?,", re.IGNORECASE)


def _known_currency(code: str) -> str:
    return currency(code)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is not a time zone; write it like America/New_York")
    ZoneInfo(name)
    return name


def _image(logo: str) -> str:
    found = _LOGO.match(logo)
    if found is None:
        raise ValueError("must be a data: address of an SVG or PNG image")
    if found[1].lower() == "png":
        raw = base64.b64decode(logo[found.end() :], validate=True)
        if not raw.startswith(b"\x89PNG\r\n\x1a\n"):
            raise ValueError("is not a PNG image")
    elif "<svg" not in logo and (found[2] or "").lower() != ";base64":
        raise ValueError("is not an SVG image")
    return logo


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]
AddressLine = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s<>]{1,64}@[^@\s<>]{1,190}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{3,14}$")]
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
Zone = Annotated[str, AfterValidator(_known_zone)]
Price = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=13, decimal_places=6)]


class Body(BaseModel):
    """A typing mistake in a field's name is an error, not a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandBody(Body):
    name: Name
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
    logo: Annotated[str, StringConstraints(max_length=MOST_LOGO_BYTES), AfterValidator(_image)] | None = None


class TaxBody(Body):
    name: Name
    rate: Annotated[Decimal, Field(ge=0, le=100, decimal_places=6, description="percent")]


class ProviderBody(Body):
    """A provider's settings."""

    slug: Slug
    legal_name: Name
    address: list[AddressLine] = Field(default_factory=list, max_length=6)
    tax_id: Name | None = None
    currency: CurrencyCode
    country: Country
    time_zone: Zone
    locale: Locale = "en-US"
    brand: BrandBody
    billing_email: Email
    support_phone: E164
    reachable_numbers: list[E164] = Field(default_factory=list, max_length=20)
    invoice_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,8}$")]
    terms_days: Annotated[int, Field(ge=0, le=120)] = 14
    finalisation_delay_minutes: Annotated[int, Field(ge=0, le=7 * 24 * 60)] = 60
    tax: TaxBody | None = None

    def settings(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


class IncludedBody(Body):
    extensions: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    dids: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    minutes: Annotated[int, Field(ge=0, le=100_000_000)] = 0


class PricesBody(Body):
    extension: Price
    did: Price
    minute: Price


class PlanBody(Body):
    """A plan; prices in major units with up to 6 places, as strings."""

    name: Name
    billing_model: Literal["flat_rate", "pay_as_you_go"]
    currency: CurrencyCode
    monthly_fee: Annotated[Decimal, Field(ge=0, le=10_000_000)] | None = None
    included: IncludedBody = IncludedBody()
    prices: PricesBody
    minimum_seconds: Annotated[int, Field(ge=0, le=3600)] = 6
    increment_seconds: Annotated[int, Field(ge=1, le=3600)] = 6

    def plan(self, plan_id: PlanId) -> Plan:
        """Raises ``Invalid`` for a fee with fractions of a cent."""
        code = currency(self.currency)
        return Plan(
            plan_id=plan_id,
            version=1,
            name=self.name,
            billing_model=self.billing_model,
            currency=code,
            monthly_fee=Money.of(self.monthly_fee, code) if self.monthly_fee is not None else None,
            included=Included(**self.included.model_dump()),
            prices=Prices(**self.prices.model_dump()),
            minimum_seconds=self.minimum_seconds,
            increment_seconds=self.increment_seconds,
        )


class TenantBody(Body):
    """A tenant to open."""

    slug: Slug
    name: Name
    plan_id: PlanId
    opened_on: date
    anchor_day: Annotated[int, Field(ge=1, le=31)] = 1
    trial_ends_on: date | None = None
    country: Country
    time_zone: Zone
    locale: Locale = "en-US"
    address: list[AddressLine] = Field(default_factory=list, max_length=6)
    billing_email: Email
    admin_email: Email
    sip_domain: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
    account_codes: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=50
    )


class AmountBody(Body):
    minor: Annotated[int, Field(gt=0, le=10**12)]
    currency: CurrencyCode


class ChargeBody(Body):
    """A one-time charge for the next invoice."""

    description: Name
    amount: AmountBody
    on: date


class ClockBody(Body):
    """Where the test clock is put."""

    now: AwareDatetime


class AdvanceBody(Body):
    """Where the test clock goes."""

    to: AwareDatetime
