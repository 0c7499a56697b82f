"""A bank takes captured money back, and perhaps gives it back again (R49)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.invoicing.domain.books import taken_back_postings
from services.invoicing.domain.settlement import allocate
from services.invoicing.use_cases.announcements import about_reopened
from services.invoicing.use_cases.apply_credit import add_credit, settle
from services.invoicing.use_cases.issue_credit_note import returned_minor
from services.invoicing.use_cases.money_ports import Dispute
from services.invoicing.use_cases.ports import Work
from shared.errors import Permanent, Transient
from shared.ids import InvoiceId, derived_id
from shared.journal import JournalEntry, Posting
from shared.money import Money


async def take_dispute(work: Work, told: Dispute, allocations: Sequence[tuple[InvoiceId, int]]) -> None:
    """Follows a dispute. What is told twice, or of a decided dispute, changes nothing.

    Raises ``Transient`` for a decision about a dispute, or a dispute of a payment, that is not known here yet.
    """
    if told.amount.minor <= 0:
        raise Permanent(f"dispute {told.dispute_id} is of {told.amount}, which is no amount")
    await work.lock_tenant(told.tenant_id)
    known = await work.returns.dispute(told.tenant_id, told.dispute_id)
    if told.state in ("opened", "returned"):
        if known is not None:
            return
        if not await work.returns.has_payment(told.tenant_id, told.payment_id):
            raise Transient(f"dispute {told.dispute_id} is of payment {told.payment_id}, not known here yet")
        await _take_back(work, told, allocations)
        return
    if known is None:
        raise Transient(f"dispute {told.dispute_id} was decided before it was opened here")
    if known.state != "opened":
        return
    decided = replace(known, state=told.state)
    await work.returns.put_dispute(decided)
    if told.state == "won":
        await _give_back(work, decided, told.at)


def _sources(dispute: Dispute, disputes: Iterable[Dispute]) -> list[UUID]:
    """Everything that moved this payment's money on invoices."""
    ids = [one.dispute_id for one in disputes]
    return [dispute.payment_id, *ids, *(_won_id(one) for one in ids)]


def _won_id(dispute_id: UUID) -> UUID:
    return derived_id("dispute won", dispute_id)


@dataclass
class _Taking:
    """What is still to be taken, and what was."""

    left: int
    taken: dict[InvoiceId, int] = field(default_factory=dict)


async def _take_back(work: Work, dispute: Dispute, allocations: Sequence[tuple[InvoiceId, int]]) -> None:
    """Off the invoices that the payment paid here, then off the credit it left, then off what that credit paid."""
    known = await work.returns.disputes_of(dispute.tenant_id, dispute.payment_id)
    paid = await work.invoices.parts_from(dispute.tenant_id, _sources(dispute, known))
    taking = _Taking(dispute.amount.minor)
    for invoice_id, asked in allocations:
        await _take_from(work, dispute, taking, invoice_id, min(asked, paid.get(invoice_id, 0)))
    for invoice_id, minor in paid.items():
        await _take_from(work, dispute, taking, invoice_id, minor - taking.taken.get(invoice_id, 0))
    credit_id = derived_id("credit", dispute.payment_id)
    credit = await work.account.credit(dispute.tenant_id, credit_id)
    from_credit = min(taking.left, credit.remaining_minor) if credit else 0
    if from_credit:
        await work.account.spend(dispute.tenant_id, credit_id, from_credit)
        taking.left -= from_credit
    for invoice_id, minor in (await work.invoices.parts_from(dispute.tenant_id, [credit_id])).items():
        await _take_from(work, dispute, taking, invoice_id, minor)
    made = replace(dispute, taken=taking.taken, from_credit_minor=from_credit, chargebacks_minor=taking.left)
    await work.returns.put_dispute(made)
    await _book(work, made, taking.left)


async def _take_from(
    work: Work, dispute: Dispute, taking: _Taking, invoice_id: InvoiceId, wanted: int
) -> None:
    """Never what a credit note gave back already: that is not owed again."""
    invoice = await work.invoices.get(dispute.tenant_id, invoice_id)
    if invoice is None:
        raise Transient(f"dispute {dispute.dispute_id} names invoice {invoice_id}, which is not known here")
    what = await work.credit_notes.creditable(dispute.tenant_id, invoice_id)
    minor = min(wanted, taking.left, returned_minor(invoice, what))
    if minor <= 0:
        return
    taking.left -= minor
    taking.taken[invoice_id] = taking.taken.get(invoice_id, 0) + minor
    minimum = await work.providers.card_minimum(dispute.provider_id, invoice.currency)
    left = invoice.with_taken_back(minor, minimum)
    await work.invoices.set_settled(left)
    await work.invoices.add_part(
        dispute.tenant_id, invoice_id, "dispute", dispute.dispute_id, -minor, dispute.at
    )
    why: Literal["disputed", "returned"] = "returned" if dispute.state == "returned" else "disputed"
    work.emit(about_reopened(left, why), time=await work.now(dispute.provider_id))


async def _book(work: Work, dispute: Dispute, chargebacks: int) -> None:
    def money(minor: int) -> Money:
        return Money(minor, dispute.amount.currency)

    postings = taken_back_postings(
        money(sum(dispute.taken.values())), money(dispute.from_credit_minor), money(chargebacks)
    )
    await _post(work, dispute, dispute.state, postings)


async def _post(work: Work, dispute: Dispute, what: str, postings: list[Posting]) -> None:
    await work.post(
        JournalEntry(
            dispute.provider_id,
            dispute.tenant_id,
            derived_id("journal", "dispute", dispute.dispute_id, what),
            await work.now(dispute.provider_id),
            f"dispute {what} {dispute.dispute_id}",
            postings,
        )
    )


async def _give_back(work: Work, dispute: Dispute, at: datetime) -> None:
    """To the invoices it was taken from, as far as they are still open; then others; then account credit."""
    code = dispute.amount.currency
    open_invoices = [one for one in await work.invoices.open(dispute.tenant_id) if one.currency == code]
    came = sum(dispute.taken.values()) + dispute.from_credit_minor
    parts, surplus = allocate(came, dispute.taken, open_invoices)
    minimum = await work.providers.card_minimum(dispute.provider_id, code)
    source_id = _won_id(dispute.dispute_id)
    for invoice in open_invoices:
        minor = parts.get(invoice.invoice_id, 0)
        if minor:
            await work.invoices.add_part(
                dispute.tenant_id, invoice.invoice_id, "payment", source_id, minor, at
            )
            await settle(work, invoice.with_paid(minor, at, minimum))
    given = {
        "cash": dispute.amount.minor,
        "receivable": surplus - came,
        "account_credit": -surplus,
        "chargebacks": -dispute.chargebacks_minor,
    }
    postings = [Posting(account, Money(minor, code)) for account, minor in given.items() if minor]
    await _post(work, dispute, "won", postings)
    if surplus:
        credit_id = derived_id("credit", source_id)
        reason = f"dispute won {dispute.dispute_id}"
        await add_credit(
            work, dispute.provider_id, dispute.tenant_id, credit_id, Money(surplus, code), reason
        )
