"""Money arrived: it pays the invoices it was meant for; what is left over becomes credit (R32, R52)."""

from datetime import datetime
from uuid import UUID

from services.invoicing.domain.standing import apply_payment
from services.invoicing.use_cases.announce import emit_paid_state
from services.invoicing.use_cases.issue_invoice import pay_from_credit
from services.invoicing.use_cases.ports import InvoiceRow, Work
from shared.errors import Transient
from shared.events.payments import PaymentSucceeded
from shared.ids import ProviderId, TenantId, derived_id
from shared.journal import JournalEntry, Posting
from shared.money import Money, currency


async def settle_invoices(work: Work, event: PaymentSucceeded) -> None:
    """Raises ``Transient`` while an invoice is not known here yet."""
    await work.lock_tenant(event.tenant_id)
    now = await work.now(event.provider_id)
    code = currency(event.currency)
    surplus = event.amount_minor
    settled: list[InvoiceRow] = []
    for allocation in event.allocations:
        invoice = await work.invoices.for_payment(event.tenant_id, allocation.invoice_id)
        if invoice is None:
            raise Transient(f"invoice {allocation.number} is not known yet")
        applied = apply_payment(balance_minor=invoice.balance_minor, amount_minor=allocation.amount_minor)
        if applied.to_invoice == 0:
            continue
        paid = await work.invoices.record_payment(
            invoice, event.payment_id, "payment", applied.to_invoice, event.at
        )
        if paid is None:
            continue
        surplus -= applied.to_invoice
        settled.append(paid)
    to_invoices = event.amount_minor - surplus
    postings = [
        Posting("cash", Money(event.amount_minor, code)),
        Posting("receivable", Money(-to_invoices, code)),
        Posting("account_credit", Money(-surplus, code)),
    ]
    await work.post(
        JournalEntry(
            event.provider_id,
            event.tenant_id,
            derived_id("payment", event.payment_id),
            now,
            "payment received",
            [posting for posting in postings if posting.amount.minor != 0],
        )
    )
    for invoice in settled:
        emit_paid_state(work, invoice, now)
    if surplus > 0:
        await give_credit(
            work,
            event.provider_id,
            event.tenant_id,
            derived_id("surplus", event.payment_id),
            surplus,
            "Paid more than was due",
            now,
        )


async def give_credit(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    credit_id: UUID,
    amount_minor: int,
    reason: str,
    now: datetime,
) -> None:
    """New credit pays open invoices at once, oldest due first (R32). Its posting is the caller's."""
    await work.invoices.add_credit(provider_id, tenant_id, credit_id, amount_minor, reason, now)
    for invoice in await work.invoices.open(tenant_id):
        paid = await pay_from_credit(work, invoice, now)
        if paid.paid_minor != invoice.paid_minor:
            emit_paid_state(work, paid, now)
