"""Plans: what a provider sells. A version never changes; a change of a plan is a new version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from services.invoicing.domain.tiers import Tiers, check_tiers
from shared.errors import Invalid
from shared.ids import PlanId, ProviderId
from shared.money import Currency, Money, exponent

BillingModel = Literal["flat_rate", "pay_as_you_go"]
Interval = Literal["month", "year"]
FeeTiming = Literal["advance", "arrears"]
Counts = Literal["peak", "prorated_days"]
TieredUnit = Literal["extension", "did", "minute"]
PRICE_PLACES = 6
STANDARD_DECK = "standard"
# Far above any telephone bill, and far below what the columns and sums can hold.
PRICE_MAX = Decimal(10) ** 9
FEE_MINOR_MAX = 10**12
TRIAL_DAYS_MAX = 730


@dataclass(frozen=True, slots=True)
class Bundle:
    """Minutes included for a set of call classes (R16, R17); no classes: all that would be charged."""

    bundle: str
    classes: tuple[str, ...]
    minutes: int
    per_extension: bool = False
    pooled: bool = True


@dataclass(frozen=True, slots=True)
class ClassTerms:
    """What the plan says about one call class in place of the rate deck (R5)."""

    price_per_minute: Decimal | None = None
    connect_fee: Decimal | None = None
    minimum_seconds: int | None = None
    increment_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class AddOn:
    """A recurring extra at ``price`` major units for one and a month; a tenant has a quantity of it (R18)."""

    code: str
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a plan. Prices in major units with up to 6 places.

    ``monthly_fee_minor`` or ``yearly_fee_minor`` is the fee of a flat-rate plan. ``valid_from``: the first day on
    which new subscriptions and moves take this version; None for the first one.
    """

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
    yearly_fee_minor: int | None = None
    fee_timing: FeeTiming = "advance"
    counts: Counts = "peak"
    tiers: Mapping[TieredUnit, Tiers] = field(default_factory=dict)
    minimum_commitment_minor: int = 0
    setup_fee_minor: int = 0
    trial_days: int = 0
    add_ons: tuple[AddOn, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    class_terms: Mapping[str, ClassTerms] = field(default_factory=dict)
    rated_by_deck: bool = False
    deck: str = STANDARD_DECK
    spend_alert_minor: int | None = None
    spend_limit_minor: int | None = None
    valid_from: date | None = None

    def __post_init__(self) -> None:
        """Raises ``Invalid`` naming the field."""
        for name in ("extension", "did", "minute"):
            check_price(getattr(self, f"price_{name}"), f"prices.{name}")
        _check_fee(self)
        _check_amounts(self)
        _check_parts(self)

    @property
    def interval(self) -> Interval:
        """How often the fee is billed (R20)."""
        return "month" if self.yearly_fee_minor is None else "year"

    @property
    def fee(self) -> Decimal | None:
        """The fee of one interval in major units; None for pay-as-you-go."""
        minor = self.monthly_fee_minor if self.yearly_fee_minor is None else self.yearly_fee_minor
        return None if minor is None else Money(minor, self.currency).decimal

    @property
    def in_advance(self) -> bool:
        """Whether fee and add-ons are billed before their period; pay-as-you-go bills all in arrears."""
        return self.billing_model == "flat_rate" and self.fee_timing == "advance"

    def add_on(self, code: str) -> AddOn | None:
        return next((one for one in self.add_ons if one.code == code), None)


def check_price(price: Decimal, field: str) -> None:
    """Raises ``Invalid`` for a negative or huge price, or one with more than 6 places (rules of money)."""
    if not price.is_finite() or price < 0:
        raise Invalid(f"{field} is {price}; a price is 0 or more.", field=field)
    if price > PRICE_MAX:
        raise Invalid(f"{field} is {price}; a price is at most {PRICE_MAX:,} a unit.", field=field)
    if price != price.quantize(Decimal(1).scaleb(-PRICE_PLACES)):
        raise Invalid(f"{field} has more than {PRICE_PLACES} decimal places.", field=field)


def check_fee(minor: int, field: str) -> None:
    """Raises ``Invalid`` for a negative or huge amount of minor units."""
    words = field.replace("_", " ")
    if minor < 0:
        raise Invalid(f"The {words} is negative; write 0 or more.", field=field)
    if minor > FEE_MINOR_MAX:
        raise Invalid(f"The {words} is above {FEE_MINOR_MAX:,} minor units; check the amount.", field=field)


def _check_fee(plan: Plan) -> None:
    fees = {"monthly_fee": plan.monthly_fee_minor, "yearly_fee": plan.yearly_fee_minor}
    given = {name: minor for name, minor in fees.items() if minor is not None}
    if plan.billing_model == "flat_rate" and not given:
        raise Invalid(
            "A flat-rate plan needs monthly_fee or yearly_fee; write 0 for one that is free.",
            field="monthly_fee",
        )
    if plan.billing_model == "pay_as_you_go" and given:
        name = next(iter(given))
        raise Invalid(f"A pay-as-you-go plan has no {name}; leave it out.", field=name)
    if len(given) > 1:
        raise Invalid(
            "A plan has a monthly fee or a yearly fee; make two plans to offer both.", field="yearly_fee"
        )
    for name, minor in given.items():
        check_fee(minor, name)


def _check_amounts(plan: Plan) -> None:
    check_fee(plan.minimum_commitment_minor, "minimum_commitment")
    check_fee(plan.setup_fee_minor, "setup_fee")
    for name, minor in (("spend_alert", plan.spend_alert_minor), ("spend_limit", plan.spend_limit_minor)):
        if minor is not None and minor <= 0:
            raise Invalid(f"{name} must be above 0; leave it out for none.", field=name)
    if not 0 <= plan.trial_days <= TRIAL_DAYS_MAX:
        raise Invalid(f"trial_days must be 0 to {TRIAL_DAYS_MAX}.", field="trial_days")


def _check_parts(plan: Plan) -> None:
    for unit, tiers in plan.tiers.items():
        check_tiers(tiers, f"tiers.{unit}")
        for step in tiers.steps:
            check_price(step.unit_price, f"tiers.{unit}.unit_price")
            check_price(step.flat, f"tiers.{unit}.flat")
            if step.flat != step.flat.quantize(Decimal(1).scaleb(-exponent(plan.currency))):
                raise Invalid(
                    f"The flat part of tiers.{unit} has fractions of a minor unit of {plan.currency}.",
                    field=f"tiers.{unit}.flat",
                )
    if "minute" in plan.tiers and (plan.rated_by_deck or plan.class_terms):
        raise Invalid(
            "Minutes have tiers or prices by class and deck, not both; leave one of them out.",
            field="tiers.minute",
        )
    codes = [one.code for one in plan.add_ons]
    if len(set(codes)) != len(codes):
        raise Invalid("Two add-ons have the same code; give each its own.", field="add_ons")
    for one in plan.add_ons:
        check_price(one.price, f"add_ons.{one.code}.price")
    names = [one.bundle for one in plan.bundles]
    if len(set(names)) != len(names):
        raise Invalid("Two bundles have the same name; give each its own.", field="bundles")
    for name, terms in plan.class_terms.items():
        for what in (terms.price_per_minute, terms.connect_fee):
            if what is not None:
                check_price(what, f"class_terms.{name}")
