"""Watch a tenant's limits while its period runs: alerts, and the spend limit that stops chargeable calls.

The counters of ``running_period`` bound what a period can have cost; the exact figures are read from the rollup only
when the bound reaches something that was not said. The row is locked last in a recording, and by everyone who
changes it, so that each threshold is said once, in the transaction of the call that passes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from services.usage.domain.calls import Call
from services.usage.domain.metering import DayLine
from services.usage.domain.period_counts import anchor_after, anchor_on_or_before, share_of_period
from services.usage.domain.tenants import PlanTerms, Tenant
from services.usage.domain.thresholds import (
    UNUSUAL_DAYS,
    Limits,
    Reached,
    minutes_reached,
    seconds_until,
    spend_reached,
    unusual_international,
)
from services.usage.use_cases.meter_period import PeriodFigures, TermsPart, measure_period
from services.usage.use_cases.ports import UsageWork
from services.usage.use_cases.provision_resources import get_tenant
from services.usage.use_cases.rating_ports import RunningPeriod
from services.usage.use_cases.re_rate_periods import plan_parts
from shared.clock import local_date
from shared.errors import Conflict, Invalid
from shared.events.usage import ThresholdCleared, ThresholdReached
from shared.ids import ProviderId, TenantId
from shared.money import currency, exponent

_MILLION = 1_000_000
# Of chargeable seconds: nothing about included minutes is left to be said.
_NEVER = 2**62


def running_period(tenant: Tenant, day: date) -> tuple[date, date]:
    """``[start, end)`` of the billing period that a local day is in, by the tenant's anchor.

    Without an anchor, by calendar months. The first period begins when the tenant does or its trial ends.
    """
    anchor = tenant.anchor_day or 1
    start, end = anchor_on_or_before(day, anchor), anchor_after(day, anchor)
    for first in (tenant.opened_on, tenant.trial_ends_on):
        if first is not None and start < first <= day:
            start = first
    if tenant.trial_ends_on is not None and tenant.opened_on <= day < tenant.trial_ends_on:
        return tenant.opened_on, tenant.trial_ends_on
    return start, end


def limits_of(terms: PlanTerms, row: RunningPeriod) -> Limits:
    """The plan's, unless a person has released this period's spend limit or set another one."""
    limit = row.limit_minor if row.released else terms.spend_limit_minor
    return Limits(terms.spend_alert_minor, limit)


def _is_watched(terms: PlanTerms) -> bool:
    return (
        bool(terms.all_bundles())
        or terms.spend_alert_minor is not None
        or terms.spend_limit_minor is not None
    )


async def watch_limits(
    work: UsageWork,
    provider_id: ProviderId,
    calls: Sequence[Call],
    tenants: Mapping[TenantId, Tenant],
    now: datetime,
) -> None:
    """Adds new billed calls to their tenants' running periods and says what they have reached."""
    wanted: dict[TenantId, RunningPeriod] = {}
    added: dict[TenantId, list[Call]] = {}
    abroad: set[TenantId] = set()
    running: dict[TenantId, tuple[date, date, date, PlanTerms | None]] = {}
    for call in calls:
        tenant_id = call.tenant_id
        if tenant_id not in running:
            tenant = tenants[tenant_id]
            day = local_date(now, tenant.zone)
            running[tenant_id] = (day, *running_period(tenant, day), tenant.terms_on(day))
        today, start, end, terms = running[tenant_id]
        if not start <= call.local_day < end:
            continue
        if call.call_class == "international" and call.direction == "outbound" and call.local_day == today:
            abroad.add(tenant_id)
        if terms is not None and (_is_watched(terms) or tenant_id in abroad):
            wanted[tenant_id] = RunningPeriod(tenant_id, start, end, provider_id)
            added.setdefault(tenant_id, []).append(call)
    if not wanted:
        return
    international = await _international(work, {one: tenants[one] for one in abroad}, now)
    saved: list[RunningPeriod] = []
    for row in await work.running.lock(list(wanted.values())):
        tenant = tenants[row.tenant_id]
        terms = tenant.terms_on(local_date(now, tenant.zone))
        if terms is None:
            continue
        found: list[Reached] = []
        day = local_date(now, tenant.zone)
        if row.tenant_id in international:
            one = unusual_international(day, international[row.tenant_id], row.said)
            found += [one] if one is not None else []
        counted = await _count(work, row, added[row.tenant_id])
        checked, reached = await _check(work, tenant, terms, counted)
        saved.append(_say(work, checked, terms, [*found, *reached], now))
    await work.running.save(saved)


