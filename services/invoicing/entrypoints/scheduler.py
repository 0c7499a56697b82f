"""Due loops of invoicing. One tenant never blocks another: a lock that is taken is passed by, a failure is parked."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

import structlog
from opentelemetry import metrics, trace

from services.invoicing.use_cases.end_period import end_period
from services.invoicing.use_cases.invoice_period import InvoiceStep, invoice_due
from services.invoicing.use_cases.mark_overdue import mark_overdue
from services.invoicing.use_cases.park_period import park_period
from services.invoicing.use_cases.ports import DueStep, Period, Work
from services.invoicing.use_cases.take_totals import period_trace
from shared.db.engine import is_away
from shared.ids import ProviderId, TenantId

_tracer = trace.get_tracer(__name__)
# An alert on this one calls somebody: a tenant is not billed until its reason is seen to.
_parked = metrics.get_meter(__name__).create_counter("tollgate.invoicing.parked", "period")
log = structlog.get_logger(__name__)
# Tenants in one transaction: enough to share the cost of a commit, few enough to hold the number series briefly.
TENANTS_AT_ONCE = 100
# One drafts while the other writes; more would only wait for the number series.
BATCHES_AT_ONCE = 2
# Found at once, so that a second worker passes by what the first has locked.
FOUND_AT_ONCE = 4 * TENANTS_AT_ONCE
OVERDUE_AT_ONCE = 50
OpenWork = Callable[[], Work]


async def end_periods(open_work: OpenWork) -> int:
    """Each tenant in a transaction of its own; how many ended or were parked."""
    done = 0
    async with open_work() as work:
        found = await work.periods.find_due("end", work.system_now(), FOUND_AT_ONCE)
    for period in found:
        try:
            # In a task of its own, so that the trace it continues ends with it.
            done += await asyncio.create_task(_end(open_work, period))
        except Exception as error:
            if is_away(error):
                raise
            await _park(open_work, period, "end", error)
            done += 1
    return done


async def _end(open_work: OpenWork, period: Period) -> int:
    async with open_work() as work:
        if not await work.try_lock_tenants([period.tenant_id]):
            return 0
        await work.continue_trace(period.provider_id, period_trace(period.tenant_id, period.span.start))
        with _tracer.start_as_current_span("due end_period"):
            await end_period(work, period)
    return 1


async def invoice_first_fees(open_work: OpenWork) -> int:
    return await _invoice(open_work, "fee")


async def invoice_periods(open_work: OpenWork) -> int:
    return await _invoice(open_work, "final")


async def invoice_late_usage(open_work: OpenWork) -> int:
    """The last invoices of closed tenants (R43)."""
    return await _invoice(open_work, "late")


async def _invoice(open_work: OpenWork, step: InvoiceStep) -> int:
    async with open_work() as work:
        found = await work.periods.find_due(step, work.system_now(), FOUND_AT_ONCE)
    turns = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def in_turn(batch: Sequence[Period]) -> int:
        async with turns:
            return await _batch(open_work, step, batch)

    return sum(await asyncio.gather(*(in_turn(batch) for batch in _batches(found))))


def _batches(found: Sequence[Period]) -> list[list[Period]]:
    """Of one provider each, with one period of a tenant: its next one must see what the first billed."""
    of_provider: dict[ProviderId, dict[TenantId, Period]] = defaultdict(dict)
    for one in found:
        of_provider[one.provider_id].setdefault(one.tenant_id, one)
    made = []
    for tenants in of_provider.values():
        rows = list(tenants.values())
        made += [rows[at : at + TENANTS_AT_ONCE] for at in range(0, len(rows), TENANTS_AT_ONCE)]
    return made


async def _batch(open_work: OpenWork, step: InvoiceStep, batch: Sequence[Period]) -> int:
    """How many were issued or parked. Where the writing fails, each is done alone, so that one is to blame."""
    try:
        async with open_work() as work:
            with _tracer.start_as_current_span(f"due {step}"):
                done, failed = await invoice_due(work, step, batch)
    except Exception as error:
        if is_away(error):
            raise
        if len(batch) == 1:
            await _park(open_work, batch[0], step, error)
            return 1
        log.warning("tenants are done one by one", step=step, tenants=len(batch), error=repr(error))
        return sum([await _batch(open_work, step, [one]) for one in batch])
    for one in failed:
        await _park(open_work, one.period, step, one.error)
    return done


async def _park(open_work: OpenWork, period: Period, step: DueStep, error: Exception) -> None:
    """The tenant cannot be billed as things are: somebody must look; the others go on."""
    async with open_work() as work:
        if not await park_period(work, period, step, error):
            return
    _parked.add(1, {"error": type(error).__name__, "step": step})
    log.error(
        "period parked",
        tenant_id=str(period.tenant_id),
        start_date=str(period.span.start),
        step=step,
        exc_info=error,
    )


async def mark_overdue_invoices(open_work: OpenWork) -> int:
    for done in range(OVERDUE_AT_ONCE):
        async with open_work() as work:
            found = await work.invoices.find_overdue(work.system_now())
            if found is None:
                return done
            await mark_overdue(work, found)
    return OVERDUE_AT_ONCE
