"""Due work of usage: ended periods that changed are metered again, records that became placeable are taken."""

from datetime import datetime, timedelta

import structlog

from services.usage.domain.months import month_of, next_month
from services.usage.use_cases.meter_period import meter_again
from services.usage.use_cases.ports import Numbering, OpenWork, ReadRecord
from services.usage.use_cases.re_rate_periods import re_rate_step
from services.usage.use_cases.replay_quarantine import replay_placeable
from shared.errors import Transient

log = structlog.get_logger(__name__)
_PERIODS_A_STEP = 50
_RECORDS_A_STEP = 200
_LEGS_A_STEP = 5000
_LEGS_KEPT_LONGER = timedelta(days=31)
_MONTHS_AHEAD = 2


async def meter_dirty_periods(open_work: OpenWork) -> int:
    """One transaction a period, so that one tenant never blocks another; how many were metered."""
    async with open_work() as work:
        dirty = await work.periods.dirty(_PERIODS_A_STEP)
    metered = 0
    for tenant_id, start_date in dirty:
        try:
            async with open_work() as work:
                metered += await meter_again(work, tenant_id, start_date)
        except Transient as error:
            log.warning(
                "period waits", tenant_id=str(tenant_id), start_date=str(start_date), error=str(error)
            )
    return metered


async def replay_step(
    open_work: OpenWork, numbering: Numbering, read: ReadRecord, *, late_window: timedelta
) -> int:
    """One batch of records that a change of tenants, numbers or plans may have made placeable."""
    async with open_work() as work:
        return await replay_placeable(work, numbering, read, late_window=late_window, limit=_RECORDS_A_STEP)


async def provide_months(open_work: OpenWork, now: datetime) -> int:
    """Makes this month and the next two; a call of any other month makes its own when it comes."""
    months = [month_of(now)]
    for _ in range(_MONTHS_AHEAD):
        months.append(next_month(months[-1]))
    async with open_work() as work:
        return await work.months.provide(months)


_RE_RATING_STEPS = 20


async def re_rating_step(open_work: OpenWork) -> int:
    """Some transactions of a running re-rating, short ones, so that recording goes on between them."""
    for done in range(_RE_RATING_STEPS):
        async with open_work() as work:
            if not await re_rate_step(work):
                return done
    return _RE_RATING_STEPS


async def forget_legs(open_work: OpenWork, now: datetime, *, late_window: timedelta) -> int:
    """Legs that nothing can join any more (docs/design-legs.md); real time, since test clocks play no years."""
    async with open_work() as work:
        return await work.legs.prune(now - late_window - _LEGS_KEPT_LONGER, _LEGS_A_STEP)