async def _international(
    work: UsageWork, tenants: Mapping[TenantId, Tenant], now: datetime
) -> dict[TenantId, dict[date, int]]:
    if not tenants:
        return {}
    days = [local_date(now, tenant.zone) for tenant in tenants.values()]
    return await work.running.international_days(
        list(tenants), min(days) - timedelta(days=UNUSUAL_DAYS), max(days) + timedelta(days=1)
    )


async def _count(work: UsageWork, row: RunningPeriod, calls: Sequence[Call]) -> RunningPeriod:
    """The counters with these calls in them; read from the rollup where they are not known."""
    if row.gross is None:
        lines = await work.lines.of_period(row.tenant_id, row.start_date, row.end_date)
        gross = sum((_gross(line) for line in lines), Fraction(0))
        seconds = sum(line.billed_seconds for line in lines if line.chargeable)
        # Whatever the plans are now, included minutes are looked at once.
        return replace(row, gross=int(gross * 60 * _MILLION), seconds=seconds, check_seconds=0)
    charge = sum((call.rating.rated.charge for call in calls), Fraction(0))
    return replace(
        row,
        gross=row.gross + int(charge * 60 * _MILLION),
        seconds=row.seconds + sum(call.billed_seconds for call in calls if call.rating.rated.chargeable),
    )


def _gross(line: DayLine) -> Fraction:
    time = Fraction(line.price_per_minute) * line.billed_seconds / 60
    return (Fraction(line.charge) if line.capped else time) + Fraction(line.connect_fee) * line.calls


async def _check(
    work: UsageWork, tenant: Tenant, terms: PlanTerms, row: RunningPeriod
) -> tuple[RunningPeriod, list[Reached]]:
    """What was reached; reads exact figures only if the counters say that something may have been."""
    limits = limits_of(terms, row)
    gross = minor_units(Fraction(row.gross or 0, 60 * _MILLION), terms)
    least = limits.least(row.said)
    spend_may = least is not None and gross >= least
    if not spend_may and row.seconds < row.check_seconds:
        return row, []
    figures = await measure_running(work, tenant, row)
    if figures is None:
        return row, []
    spend = minor_units(sum((one.exact for one in figures.minutes), Fraction(0)), terms)
    pools = figures.pools.pools
    reached = [
        *spend_reached(spend, limits, row.said),
        *minutes_reached(pools, figures.used, row.said),
    ]
    said = row.said | {one.name for one in reached}
    wait = seconds_until(pools, figures.used, said)
    return replace(row, check_seconds=_NEVER if wait is None else row.seconds + wait), reached


async def measure_running(work: UsageWork, tenant: Tenant, row: RunningPeriod) -> PeriodFigures | None:
    """Exact figures of a running period, by the plans that are known to hold in it; None: one of them is unknown."""
    parts = plan_parts(tenant, row.start_date, row.end_date)
    if parts is None:
        return None
    known = {plan.terms.key: plan.terms for plan in tenant.plans if plan.terms is not None}
    whole = [TermsPart(one.start_date, one.end_date, known[one.plan_id, one.plan_version]) for one in parts]
    begins_short = row.start_date in (tenant.opened_on, tenant.trial_ends_on)
    share = share_of_period(row.start_date, row.end_date, begins_short=begins_short)
    return await measure_period(work, tenant, whole, share=share)


def minor_units(major: Fraction, terms: PlanTerms) -> Fraction:
    """An exact amount in minor units of the plan's currency."""
    return major * int(10 ** exponent(currency(terms.currency)))


