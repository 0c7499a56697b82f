"""Keeps the projection of an invoice, and puts an issued one under auto-pay."""

from dataclasses import replace
from datetime import datetime

from services.payments.domain.invoices import OpenInvoice, merged
from services.payments.use_cases.ports import Work
from services.payments.use_cases.review_plans import review_plans
from shared.errors import Transient
from shared.ids import InvoiceId, TenantId


async def track_invoice(work: Work, told: OpenInvoice, *, issued_at: datetime | None) -> None:
    """Any of invoicing's events about an invoice, in any order, any number of times.

    An issued one is collected automatically when auto-pay was on at its issue and still is (R61). One below the
    card's minimum is collected together with the next (R38). ``issued_at`` is the real time at which invoicing
    announced the issue; None for any other event.
    """
    await work.lock_tenant(told.tenant_id)
    held = await work.invoices.get(told.tenant_id, told.invoice_id)
    invoice = merged(held, told)
    if issued_at is not None and (held is None or held.issued_balance_minor is None):
        invoice = await _under_auto_pay(work, invoice, issued_at)
    await work.invoices.put(invoice)
    await review_plans(work, told.tenant_id)


async def track_credit_note(
    work: Work,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    *,
    balance_minor: int,
    seen_at: datetime,
    told_at: datetime,
) -> None:
    """A credit note says an invoice's new balance. Raises ``Transient`` before the invoice is known."""
    await work.lock_tenant(tenant_id)
    held = await work.invoices.get(tenant_id, invoice_id)
    if held is None:
        raise Transient(f"invoice {invoice_id} is not known yet")
    standing = held.standing if balance_minor > 0 or held.standing == "cancelled" else "paid"
    told = replace(held, balance_minor=balance_minor, standing=standing, seen_at=seen_at, told_at=told_at)
    await work.invoices.put(merged(held, told))
    await review_plans(work, tenant_id)


async def _under_auto_pay(work: Work, invoice: OpenInvoice, issued_at: datetime) -> OpenInvoice:
    auto_pay = await work.methods.auto_pay(invoice.tenant_id)
    if auto_pay is None or not auto_pay.enabled or auto_pay.recorded_at > issued_at:
        return invoice
    if invoice.standing != "open" or invoice.balance_minor <= 0:
        return invoice
    now = await work.now(invoice.provider_id)
    return replace(invoice, auto_pay=True, collect_at=now if invoice.collectable else None)
