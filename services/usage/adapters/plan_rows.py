"""A plan's version as a row of ``plan_version``, there and back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from services.usage.domain.rating import Override
from services.usage.domain.tenants import Bundle, PlanTerms
from shared.ids import PlanId, ProviderId

_JSON = ("class_prices", "class_terms", "bundles")
PLAN_COLUMNS = (
    "minimum_seconds",
    "increment_seconds",
    "included_minutes",
    "price_per_minute",
    *_JSON,
    "rated_by_deck",
    "deck",
    "counts",
    "spend_alert_minor",
    "spend_limit_minor",
    "currency",
)
_ALL = ("provider_id", "plan_id", "version", *PLAN_COLUMNS)
KEEP_PLAN = text(
    f"INSERT INTO plan_version ({', '.join(_ALL)}) VALUES ({', '.join(':' + name for name in _ALL)})"  # noqa: S608 (constants of our own, never input)
    " ON CONFLICT (provider_id, plan_id, version) DO NOTHING"
).bindparams(*(bindparam(name, type_=JSONB) for name in _JSON))


def plan_values(provider_id: ProviderId, terms: PlanTerms) -> dict[str, Any]:
    """The row; decimals as text within JSON."""
    return {
        "provider_id": provider_id,
        "plan_id": terms.plan_id,
        "version": terms.version,
        "minimum_seconds": terms.minimum_seconds,
        "increment_seconds": terms.increment_seconds,
        "included_minutes": terms.included_minutes,
        "price_per_minute": terms.price_per_minute,
        "class_prices": {name: str(price) for name, price in terms.class_prices.items()},
        "class_terms": {name: _override_values(one) for name, one in terms.class_terms.items()},
        "bundles": [
            {
                "name": one.name,
                "classes": list(one.classes),
                "minutes": one.minutes,
                "per_extension": one.per_extension,
                "pooled": one.pooled,
            }
            for one in terms.bundles
        ],
        "rated_by_deck": terms.rated_by_deck,
        "deck": terms.deck,
        "counts": terms.counts,
        "spend_alert_minor": terms.spend_alert_minor,
        "spend_limit_minor": terms.spend_limit_minor,
        "currency": terms.currency,
    }


def _override_values(one: Override) -> dict[str, Any]:
    return {
        "price_per_minute": None if one.price_per_minute is None else str(one.price_per_minute),
        "connect_fee": None if one.connect_fee is None else str(one.connect_fee),
        "minimum_seconds": one.minimum_seconds,
        "increment_seconds": one.increment_seconds,
    }


def _decimal(text_: str | None) -> Decimal | None:
    return None if text_ is None else Decimal(text_)


def read_plan(row: Mapping[str, Any]) -> PlanTerms:
    """The terms of a row of ``plan_version``."""
    return PlanTerms(
        plan_id=PlanId(row["plan_id"]),
        version=row["version"],
        minimum_seconds=row["minimum_seconds"],
        increment_seconds=row["increment_seconds"],
        included_minutes=row["included_minutes"],
        price_per_minute=row["price_per_minute"].normalize(),
        class_prices={name: Decimal(price) for name, price in row["class_prices"].items()},
        rated_by_deck=row["rated_by_deck"],
        deck=row["deck"],
        class_terms={
            name: Override(
                _decimal(one["price_per_minute"]),
                _decimal(one["connect_fee"]),
                one["minimum_seconds"],
                one["increment_seconds"],
            )
            for name, one in row["class_terms"].items()
        },
        bundles=tuple(
            Bundle(one["name"], tuple(one["classes"]), one["minutes"], one["per_extension"], one["pooled"])
            for one in row["bundles"]
        ),
        counts=row["counts"],
        spend_alert_minor=row["spend_alert_minor"],
        spend_limit_minor=row["spend_limit_minor"],
        currency=row["currency"],
    )
