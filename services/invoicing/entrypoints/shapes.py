"""What the HTTP interface answers, as plain JSON data."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.discounts import Discount
from services.invoicing.domain.invoices import Draft
from services.invoicing.domain.lines import Line
from services.invoicing.domain.plan_data import terms_data
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.settlement import Invoice
from services.invoicing.domain.taxes import TaxLine
from services.invoicing.use_cases.ports import Coupon, Document
from services.invoicing.use_cases.read_drafts import Drafted
from shared.money import Currency, Money


def amount(minor: int, code: str) -> dict[str, Any]:
    return {"minor": minor, "currency": code}


def money(value: Money) -> dict[str, Any]:
    return amount(value.minor, value.currency)


def plain(value: Decimal) -> str:
    """A decimal without exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def provider(one: Provider) -> dict[str, Any]:
    taxes = [{"name": tax.name, "rate": plain(tax.rate)} for tax in one.taxes]
    return {
        "provider_id": one.provider_id,
        "slug": one.slug,
        "legal_name": one.legal_name,
        "address": one.address,
        "tax_id": one.tax_id,
        "currency": one.currency,
        "country": one.country,
        "time_zone": one.time_zone,
        "locale": one.locale,
        "brand": {"name": one.brand.name, "colour": one.brand.colour, "logo": one.brand.logo},
        "billing_email": one.billing_email,
        "support_phone": one.support_phone,
        "reachable_numbers": one.reachable_numbers,
        "invoice_prefix": one.invoice_prefix,
        "terms_days": one.terms_days,
        "finalisation_delay_minutes": one.finalisation_delay_minutes,
        "tax": taxes[0] if taxes else None,
    }


def plan(one: Plan) -> dict[str, Any]:
    fee = one.monthly_fee_minor
    return {
        "plan_id": one.plan_id,
        "version": one.version,
        "name": one.name,
        "billing_model": one.billing_model,
        "currency": one.currency,
        "monthly_fee": None if fee is None else amount(fee, one.currency),
        "included": {
            "extensions": one.included_extensions,
            "dids": one.included_dids,
            "minutes": one.included_minutes,
        },
        "prices": {
            "extension": plain(one.price_extension),
            "did": plain(one.price_did),
            "minute": plain(one.price_minute),
        },
        "minimum_seconds": one.minimum_seconds,
        "increment_seconds": one.increment_seconds,
        "valid_from": one.valid_from,
        "interval": one.interval,
        "yearly_fee": None if one.yearly_fee_minor is None else amount(one.yearly_fee_minor, one.currency),
        **_terms(one),
    }


def _terms(one: Plan) -> dict[str, Any]:
    """The rest of a plan's terms; amounts of money as elsewhere."""
    terms = terms_data(one)
    for name in ("minimum_commitment", "setup_fee", "spend_alert", "spend_limit"):
        minor = terms.pop(f"{name}_minor")
        terms[name] = None if minor is None else amount(minor, one.currency)
    del terms["yearly_fee_minor"]
    return terms


def discount(one: Discount) -> dict[str, Any]:
    return {
        "discount_id": one.discount_id,
        "name": one.name,
        "percent": None if one.percent is None else plain(one.percent),
        "amount": None if one.amount is None else plain(one.amount),
        "applies_to": one.applies_to,
        "from_date": one.from_date,
        "until_date": one.until_date,
    }


def coupon(one: Coupon) -> dict[str, Any]:
    return {
        "code": one.code,
        "name": one.name,
        "percent": None if one.percent is None else plain(one.percent),
        "amount": None if one.amount is None else plain(one.amount),
        "applies_to": one.applies_to,
        "periods": one.periods,
        "redeem_until": one.redeem_until,
    }


def tenant(one: Tenant) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Tenant.__slots__}


def line(one: Line) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "description": one.description,
        "note": one.detail or "",
        "quantity": plain(one.quantity),
        "unit": one.unit,
        "unit_price": plain(one.unit_price),
        "amount": money(one.amount),
        "start_date": one.start,
        "end_date": one.end,
        "evidence": dict(one.evidence),
    }


def tax(one: TaxLine) -> dict[str, Any]:
    return {
        "name": one.name,
        "rate": plain(one.rate),
        "base": money(one.base),
        "amount": money(one.amount),
        "category": one.category,
        "reason": one.reason,
    }


def draft(one: Draft) -> dict[str, Any]:
    return {
        "lines": [line(each) for each in one.lines],
        "taxes": [tax(each) for each in one.taxes],
        "subtotal": money(one.subtotal),
        "tax": money(one.tax),
        "total": money(one.total),
    }


def drafted(one: Drafted) -> dict[str, Any]:
    """A draft that waits for its issue; no number yet."""
    span = one.period.span
    return {
        "status": "draft",
        "issue_at": one.issue_at,
        "for": one.step,
        "start_date": span.start,
        "end_date": span.end,
        **draft(one.draft),
    }


def empty_draft(code: Currency) -> dict[str, Any]:
    return {"lines": [], "taxes": [], **{name: amount(0, code) for name in ("subtotal", "tax", "total")}}


def invoice_row(one: Invoice, now: datetime) -> dict[str, Any]:
    return {
        "invoice_id": one.invoice_id,
        "number": one.number,
        "issued_on": one.issued_on,
        "due_on": one.due_on,
        "total": amount(one.total_minor, one.currency),
        "paid": amount(one.paid_minor, one.currency),
        "balance": amount(one.balance_minor, one.currency),
        "status": one.status(now),
        "collectable": one.collectable,
        "credited": amount(one.credited_minor, one.currency),
    }


def invoice(document: Document, now: datetime) -> dict[str, Any]:
    one = document.invoice
    by, to = document.parties["by"], document.parties["to"]
    return {
        **invoice_row(one, now),
        "subtotal": amount(one.subtotal_minor, one.currency),
        "tax": amount(one.tax_minor, one.currency),
        "credit_applied": amount(one.credit_applied_minor, one.currency),
        "lines": [{"line_id": position, **line(each)} for position, each in enumerate(document.lines)],
        "taxes": [tax(each) for each in document.taxes],
        "billed_by": {name: by[name] for name in ("name", "address", "tax_id", "email", "phone")},
        "usage_period": document.parties["periods"]["usage"],
        "fee_period": document.parties["periods"]["fee"],
        "billed_to": {name: to[name] for name in ("name", "address", "email")} | {"tax_id": to.get("tax_id")},
    }
