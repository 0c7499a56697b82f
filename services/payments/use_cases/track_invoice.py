"""Keeps the projection of an invoice, and puts an issued one under auto-pay."""

from dataclasses import replace
from datetime import datetime

from services.payments.domain.invoices import OpenInvoice, merged
from services.payments.use_cases.ports import Work


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


async def _under_auto_pay(work: Work, invoice: OpenInvoice, issued_at: datetime) -> OpenInvoice:
    auto_pay = await work.methods.auto_pay(invoice.tenant_id)
    if auto_pay is None or not auto_pay.enabled or auto_pay.recorded_at > issued_at:
        return invoice
    if invoice.standing != "open" or invoice.balance_minor <= 0:
        return invoice
    now = await work.now(invoice.provider_id)
    return replace(invoice, auto_pay=True, collect_at=now if invoice.collectable else None)
