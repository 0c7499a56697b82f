"""Events in: each becomes facts, and those a mail. No decisions here."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from opentelemetry import propagate

from services.notifications.domain import facts
from services.notifications.domain.people import Contact, Sender
from services.notifications.use_cases.announce_invoice import announce_invoice
from services.notifications.use_cases.keep_contact import close_contact, keep_contact
from services.notifications.use_cases.keep_sender import keep_sender
from services.notifications.use_cases.ports import NotificationsWork, Stamp
from services.notifications.use_cases.queue_mail import queue_mail
from services.notifications.use_cases.tell_reversal import Reversal, tell_reversal
from services.notifications.use_cases.write_receipt import ReceivedPayment, write_receipt
from shared.clock import local_date
from shared.errors import Permanent, Transient
from shared.events import Envelope, Event, invoicing, payments, suspension, usage
from shared.ids import derived_id
from shared.money import Money, currency, total


def _trace() -> dict[str, str]:
    """The context of this very message, for the sending that follows."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier


def _method(shown: payments.MethodShown) -> facts.Method:
    return facts.Method(kind=shown.kind, brand=shown.brand, last4=shown.last4, expires=shown.expires)


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
        locale=event.locale,
        time_zone=event.time_zone,
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
        invoice_id=event.invoice_id,
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
        why=event.why,
    )
    await queue_mail(work, event.tenant_id, suspended, envelope, _trace())


async def tenant_restored(
    work: NotificationsWork, event: suspension.TenantRestored, envelope: Envelope
) -> None:
    await queue_mail(work, event.tenant_id, facts.Restored(event.at), envelope, _trace())


async def credit_used(
    work: NotificationsWork,
    event: invoicing.InvoicePartiallyPaid | invoicing.InvoicePaid,
    envelope: Envelope,
) -> None:
    """Payments tell of themselves; account credit that came after the issue is told here only (R32)."""
    if event.credit_minor:
        amount = Money(event.credit_minor, currency(event.currency))
        source = derived_id("account credit", envelope.id)
        await work.invoices.allocate(event.tenant_id, source, event.invoice_id, amount)


async def credit_note_issued(
    work: NotificationsWork, event: invoicing.CreditNoteIssued, envelope: Envelope
) -> None:
    """What it took off the open balance; the rest became credit or goes back."""
    minor = event.used_for.get("open_balance", 0)
    if minor:
        amount = Money(minor, currency(event.currency))
        await work.invoices.allocate(event.tenant_id, event.credit_note_id, event.invoice_id, amount)


async def payment_refunded(
    work: NotificationsWork, event: payments.PaymentRefunded, envelope: Envelope
) -> None:
    refunded = facts.Refunded(
        amount=Money(event.amount_minor, currency(event.currency)),
        method=_method(event.method),
        to=event.to,
        at=event.at,
        numbers=tuple(part.number for part in event.allocations),
        reason=event.reason,
    )
    await queue_mail(work, event.tenant_id, refunded, envelope, _trace())


async def refund_failed(work: NotificationsWork, event: payments.RefundFailed, envelope: Envelope) -> None:
    failed = facts.RefundFailed(Money(event.amount_minor, currency(event.currency)), event.at)
    await queue_mail(work, event.tenant_id, failed, envelope, _trace())


async def payment_disputed(
    work: NotificationsWork, event: payments.PaymentDisputed, envelope: Envelope
) -> None:
    code = currency(event.currency)
    reversal = Reversal(
        dispute_id=event.dispute_id,
        state=event.state,
        amount=Money(event.amount_minor, code),
        fee=Money(event.fee_minor, code),
        method=_method(event.method),
        at=event.at,
        parts={
            part.invoice_id: facts.PaidPart(part.number, Money(part.amount_minor, code))
            for part in event.allocations
        },
    )
    await tell_reversal(work, event.tenant_id, reversal, envelope, _trace())


async def method_expiring(
    work: NotificationsWork, event: payments.MethodExpiring, envelope: Envelope
) -> None:
    expiring = facts.ExpiringMethod(_method(event.method), event.is_default)
    await queue_mail(work, event.tenant_id, expiring, envelope, _trace())


def _rest(
    event: payments.PaymentPlanAgreed | payments.PaymentPlanBroken | payments.PaymentPlanEnded,
) -> tuple[facts.Instalment, ...]:
    """What is still to be paid, in the order of the days."""
    code = currency(event.currency)
    return tuple(
        facts.Instalment(one.due_on, Money(one.amount_minor - one.paid_minor, code))
        for one in sorted(event.instalments, key=lambda one: one.due_on)
        if one.amount_minor > one.paid_minor
    )


