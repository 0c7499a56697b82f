"""Due loops of invoicing: each item in a transaction of its own, so that one tenant never blocks another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from opentelemetry import trace

from services.invoicing.use_cases.end_period import end_period
from services.invoicing.use_cases.invoice_period import invoice_first_fee, invoice_period
from services.invoicing.use_cases.mark_overdue import mark_overdue
from services.invoicing.use_cases.ports import Period, PeriodState, Work
from services.invoicing.use_cases.take_totals import period_trace
from shared.db.engine import is_away

_tracer = trace.get_tracer(__name__)
log = structlog.get_logger(__name__)
BATCH = 50
OpenWork = Callable[[], Work]


class Find(Protocol):
    def __call__(self, work: Work) -> Awaitable[Period | None]: ...


class Act(Protocol):
    def __call__(self, work: Work, found: Period, /) -> Awaitable[None]: ...


async def _do_due(open_work: OpenWork, find: Find, act: Act, parked: PeriodState | None) -> int:
    done = 0
    while done < BATCH:
        async with open_work() as work:
            found = await find(work)
        if found is None:
            break
        try:
            # In a task of its own, so that the trace it continues ends with it.
            await asyncio.create_task(_act(open_work, act, found))
        except Exception as error:
            if is_away(error):
                raise
            await _park(open_work, found, parked or found.state, error)
        done += 1
    return done


async def _act(open_work: OpenWork, act: Act, found: Period) -> None:
    async with open_work() as work:
        await work.continue_trace(found.provider_id, period_trace(found.tenant_id, found.span.start))
        with _tracer.start_as_current_span(f"due {getattr(act, '__name__', 'step')}"):
            await act(work, found)


async def _park(open_work: OpenWork, period: Period, state: PeriodState, error: Exception) -> None:
    """The tenant cannot be billed as things are: somebody must look; the others go on."""
    reason = f"{type(error).__name__}: {error}"[:1000]
    log.error(
        "period parked",
        tenant_id=str(period.tenant_id),
        start_date=str(period.span.start),
        reason=reason,
        exc_info=error,
    )
    async with open_work() as work:
        await work.periods.set_state(period, state, reason)


async def end_periods(open_work: OpenWork) -> int:
    return await _do_due(open_work, lambda work: work.periods.find_ended(work.system_now()), end_period, None)


async def invoice_first_fees(open_work: OpenWork) -> int:
    return await _do_due(
        open_work, lambda work: work.periods.find_fee_due(work.system_now()), invoice_first_fee, None
    )


async def invoice_periods(open_work: OpenWork) -> int:
    return await _do_due(
        open_work, lambda work: work.periods.find_final(work.system_now()), invoice_period, "parked"
    )


async def mark_overdue_invoices(open_work: OpenWork) -> int:
    for done in range(BATCH):
        async with open_work() as work:
            found = await work.invoices.find_overdue(work.system_now())
            if found is None:
                return done
            await mark_overdue(work, found)
    return BATCH
