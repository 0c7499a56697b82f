"""Rows of JSON to domain objects and back."""

from datetime import date
from decimal import Decimal
from typing import Any

from services.invoicing.domain.invoices import Draft, Line, Minutes, TaxLine, Totals
from services.invoicing.domain.plans import Included, Plan, Prices
from shared.ids import PlanId
from shared.money import Currency, Money


def plan_to_json(plan: Plan) -> dict[str, Any]:
    return {
        "billing_model": plan.billing_model,
        "currency": plan.currency,
        "monthly_fee": str(plan.monthly_fee.decimal) if plan.monthly_fee is not None else None,
        "included": {
            "extensions": plan.included.extensions,
            "dids": plan.included.dids,
            "minutes": plan.included.minutes,
        },
        "prices": {
            "extension": str(plan.prices.extension),
            "did": str(plan.prices.did),
            "minute": str(plan.prices.minute),
        },
        "minimum_seconds": plan.minimum_seconds,
        "increment_seconds": plan.increment_seconds,
    }


def plan_from_json(plan_id: PlanId, version: int, name: str, body: dict[str, Any]) -> Plan:
    code = Currency(body["currency"])
    fee = body.get("monthly_fee")
    return Plan(
        plan_id=plan_id,
        version=version,
        name=name,
        billing_model=body["billing_model"],
        currency=code,
        monthly_fee=Money.of(fee, code) if fee is not None else None,
        included=Included(**body["included"]),
        prices=Prices(**{key: Decimal(value) for key, value in body["prices"].items()}),
        minimum_seconds=body["minimum_seconds"],
        increment_seconds=body["increment_seconds"],
    )


def totals_to_json(totals: Totals | None) -> dict[str, Any] | None:
    if totals is None:
        return None
    return {
        "revision": totals.revision,
        "extensions_peak": totals.extensions_peak,
        "dids_peak": totals.dids_peak,
        "minutes": [
            {
                "call_class": m.call_class,
                "direction": m.direction,
                "calls": m.calls,
                "billed_seconds": m.billed_seconds,
                "included_seconds": m.included_seconds,
                "charged_seconds": m.charged_seconds,
                "price_per_minute": str(m.price_per_minute),
                "charge": str(m.charge),
            }
            for m in totals.minutes
        ],
    }


def totals_from_json(body: dict[str, Any] | None) -> Totals | None:
    if body is None:
        return None
    return Totals(
        revision=body["revision"],
        extensions_peak=body["extensions_peak"],
        dids_peak=body["dids_peak"],
        minutes=tuple(
            Minutes(
                **{
                    **m,
                    "price_per_minute": Decimal(m["price_per_minute"]),
                    "charge": Decimal(m["charge"]),
                }
            )
            for m in body["minutes"]
        ),
    )


def _amount(money: Money) -> dict[str, Any]:
    return {"minor": money.minor, "currency": money.currency}


def line_to_json(line: Line) -> dict[str, Any]:
    """As the API shows it: minutes to one decimal, unit prices with every digit."""
    quantity = line.quantity.quantize(Decimal("0.1")) if line.unit == "min" else line.quantity
    return {
        "kind": line.kind,
        "description": line.description,
        "quantity": f"{quantity:f}",
        "unit": line.unit,
        "unit_price": f"{line.unit_price:f}",
        "amount": _amount(line.amount),
        "start_date": line.start.isoformat(),
        "end_date": line.end.isoformat(),
        "note": line.note,
        "usage_revision": line.revision,
    }


def tax_to_json(tax: TaxLine) -> dict[str, Any]:
    return {
        "name": tax.name,
        "rate": f"{tax.rate:f}",
        "base": _amount(tax.taxable),
        "amount": _amount(tax.amount),
    }


def draft_to_json(draft: Draft) -> dict[str, Any]:
    return {
        "lines": [line_to_json(line) for line in draft.lines],
        "taxes": [tax_to_json(tax) for tax in draft.taxes],
    }


def day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
