"""Looks at a tenant's payment plans again after anything that may have paid, reopened or lowered an invoice.

What is paid of a plan is worked out from what its invoices still cost, so that nothing has to be told twice.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.payments.domain import payment_plans as rules
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.use_cases.open_payment import chargeable, payable
from services.payments.use_cases.payment_events import plan_broken, plan_ended
from services.payments.use_cases.ports import Work
from shared.ids import InvoiceId, TenantId


async def remaining_minor(work: Work, plan: PaymentPlan) -> int:
    """What a card can still pay of the plan's invoices, in minor units: what is below its step (R39) is no part of a
    plan, or no instalment could ever be wholly paid."""
    found = [await work.invoices.get(plan.tenant_id, invoice_id) for invoice_id in plan.invoice_ids]
    left = await payable(work, [one for one in found if one is not None])
    return chargeable(sum(left.values()), plan.currency)


async def planned(work: Work, tenant_id: TenantId) -> frozenset[InvoiceId]:
    """Invoices under an active plan: nothing else collects them automatically."""
    return frozenset(one for plan in await work.plans.active_of(tenant_id) for one in plan.invoice_ids)


async def zone_of(work: Work, plan: PaymentPlan) -> ZoneInfo:
    tenant = await work.tenants.get(plan.provider_id, plan.tenant_id)
    return ZoneInfo(tenant.time_zone if tenant is not None else "UTC")


async def review_plans(work: Work, tenant_id: TenantId) -> None:
    """Ends kept plans and puts the others on their next step. The caller holds the tenant's lock."""
    for plan in await work.plans.active_of(tenant_id):
        remaining = await remaining_minor(work, plan)
        now = await work.now(plan.provider_id)
        if remaining == 0:
            await end_plan(work, plan, "kept", now)
            continue
        step_at = rules.next_step(plan, remaining, now, await zone_of(work, plan))
        if step_at != plan.step_at:
            await work.plans.update(replace(plan, step_at=step_at))


async def end_plan(
    work: Work, plan: PaymentPlan, why: Literal["kept", "cancelled", "broken"], now: datetime
) -> PaymentPlan:
    """Its invoices are free again; nothing is charged because of its end."""
    ended = replace(plan, state=why, step_at=None, ended_at=now)
    await work.plans.update(ended)
    paid = rules.paid_parts(ended, await remaining_minor(work, ended))
    told = plan_broken(ended, paid, at=now) if why == "broken" else plan_ended(ended, paid, why, at=now)
    work.emit(told, time=now)
    return ended
