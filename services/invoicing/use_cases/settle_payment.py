"""Money came: invoices are paid, what is left over becomes account credit (R52)."""

from collections.abc import Mapping
from datetime import datetime

from services.invoicing.domain.settlement import Credit, Invoice, allocate, payment_postings
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.ports import Work
from shared.errors import Permanent, Transient
from shared.events.invoicing import InvoicePaid, InvoicePartiallyPaid
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def settle_payment(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    payment_id: PaymentId,
    received: Money,
    wanted: Mapping[InvoiceId, int],
    at: datetime,
) -> None:
    """Allocates a payment once, under the tenant's lock, checked against the balances of now.

    Raises ``Transient`` while an invoice is unknown here; ``Permanent`` for another currency.
    """
    await work.lock_tenant(tenant_id)
    for invoice_id in wanted:
        found = await work.invoices.get(tenant_id, invoice_id)
        if found is None:
            raise Transient(f"payment {payment_id} names invoice {invoice_id}, which is not known here")
        if found.currency != received.currency:
            raise Permanent(f"payment {payment_id} is in {received.currency}, {found.number} is not")
    if not await work.account.receive(
        provider_id, tenant_id, payment_id, received.minor, received.currency, at
    ):
        return
    open_invoices = [one for one in await work.invoices.open(tenant_id) if one.currency == received.currency]
    parts, surplus = allocate(received.minor, wanted, open_invoices)
    now = await work.now(provider_id)
    for invoice in open_invoices:
        if invoice.invoice_id in parts:
            await _pay(work, invoice, payment_id, parts[invoice.invoice_id], at, now)
    if surplus:
        credit = Credit(derived_id("credit", payment_id), surplus, now)
        await work.account.add_credit(
            provider_id, tenant_id, credit, received.currency, f"over-payment {payment_id}"
        )
    allocated = Money(received.minor - surplus, received.currency)
    entry_id = derived_id("journal", "payment", payment_id)
    await work.post(
        JournalEntry(
            provider_id,
            tenant_id,
            entry_id,
            now,
            f"payment {payment_id}",
            payment_postings(received, allocated),
        )
    )


async def _pay(
    work: Work, invoice: Invoice, payment_id: PaymentId, minor: int, at: datetime, now: datetime
) -> None:
    paid = invoice.with_paid(minor, at)
    await work.invoices.set_paid(paid)
    await work.invoices.add_part(paid.tenant_id, paid.invoice_id, "payment", payment_id, minor, at)
    if paid.balance_minor == 0:
        work.emit(about_invoice(InvoicePaid, paid), time=now)
    else:
        work.emit(about_invoice(InvoicePartiallyPaid, paid), time=now)
