"""Events that payments hears, each to its use case."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.payments.domain.invoices import OpenInvoice, Standing
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.collect_invoice import invoice_trace
from services.payments.use_cases.keep_tenant import close_tenant, keep_tenant
from services.payments.use_cases.ports import Work
from services.payments.use_cases.track_invoice import track_credit_note, track_invoice
from shared.events import invoicing
from shared.events.envelope import Envelope, Event

AnyTenant = invoicing.TenantOpened | invoicing.TenantChanged
AnyInvoice = (
    invoicing.InvoiceIssued
    | invoicing.InvoicePartiallyPaid
    | invoicing.InvoicePaid
    | invoicing.InvoiceOverdue
    | invoicing.InvoiceCancelled
    | invoicing.InvoiceReopened
)


async def on_clock(work: Work, event: invoicing.ClockAdvanced, _: Envelope) -> None:
    await work.advance_clock(event.provider_id, event.now)


async def on_provider(work: Work, event: invoicing.ProviderChanged, _: Envelope) -> None:
    await work.accounts.know(event.provider_id)


async def on_tenant(work: Work, event: AnyTenant, envelope: Envelope) -> None:
    told = Tenant(
        provider_id=event.provider_id,
        tenant_id=event.tenant_id,
        name=event.name,
        email=event.billing_email,
        time_zone=event.time_zone,
        seen_at=envelope.time,
        rank=0 if isinstance(event, invoicing.TenantOpened) else 1,
    )
    await keep_tenant(work, told)


async def on_tenant_closed(work: Work, event: invoicing.TenantClosed, _: Envelope) -> None:
    await close_tenant(work, event.provider_id, event.tenant_id)


async def on_invoice(work: Work, event: AnyInvoice, envelope: Envelope) -> None:
    issued = isinstance(event, invoicing.InvoiceIssued)
    told = OpenInvoice(
        provider_id=event.provider_id,
        tenant_id=event.tenant_id,
        invoice_id=event.invoice_id,
        number=event.number,
        currency=event.currency,
        total_minor=event.total_minor,
        balance_minor=event.balance_minor,
        due_on=event.due_on,
        collectable=event.collectable,
        standing=_standing(event),
        seen_at=envelope.time,
        issued_balance_minor=event.balance_minor if issued else None,
        told_at=envelope.sent_at,
    )
    if issued:
        # Auto-pay collects in a loop of its own, in the same trace.
        await work.remember_trace(event.provider_id, invoice_trace(event.invoice_id))
    await track_invoice(work, told, issued_at=envelope.sent_at if issued else None)


async def on_credit_note(work: Work, event: invoicing.CreditNoteIssued, envelope: Envelope) -> None:
    await track_credit_note(
        work,
        event.tenant_id,
        event.invoice_id,
        balance_minor=event.balance_minor,
        seen_at=envelope.time,
        told_at=envelope.sent_at,
    )


def _standing(event: AnyInvoice) -> Standing:
    if isinstance(event, invoicing.InvoiceCancelled):
        return "cancelled"
    return "paid" if event.balance_minor <= 0 else "open"


HANDLERS: Mapping[type[Event], Callable[[Any, Any, Envelope], Awaitable[None]]] = {
    invoicing.ClockAdvanced: on_clock,
    invoicing.ProviderChanged: on_provider,
    invoicing.TenantOpened: on_tenant,
    invoicing.TenantChanged: on_tenant,
    invoicing.TenantClosed: on_tenant_closed,
    invoicing.InvoiceIssued: on_invoice,
    invoicing.InvoicePartiallyPaid: on_invoice,
    invoicing.InvoicePaid: on_invoice,
    invoicing.InvoiceOverdue: on_invoice,
    invoicing.InvoiceCancelled: on_invoice,
    invoicing.InvoiceReopened: on_invoice,
    invoicing.CreditNoteIssued: on_credit_note,
}
