"""What metering knows of a tenant: zone, country, plans over time, own numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from services.usage.domain.rating import Override, RateTerms, Tariff, override
from shared.ids import PlanId, ProviderId, TenantId

PlanKey = tuple[PlanId, int]
ResourceKind = Literal["extension", "did"]


# Free unless a plan prices them (R7); emergency calls always are.
FREE_CLASSES = ("internal", "emergency")


@dataclass(frozen=True, slots=True)
class Bundle:
    """Minutes that a plan includes for some classes; none named: all that would be charged (R16)."""

    name: str
    classes: tuple[str, ...]
    minutes: int
    per_extension: bool = False
    pooled: bool = True


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """The part of a plan's version that usage rates by; prices in major units per minute, limits in minor units."""

    plan_id: PlanId
    version: int
    minimum_seconds: int
    increment_seconds: int
    included_minutes: int
    price_per_minute: Decimal
    class_prices: Mapping[str, Decimal]
    rated_by_deck: bool = False
    deck: str = "standard"
    class_terms: Mapping[str, Override] = field(default_factory=dict)
    bundles: tuple[Bundle, ...] = ()
    counts: str = "peak"
    spend_alert_minor: int | None = None
    spend_limit_minor: int | None = None
    currency: str = "USD"

    @property
    def key(self) -> PlanKey:
        return self.plan_id, self.version

    def all_bundles(self) -> tuple[Bundle, ...]:
        """The plan's bundles and its included minutes, which are one of every charged class."""
        whole = Bundle("included", (), self.included_minutes)
        return (*self.bundles, whole) if self.included_minutes else self.bundles

    @property
    def has_own_minutes(self) -> bool:
        """Whether some included minutes are one extension's alone, so that it matters which one talked."""
        return bool(self.bundles) and any(
            bundle.per_extension and not bundle.pooled for bundle in self.bundles
        )

    def own_price(self, call_class: str) -> Decimal | None:
        """What the plan itself says a minute of a class costs."""
        terms = self.class_terms.get(call_class)
        if terms is not None and terms.price_per_minute is not None:
            return terms.price_per_minute
        return self.class_prices.get(call_class)

    def terms_of(self, call_class: str, row: RateTerms | None) -> RateTerms | None:
        """How a call of a class is priced: the deck's row with the plan's figures in their place (R5).

        ``row`` None: no deck row. Then the plan's own price, else its general one where it is not rated by deck;
        internal calls 0 unless priced, emergency always 0 (R7). None: there is no rate.
        """
        own = self.own_price(call_class)
        by = self.class_terms.get(call_class, Override())
        by = Override(own, by.connect_fee, by.minimum_seconds, by.increment_seconds)
        if call_class == "emergency":
            row, by = (
                RateTerms(Tariff(Decimal(0))),
                Override(None, None, by.minimum_seconds, by.increment_seconds),
            )
        elif call_class == "internal":
            row = RateTerms(Tariff(Decimal(0)))
        elif row is None and not self.rated_by_deck:
            row = RateTerms(Tariff(self.price_per_minute))
        elif row is None and own is not None:
            row = RateTerms(Tariff(own))
        if row is None:
            return None
        return override(row, by, self.minimum_seconds, self.increment_seconds)

    def uses_included(self, call_class: str, *, costs: bool) -> bool:
        """Whether included minutes are used by such calls: those that would be charged, never free ones.

        ``costs``: by a deck, what has a price. Without one, every class but free ones, as long as the plan does not
        price them.
        """
        if call_class == "emergency":
            return False
        if self.rated_by_deck:
            return costs
        return call_class not in FREE_CLASSES or self.own_price(call_class) is not None


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
    # Day of the month on which periods begin; None: not told yet.
    anchor_day: int | None = None

    def plan_on(self, day: date) -> PlanFrom | None:
        """The plan in force on a local day (R8); None before the first."""
        found = None
        for plan in self.plans:
            if plan.from_date <= day:
                found = plan
        return found

    def terms_on(self, day: date) -> PlanTerms | None:
        """The terms in force on a local day; None without a plan, or while its version is not known."""
        plan = self.plan_on(day)
        return None if plan is None else plan.terms


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
