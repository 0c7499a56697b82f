"""What metering knows of a tenant: zone, country, plans over time, own numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from shared.ids import PlanId, ProviderId, TenantId

ResourceKind = Literal["extension", "did"]


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """The part of a plan's version that usage rates by; prices in major units per minute."""

    plan_id: PlanId
    version: int
    minimum_seconds: int
    increment_seconds: int
    included_minutes: int
    price_per_minute: Decimal
    class_prices: dict[str, Decimal]

    def price(self, call_class: str) -> Decimal:
        """R5: the class's own price, else the plan's. R7: internal 0 unless priced, emergency always 0."""
        if call_class == "emergency":
            return Decimal(0)
        if call_class == "internal":
            return self.class_prices.get(call_class, Decimal(0))
        return self.class_prices.get(call_class, self.price_per_minute)

    def covers(self, call_class: str) -> bool:
        """Whether included minutes are used by this class: those that would be charged, never free ones."""
        return call_class not in ("internal", "emergency") or call_class in self.class_prices


@dataclass(frozen=True, slots=True)
class PlanFrom:
    """A plan in force from the beginning of a local day on. ``terms`` None: its version is not known here yet."""

    from_date: date
    terms: PlanTerms | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant with its plans, oldest first."""

    provider_id: ProviderId
    tenant_id: TenantId
    country: str
    zone: ZoneInfo
    opened_on: date
    trial_ends_on: date | None
    closed_on: date | None
    plans: Sequence[PlanFrom]

    def plan_on(self, day: date) -> PlanFrom | None:
        """The plan in force on a local day (R8); None before the first."""
        found = None
        for plan in self.plans:
            if plan.from_date <= day:
                found = plan
        return found


@dataclass(frozen=True, slots=True)
class Resource:
    """An extension or a DID (E.164) of a tenant, provisioned in ``[valid_from, valid_to)``."""

    tenant_id: TenantId
    kind: ResourceKind
    value: str
    valid_from: datetime
    valid_to: datetime | None

    def holds_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)
