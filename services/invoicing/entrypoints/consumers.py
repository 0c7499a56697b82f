"""Which use case answers which event."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.use_cases.settle_invoices import settle_invoices
from services.invoicing.use_cases.take_totals import take_totals
from shared.events.envelope import Envelope, Event
from shared.events.payments import PaymentSucceeded
from shared.events.usage import PeriodMetered


async def on_period_metered(work: InvoicingWork, event: PeriodMetered, _: Envelope) -> None:
    await take_totals(work, event)


async def on_payment_succeeded(work: InvoicingWork, event: PaymentSucceeded, _: Envelope) -> None:
    await settle_invoices(work, event)


HANDLERS: dict[type[Event], Callable[[InvoicingWork, Any, Envelope], Awaitable[None]]] = {
    PeriodMetered: on_period_metered,
    PaymentSucceeded: on_payment_succeeded,
}
