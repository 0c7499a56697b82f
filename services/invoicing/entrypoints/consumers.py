"""Events that invoicing hears."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.invoicing.use_cases.ports import Work
from services.invoicing.use_cases.read_metered import metered_totals
from services.invoicing.use_cases.settle_payment import settle_payment
from services.invoicing.use_cases.take_totals import period_trace, take_totals
from shared.errors import Invalid, Permanent
from shared.events.envelope import Envelope, Event
from shared.events.payments import PaymentSucceeded
from shared.events.usage import PeriodMetered
from shared.money import Money, currency


async def on_period_metered(work: Work, event: PeriodMetered, _: Envelope) -> None:
    # The invoice is issued by a loop after the finalisation delay, in the same trace.
    await work.remember_trace(event.provider_id, period_trace(event.tenant_id, event.start_date))
    await take_totals(work, event.tenant_id, event.start_date, metered_totals(event))


async def on_payment_succeeded(work: Work, event: PaymentSucceeded, _: Envelope) -> None:
    try:
        code = currency(event.currency)
    except Invalid as error:
        raise Permanent(f"payment {event.payment_id}: {error.message}") from error
    await settle_payment(
        work,
        event.provider_id,
        event.tenant_id,
        event.payment_id,
        Money(event.amount_minor, code),
        [(part.invoice_id, part.amount_minor) for part in event.allocations],
        event.at,
    )


HANDLERS: dict[type[Event], Callable[[Work, Any, Envelope], Awaitable[None]]] = {
    PeriodMetered: on_period_metered,
    PaymentSucceeded: on_payment_succeeded,
}
