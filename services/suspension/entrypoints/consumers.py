"""Events that suspension hears. Each keeps a fact and looks again; none of them decides anything."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.suspension.domain.account import Invoice, PaymentFact
from services.suspension.use_cases.keep_invoice import keep_invoice, keep_payment
from services.suspension.use_cases.keep_tenant import close_tenant, keep_provider, keep_tenant
from services.suspension.use_cases.ports import Provider, SuspensionWork, Tenant, Version
from shared.errors import Permanent
from shared.events import invoicing, payments
from shared.events.envelope import Envelope, Event

_Invoice = (
    invoicing.InvoiceIssued
    | invoicing.InvoicePartiallyPaid
    | invoicing.InvoicePaid
    | invoicing.InvoiceOverdue
    | invoicing.InvoiceCancelled
)
_Payment = payments.PaymentProcessing | payments.PaymentFailed | payments.PaymentSucceeded


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
    await keep_invoice(
        work, event.provider_id, event.tenant_id, _invoice(event, envelope.time), event.paid_minor
    )


async def on_payment(work: SuspensionWork, event: _Payment, _: Envelope) -> None:
    fact = PaymentFact(
        payment_id=event.payment_id,
        at=event.at,
        ended=not isinstance(event, payments.PaymentProcessing),
        invoice_ids=frozenset(part.invoice_id for part in event.allocations),
    )
    await keep_payment(work, event.provider_id, event.tenant_id, fact)


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
    payments.PaymentProcessing: on_payment,
    payments.PaymentFailed: on_payment,
    payments.PaymentSucceeded: on_payment,
}


def _invoice(event: _Invoice, at: datetime) -> Invoice:
    cancelled = isinstance(event, invoicing.InvoiceCancelled)
    balance = 0 if cancelled else max(event.balance_minor, 0)
    return Invoice(
        invoice_id=event.invoice_id,
        number=event.number,
        issued_on=event.issued_on,
        due_on=event.due_on,
        balance_minor=balance,
        currency=event.currency,
        collectable=event.collectable,
        settled_at=at if balance == 0 else None,
    )


def _version(envelope: Envelope) -> Version:
    return Version(envelope.time, envelope.sent_at)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Permanent(f"time zone {name!r} is not known here") from error
