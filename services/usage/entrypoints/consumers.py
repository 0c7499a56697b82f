"""Events that usage hears: each handler is one use case in the open transaction."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from services.usage.use_cases.keep_directory import close_tenant, keep_plan, keep_provider, keep_tenant
from services.usage.use_cases.meter_period import end_period
from services.usage.use_cases.note_invoice import note_invoice
from services.usage.use_cases.period_ports import EndedPeriod, PeriodPart
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.watch_limits import clear_for_new_period
from shared.events.envelope import Envelope, Event
from shared.events.invoicing import (
    ClockAdvanced,
    InvoiceIssued,
    PeriodEnded,
    PlanChanged,
    ProviderChanged,
    TenantChanged,
    TenantClosed,
    TenantOpened,
)


async def on_provider_changed(work: UsageWork, event: ProviderChanged, envelope: Envelope) -> None:
    await keep_provider(work, event, envelope)


async def on_tenant(work: UsageWork, event: TenantOpened | TenantChanged, envelope: Envelope) -> None:
    await keep_tenant(work, event, envelope)


async def on_tenant_closed(work: UsageWork, event: TenantClosed, _: Envelope) -> None:
    await close_tenant(work, event)


async def on_plan_changed(work: UsageWork, event: PlanChanged, _: Envelope) -> None:
    await keep_plan(work, event)


async def on_clock_advanced(work: UsageWork, event: ClockAdvanced, _: Envelope) -> None:
    await work.advance_clock(event.provider_id, event.now)


async def on_period_ended(work: UsageWork, event: PeriodEnded, _: Envelope) -> None:
    await work.lock_tenant(event.tenant_id)
    await clear_for_new_period(work, event.provider_id, event.tenant_id, event.end_date)
    await end_period(
        work,
        EndedPeriod(
            provider_id=event.provider_id,
            tenant_id=event.tenant_id,
            start_date=event.start_date,
            end_date=event.end_date,
            plan_id=event.plan_id,
            plan_version=event.plan_version,
            parts=tuple(
                PeriodPart(one.start_date, one.end_date, one.plan_id, one.plan_version) for one in event.parts
            ),
            share_days=event.share_days,
            share_of_days=event.share_of_days,
        ),
    )


async def on_invoice_issued(work: UsageWork, event: InvoiceIssued, _: Envelope) -> None:
    await note_invoice(work, event)


HANDLERS: Mapping[type[Event], Callable[[Any, Any, Envelope], Awaitable[None]]] = {
    ProviderChanged: on_provider_changed,
    TenantOpened: on_tenant,
    TenantChanged: on_tenant,
    TenantClosed: on_tenant_closed,
    PlanChanged: on_plan_changed,
    ClockAdvanced: on_clock_advanced,
    PeriodEnded: on_period_ended,
    InvoiceIssued: on_invoice_issued,
}
