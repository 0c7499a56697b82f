"""Events in: each becomes facts, and those a mail. No decisions here."""

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry import propagate

from services.notifications.domain import facts
from services.notifications.domain.people import Contact, Sender
from services.notifications.use_cases.announce_invoice import announce_invoice
from services.notifications.use_cases.keep_contact import close_contact, keep_contact
from services.notifications.use_cases.keep_sender import keep_sender
from services.notifications.use_cases.ports import NotificationsWork, Stamp
from services.notifications.use_cases.queue_mail import queue_mail
from services.notifications.use_cases.write_receipt import ReceivedPayment, write_receipt
from shared.errors import Permanent
from shared.events import Envelope, Event, invoicing, payments, suspension
from shared.money import Money, currency, total


def _trace() -> dict[str, str]:
    """The context of this very message, for the sending that follows."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def _method(shown: payments.MethodShown) -> facts.Method:
    return facts.Method(kind=shown.kind, brand=shown.brand, last4=shown.last4)


def _owed(invoices: tuple[suspension.OwedInvoice, ...], code: str) -> tuple[facts.OwedInvoice, ...]:
    return tuple(
        facts.OwedInvoice(one.number, one.due_on, Money(one.balance_minor, currency(code)))
        for one in invoices
    )


def _sum(invoices: tuple[facts.OwedInvoice, ...], code: str) -> Money:
    return total((one.balance for one in invoices), currency(code))


async def tenant_said(
    work: NotificationsWork, event: invoicing.TenantOpened | invoicing.TenantChanged, envelope: Envelope
) -> None:
    contact = Contact(
        provider_id=event.provider_id,
        tenant_id=event.tenant_id,
        name=event.name,
        locale=event.locale,
        time_zone=event.time_zone,
        billing_email=event.billing_email,
        admin_email=event.admin_email,
    )
    await keep_contact(work, contact, Stamp.of(envelope))


async def tenant_closed(work: NotificationsWork, event: invoicing.TenantClosed, envelope: Envelope) -> None:
    await close_contact(work, event.provider_id, event.tenant_id, event.closed_on)


async def provider_changed(
    work: NotificationsWork, event: invoicing.ProviderChanged, envelope: Envelope
) -> None:
    sender = Sender(
        provider_id=event.provider_id,
        brand_name=event.brand.name,
        colour=event.brand.colour,
        legal_name=event.legal_name,
        address=event.address,
        billing_email=event.billing_email,
        support_phone=event.support_phone,
    )
    await keep_sender(work, sender, Stamp.of(envelope))


async def invoice_issued(work: NotificationsWork, event: invoicing.InvoiceIssued, envelope: Envelope) -> None:
    code = currency(event.currency)
    issued = facts.IssuedInvoice(
        number=event.number,
        total=Money(event.total_minor, code),
        balance=Money(event.balance_minor, code),
        issued_on=event.issued_on,
        due_on=event.due_on,
        collectable=event.collectable,
    )
    await announce_invoice(work, event.tenant_id, event.invoice_id, issued, envelope, _trace())


async def payment_succeeded(
    work: NotificationsWork, event: payments.PaymentSucceeded, envelope: Envelope
) -> None:
    code = currency(event.currency)
    payment = ReceivedPayment(
        payment_id=event.payment_id,
        amount=Money(event.amount_minor, code),
        method=_method(event.method),
        at=event.at,
        parts={
            part.invoice_id: facts.PaidPart(part.number, Money(part.amount_minor, code))
            for part in event.allocations
        },
    )
    await write_receipt(work, event.tenant_id, payment, envelope, _trace())


async def payment_failed(work: NotificationsWork, event: payments.PaymentFailed, envelope: Envelope) -> None:
    failed = facts.FailedPayment(
        amount=Money(event.amount_minor, currency(event.currency)),
        method=_method(event.method),
        at=event.at,
        reason=event.reason,
        by_auto_pay=event.trigger == "auto_pay",
        numbers=tuple(part.number for part in event.allocations),
        next_retry_at=event.next_retry_at,
    )
    await queue_mail(work, event.tenant_id, failed, envelope, _trace())


async def reminder_due(work: NotificationsWork, event: suspension.ReminderDue, envelope: Envelope) -> None:
    if not event.invoices:
        raise Permanent("a reminder without an invoice reminds of nothing")
    invoices = _owed(event.invoices, event.currency)
    reminder = facts.Reminder(event.day, _sum(invoices, event.currency), invoices, event.suspends_on)
    await queue_mail(work, event.tenant_id, reminder, envelope, _trace())


async def tenant_suspended(
    work: NotificationsWork, event: suspension.TenantSuspended, envelope: Envelope
) -> None:
    invoices = _owed(event.invoices, event.currency)
    suspended = facts.Suspended(
        both_directions=event.stage == "both_barred",
        since=event.since,
        owed=_sum(invoices, event.currency),
        invoices=invoices,
    )
    await queue_mail(work, event.tenant_id, suspended, envelope, _trace())


async def tenant_restored(
    work: NotificationsWork, event: suspension.TenantRestored, envelope: Envelope
) -> None:
    await queue_mail(work, event.tenant_id, facts.Restored(event.at), envelope, _trace())


HANDLERS: dict[type[Event], Callable[[Any, Any, Envelope], Awaitable[None]]] = {
    invoicing.TenantOpened: tenant_said,
    invoicing.TenantChanged: tenant_said,
    invoicing.TenantClosed: tenant_closed,
    invoicing.ProviderChanged: provider_changed,
    invoicing.InvoiceIssued: invoice_issued,
    payments.PaymentSucceeded: payment_succeeded,
    payments.PaymentFailed: payment_failed,
    suspension.ReminderDue: reminder_due,
    suspension.TenantSuspended: tenant_suspended,
    suspension.TenantRestored: tenant_restored,
}
