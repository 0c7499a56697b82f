"""A tenant that cannot be billed as things are waits for a person, and somebody is told."""

from services.invoicing.use_cases.ports import DueStep, Period, Work
from shared.events.invoicing import PeriodParked

REASON_MAX = 1000


async def park_period(work: Work, found: Period, step: DueStep, error: Exception) -> bool:
    """Parks the period with the reason and tells it by an event. False: it was parked, or done, in the meantime.

    A parked ``final`` step changes the state; the others leave it, so that they are tried again where they stood.
    """
    await work.lock_tenant(found.tenant_id)
    period = await work.periods.get(found.tenant_id, found.span.start)
    if period is None or period.parked_reason is not None or _moved_on(step, found, period):
        return False
    reason = f"{type(error).__name__}: {error}"[:REASON_MAX]
    await work.periods.park(period, "parked" if step == "final" else period.state, reason)
    work.emit(
        PeriodParked(
            provider_id=period.provider_id,
            tenant_id=period.tenant_id,
            start_date=period.span.start,
            end_date=period.span.end,
            step=step,
            reason=reason,
        ),
        time=await work.now(period.provider_id),
    )
    return True


def _moved_on(step: DueStep, found: Period, now: Period) -> bool:
    """Whether another replica did the step after this one failed."""
    if step == "fee":
        return now.fee_due_at is None
    if step == "late":
        return now.late_due_at is None
    return now.state != found.state
