"""Providers, plans and tenants as values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from services.invoicing.domain.billing_terms import BillingTerms, Registration, TaxProfile
from shared.errors import Invalid
from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

BillingModel = Literal["flat_rate", "pay_as_you_go"]
TenantStatus = Literal["trial", "active", "closed"]
PRICE_PLACES = 6


TaxCategory = Literal["standard", "reverse_charge", "exempt"]


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in percent that applies to every taxable line, anywhere or in a country or region of it.

    Days are half-open; None is open. ``category`` and ``note`` say why an applied rate is 0 percent.
    """

    name: str
    rate: Decimal
    country: str | None = None
    region: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    category: TaxCategory = "standard"
    note: str | None = None

    def __post_init__(self) -> None:
        """Raises ``Invalid`` naming the field."""
        if not (self.rate.is_finite() and 0 <= self.rate <= 100):
            raise Invalid(
                f"The rate of {self.name} is {self.rate} percent; write 0 to 100, like 8.875.",
                field="tax.rate",
            )
        if self.region is not None and self.country is None:
            raise Invalid(
                f"{self.name} names a region without its country; add the country.", field="tax.region"
            )
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise Invalid(f"{self.name} ends before it begins; correct its days.", field="tax.valid_to")


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
    registrations: tuple[Registration, ...] = ()
    billing: BillingTerms = field(default_factory=BillingTerms)

    @property
    def credit_note_prefix(self) -> str:
        return self.billing.credit_note_prefix or f"{self.invoice_prefix}CN"


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
    tax: TaxProfile = field(default_factory=TaxProfile)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
