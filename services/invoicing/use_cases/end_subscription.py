"""A tenant is cancelled, now or at the period's end, and may be reopened."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

from services.invoicing.domain.agreed import FeeSpan
from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import Span, begins_at, span_from
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.change_subscription import cut, look_again, read_standing
from services.invoicing.use_cases.change_tenant import in_next_zone
from services.invoicing.use_cases.note_change import note_change
from services.invoicing.use_cases.open_tenant import first_span, make_period
from services.invoicing.use_cases.ports import Period, Work
from shared.clock import local_date
from shared.errors import Conflict
from shared.events.invoicing import TenantChanged
from shared.ids import PlanId, ProviderId, TenantId


async def cancel_tenant(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    when: Literal["now", "period_end"],
    by: str,
    *,
    credit_unused: bool = True,
) -> date:
    """The first day that is not served any more. Today is still charged (R23).

    Now: the running period ends with today, and unless ``credit_unused`` is false the unused days of what was
    billed in advance are given back on the last invoice (R24, R29). Raises ``NotFound``, ``Conflict``.
    """
    standing = await read_standing(work, provider_id, tenant_id)
    tenant, period = standing.tenant, standing.period
    if tenant.ends_on is not None and (when == "period_end" or tenant.ends_on <= standing.today):
        raise Conflict(f"The tenant ends on {tenant.ends_on} already.")
    if period.span.start > standing.today:
        raise Conflict(
            f"The running period begins on {period.span.start}; cancel from that day on, or at its end.",
            field="when",
        )
    ends_on = period.span.end if when == "period_end" else standing.today + timedelta(days=1)
    if when == "now":
        if credit_unused:
            await look_again(work, tenant, standing.today, until=ends_on)
        found = await work.periods.get(tenant_id, period.span.start)
        assert found is not None, "a running period is never deleted"
        if ends_on < found.span.end:
            await work.periods.save(cut(found, tenant, ends_on))
    changed = replace(tenant, ends_on=ends_on)
    await work.tenants.save_subscription(changed)
    work.emit(about_tenant(TenantChanged, changed), time=await work.now(provider_id))
    detail = {"when": when, "credit_unused": credit_unused}
    await note_change(work, tenant, "cancelled", ends_on, by, detail)
    return ends_on


async def reopen_tenant(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, plan_id: PlanId | None, by: str
) -> date:
    """Withdraws a cancellation that has not come yet, or begins a new period today.

    Raises ``NotFound``, or ``Conflict`` when there is nothing to reopen.
    """
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    if tenant.ends_on is None:
        raise Conflict("The tenant is not cancelled; there is nothing to reopen.")
    running = await work.periods.running(tenant_id)
    if tenant.status != "closed" and running is not None:
        on = await _withdraw(work, tenant, running)
    else:
        on = await _begin_again(work, tenant, plan_id)
    await note_change(work, tenant, "reopened", on, by, {"plan_id": str(plan_id) if plan_id else None})
    return on


async def _withdraw(work: Work, tenant: Tenant, running: Period) -> date:
    assert tenant.ends_on is not None
    ends_on = tenant.ends_on
    if running.span.end == ends_on:
        await _uncut(work, tenant, running, ends_on)
    changed = replace(tenant, ends_on=None)
    await work.tenants.save_subscription(changed)
    work.emit(about_tenant(TenantChanged, changed), time=await work.now(tenant.provider_id))
    return ends_on


async def _uncut(work: Work, tenant: Tenant, running: Period, ends_on: date) -> None:
    """The running period goes on to its anchor, and the fee to its end."""
    start = running.span.start
    whole = (
        first_span(start, tenant.trial_ends_on, tenant.anchor_day)
        if running.is_trial
        else span_from(start, tenant.anchor_day)
    )
    end_at = begins_at(whole.end, tenant.zone)
    delay = running.finalise_at - running.end_at
    span = Span(whole.start, whole.end, whole.month_days)
    await work.periods.save(replace(running, span=span, end_at=end_at, finalise_at=end_at + delay))
    holding = await work.periods.holding_fee(tenant.tenant_id, ends_on - timedelta(days=1))
    if holding is not None and holding.fee is not None and holding.fee.until < holding.fee.end:
        fee: FeeSpan = replace(holding.fee, until=holding.fee.end)
        await work.periods.save(replace(holding, fee=fee))


async def _begin_again(work: Work, tenant: Tenant, plan_id: PlanId | None) -> date:
    tenant = in_next_zone(tenant)
    assert tenant.ends_on is not None
    provider = await work.providers.get(tenant.provider_id)
    today = local_date(await work.now(tenant.provider_id), tenant.zone)
    on = max(today, tenant.ends_on)
    plan = (
        await work.plans.get(tenant.provider_id, tenant.plan_id, tenant.plan_version)
        if plan_id is None
        else await work.plans.in_force(tenant.provider_id, plan_id, on)
    )
    if plan.currency != tenant.currency:
        raise Conflict(f"The tenant is billed in {tenant.currency}; choose a plan in it.", field="plan_id")
    changed = replace(
        tenant,
        status="active",
        plan_id=plan.plan_id,
        plan_version=plan.version,
        plan_from=on,
        ends_on=None,
    )
    await work.subscriptions.assign_plan(tenant.provider_id, tenant.tenant_id, on, plan.plan_id, plan.version)
    await work.tenants.save_subscription(changed)
    period = make_period(provider, changed, plan, span_from(on, tenant.anchor_day), first=True)
    if not await work.periods.add(period):
        raise Conflict(f"A period of the tenant began on {on} before; reopen it tomorrow.")
    work.emit(about_tenant(TenantChanged, changed), time=await work.now(tenant.provider_id))
    return on
