"""Drafts, numbers and issues an invoice in one transaction, with its postings, account credit and event."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.invoicing.domain.invoices import (
    Draft,
    Line,
    OneTimeCharge,
    late_lines,
    make_draft,
    period_lines,
)
from services.invoicing.use_cases.announce import emit_paid_state, invoice_event
from services.invoicing.use_cases.ports import InvoiceRow, NewInvoice, PeriodRow, Provider, Tenant, Work
from shared.clock import local_date, local_midnight
from shared.events.invoicing import InvoiceIssued
from shared.ids import InvoiceId, derived_id
from shared.journal import JournalEntry, Posting
from shared.money import Currency, Money

# Stripe's smallest card charge per currency, in minor units (https://docs.stripe.com/currencies); R38.
_CARD_MINIMUM = {"USD": 50, "EUR": 50, "GBP": 30, "JPY": 50, "CHF": 50, "CAD": 50, "AUD": 50}


def collectable(total_minor: int, currency: str) -> bool:
    """Whether a card could be charged this much by itself (R38)."""
    return total_minor == 0 or total_minor >= _CARD_MINIMUM.get(currency, 50)


async def issue_fee(work: Work) -> int:
    """Issues one due fee in advance (a new tenant's first, or the first after a trial); 0 when there is none."""
    row = await work.periods.claim_fee(work.system_now())
    if row is None:
        return 0
    await work.lock_tenant(row.tenant_id)
    provider, tenant = await _parties(work, row)
    plan = await work.catalogue.plan(row.provider_id, row.plan_id, row.plan_version)
    lines = period_lines(plan=plan, ended=None, totals=None, next_period=row.period)
    await work.periods.save(replace(row, fee_due_at=None))
    await _issue(work, provider, tenant, ("fee", row.period.start), lines, fee=row)
    return 1


async def issue_period(work: Work) -> int:
    """Issues one metered period whose finalisation delay has passed; 0 when there is none."""
    row = await work.periods.claim_ready(work.system_now())
    if row is None:
        return 0
    await work.lock_tenant(row.tenant_id)
    provider, tenant = await _parties(work, row)
    plan = await work.catalogue.plan(row.provider_id, row.plan_id, row.plan_version)
    following = await work.periods.get(row.tenant_id, row.period.end)
    late = await late_usage(work, row)
    invoice_id = _invoice_id(tenant, ("period", row.period.start))
    charges = await work.periods.take_charges(row.tenant_id, row.period.end, invoice_id)
    next_plan = (
        await work.catalogue.plan(row.provider_id, following.plan_id, following.plan_version)
        if following
        else None
    )
    lines = period_lines(
        plan=plan, ended=row.period, totals=row.totals, next_period=None, charges=charges, late=late
    )
    if following is not None and next_plan is not None:
        lines = period_lines(plan=next_plan, ended=None, totals=None, next_period=following.period) + lines
    await work.periods.save(replace(row, state="invoiced", billed=row.totals))
    await _issue(work, provider, tenant, ("period", row.period.start), lines, usage=row, fee=following)
    return 1


async def late_usage(work: Work, current: PeriodRow) -> list[Line]:
    """Lines of earlier periods whose totals changed after their invoice; they count as billed from here on."""
    made: list[Line] = []
    for row in await work.periods.late(current.tenant_id):
        if row.period.start == current.period.start or row.totals is None or row.billed is None:
            continue
        plan = await work.catalogue.plan(row.provider_id, row.plan_id, row.plan_version)
        made += late_lines(plan, row.period, row.billed, row.totals)
        await work.periods.save(replace(row, billed=row.totals))
    return made


async def _parties(work: Work, row: PeriodRow) -> tuple[Provider, Tenant]:
    return await work.catalogue.provider(row.provider_id), await work.catalogue.tenant(
        row.provider_id, row.tenant_id
    )


def _invoice_id(tenant: Tenant, cause: tuple[object, ...]) -> InvoiceId:
    """Derived from its cause, so that the same cause can never make a second invoice."""
    return InvoiceId(derived_id("invoice", tenant.tenant_id, *cause))


async def _issue(
    work: Work,
    provider: Provider,
    tenant: Tenant,
    cause: tuple[object, ...],
    lines: list[Line],
    *,
    usage: PeriodRow | None = None,
    fee: PeriodRow | None = None,
) -> InvoiceRow:
    now = await work.now(provider.provider_id)
    draft = make_draft(provider.currency, lines, [provider.tax] if provider.tax else [])
    if draft.total.minor < 0:
        draft = await _credit_negative(work, provider, tenant, cause, draft, now)
    issued_on = local_date(now, tenant.zone)
    due_on = issued_on + timedelta(days=provider.terms_days)
    new = NewInvoice(
        draft=draft,
        issued_at=now,
        issued_on=issued_on,
        due_on=due_on,
        overdue_at=local_midnight(due_on + timedelta(days=1), tenant.zone),
        collectable=collectable(draft.total.minor, draft.currency),
        billed_by=_billed_by(provider),
        billed_to=_billed_to(tenant),
        usage=usage.period if usage else None,
        fee=fee.period if fee and any(line.kind == "fee" for line in draft.lines) else None,
    )
    invoice_id = _invoice_id(tenant, cause)
    # The number last: its row is locked until the commit, and every other invoice of the provider waits for it.
    number = await work.invoices.next_number(provider, issued_on.year)
    invoice = await work.invoices.add(tenant, invoice_id, number, new)
    await _post_issue(work, tenant, invoice, draft, now)
    invoice = await pay_from_credit(work, invoice, now)
    work.emit(invoice_event(InvoiceIssued, invoice), time=now)
    emit_paid_state(work, invoice, now)
    return invoice


async def _credit_negative(
    work: Work, provider: Provider, tenant: Tenant, cause: tuple[object, ...], draft: Draft, now: datetime
) -> Draft:
    """No invoice is negative: the negative lines become account credit with their tax (R29)."""
    rates = [provider.tax] if provider.tax else []
    kept = make_draft(draft.currency, [line for line in draft.lines if line.amount.minor >= 0], rates)
    # What the whole would have come to, so that credit and invoice together are exactly the draft.
    amount = kept.total - draft.total
    await work.invoices.add_credit(
        tenant.provider_id,
        tenant.tenant_id,
        derived_id("negative", tenant.tenant_id, *cause),
        amount.minor,
        "Late usage came to less than was billed",
        now,
    )
    await work.post(
        JournalEntry(
            tenant.provider_id,
            tenant.tenant_id,
            derived_id("negative-lines", tenant.tenant_id, *cause),
            now,
            "negative lines credited",
            _nonzero(
                Posting("revenue", kept.subtotal - draft.subtotal),
                Posting("tax_payable", kept.tax - draft.tax),
                Posting("account_credit", -amount),
            ),
        )
    )
    return kept


async def _post_issue(work: Work, tenant: Tenant, invoice: InvoiceRow, draft: Draft, now: datetime) -> None:
    if draft.total.minor == 0:
        return
    await work.post(
        JournalEntry(
            tenant.provider_id,
            tenant.tenant_id,
            derived_id("issue", invoice.invoice_id),
            now,
            f"invoice {invoice.number} issued",
            _nonzero(
                Posting("receivable", draft.total),
                Posting("revenue", -draft.subtotal),
                Posting("tax_payable", -draft.tax),
            ),
        )
    )


def _nonzero(*postings: Posting) -> list[Posting]:
    return [posting for posting in postings if posting.amount.minor != 0]


async def pay_from_credit(work: Work, invoice: InvoiceRow, now: datetime) -> InvoiceRow:
    """Account credit pays after tax, oldest first (R31). Returns the invoice as it is then."""
    for credit in await work.invoices.credits(invoice.tenant_id):
        used = min(credit.left_minor, invoice.balance_minor)
        if used <= 0:
            continue
        await work.invoices.use_credit(invoice.tenant_id, credit.credit_id, used)
        paid = await work.invoices.record_payment(invoice, credit.credit_id, "credit", used, now)
        assert paid is not None, "an open credit pays an invoice once"
        amount = Money(used, Currency(invoice.currency))
        await work.post(
            JournalEntry(
                invoice.provider_id,
                invoice.tenant_id,
                derived_id("credit-used", credit.credit_id, invoice.invoice_id),
                now,
                f"account credit pays invoice {invoice.number}",
                [Posting("account_credit", amount), Posting("receivable", -amount)],
            )
        )
        invoice = paid
    return invoice


def _billed_by(provider: Provider) -> dict[str, Any]:
    raw = provider.raw
    return {
        "name": raw["legal_name"],
        "address": raw["address"],
        "tax_id": raw.get("tax_id"),
        "brand": raw["brand"],
        "email": raw["billing_email"],
        "phone": raw["support_phone"],
    }


def _billed_to(tenant: Tenant) -> dict[str, Any]:
    raw = tenant.raw
    return {
        "name": tenant.name,
        "address": raw.get("address", []),
        "email": raw["billing_email"],
        "locale": raw["locale"],
        "time_zone": raw["time_zone"],
    }


def preview_charges(charges: Sequence[OneTimeCharge], until: Any) -> list[OneTimeCharge]:
    """One-time charges that the running period's invoice will carry."""
    return [charge for charge in charges if charge.on < until]
