"""A period is over: usage is asked for its totals and the next one begins, or the tenant closes."""

from dataclasses import replace

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import span_from
from services.invoicing.domain.subscriptions import Timeline, agreed_for
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.change_tenant import in_next_zone
from services.invoicing.use_cases.open_tenant import make_period
from services.invoicing.use_cases.ports import Period, Work
from services.invoicing.use_cases.read_closing import read_plans, with_period_plan
from shared.events.invoicing import PeriodEnded, PlanPart, TenantChanged, TenantClosed


async def end_period(work: Work, found: Period) -> None:
    """Ends a period whose time has passed. Its row, read again under the tenant's lock, is the claim."""
    await work.lock_tenant(found.tenant_id)
    period = await work.periods.get(found.tenant_id, found.span.start)
    now = await work.now(found.provider_id)
    if period is None or period.state != "running" or period.end_at > now:
        return
    timeline = with_period_plan(await work.subscriptions.timeline(period.tenant_id), period)
    if period.is_trial or period.span.days == 0:
        await work.periods.save(replace(period, state="closed"))
    else:
        await work.periods.save(replace(period, state="ended"))
        work.emit(await _ended(work, period, timeline), time=now)
    tenant = await work.tenants.get(period.provider_id, period.tenant_id)
    if tenant.ends_on is not None and period.span.end >= tenant.ends_on:
        await _close(work, tenant)
    elif tenant.status != "closed":
        await _begin_next(work, tenant, period, timeline)


async def _ended(work: Work, period: Period, timeline: Timeline) -> PeriodEnded:
    """With the plans of its days (R8, R19), and what it is of a whole period (R17)."""
    plans = await read_plans(work, period.provider_id, {period.tenant_id: timeline})
    agreed = agreed_for(timeline, period.span, None, lambda plan_id, version: plans[plan_id, version])
    parts = agreed.usage_parts()
    last = parts[-1].what
    return PeriodEnded(
        provider_id=period.provider_id,
        tenant_id=period.tenant_id,
        start_date=period.span.start,
        end_date=period.span.end,
        plan_id=last.plan_id,
        plan_version=last.version,
        parts=tuple(
            PlanPart(
                start_date=one.start,
                end_date=one.end,
                plan_id=one.what.plan_id,
                plan_version=one.what.version,
            )
            for one in parts
            if len(parts) > 1
        ),
        share_days=period.span.days,
        share_of_days=period.span.month_days,
    )


async def _close(work: Work, tenant: Tenant) -> None:
    """The last day was served; the invoice of its period follows, and late usage makes one more (R43)."""
    assert tenant.ends_on is not None
    closed = replace(tenant, status="closed")
    now = await work.now(tenant.provider_id)
    await work.tenants.save_subscription(closed)
    work.emit(about_tenant(TenantChanged, closed), time=now)
    event = TenantClosed(provider_id=tenant.provider_id, tenant_id=tenant.tenant_id, closed_on=tenant.ends_on)
    work.emit(event, time=now)


async def _begin_next(work: Work, tenant: Tenant, period: Period, timeline: Timeline) -> None:
    """On the plan that was agreed for its first day; that may be another one from now on."""
    provider = await work.providers.get(period.provider_id)
    start = period.span.end
    plan_id, version = timeline.plan_on(start)
    changed = replace(in_next_zone(tenant), status="active")
    if (plan_id, version) != (tenant.plan_id, tenant.plan_version):
        changed = replace(changed, plan_id=plan_id, plan_version=version, plan_from=start)
    if changed != tenant:
        await work.tenants.save_subscription(changed)
        work.emit(about_tenant(TenantChanged, changed), time=await work.now(period.provider_id))
    plan = await work.plans.get(tenant.provider_id, plan_id, version)
    paid_until = await work.periods.fee_paid_until(tenant.tenant_id)
    span = span_from(start, changed.anchor_day)
    next_one = make_period(provider, changed, plan, span, first=period.is_trial, paid_until=paid_until)
    await work.periods.add(next_one)
