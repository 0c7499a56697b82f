"""New account credit pays open invoices at once, oldest due first (R32)."""

from uuid import UUID

from services.invoicing.domain.books import credit_used_postings
from services.invoicing.domain.settlement import Credit, Invoice, allocate, spend_credit
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.ports import Work
from shared.events.invoicing import InvoicePaid, InvoicePartiallyPaid
from shared.ids import ProviderId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def add_credit(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, credit_id: UUID, amount: Money, reason: str
) -> None:
    """Adds account credit and lets it pay what is open. The tenant's lock must be held; the caller books the credit
    itself. ``amount`` above 0.
    """
    now = await work.now(provider_id)
    credit = Credit(credit_id, amount.minor, now)
    await work.account.add_credit(provider_id, tenant_id, credit, amount.currency, reason)
    before = [one for one in await work.invoices.open(tenant_id) if one.currency == amount.currency]
    owed = sum(one.balance_minor for one in before)
    minimum = await work.providers.card_minimum(provider_id, amount.currency)
    after = {one.invoice_id: one for one in before}
    spent = 0
    for source_id, minor in spend_credit(await work.account.credits(tenant_id), owed):
        await work.account.spend(tenant_id, source_id, minor)
        parts, _ = allocate(minor, {}, list(after.values()))
        for invoice_id, part in parts.items():
            after[invoice_id] = after[invoice_id].with_paid(part, now, minimum)
            await work.invoices.add_part(tenant_id, invoice_id, "credit", source_id, part, now)
        spent += minor
    for invoice in before:
        if after[invoice.invoice_id] != invoice:
            paid = after[invoice.invoice_id]
            await settle(work, paid, credit_minor=paid.paid_minor - invoice.paid_minor)
    if spent:
        entry_id = derived_id("journal", "credit used", credit_id)
        postings = credit_used_postings(Money(spent, amount.currency))
        await work.post(
            JournalEntry(provider_id, tenant_id, entry_id, now, f"credit used {reason}", postings)
        )


async def settle(work: Work, invoice: Invoice, *, credit_minor: int = 0) -> None:
    """Writes what is paid of an invoice now, and tells; ``credit_minor`` of it by account credit just now."""
    await work.invoices.set_settled(invoice)
    now = await work.now(invoice.provider_id)
    told: InvoicePaid | InvoicePartiallyPaid = (
        about_invoice(InvoicePaid, invoice)
        if invoice.balance_minor == 0
        else about_invoice(InvoicePartiallyPaid, invoice)
    )
    work.emit(told.model_copy(update={"credit_minor": credit_minor}), time=now)
