"""A part of an issued invoice is taken back: a note with a number, the books, and what becomes of the money."""

from dataclasses import replace
from typing import Literal
from uuid import UUID

from services.invoicing.domain.books import credit_note_postings
from services.invoicing.domain.credit_notes import Creditable, Note, credit_all, credit_lines
from services.invoicing.domain.settlement import Invoice, number_of
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.apply_credit import add_credit
from services.invoicing.use_cases.money_ports import CreditNote
from services.invoicing.use_cases.ports import Work
from shared.clock import local_date
from shared.errors import Conflict, Invalid, NotFound
from shared.events.invoicing import CreditNoteIssued, InvoiceCancelled, InvoicePaid
from shared.ids import InvoiceId, ProviderId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money

To = Literal["credit", "method"]
# What the note is for: what is still due is lowered first; payments sent the money back; it becomes credit.
Use = Literal["balance_first", "refund", "credit"]


async def credit_invoice(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    *,
    lines: dict[int, int] | None,
    reason: str,
    request_id: UUID,
    to: To = "credit",
) -> CreditNote:
    """Credits lines (net minor units by position), or with None all that is left. The same request is one note.

    Raises ``NotFound``; ``Invalid`` above what a line holds; ``Conflict`` where nothing is left, or where captured
    money should go back to its method: that is a refund, which payments makes (R36).
    """
    await work.lock_tenant(tenant_id)
    invoice = await owned_invoice(work, provider_id, tenant_id, invoice_id)
    credit_note_id = derived_id("credit note", tenant_id, request_id)
    known = await work.credit_notes.get(tenant_id, credit_note_id)
    if known is not None:
        if known.invoice_id != invoice_id:
            raise Conflict(
                "This request_id made a note on another invoice; send a new one.", field="request_id"
            )
        return known
    what = await work.credit_notes.creditable(tenant_id, invoice_id)
    note = credit_all(what) if lines is None else credit_lines(what, lines)
    if to == "method" and note.total_minor > invoice.balance_minor:
        raise Conflict(
            f"Only {Money(invoice.balance_minor, invoice.currency)} of {invoice.number} is unpaid. Money that was"
            " captured goes back by refunding its payment (POST …/payments/{id}/refunds), which makes the credit"
            " note; or credit it to the account with to=credit.",
            field="to",
            slug="refund-at-payments",
        )
    return await issue_credit_note(
        work, invoice, note, credit_note_id=credit_note_id, reason=reason, use="balance_first"
    )


async def cancel_invoice(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId, reason: str
) -> None:
    """Credits all of an unpaid invoice, which keeps its number (R40). Cancelling again changes nothing.

    Raises ``NotFound``, or ``Conflict`` where something was paid.
    """
    await work.lock_tenant(tenant_id)
    invoice = await owned_invoice(work, provider_id, tenant_id, invoice_id)
    if invoice.cancelled_at is not None:
        return
    if invoice.paid_minor:
        raise Conflict(
            f"{Money(invoice.paid_minor, invoice.currency)} of {invoice.number} has been paid, and only an unpaid"
            " invoice can be cancelled. Refund its payment, or credit the invoice with POST …/credit-notes.",
            slug="invoice-paid",
        )
    what = await work.credit_notes.creditable(tenant_id, invoice_id)
    await issue_credit_note(
        work,
        invoice,
        credit_all(what),
        credit_note_id=derived_id("credit note", "cancel", invoice_id),
        reason=reason,
        use="balance_first",
    )


async def owned_invoice(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId
) -> Invoice:
    """Raises ``NotFound``, also for another provider's."""
    invoice = await work.invoices.get(tenant_id, invoice_id)
    if invoice is None or invoice.provider_id != provider_id:
        raise NotFound("There is no such invoice. Choose one from the list of invoices.")
    return invoice


