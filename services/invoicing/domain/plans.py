"""Plans: what a tenant pays for. Plain data in, refusals that name the field."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shared.errors import Invalid
from shared.ids import PlanId
from shared.money import Currency, Money

BillingModel = Literal["flat_rate", "pay_as_you_go"]
MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class Included:
    """What a flat-rate fee covers; zero for pay-as-you-go."""

    extensions: int = 0
    dids: int = 0
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """Per month (extension, DID) and per minute, in major units with up to 6 places."""

    extension: Decimal
    did: Decimal
    minute: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan; it never changes (a change is a new version)."""

    plan_id: PlanId
    version: int
    name: str
    billing_model: BillingModel
    currency: Currency
    monthly_fee: Money | None
    included: Included
    prices: Prices
    minimum_seconds: int = 6
    increment_seconds: int = 6


def _check_price(value: Decimal, field: str) -> None:
    if not value.is_finite() or value < 0:
        raise Invalid(f"{field} is {value}; a price cannot be below zero. Send 0 or more.", field=field)
    places = value.as_tuple().exponent
    if isinstance(places, int) and -places > MOST_PLACES:
        raise Invalid(f"{field} has more than {MOST_PLACES} decimal places; shorten it.", field=field)


def check_plan(plan: Plan) -> None:
    """Raises ``Invalid`` naming the field and what to send instead."""
    for name in ("extension", "did", "minute"):
        _check_price(getattr(plan.prices, name), f"prices.{name}")
    for name in ("extensions", "dids", "minutes"):
        if getattr(plan.included, name) < 0:
            raise Invalid(f"included.{name} is below zero; send 0 or more.", field=f"included.{name}")
    if plan.billing_model == "flat_rate" and plan.monthly_fee is None:
        raise Invalid("A flat-rate plan needs monthly_fee.", field="monthly_fee")
    if plan.billing_model == "pay_as_you_go" and plan.monthly_fee is not None:
        raise Invalid("A pay-as-you-go plan has no monthly_fee; leave it out.", field="monthly_fee")
    if plan.monthly_fee is not None and plan.monthly_fee.minor < 0:
        raise Invalid("monthly_fee is below zero; send 0 or more.", field="monthly_fee")
    if not 1 <= plan.increment_seconds <= 3600 or not 0 <= plan.minimum_seconds <= 3600:
        raise Invalid("minimum_seconds (0 to 3600) or increment_seconds (1 to 3600) is out of range.")
