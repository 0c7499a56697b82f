"""Another plan or another quantity, now or at the period's end; the dry run makes the same change and keeps nothing."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.invoicing.domain.catalogue import Tenant
from services.invoicing.domain.periods import Span, begins_at
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.subscriptions import Timeline, day_of_change, fee_span
from services.invoicing.use_cases.announcements import about_tenant
from services.invoicing.use_cases.note_change import check_add_on, note_change
from services.invoicing.use_cases.ports import Period, Work
from shared.clock import local_date
from shared.errors import Conflict, Invalid
from shared.events.invoicing import TenantChanged
from shared.ids import PlanId, ProviderId, TenantId


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant that can be changed, read under its lock: its running period, timeline, and today in its zone."""

    tenant: Tenant
    period: Period
    timeline: Timeline
    today: date


async def read_standing(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> Standing:
    """Takes the tenant's lock. Raises ``NotFound``, or ``Conflict`` for a closed tenant."""
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    period = await work.periods.running(tenant_id)
    if tenant.status == "closed" or period is None:
        raise Conflict("The tenant is closed; reopen it first.")
    today = local_date(await work.now(provider_id), tenant.zone)
    return Standing(tenant, period, await work.subscriptions.timeline(tenant_id), today)


async def change_plan(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    plan_id: PlanId,
    version: int | None,
    when: str | date,
    by: str,
) -> date:
    """From the answered day on the tenant has the plan's version, by default the one in force on that day.

    What was billed in advance of the old plan is given back by days, and the new one charged (R22-R24), with the
    next invoice. Raises ``NotFound``, ``Conflict``, ``Invalid``.
    """
    standing = await read_standing(work, provider_id, tenant_id)
    tenant, period = standing.tenant, standing.period
    on = day_of_change(when, standing.today, period.span.start, period.span.end)
    _refuse_after_end(tenant, on)
    plan = (
        await work.plans.in_force(provider_id, plan_id, on)
        if version is None
        else await work.plans.get(provider_id, plan_id, version)
    )
    if plan.currency != tenant.currency:
        raise Invalid(
            f"The plan is in {plan.currency}; the tenant is billed in {tenant.currency}, which stays (R41)."
            " Choose a plan in that currency.",
            field="plan_id",
        )
    before_id, before_version = standing.timeline.plan_on(
        on - timedelta(days=1) if on > period.span.start else on
    )
    await work.subscriptions.assign_plan(provider_id, tenant_id, on, plan.plan_id, plan.version)
    if on < period.span.end:
        old = await work.plans.get(provider_id, before_id, before_version)
        await _change_now(work, standing, old, plan, on)
    detail = {
        "from": {"plan_id": str(before_id), "plan_version": before_version},
        "to": {"plan_id": str(plan.plan_id), "plan_version": plan.version, "name": plan.name},
    }
    await note_change(work, tenant, "plan changed", on, by, detail)
    return on


async def _change_now(work: Work, standing: Standing, old: Plan, plan: Plan, on: date) -> None:
    tenant, period = standing.tenant, standing.period
    anchor = tenant.anchor_day
    if old.interval != plan.interval and not period.is_trial:
        if on > period.span.start:
            anchor = on.day
        await _begin_anew(work, standing, plan, on)
    else:
        await look_again(work, tenant, on)
        if on == period.span.start:
            await work.periods.save(
                replace(await _again(work, period), plan_id=plan.plan_id, plan_version=plan.version)
            )
    changed = replace(
        tenant, plan_id=plan.plan_id, plan_version=plan.version, plan_from=on, anchor_day=anchor
    )
    await work.tenants.save_subscription(changed)
    work.emit(about_tenant(TenantChanged, changed), time=await work.now(tenant.provider_id))


async def _begin_anew(work: Work, standing: Standing, plan: Plan, on: date) -> None:
    """Between monthly and yearly the rest is credited and a new period begins (R26)."""
    tenant, period = standing.tenant, standing.period
    await look_again(work, tenant, on, until=on)
    period = await _again(work, period)
    if on > period.span.start:
        await work.periods.save(cut(period, tenant, on))
    else:
        fee = fee_span(plan, period.span, tenant.anchor_day, None)
        await work.periods.save(
            replace(period, plan_id=plan.plan_id, plan_version=plan.version, fee=fee, late=True)
        )


async def _again(work: Work, period: Period) -> Period:
    found = await work.periods.get(period.tenant_id, period.span.start)
    assert found is not None, "a running period is never deleted"
    return found


def cut(period: Period, tenant: Tenant, end: date) -> Period:
    """Ends a running period on an earlier day; its invoice follows after the same delay."""
    end_at = begins_at(end, tenant.zone)
    delay = period.finalise_at - period.end_at
    span = Span(period.span.start, end, period.span.month_days)
    return replace(period, span=span, end_at=end_at, finalise_at=end_at + delay)


async def look_again(work: Work, tenant: Tenant, on: date, *, until: date | None = None) -> None:
    """The period whose fee pays for ``on`` is compared with what was billed at the next invoice.

    ``until``: its fee is used to that day only.
    """
    holding = await work.periods.holding_fee(tenant.tenant_id, on)
    if holding is None:
        return
    fee = holding.fee
    if until is not None and fee is not None:
        fee = replace(fee, until=max(until, fee.start))
    await work.periods.save(replace(holding, late=True, fee=fee))


async def change_add_on(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    code: str,
    quantity: int,
    when: str | date,
    by: str,
) -> date:
    """From the answered day on the tenant has so many of an add-on (R18). Raises as ``change_plan``."""
    standing = await read_standing(work, provider_id, tenant_id)
    tenant, period = standing.tenant, standing.period
    on = day_of_change(when, standing.today, period.span.start, period.span.end)
    _refuse_after_end(tenant, on)
    plan = await work.plans.get(provider_id, *standing.timeline.plan_on(on))
    check_add_on(plan, code, quantity)
    before = [held for day, held in standing.timeline.add_ons.get(code, ()) if day <= on]
    await work.subscriptions.set_add_on(provider_id, tenant_id, code, on, quantity)
    if on < period.span.end:
        await work.periods.save(replace(period, late=not period.is_trial))
    detail = {"code": code, "from": before[-1] if before else 0, "to": quantity}
    await note_change(work, tenant, "add-on changed", on, by, detail)
    return on


def _refuse_after_end(tenant: Tenant, on: date) -> None:
    if tenant.ends_on is not None and on >= tenant.ends_on:
        raise Conflict(
            f"The tenant ends on {tenant.ends_on}; withdraw that by reopening it, or choose an earlier day.",
            field="when",
        )
