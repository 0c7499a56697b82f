"""What the HTTP interface takes for plans and coupons; the plan itself checks what fits together."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from services.invoicing.domain.plans import STANDARD_DECK, AddOn, Bundle, ClassTerms, Plan, TieredUnit
from services.invoicing.domain.tiers import Tier, Tiers
from services.invoicing.entrypoints.bodies import (
    AmountBody,
    Body,
    CurrencyCode,
    Day,
    IncludedBody,
    Price,
    PricesBody,
    Short,
)
from services.invoicing.use_cases.ports import Coupon
from shared.errors import Invalid
from shared.ids import PlanId, ProviderId
from shared.money import Currency

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
# As usage names its decks.
DeckName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]


class TierBody(Body):
    """``up_to`` is left out of the last step. Prices in major units, as strings."""

    up_to: int | None = Field(None, ge=1, le=10**9)
    unit_price: Price
    flat: Price = Decimal(0)


class TiersBody(Body):
    mode: Literal["graduated", "volume"]
    steps: list[TierBody] = Field(min_length=1, max_length=50)


class TiersOfPlan(Body):
    extension: TiersBody | None = None
    did: TiersBody | None = None
    minute: TiersBody | None = None


class AddOnBody(Body):
    code: Code
    name: Short
    price: Price


class BundleBody(Body):
    bundle: Code
    classes: list[Short] = Field(default=[], max_length=100)
    minutes: int = Field(ge=0, le=10**9)
    per_extension: bool = False
    pooled: bool = True


class ClassTermsBody(Body):
    price_per_minute: Price | None = None
    connect_fee: Price | None = None
    minimum_seconds: int | None = Field(None, ge=0, le=3600)
    increment_seconds: int | None = Field(None, ge=1, le=3600)


class PlanBody(Body):
    name: Short
    billing_model: Literal["flat_rate", "pay_as_you_go"]
    currency: CurrencyCode
    monthly_fee: AmountBody | None = None
    yearly_fee: AmountBody | None = None
    fee_timing: Literal["advance", "arrears"] = "advance"
    included: IncludedBody = IncludedBody()
    prices: PricesBody
    counts: Literal["peak", "prorated_days"] = "peak"
    tiers: TiersOfPlan = TiersOfPlan()
    minimum_commitment: AmountBody | None = None
    setup_fee: AmountBody | None = None
    trial_days: int = Field(0, ge=0, le=730)
    add_ons: list[AddOnBody] = Field(default=[], max_length=200)
    bundles: list[BundleBody] = Field(default=[], max_length=50)
    class_terms: dict[Code, ClassTermsBody] = Field(default={}, max_length=100)
    rated_by_deck: bool = False
    deck: DeckName = Field(STANDARD_DECK, description="name of the rate deck, as it was uploaded to usage")
    spend_alert: AmountBody | None = None
    spend_limit: AmountBody | None = None
    minimum_seconds: int = Field(6, ge=0, le=3600)
    increment_seconds: int = Field(6, ge=1, le=3600)


class PlanVersionBody(PlanBody):
    """All terms of the new version; ``valid_from`` is the first day on which new subscriptions and moves take it."""

    valid_from: Day


class CouponBody(Body):
    """``percent`` or ``amount`` (major units, in the provider's currency); ``periods`` left out: forever."""

    code: Code
    name: Short
    percent: Decimal | None = Field(None, max_digits=9, decimal_places=6)
    amount: Price | None = None
    applies_to: Literal["fee", "usage", "all"] = "all"
    periods: int | None = None
    redeem_until: Day | None = None

    def coupon(self) -> Coupon:
        return Coupon(
            self.code,
            self.name,
            self.percent,
            self.amount,
            self.applies_to,
            self.periods,
            self.redeem_until,
        )


def _minor(body: PlanBody, name: str) -> int | None:
    amount: AmountBody | None = getattr(body, name)
    if amount is None:
        return None
    if amount.currency != body.currency:
        words = name.replace("_", " ")
        raise Invalid(f"The {words} is in another currency than the plan.", field=f"{name}.currency")
    return amount.minor


def _tiers(body: TiersOfPlan) -> Mapping[TieredUnit, Tiers]:
    units: dict[TieredUnit, TiersBody | None] = {
        "extension": body.extension,
        "did": body.did,
        "minute": body.minute,
    }
    return {
        unit: Tiers(one.mode, tuple(Tier(step.up_to, step.unit_price, step.flat) for step in one.steps))
        for unit, one in units.items()
        if one is not None
    }


def plan_of_body(provider_id: ProviderId, plan_id: PlanId, body: PlanBody) -> Plan:
    """The first version. Raises ``Invalid`` naming the field."""
    return Plan(
        provider_id=provider_id,
        plan_id=plan_id,
        version=1,
        name=body.name,
        billing_model=body.billing_model,
        currency=Currency(body.currency),
        monthly_fee_minor=_minor(body, "monthly_fee"),
        included_extensions=body.included.extensions,
        included_dids=body.included.dids,
        included_minutes=body.included.minutes,
        price_extension=body.prices.extension,
        price_did=body.prices.did,
        price_minute=body.prices.minute,
        minimum_seconds=body.minimum_seconds,
        increment_seconds=body.increment_seconds,
        yearly_fee_minor=_minor(body, "yearly_fee"),
        fee_timing=body.fee_timing,
        counts=body.counts,
        tiers=_tiers(body.tiers),
        minimum_commitment_minor=_minor(body, "minimum_commitment") or 0,
        setup_fee_minor=_minor(body, "setup_fee") or 0,
        trial_days=body.trial_days,
        add_ons=tuple(AddOn(one.code, one.name, one.price) for one in body.add_ons),
        bundles=tuple(
            Bundle(one.bundle, tuple(one.classes), one.minutes, one.per_extension, one.pooled)
            for one in body.bundles
        ),
        class_terms={
            name: ClassTerms(
                one.price_per_minute, one.connect_fee, one.minimum_seconds, one.increment_seconds
            )
            for name, one in body.class_terms.items()
        },
        rated_by_deck=body.rated_by_deck,
        deck=body.deck,
        spend_alert_minor=_minor(body, "spend_alert"),
        spend_limit_minor=_minor(body, "spend_limit"),
    )