async def issue_credit_note(
    work: Work,
    invoice: Invoice,
    note: Note,
    *,
    credit_note_id: UUID,
    reason: str,
    use: Use,
    refund_id: UUID | None = None,
) -> CreditNote:
    """Issues ``note`` now. The tenant's lock must be held. The number series is locked until the commit (R40)."""
    if note.total_minor <= 0:
        raise Invalid("The note would come to nothing; credit a positive amount.", field="lines")
    provider = await work.providers.get(invoice.provider_id)
    tenant = await work.tenants.get(invoice.provider_id, invoice.tenant_id)
    now = await work.now(invoice.provider_id)
    issued_on = local_date(now, tenant.zone)
    opened = min(note.total_minor, invoice.balance_minor) if use == "balance_first" else 0
    sent = note.total_minor if use == "refund" else 0
    prefix = provider.credit_note_prefix
    number = await work.providers.take_numbers(invoice.provider_id, f"{prefix}-{issued_on.year}", 1)
    made = CreditNote(
        tenant_id=invoice.tenant_id,
        credit_note_id=credit_note_id,
        provider_id=invoice.provider_id,
        invoice_id=invoice.invoice_id,
        number=number_of(prefix, issued_on.year, number),
        invoice_number=invoice.number,
        currency=invoice.currency,
        reason=reason,
        subtotal_minor=note.subtotal_minor,
        tax_minor=note.tax_minor,
        total_minor=note.total_minor,
        open_balance_minor=opened,
        account_credit_minor=note.total_minor - opened - sent,
        refund_minor=sent,
        refund_id=refund_id,
        issued_at=now,
        issued_on=issued_on,
    )
    await work.credit_notes.add(made, note)
    await _book(work, made)
    minimum = await work.providers.card_minimum(invoice.provider_id, invoice.currency)
    left = invoice.with_credited(opened, now, minimum) if opened else invoice
    if opened:
        await work.invoices.set_settled(left)
    work.emit(_about(made, left), time=now)
    if left.cancelled_at is not None:
        work.emit(about_invoice(InvoiceCancelled, left), time=now)
    elif opened and left.balance_minor == 0:
        work.emit(about_invoice(InvoicePaid, left), time=now)
    if made.account_credit_minor:
        amount = Money(made.account_credit_minor, made.currency)
        credit_id = derived_id("credit", credit_note_id)
        await add_credit(
            work, made.provider_id, made.tenant_id, credit_id, amount, f"credit note {made.number}"
        )
    return made


async def _book(work: Work, made: CreditNote) -> None:
    def money(minor: int) -> Money:
        return Money(minor, made.currency)

    postings = credit_note_postings(
        money(made.subtotal_minor),
        money(made.tax_minor),
        opened=money(made.open_balance_minor),
        kept=money(made.account_credit_minor),
        sent=money(made.refund_minor),
    )
    entry_id = derived_id("journal", "credit note", made.credit_note_id)
    reason = f"credit note {made.number}"
    await work.post(
        JournalEntry(made.provider_id, made.tenant_id, entry_id, made.issued_at, reason, postings)
    )


def _about(made: CreditNote, invoice: Invoice) -> CreditNoteIssued:
    used: dict[Literal["open_balance", "account_credit", "refund"], int] = {
        "open_balance": made.open_balance_minor,
        "account_credit": made.account_credit_minor,
        "refund": made.refund_minor,
    }
    return CreditNoteIssued(
        provider_id=made.provider_id,
        tenant_id=made.tenant_id,
        credit_note_id=made.credit_note_id,
        number=made.number,
        invoice_id=made.invoice_id,
        invoice_number=made.invoice_number,
        currency=made.currency,
        amount_minor=made.total_minor,
        tax_minor=made.tax_minor,
        used_for={name: minor for name, minor in used.items() if minor},
        balance_minor=invoice.balance_minor,
        reason=made.reason,
        refund_id=made.refund_id,
        issued_on=made.issued_on,
    )


def returned_minor(invoice: Invoice, what: Creditable) -> int:
    """What was paid of the invoice and is still billed: the most that can come back to the tenant by notes."""
    return what.gross_rest_minor - replace(invoice, cancelled_at=None).balance_minor
