"""A plan's richer terms as plain JSON data and back; decimals as strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.invoicing.domain.plans import AddOn, Bundle, ClassTerms, Plan
from services.invoicing.domain.tiers import Tier, Tiers
from shared.money import currency

# Kept in the one column; all else has a column of its own.
TERMS = (
    "yearly_fee_minor",
    "fee_timing",
    "counts",
    "tiers",
    "minimum_commitment_minor",
    "setup_fee_minor",
    "trial_days",
    "add_ons",
    "bundles",
    "class_terms",
    "rated_by_deck",
    "deck",
    "spend_alert_minor",
    "spend_limit_minor",
)
_SIMPLE = tuple(name for name in TERMS if name not in ("tiers", "add_ons", "bundles", "class_terms"))


def terms_data(plan: Plan) -> dict[str, Any]:
    """All terms, as the HTTP interface shows them, too."""
    return {
        **{name: getattr(plan, name) for name in _SIMPLE},
        "tiers": {
            unit: {
                "mode": tiers.mode,
                "steps": [
                    {"up_to": one.up_to, "unit_price": f"{one.unit_price:f}", "flat": f"{one.flat:f}"}
                    for one in tiers.steps
                ],
            }
            for unit, tiers in plan.tiers.items()
        },
        "add_ons": [{"code": one.code, "name": one.name, "price": f"{one.price:f}"} for one in plan.add_ons],
        "bundles": [
            {
                "bundle": one.bundle,
                "classes": list(one.classes),
                "minutes": one.minutes,
                "per_extension": one.per_extension,
                "pooled": one.pooled,
            }
            for one in plan.bundles
        ],
        "class_terms": {name: _class_data(one) for name, one in plan.class_terms.items()},
    }


def _class_data(one: ClassTerms) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in ClassTerms.__slots__}
    return {name: f"{v:f}" if isinstance(v, Decimal) else v for name, v in values.items()}


def _class_terms(data: Mapping[str, Any]) -> ClassTerms:
    decimals = {
        name: None if data[name] is None else Decimal(data[name])
        for name in ("price_per_minute", "connect_fee")
    }
    return ClassTerms(
        **decimals, minimum_seconds=data["minimum_seconds"], increment_seconds=data["increment_seconds"]
    )


def plan_from(columns: Mapping[str, Any], terms: Mapping[str, Any]) -> Plan:
    """A plan of its plain columns and of ``terms_data``; terms that came later may be missing."""
    values = dict(columns)
    values.update({name: terms[name] for name in _SIMPLE if name in terms})
    values["tiers"] = {unit: _tiers(data) for unit, data in terms.get("tiers", {}).items()}
    values["add_ons"] = tuple(
        AddOn(one["code"], one["name"], Decimal(one["price"])) for one in terms.get("add_ons", ())
    )
    values["bundles"] = tuple(
        Bundle(**{**one, "classes": tuple(one["classes"])}) for one in terms.get("bundles", ())
    )
    values["class_terms"] = {name: _class_terms(one) for name, one in terms.get("class_terms", {}).items()}
    return Plan(**values)


def plain_plan(**terms: Any) -> Plan:
    """A plan of plain data: fees in minor units, prices as text or ``Decimal`` major units, terms as ``terms_data``
    has them. Only ``currency`` is needed; what is left out is free, unlimited or absent.

    For whoever asks the pure functions without a catalogue. Raises ``Invalid`` naming the field.
    """
    flat = any(terms.get(name) is not None for name in ("monthly_fee_minor", "yearly_fee_minor"))
    nobody = UUID(int=0)
    values: dict[str, Any] = {
        "provider_id": nobody,
        "plan_id": nobody,
        "version": 1,
        "name": "Plan",
        "billing_model": "flat_rate" if flat else "pay_as_you_go",
        "monthly_fee_minor": None,
        "included_extensions": 0,
        "included_dids": 0,
        "included_minutes": 0,
        "price_extension": 0,
        "price_did": 0,
        "price_minute": 0,
        "minimum_seconds": 6,
        "increment_seconds": 6,
        **{name: value for name, value in terms.items() if name not in TERMS},
    }
    values["currency"] = currency(values["currency"])
    for name in ("price_extension", "price_did", "price_minute"):
        values[name] = Decimal(values[name])
    return plan_from(values, {name: terms[name] for name in TERMS if name in terms})


def _tiers(data: Mapping[str, Any]) -> Tiers:
    steps = tuple(
        Tier(one["up_to"], Decimal(one["unit_price"]), Decimal(one["flat"])) for one in data["steps"]
    )
    return Tiers(data["mode"], steps)
