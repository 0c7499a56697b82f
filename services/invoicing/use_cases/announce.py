"""The events of invoicing, made from its rows."""

from datetime import datetime
from typing import Any

from services.invoicing.domain.plans import Plan
from services.invoicing.use_cases.ports import InvoiceRow, Provider, Tenant
from shared.events import invoicing as events

InvoiceEvent = (
    type[events.InvoiceIssued]
    | type[events.InvoicePaid]
    | type[events.InvoicePartiallyPaid]
    | type[events.InvoiceOverdue]
)


def provider_changed(provider: Provider) -> events.ProviderChanged:
    raw = provider.raw
    return events.ProviderChanged(
        provider_id=provider.provider_id,
        slug=provider.slug,
        legal_name=raw["legal_name"],
        address=tuple(raw["address"]),
        tax_id=raw.get("tax_id"),
        currency=provider.currency,
        country=raw["country"],
        time_zone=raw["time_zone"],
        locale=raw["locale"],
        brand=events.Brand(**raw["brand"]),
        billing_email=raw["billing_email"],
        support_phone=raw["support_phone"],
        reachable_numbers=tuple(raw.get("reachable_numbers", ())),
    )


def plan_changed(provider: Provider, plan: Plan) -> events.PlanChanged:
    return events.PlanChanged(
        provider_id=provider.provider_id,
        plan_id=plan.plan_id,
        version=plan.version,
        name=plan.name,
        billing_model=plan.billing_model,
        currency=plan.currency,
        minimum_seconds=plan.minimum_seconds,
        increment_seconds=plan.increment_seconds,
        included_minutes=plan.included.minutes,
        price_per_minute=plan.prices.minute,
    )


def tenant_fields(tenant: Tenant, currency: str) -> dict[str, Any]:
    """What both tenant events carry."""
    raw = tenant.raw
    return {
        "provider_id": tenant.provider_id,
        "tenant_id": tenant.tenant_id,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": tenant.status,
        "country": raw["country"],
        "time_zone": raw["time_zone"],
        "locale": raw["locale"],
        "currency": currency,
        "address": tuple(raw.get("address", ())),
        "billing_email": raw["billing_email"],
        "admin_email": raw["admin_email"],
        "sip_domain": raw["sip_domain"],
        "account_codes": tuple(raw.get("account_codes", ())),
        "plan_id": tenant.plan_id,
        "plan_version": tenant.plan_version,
        "plan_from": tenant.opened_on,
        "opened_on": tenant.opened_on,
        "trial_ends_on": tenant.trial_ends_on,
    }


def invoice_event(kind: InvoiceEvent, invoice: InvoiceRow) -> Any:
    return kind(
        provider_id=invoice.provider_id,
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.invoice_id,
        number=invoice.number,
        currency=invoice.currency,
        total_minor=invoice.total_minor,
        paid_minor=invoice.paid_minor,
        balance_minor=invoice.balance_minor,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        overdue_at=invoice.overdue_at,
        collectable=invoice.collectable,
    )


def emit_paid_state(work: Any, invoice: InvoiceRow, now: datetime) -> None:
    """Paid, or partially paid; nothing for an invoice that no money reached."""
    if invoice.balance_minor == 0:
        work.emit(invoice_event(events.InvoicePaid, invoice), time=now)
    elif invoice.paid_minor > 0:
        work.emit(invoice_event(events.InvoicePartiallyPaid, invoice), time=now)
