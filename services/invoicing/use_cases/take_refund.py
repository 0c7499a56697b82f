"""Money of a payment went back, or became credit: credit notes on what it had paid (R36)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.invoicing.domain.books import kept_money_postings, paid_out_postings
from services.invoicing.domain.credit_notes import credit_gross
from services.invoicing.use_cases.apply_credit import add_credit
from services.invoicing.use_cases.issue_credit_note import issue_credit_note, returned_minor
from services.invoicing.use_cases.money_ports import Refund
from services.invoicing.use_cases.ports import Work
from shared.errors import Permanent, Transient
from shared.ids import InvoiceId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def take_refund(
    work: Work, refund: Refund, allocations: Sequence[tuple[InvoiceId, int]], reason: str
) -> None:
    """Answers a refund once. What no invoice of the payment can give was an over-payment: it comes off account
    credit, and what is not there any more is the provider's loss (``goodwill``).

    Raises ``Transient`` while the payment is unknown here, ``Permanent`` for amounts that no refund can have.
    """
    if refund.amount.minor <= 0 or any(minor <= 0 for _, minor in allocations):
        raise Permanent(f"refund {refund.refund_id} is of {refund.amount}, which is no amount that went back")
    if sum(minor for _, minor in allocations) > refund.amount.minor:
        raise Permanent(f"refund {refund.refund_id} allocates more than its {refund.amount}")
    await work.lock_tenant(refund.tenant_id)
    if not await work.returns.has_payment(refund.tenant_id, refund.payment_id):
        raise Transient(f"refund {refund.refund_id} is of payment {refund.payment_id}, not known here yet")
    if not await work.returns.add_refund(refund):
        return
    paid = await work.invoices.parts_from(refund.tenant_id, [refund.payment_id])
    named: dict[InvoiceId, int] = {}
    for invoice_id, minor in allocations:
        named[invoice_id] = named.get(invoice_id, 0) + minor
    # The rest of a refund without allocations was money above the invoices: credit before other invoices.
    rest = refund.amount.minor - await _note_all(work, refund, list(named.items()), reason)
    if rest and refund.goes_to == "method":
        rest -= await _take_off_credit(work, refund, rest)
    if rest:
        others = [(one, minor) for one, minor in paid.items() if one not in named]
        rest -= await _note_all(work, refund, _up_to(others, rest), reason)
    if rest and refund.goes_to == "method":
        await _book(work, refund, "goodwill", 0, rest)


def _up_to(parts: Sequence[tuple[InvoiceId, int]], minor: int) -> list[tuple[InvoiceId, int]]:
    taken = []
    for invoice_id, part in parts:
        take = min(part, minor)
        if take:
            taken.append((invoice_id, take))
            minor -= take
    return taken


async def _note_all(work: Work, refund: Refund, wanted: Sequence[tuple[InvoiceId, int]], reason: str) -> int:
    """Credit notes on invoices, none beyond what was paid and is still billed. Answers what they come to."""
    noted = 0
    for invoice_id, asked in wanted:
        invoice = await work.invoices.get(refund.tenant_id, invoice_id)
        if invoice is None:
            raise Transient(f"refund {refund.refund_id} names invoice {invoice_id}, which is not known here")
        if invoice.currency != refund.amount.currency:
            raise Permanent(
                f"refund {refund.refund_id} is in {refund.amount.currency}, {invoice.number} is not"
            )
        what = await work.credit_notes.creditable(refund.tenant_id, invoice_id)
        minor = min(asked, returned_minor(invoice, what))
        if minor <= 0:
            continue
        await issue_credit_note(
            work,
            invoice,
            credit_gross(what, minor),
            credit_note_id=derived_id("credit note", "refund", refund.refund_id, invoice_id),
            reason=reason,
            use="refund" if refund.goes_to == "method" else "credit",
            refund_id=refund.refund_id,
        )
        noted += minor
    return noted


async def _take_off_credit(work: Work, refund: Refund, wanted: int) -> int:
    """Takes up to ``wanted`` off account credit, first off what this payment had left over."""
    held = await work.account.credits(refund.tenant_id)
    own = derived_id("credit", refund.payment_id)
    taken = 0
    for credit in sorted(held, key=lambda one: one.credit_id != own):
        minor = min(credit.remaining_minor, wanted - taken)
        if minor:
            await work.account.spend(refund.tenant_id, credit.credit_id, minor)
            taken += minor
    if taken:
        await _book(work, refund, "account credit", taken, 0)
    return taken


async def _book(work: Work, refund: Refund, what: str, from_credit: int, from_goodwill: int) -> None:
    code = refund.amount.currency
    await work.post(
        JournalEntry(
            refund.provider_id,
            refund.tenant_id,
            derived_id("journal", "refund", refund.refund_id, what),
            await work.now(refund.provider_id),
            f"refund {refund.refund_id} of {what}",
            paid_out_postings(Money(from_credit, code), Money(from_goodwill, code)),
        )
    )


async def take_failed_refund(work: Work, tenant_id: TenantId, refund_id: UUID, at: datetime) -> None:
    """The money of a refund stayed with the provider: it is owed as credit, and the credit notes stand.

    Raises ``Transient`` while the refund is unknown here.
    """
    await work.lock_tenant(tenant_id)
    refund = await work.returns.refund(tenant_id, refund_id)
    if refund is None:
        raise Transient(f"refund {refund_id} is not known here yet")
    if refund.failed_at is not None or refund.goes_to != "method":
        return
    await work.returns.refund_failed(replace(refund, failed_at=at), at)
    await work.post(
        JournalEntry(
            refund.provider_id,
            tenant_id,
            derived_id("journal", "refund failed", refund_id),
            await work.now(refund.provider_id),
            f"refund failed {refund_id}",
            kept_money_postings(refund.amount),
        )
    )
    credit_id = derived_id("credit", "refund failed", refund_id)
    await add_credit(
        work, refund.provider_id, tenant_id, credit_id, refund.amount, f"refund failed {refund_id}"
    )
