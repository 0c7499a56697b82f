"""A period is over: usage is asked for its totals and the next one begins."""

from dataclasses import replace

from services.invoicing.domain.periods import span_from
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.open_tenant import make_period
from services.invoicing.use_cases.ports import Period, Work
from shared.events.invoicing import PeriodEnded, TenantChanged


async def end_period(work: Work, found: Period) -> None:
    """Ends a period whose time has passed. Its row, read again under the tenant's lock, is the claim."""
    await work.lock_tenant(found.tenant_id)
    period = await work.periods.get(found.tenant_id, found.span.start)
    now = await work.now(found.provider_id)
    if period is None or period.state != "running" or period.end_at > now:
        return
    if period.is_trial:
        await work.periods.set_state(period, "closed")
    else:
        await work.periods.set_state(period, "ended")
        work.emit(
            PeriodEnded(
                provider_id=period.provider_id,
                tenant_id=period.tenant_id,
                start_date=period.span.start,
                end_date=period.span.end,
                plan_id=period.plan_id,
                plan_version=period.plan_version,
            ),
            time=now,
        )
    await _begin_next(work, period)


async def _begin_next(work: Work, period: Period) -> None:
    provider = await work.providers.get(period.provider_id)
    tenant = await work.tenants.get(period.provider_id, period.tenant_id)
    if tenant.status == "closed":
        return
    if period.is_trial:
        tenant = replace(tenant, status="active")
        await work.tenants.set_status(tenant)
        work.emit(about_tenant(TenantChanged, tenant), time=await work.now(period.provider_id))
    plan = await work.plans.get(tenant.provider_id, tenant.plan_id, tenant.plan_version)
    span = span_from(period.span.end, tenant.anchor_day)
    await work.periods.add(make_period(provider, tenant, plan, span, first=period.is_trial))
