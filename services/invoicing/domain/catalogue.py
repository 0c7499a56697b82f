"""Providers and tenants as values."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from shared.ids import PlanId, ProviderId, TenantId
from shared.money import Currency

TenantStatus = Literal["trial", "active", "closed"]


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

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
