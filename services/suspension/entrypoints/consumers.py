"""Events that suspension hears. Each keeps a fact and looks again; none of them decides anything."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.suspension.domain.account import Fact, FactKind, Invoice
from services.suspension.domain.invoices import News, Reopened
from services.suspension.use_cases.keep_invoice import keep_credit_note, keep_fact, keep_invoice
from services.suspension.use_cases.keep_tenant import close_tenant, keep_provider, keep_tenant
from services.suspension.use_cases.ports import Provider, SuspensionWork, Tenant, Version
from shared.errors import Permanent
from shared.events import invoicing, payments, usage
from shared.events.envelope import Envelope, Event

_Invoice = (
    invoicing.InvoiceIssued
    | invoicing.InvoicePartiallyPaid
    | invoicing.InvoicePaid
    | invoicing.InvoiceOverdue
    | invoicing.InvoiceCancelled
    | invoicing.InvoiceReopened
)
_Payment = payments.PaymentProcessing | payments.PaymentFailed | payments.PaymentSucceeded
_Plan = payments.PaymentPlanAgreed | payments.PaymentPlanBroken | payments.PaymentPlanEnded
# Of usage's thresholds, those that the gate acts on.
_ACTING: dict[str, FactKind] = {
    "spend_limit": "spend_limit",
    "unusual_international": "unusual_international",
}


async def on_clock(work: SuspensionWork, event: invoicing.ClockAdvanced, _: Envelope) -> None:
    await work.advance_clock(event.provider_id, event.now)


async def on_provider(work: SuspensionWork, event: invoicing.ProviderChanged, envelope: Envelope) -> None:
    provider = Provider(event.provider_id, event.country, event.support_phone, event.reachable_numbers)
    await keep_provider(work, provider, _version(envelope))


async def on_tenant(
    work: SuspensionWork, event: invoicing.TenantOpened | invoicing.TenantChanged, envelope: Envelope
) -> None:
    tenant = Tenant(
        tenant_id=event.tenant_id,
        provider_id=event.provider_id,
        name=event.name,
        country=event.country,
        zone=_zone(event.time_zone),
        currency=event.currency,
        sip_domain=event.sip_domain,
        account_codes=event.account_codes,
    )
    await keep_tenant(work, tenant, _version(envelope))


async def on_closed(work: SuspensionWork, event: invoicing.TenantClosed, _: Envelope) -> None:
    await close_tenant(work, event.tenant_id, event.closed_on)


async def on_invoice(work: SuspensionWork, event: _Invoice, envelope: Envelope) -> None:
    reopens: Reopened | None = event.why if isinstance(event, invoicing.InvoiceReopened) else None
    at = envelope.time
    cancelled = isinstance(event, invoicing.InvoiceCancelled)
    balance = 0 if cancelled else max(event.balance_minor, 0)
    invoice = Invoice(
        invoice_id=event.invoice_id,
        number=event.number,
        issued_on=event.issued_on,
        due_on=event.due_on,
        balance_minor=balance,
        currency=event.currency,
        collectable=event.collectable,
        settled_at=at if balance == 0 else None,
    )
    news = News(invoice, event.paid_minor, said_at=envelope.sent_at, at=at, reopens=reopens)
    await keep_invoice(work, event.provider_id, event.tenant_id, news)


async def on_credit_note(work: SuspensionWork, event: invoicing.CreditNoteIssued, envelope: Envelope) -> None:
    await keep_credit_note(
        work,
        event.provider_id,
        event.tenant_id,
        event.invoice_id,
        event.balance_minor,
        said_at=envelope.sent_at,
        at=envelope.time,
    )


async def on_payment(work: SuspensionWork, event: _Payment, _: Envelope) -> None:
    fact = Fact(
        source_id=event.payment_id,
        at=event.at,
        ended=not isinstance(event, payments.PaymentProcessing),
        invoice_ids=frozenset(part.invoice_id for part in event.allocations),
    )
    await keep_fact(work, event.provider_id, event.tenant_id, fact)


async def on_disputed(work: SuspensionWork, event: payments.PaymentDisputed, _: Envelope) -> None:
    """A returned debit is final: it pauses nothing (R49)."""
    covered = frozenset(part.invoice_id for part in event.allocations)
    fact = Fact(event.dispute_id, event.at, event.state != "opened", covered, "dispute")
    await keep_fact(work, event.provider_id, event.tenant_id, fact)


async def on_plan(work: SuspensionWork, event: _Plan, _: Envelope) -> None:
    ended = not isinstance(event, payments.PaymentPlanAgreed)
    fact = Fact(event.payment_plan_id, event.at, ended, frozenset(event.invoice_ids), "plan")
    await keep_fact(work, event.provider_id, event.tenant_id, fact)


async def on_threshold(work: SuspensionWork, event: usage.ThresholdReached, _: Envelope) -> None:
    kind = _ACTING.get(event.kind)
    if kind is not None and event.percent >= 100:
        fact = Fact(event.tenant_id, event.at, False, kind=kind)
        await keep_fact(work, event.provider_id, event.tenant_id, fact)


async def on_cleared(work: SuspensionWork, event: usage.ThresholdCleared, _: Envelope) -> None:
    fact = Fact(event.tenant_id, event.at, True, kind="spend_limit")
    await keep_fact(work, event.provider_id, event.tenant_id, fact)


HANDLERS: Mapping[type[Event], Callable[[Any, Any, Envelope], Awaitable[None]]] = {
    invoicing.ClockAdvanced: on_clock,
    invoicing.ProviderChanged: on_provider,
    invoicing.TenantOpened: on_tenant,
    invoicing.TenantChanged: on_tenant,
    invoicing.TenantClosed: on_closed,
    invoicing.InvoiceIssued: on_invoice,
    invoicing.InvoicePartiallyPaid: on_invoice,
    invoicing.InvoicePaid: on_invoice,
    invoicing.InvoiceOverdue: on_invoice,
    invoicing.InvoiceCancelled: on_invoice,
    invoicing.InvoiceReopened: on_invoice,
    invoicing.CreditNoteIssued: on_credit_note,
    payments.PaymentDisputed: on_disputed,
    payments.PaymentPlanAgreed: on_plan,
    payments.PaymentPlanBroken: on_plan,
    payments.PaymentPlanEnded: on_plan,
    usage.ThresholdReached: on_threshold,
    usage.ThresholdCleared: on_cleared,
    payments.PaymentProcessing: on_payment,
    payments.PaymentFailed: on_payment,
    payments.PaymentSucceeded: on_payment,
}


def _version(envelope: Envelope) -> Version:
    return Version(envelope.time, envelope.sent_at)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Permanent(f"time zone {name!r} is not known here") from error
