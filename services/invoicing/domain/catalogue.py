"""Providers, plans and tenants as values."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from shared.errors import Invalid
from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

BillingModel = Literal["flat_rate", "pay_as_you_go"]
TenantStatus = Literal["trial", "active", "closed"]
PRICE_PLACES = 6


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in percent that applies to every taxable line."""

    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Brand:
    """``colour`` is #RRGGBB, ``logo`` an SVG or PNG as a data address."""

    name: str
    colour: str
    logo: str | None


@dataclass(frozen=True, slots=True)
class Provider:
    """Who bills. ``terms_days`` from issue to due; the finalisation delay lets stragglers in."""

    provider_id: ProviderId
    slug: str
    legal_name: str
    address: tuple[str, ...]
    tax_id: str | None
    currency: Currency
    country: str
    time_zone: str
    locale: str
    brand: Brand
    billing_email: str
    support_phone: str
    reachable_numbers: tuple[str, ...]
    invoice_prefix: str
    terms_days: int
    finalisation_delay_minutes: int
    created_at: datetime
    taxes: tuple[Tax, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan. Prices in major units with up to 6 places."""

    provider_id: ProviderId
    plan_id: PlanId
    version: int
    name: str
    billing_model: BillingModel
    currency: Currency
    monthly_fee_minor: int | None
    included_extensions: int
    included_dids: int
    included_minutes: int
    price_extension: Decimal
    price_did: Decimal
    price_minute: Decimal
    minimum_seconds: int
    increment_seconds: int

    def __post_init__(self) -> None:
        """Raises ``Invalid`` naming the field."""
        for name in ("extension", "did", "minute"):
            check_price(getattr(self, f"price_{name}"), f"prices.{name}")
        if self.billing_model == "flat_rate" and self.monthly_fee_minor is None:
            raise Invalid(
                "A flat-rate plan needs monthly_fee; write 0 for one that is free.", field="monthly_fee"
            )
        if self.billing_model == "pay_as_you_go" and self.monthly_fee_minor is not None:
            raise Invalid("A pay-as-you-go plan has no monthly_fee; leave it out.", field="monthly_fee")
        if self.monthly_fee_minor is not None and self.monthly_fee_minor < 0:
            raise Invalid("The monthly fee is negative; write 0 or more.", field="monthly_fee")


def check_price(price: Decimal, field: str) -> None:
    """Raises ``Invalid`` for a negative price, or one with more than 6 places (rules of money)."""
    if not price.is_finite() or price < 0:
        raise Invalid(f"{field} is {price}; a price is 0 or more.", field=field)
    if price != price.quantize(Decimal(1).scaleb(-PRICE_PLACES)):
        raise Invalid(f"{field} has more than {PRICE_PLACES} decimal places.", field=field)


@dataclass(frozen=True, slots=True)
class Tenant:
    """Who is billed. ``trial_ends_on`` is the first day that is charged (R44)."""

    tenant_id: TenantId
    provider_id: ProviderId
    slug: str
    name: str
    status: TenantStatus
    plan_id: PlanId
    plan_version: int
    plan_from: date
    opened_on: date
    anchor_day: int
    trial_ends_on: date | None
    country: str
    time_zone: str
    locale: str
    currency: Currency
    address: tuple[str, ...]
    billing_email: str
    admin_email: str
    sip_domain: str
    account_codes: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
