"""Providers and tenants as values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from services.invoicing.domain.billing_terms import BillingTerms, Registration, TaxProfile
from shared.errors import Invalid
from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

TenantStatus = Literal["trial", "active", "closed"]


# UNCL 5305 as EN 16931 uses it: standard, zero, exempt, reverse charge, not subject to tax. Its K (intra-community
# supply) and G (export) are for goods; telephone service is none.
TaxCategory = Literal["S", "Z", "E", "AE", "O"]


@dataclass(frozen=True, slots=True)
class Tax:
    """A rate in percent that applies to every taxable line, anywhere or in a country or region of it.

    Days are half-open; None is open. ``category`` and ``reason`` say why an applied rate is 0 percent.
    """

    name: str
    rate: Decimal
    country: str | None = None
    region: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    category: TaxCategory | None = None
    reason: str | None = None

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
    # The first day that is not served any more, once that is known.
    ends_on: date | None = None
    # The zone from the next period on, where another one was chosen (R55).
    next_time_zone: str | None = None
    tax: TaxProfile = field(default_factory=TaxProfile)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