def _say(
    work: UsageWork, row: RunningPeriod, terms: PlanTerms, reached: Sequence[Reached], now: datetime
) -> RunningPeriod:
    for one in reached:
        money = one.kind in ("spend", "spend_limit")
        work.emit(
            ThresholdReached(
                provider_id=row.provider_id,
                tenant_id=row.tenant_id,
                kind=one.kind,
                subject=one.subject,
                percent=one.percent,
                used=one.used,
                limit=one.limit,
                currency=terms.currency if money else None,
                start_date=row.start_date,
                end_date=row.end_date,
                at=now,
            ),
            time=now,
        )
    stops = any(one.kind == "spend_limit" and one.percent == 100 for one in reached)
    return replace(row, said=row.said | {one.name for one in reached}, holds=row.holds or stops)


# -- a limit that holds no longer -------------------------------------------------------------------------------------


async def clear_for_new_period(
    work: UsageWork, provider_id: ProviderId, tenant_id: TenantId, end: date
) -> None:
    """A period ended: its spend limit holds no longer, unless the new one's has been reached already."""
    holding = await work.running.holding(provider_id, tenant_id)
    past = [row for row in holding if row.start_date < end]
    if not past:
        return
    await work.running.save([replace(row, holds=False) for row in past])
    if len(past) == len(holding):
        await _cleared(work, past[-1], "new_period", None)


async def review_limits(work: UsageWork, provider_id: ProviderId, tenant_id: TenantId | None) -> None:
    """Plans changed: a spend limit that was reached and is now higher, or gone, holds no longer (all tenants: None)."""
    if tenant_id is not None:
        await work.running.forget_sums(tenant_id)
    for row in await work.running.holding(provider_id, tenant_id):
        await work.lock_tenant(row.tenant_id)
        tenant = await get_tenant(work, provider_id, row.tenant_id)
        terms = tenant.terms_on(local_date(await work.now(provider_id), tenant.zone))
        figures = await measure_running(work, tenant, row)
        if terms is None or figures is None:
            continue
        limit = limits_of(terms, row).spend_limit_minor
        spend = minor_units(sum((one.exact for one in figures.minutes), Fraction(0)), terms)
        if limit is None or spend < limit:
            (held,) = await work.running.lock([row])
            if held.holds:
                await work.running.save([replace(held, holds=False, gross=None)])
                await _cleared(work, held, "limit_changed", None)


async def release_spend_limit(
    work: UsageWork, provider_id: ProviderId, tenant_id: TenantId, *, by: str, limit_minor: int | None
) -> RunningPeriod:
    """A person lets the tenant call again: for the rest of the period without a limit, or up to a higher one.

    Raises ``Conflict`` when no limit holds, ``Invalid`` for a new limit that is reached already.
    """
    await work.lock_tenant(tenant_id)
    tenant = await get_tenant(work, provider_id, tenant_id)
    holding = await work.running.holding(provider_id, tenant_id)
    if not holding:
        raise Conflict("No spend limit of this tenant is reached; there is nothing to release.")
    (row,) = await work.running.lock(holding[-1:])
    if limit_minor is not None:
        terms = tenant.terms_on(local_date(await work.now(provider_id), tenant.zone))
        figures = await measure_running(work, tenant, row)
        if terms is not None and figures is not None:
            spend = minor_units(sum((one.exact for one in figures.minutes), Fraction(0)), terms)
            if limit_minor <= spend:
                raise Invalid(
                    f"The tenant's usage is {int(spend)} minor units already; give a higher limit, or none.",
                    field="limit_minor",
                )
    released = replace(row, released=True, limit_minor=limit_minor, holds=False)
    await work.running.save([released, *(replace(one, holds=False) for one in holding[:-1])])
    await _cleared(work, row, "released", by)
    return released


async def _cleared(
    work: UsageWork,
    row: RunningPeriod,
    why: Literal["new_period", "limit_changed", "released"],
    by: str | None,
) -> None:
    now = await work.now(row.provider_id)
    work.emit(
        ThresholdCleared(
            provider_id=row.provider_id, tenant_id=row.tenant_id, kind="spend_limit", why=why, by=by, at=now
        ),
        time=now,
    )
