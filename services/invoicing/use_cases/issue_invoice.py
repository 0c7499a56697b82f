"""Gives a draft its number and makes it final: invoice, books, credit and event in one transaction."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.invoices import Draft, UsageOf, usage_lines
from services.invoicing.domain.periods import due_on, overdue_at
from services.invoicing.domain.settlement import (
    Invoice,
    credit_used_postings,
    issue_postings,
    number_of,
    spend_credit,
)
from services.invoicing.domain.totals import NOTHING_METERED
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.ports import Work
from shared.clock import local_date
from shared.events.invoicing import InvoiceIssued, InvoicePaid
from shared.ids import InvoiceId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def issue_invoice(
    work: Work, provider: Provider, tenant: Tenant, draft: Draft, *, cause: object
) -> Invoice:
    """Issues ``draft`` now. ``cause`` names what it is for, so that the same cause is never invoiced twice.

    The tenant's lock must be held. The number series is locked last and until the commit (R40).
    """
    now = await work.now(provider.provider_id)
    issued_on = local_date(now, tenant.zone)
    due = due_on(issued_on, provider.terms_days)
    spent = spend_credit(await work.account.credits(tenant.tenant_id), draft.total.minor)
    credit_minor = sum(minor for _, minor in spent)
    total_minor = draft.total.minor
    minimum = await work.providers.card_minimum(provider.provider_id, draft.total.currency)
    number = await work.providers.next_number(
        provider.provider_id, f"{provider.invoice_prefix}-{issued_on.year}"
    )
    invoice = Invoice(
        tenant_id=tenant.tenant_id,
        invoice_id=InvoiceId(derived_id("invoice", tenant.tenant_id, cause)),
        provider_id=provider.provider_id,
        number=number_of(provider.invoice_prefix, issued_on.year, number),
        currency=draft.total.currency,
        subtotal_minor=draft.subtotal.minor,
        tax_minor=draft.tax.minor,
        total_minor=total_minor,
        paid_minor=credit_minor,
        credit_applied_minor=credit_minor,
        issued_at=now,
        issued_on=issued_on,
        due_on=due,
        overdue_at=overdue_at(due, tenant.zone),
        collectable=total_minor == credit_minor or total_minor - credit_minor >= minimum,
        paid_at=now if total_minor == credit_minor else None,
    )
    await work.invoices.add(invoice, draft, {**parties(provider, tenant), "periods": periods(draft)})
    for credit_id, minor in spent:
        await work.account.spend(tenant.tenant_id, credit_id, minor)
        await work.invoices.add_part(tenant.tenant_id, invoice.invoice_id, "credit", credit_id, minor, now)
    if draft.charges:
        await work.charges.billed(tenant.tenant_id, draft.charges, invoice.invoice_id)
    await _book(work, invoice, draft, now)
    work.emit(about_invoice(InvoiceIssued, invoice), time=now)
    if invoice.balance_minor == 0:
        work.emit(about_invoice(InvoicePaid, invoice), time=now)
    return invoice


async def _book(work: Work, invoice: Invoice, draft: Draft, now: datetime) -> None:
    postings = issue_postings(draft.subtotal, draft.tax)
    if invoice.credit_applied_minor:
        postings += credit_used_postings(Money(invoice.credit_applied_minor, invoice.currency))
    # A zero invoice moves nothing (R37).
    if postings:
        entry_id = derived_id("journal", "issue", invoice.invoice_id)
        await work.post(
            JournalEntry(
                invoice.provider_id, invoice.tenant_id, entry_id, now, f"issue {invoice.number}", postings
            )
        )


def periods(draft: Draft) -> dict[str, dict[str, str] | None]:
    """The ranges that the header prints (R28), half-open."""
    spans = {"usage": draft.usage_period, "fee": draft.fee_period}
    return {
        name: {"start_date": span.start.isoformat(), "end_date": span.end.isoformat()} if span else None
        for name, span in spans.items()
    }


def parties(provider: Provider, tenant: Tenant) -> dict[str, Any]:
    """Who bills whom, as it is printed on this invoice for good."""
    return {
        "by": {
            "name": provider.legal_name,
            "address": list(provider.address),
            "country": provider.country,
            "tax_id": provider.tax_id,
            "email": provider.billing_email,
            "phone": provider.support_phone,
            "brand": asdict(provider.brand),
        },
        "to": {
            "name": tenant.name,
            "address": list(tenant.address),
            "country": tenant.country,
            "email": tenant.billing_email,
            "locale": tenant.locale,
            "time_zone": tenant.time_zone,
        },
    }


async def late_usage(work: Work, tenant: Tenant) -> list[UsageOf]:
    """Invoiced periods of which usage knows more now (late usage)."""
    found = []
    for period in await work.periods.late(tenant.tenant_id):
        plan = await work.plans.get(tenant.provider_id, period.plan_id, period.plan_version)
        found.append(UsageOf(period.span, plan, period.totals or NOTHING_METERED, period.billed))
    return found


async def note_late_billed(work: Work, tenant: Tenant, late: list[UsageOf], draft: Draft) -> None:
    """Keeps what was billed of each late period; one with a rest that found no room stays late (R29)."""
    for one in late:
        billed = draft.billed[one.span.start]
        wanted = {key: line.amount.minor for key, line in usage_lines(one.plan, one.span, one.totals).items()}
        had = {key: part.minor for key, part in billed.items()}
        rest = any(had.get(key, 0) != wanted.get(key, 0) for key in {*had, *wanted})
        await work.periods.set_billed(tenant.tenant_id, one.span.start, billed, late=rest)
