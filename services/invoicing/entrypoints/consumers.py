"""Events that invoicing hears."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.invoicing.use_cases.money_ports import Dispute, Refund
from services.invoicing.use_cases.ports import Work
from services.invoicing.use_cases.read_metered import metered_totals
from services.invoicing.use_cases.settle_payment import settle_payment
from services.invoicing.use_cases.take_dispute import take_dispute
from services.invoicing.use_cases.take_refund import take_failed_refund, take_refund
from services.invoicing.use_cases.take_totals import period_trace, take_totals
from shared.errors import Invalid, Permanent
from shared.events.envelope import Envelope, Event
from shared.events.payments import (
    MethodShown,
    PaymentDisputed,
    PaymentRefunded,
    PaymentSucceeded,
    RefundFailed,
)
from shared.events.usage import PeriodMetered
from shared.money import Money, currency


async def on_period_metered(work: Work, event: PeriodMetered, _: Envelope) -> None:
    # The invoice is issued by a loop after the finalisation delay, in the same trace.
    await work.remember_trace(event.provider_id, period_trace(event.tenant_id, event.start_date))
    await take_totals(work, event.tenant_id, event.start_date, metered_totals(event))


async def on_payment_succeeded(work: Work, event: PaymentSucceeded, _: Envelope) -> None:
    await settle_payment(
        work,
        event.provider_id,
        event.tenant_id,
        event.payment_id,
        _money(event.amount_minor, event.currency, f"payment {event.payment_id}"),
        [(part.invoice_id, part.amount_minor) for part in event.allocations],
        event.at,
    )
    await work.receipts.note_method(event.tenant_id, event.payment_id, _shown(event.method))


async def on_payment_refunded(work: Work, event: PaymentRefunded, _: Envelope) -> None:
    refund = Refund(
        event.tenant_id,
        event.refund_id,
        event.provider_id,
        event.payment_id,
        _money(event.amount_minor, event.currency, f"refund {event.refund_id}"),
        event.to,
        event.at,
    )
    allocations = [(part.invoice_id, part.amount_minor) for part in event.allocations]
    await take_refund(work, refund, allocations, event.reason)


async def on_refund_failed(work: Work, event: RefundFailed, _: Envelope) -> None:
    await take_failed_refund(work, event.tenant_id, event.refund_id, event.at)


async def on_payment_disputed(work: Work, event: PaymentDisputed, _: Envelope) -> None:
    dispute = Dispute(
        event.tenant_id,
        event.dispute_id,
        event.provider_id,
        event.payment_id,
        _money(event.amount_minor, event.currency, f"dispute {event.dispute_id}"),
        event.state,
        {},
        0,
        0,
        event.at,
    )
    await take_dispute(work, dispute, [(part.invoice_id, part.amount_minor) for part in event.allocations])


def _money(minor: int, code: str, what: str) -> Money:
    """Raises ``Permanent`` for a currency that there is not."""
    try:
        return Money(minor, currency(code))
    except Invalid as error:
        raise Permanent(f"{what}: {error.message}") from error


HANDLERS: dict[type[Event], Callable[[Work, Any, Envelope], Awaitable[None]]] = {
    PeriodMetered: on_period_metered,
    PaymentSucceeded: on_payment_succeeded,
    PaymentRefunded: on_payment_refunded,
    RefundFailed: on_refund_failed,
    PaymentDisputed: on_payment_disputed,
}


def _shown(method: MethodShown) -> str:
    """``Visa •••• 4242``; what has no digits by its brand or kind."""
    name = method.brand.replace("_", " ").title() if method.brand.islower() else method.brand
    name = name or method.kind.replace("_", " ")
    return f"{name} •••• {method.last4}" if method.last4 else name
