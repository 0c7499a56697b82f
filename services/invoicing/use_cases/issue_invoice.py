"""Gives a draft its number and makes it final: invoice, books, credit and event in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from opentelemetry import context, propagate, trace

from services.invoicing.domain.books import credit_used_postings, issue_postings
from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.invoices import Draft
from services.invoicing.domain.periods import due_on, overdue_at
from services.invoicing.domain.settlement import Credit, Invoice, number_of, spend_credit
from services.invoicing.domain.taxes import registration_at
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.ports import Issued, Work
from shared.clock import local_date
from shared.events.invoicing import InvoiceIssued, InvoicePaid, UsageBilled
from shared.ids import InvoiceId, derived_id
from shared.journal import JournalEntry
from shared.money import Money

_tracer = trace.get_tracer(__name__)


@dataclass(frozen=True, slots=True)
class Issue:
    """A draft about to become an invoice, with what its tenant's account holds. The tenant's lock must be held.

    ``cause`` names what the invoice is for, so that the same cause is never invoiced twice.
    """

    provider: Provider
    tenant: Tenant
    draft: Draft
    cause: str
    credits: Sequence[Credit]
    card_minimum: int
    # The name under which the trace is kept that this invoice goes on.
    trace: str | None = None


async def issue_invoice(
    work: Work, provider: Provider, tenant: Tenant, draft: Draft, *, cause: str
) -> Invoice | None:
    """Issues one draft now; None for a zero invoice that the provider skips. The tenant's lock must be held."""
    held = await work.account.credits(tenant.tenant_id)
    minimum = await work.providers.card_minimum(provider.provider_id, draft.total.currency)
    issued = await issue_invoices(work, [Issue(provider, tenant, draft, cause, held, minimum)])
    return issued[0] if issued else None


async def issue_invoices(work: Work, issues: Sequence[Issue]) -> list[Invoice]:
    """Issues drafts of different tenants of one provider now, in their order, each table written once.

    The number series is locked last and until the commit (R40); years have series of their own. A draft without any
    amount gets no invoice where the provider skips those (R37).
    """
    issues = [one for one in issues if not _is_skipped(one)]
    if not issues:
        return []
    now = await work.now(issues[0].provider.provider_id)
    days = [local_date(now, one.tenant.zone) for one in issues]
    small = await work.invoices.small_open([one.tenant.tenant_id for one in issues])
    numbers = await _take_numbers(work, issues[0].provider, days)
    made = [
        _make(one, day, number, now, small.get(one.tenant.tenant_id, 0))
        for one, day, number in zip(issues, days, numbers, strict=True)
    ]
    await work.invoices.add_all(made)
    await work.account.spend_all(made, now)
    await work.charges.billed_all(made)
    await work.post_all([entry for one in made for entry in _entries(one, now)])
    await _announce(work, issues, made, now)
    return [one.invoice for one in made]


async def _announce(work: Work, issues: Sequence[Issue], made: Sequence[Issued], now: datetime) -> None:
    """Each in the trace of what made it due."""
    names = [one.trace for one in issues if one.trace is not None]
    kept = await work.traces(issues[0].provider.provider_id, names) if names else {}
    for issue, one in zip(issues, made, strict=True):
        carrier = kept.get(issue.trace or "")
        token = context.attach(propagate.extract(carrier)) if carrier else None
        try:
            with _tracer.start_as_current_span("issue invoice"):
                work.emit(about_issued(one), time=now)
                if one.invoice.balance_minor == 0:
                    work.emit(about_invoice(InvoicePaid, one.invoice), time=now)
        finally:
            if token is not None:
                context.detach(token)


async def _take_numbers(work: Work, provider: Provider, days: Sequence[date]) -> list[str]:
    """A number for each invoice, in the series of its year."""
    next_of: dict[int, int] = {}
    for year, count in sorted(Counter(day.year for day in days).items()):
        series = f"{provider.invoice_prefix}-{year}"
        next_of[year] = await work.providers.take_numbers(provider.provider_id, series, count)
    numbers = []
    for day in days:
        numbers.append(number_of(provider.invoice_prefix, day.year, next_of[day.year]))
        next_of[day.year] += 1
    return numbers


def _is_skipped(issue: Issue) -> bool:
    """Only an invoice whose every line is zero: one that nets to zero has something to say (R37)."""
    return issue.provider.billing.zero_invoices == "skip" and not any(
        line.amount for line in issue.draft.lines
    )


def _make(issue: Issue, issued_on: date, number: str, now: datetime, carried_minor: int) -> Issued:
    """``carried_minor``: what earlier invoices below the card's minimum wait with, collected with this one (R38)."""
    provider, tenant, draft = issue.provider, issue.tenant, issue.draft
    due = due_on(issued_on, provider.terms_days)
    spent = spend_credit(issue.credits, draft.total.minor)
    credit_minor = sum(minor for _, minor in spent)
    total_minor = draft.total.minor
    invoice = Invoice(
        tenant_id=tenant.tenant_id,
        invoice_id=InvoiceId(derived_id("invoice", tenant.tenant_id, issue.cause)),
        provider_id=provider.provider_id,
        number=number,
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
        collectable=total_minor == credit_minor
        or total_minor - credit_minor + carried_minor >= issue.card_minimum,
        paid_at=now if total_minor == credit_minor else None,
    )
    return Issued(invoice, draft, {**parties(provider, tenant, issued_on), "periods": periods(draft)}, spent)


def _entries(one: Issued, now: datetime) -> list[JournalEntry]:
    """The books of an issue; none for a zero invoice, which moves nothing (R37)."""
    invoice = one.invoice
    postings = issue_postings(one.draft.subtotal, one.draft.tax)
    if invoice.credit_applied_minor:
        postings += credit_used_postings(Money(invoice.credit_applied_minor, invoice.currency))
    if not postings:
        return []
    entry_id = derived_id("journal", "issue", invoice.invoice_id)
    reason = f"issue {invoice.number}"
    return [JournalEntry(invoice.provider_id, invoice.tenant_id, entry_id, now, reason, postings)]


def about_issued(one: Issued) -> InvoiceIssued:
    """The event, with the revisions of usage that the invoice bills."""
    billed = tuple(
        UsageBilled(start_date=span.start, end_date=span.end, revision=revision)
        for span, revision in one.draft.usage_billed
    )
    return about_invoice(InvoiceIssued, one.invoice).model_copy(update={"usage": billed})


def periods(draft: Draft) -> dict[str, dict[str, str] | None]:
    """The ranges that the header prints (R28), half-open."""
    spans = {"usage": draft.usage_period, "fee": draft.fee_period}
    return {
        name: {"start_date": span.start.isoformat(), "end_date": span.end.isoformat()} if span else None
        for name, span in spans.items()
    }


def parties(provider: Provider, tenant: Tenant, issued_on: date) -> dict[str, Any]:
    """Who bills whom, as it is printed on this invoice for good. Registered where the tenant is, the provider shows
    that number, and at home otherwise.
    """
    place = (tenant.country, tenant.tax.region)
    registered = registration_at(provider.registrations, *place, issued_on) or registration_at(
        provider.registrations, provider.country, None, issued_on
    )
    return {
        "by": {
            "name": provider.legal_name,
            "address": list(provider.address),
            "country": provider.country,
            "tax_id": registered.number if registered else provider.tax_id,
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
            "tax_id": tenant.tax.vat_number,
        },
    }