async def plan_agreed(work: NotificationsWork, event: payments.PaymentPlanAgreed, envelope: Envelope) -> None:
    rest = _rest(event)
    if not rest:
        raise Permanent("a payment plan without an open instalment promises nothing")
    numbers = await work.invoices.numbers(event.tenant_id, event.invoice_ids)
    owed = total((one.amount for one in rest), currency(event.currency))
    agreed = facts.PlanAgreed(numbers, rest, owed)
    await queue_mail(work, event.tenant_id, agreed, envelope, _trace())


async def plan_broken(work: NotificationsWork, event: payments.PaymentPlanBroken, envelope: Envelope) -> None:
    """Missed is what was due before the day on which the plan broke, in the tenant's zone (R51)."""
    contact = await work.contacts.find(event.provider_id, event.tenant_id)
    if contact is None:
        raise Transient(f"tenant {event.tenant_id} is not known here yet")
    today, rest = local_date(event.at, contact.zone), _rest(event)
    numbers = await work.invoices.numbers(event.tenant_id, event.invoice_ids)
    owed = total((one.amount for one in rest), currency(event.currency))
    broken = facts.PlanBroken(numbers, tuple(one for one in rest if one.due_on < today), owed)
    await queue_mail(work, event.tenant_id, broken, envelope, _trace())


async def plan_ended(work: NotificationsWork, event: payments.PaymentPlanEnded, envelope: Envelope) -> None:
    code = currency(event.currency)
    numbers = await work.invoices.numbers(event.tenant_id, event.invoice_ids)
    if event.why == "kept":
        owed = Money(sum(one.amount_minor for one in event.instalments), code)
    else:
        owed = total((one.amount for one in _rest(event)), code)
    await queue_mail(work, event.tenant_id, facts.PlanEnded(numbers, event.why, owed), envelope, _trace())


async def termination_proposed(
    work: NotificationsWork, event: suspension.TerminationProposed, envelope: Envelope
) -> None:
    invoices = _owed(event.invoices, event.currency)
    proposed = facts.TerminationProposed(event.since, _sum(invoices, event.currency), invoices)
    await queue_mail(work, event.tenant_id, proposed, envelope, _trace())


async def threshold_reached(
    work: NotificationsWork, event: usage.ThresholdReached, envelope: Envelope
) -> None:
    in_money = event.kind in ("spend", "spend_limit")
    if in_money and event.currency is None:
        raise Permanent("an alert about money names no currency")
    code = currency(event.currency) if in_money and event.currency else None
    # Bundles are counted in billed seconds, unusual calls in minutes.
    per_minute = 60 if event.kind == "included_minutes" else 1
    alert = facts.UsageAlert(
        kind=event.kind,
        subject=event.subject,
        percent=event.percent,
        used_minutes=None if code else Decimal(event.used) / per_minute,
        limit_minutes=None if code else Decimal(event.limit) / per_minute,
        used=Money(event.used, code) if code else None,
        limit=Money(event.limit, code) if code else None,
        start_on=event.start_date,
        end_on=event.end_date,
    )
    await queue_mail(work, event.tenant_id, alert, envelope, _trace())


HANDLERS: dict[type[Event], Callable[[Any, Any, Envelope], Awaitable[None]]] = {
    invoicing.TenantOpened: tenant_said,
    invoicing.TenantChanged: tenant_said,
    invoicing.TenantClosed: tenant_closed,
    invoicing.ProviderChanged: provider_changed,
    invoicing.InvoiceIssued: invoice_issued,
    payments.PaymentSucceeded: payment_succeeded,
    invoicing.InvoicePartiallyPaid: credit_used,
    invoicing.InvoicePaid: credit_used,
    invoicing.CreditNoteIssued: credit_note_issued,
    payments.PaymentFailed: payment_failed,
    payments.PaymentRefunded: payment_refunded,
    payments.PaymentDisputed: payment_disputed,
    payments.MethodExpiring: method_expiring,
    payments.PaymentPlanAgreed: plan_agreed,
    payments.PaymentPlanBroken: plan_broken,
    payments.PaymentPlanEnded: plan_ended,
    payments.RefundFailed: refund_failed,
    suspension.ReminderDue: reminder_due,
    suspension.TenantSuspended: tenant_suspended,
    suspension.TenantRestored: tenant_restored,
    suspension.TerminationProposed: termination_proposed,
    usage.ThresholdReached: threshold_reached,
}
