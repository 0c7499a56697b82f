"""What is due of payment plans: auto-pay collects an instalment on its day, a missed one breaks the plan (R51)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog

from services.payments.domain import payment_plans as rules
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.domain.payments import Attempt
from services.payments.domain.states import State
from services.payments.use_cases.collect_invoice import default_method
from services.payments.use_cases.open_payment import chargeable, open_payment, payable
from services.payments.use_cases.ports import Gateway, GatewayUnreachable, OpenWork, Work
from services.payments.use_cases.review_plans import end_plan, remaining_minor, zone_of
from services.payments.use_cases.submit_attempt import submit_attempt
from services.payments.use_cases.supersede_attempt import supersede_attempt
from shared.card_minimum import card_minimum_minor
from shared.ids import TenantId

log = structlog.get_logger(__name__)
AT_ONCE = 8
# How long a plan waits for a payment that is on its way, in the provider's time.
WAITS = timedelta(hours=6)


async def step_plans(open_work: OpenWork, gateway: Gateway) -> int:
    """Takes a batch; one that cannot be done now does not hold up the others."""
    async with open_work() as work:
        due = await work.plans.due(work.system_now(), AT_ONCE)
    done = 0
    for tenant_id, plan_id in due:
        try:
            await step_plan(open_work, gateway, tenant_id, plan_id)
            done += 1
        except GatewayUnreachable as error:
            log.warning("instalment waits", plan_id=str(plan_id), error=str(error))
    return done


async def step_plan(open_work: OpenWork, gateway: Gateway, tenant_id: TenantId, plan_id: UUID) -> None:
    """Decided again under the tenant's lock. An open Pay Now is canceled before an instalment is charged."""
    async with open_work() as work:
        attempt, blocking = await _prepare(work, tenant_id, plan_id, last=False)
    if attempt is None and blocking:
        for waiting in blocking:
            await supersede_attempt(open_work, gateway, waiting)
        async with open_work() as work:
            attempt, _ = await _prepare(work, tenant_id, plan_id, last=True)
    if attempt is not None:
        await submit_attempt(open_work, gateway, tenant_id, attempt.attempt_id)


async def _prepare(
    work: Work, tenant_id: TenantId, plan_id: UUID, *, last: bool
) -> tuple[Attempt | None, list[Attempt]]:
    """``last``: what still holds the invoices is on its way; the plan waits for it."""
    await work.lock_tenant(tenant_id)
    plan = await work.plans.get(tenant_id, plan_id)
    if plan is None or not plan.is_active or plan.step_at is None:
        return None, []
    now = await work.now(plan.provider_id)
    if plan.step_at > now:
        return None, []
    zone, remaining = await zone_of(work, plan), await remaining_minor(work, plan)
    today = rules.today_of(now, zone)
    untried = any(part.due_on <= today and not part.tried for part in plan.parts)
    blocking = await work.attempts.open_on(tenant_id, plan.invoice_ids)
    on_its_way = [one for one in blocking if one.state is not State.REQUIRES_ACTION]
    if on_its_way or (blocking and last):
        await work.plans.update(replace(plan, step_at=now + WAITS))
        return None, []
    if not untried:
        if rules.is_broken(plan, remaining, today):
            await end_plan(work, plan, "broken", now)
        else:
            await work.plans.update(replace(plan, step_at=rules.next_step(plan, remaining, now, zone)))
        return None, []
    if blocking:
        return None, blocking
    tried = replace(
        plan, parts=tuple(replace(one, tried=one.tried or one.due_on <= today) for one in plan.parts)
    )
    attempt = await _collect(work, tried, rules.due_minor(plan, remaining, today))
    await work.plans.update(replace(tried, step_at=rules.next_step(tried, remaining, now, zone)))
    return attempt, []


async def _collect(work: Work, plan: PaymentPlan, due_minor: int) -> Attempt | None:
    """None when auto-pay is off, has no method, or nothing is due that a card can pay: then Pay Now is awaited."""
    tenant = await work.tenants.get(plan.provider_id, plan.tenant_id)
    method = await default_method(work, plan.provider_id, plan.tenant_id)
    amount = chargeable(due_minor, plan.currency)
    if tenant is None or method is None or amount < card_minimum_minor(plan.currency):
        return None
    found = [await work.invoices.get(plan.tenant_id, invoice_id) for invoice_id in plan.invoice_ids]
    invoices = [one for one in found if one is not None]
    made = await open_payment(
        work,
        tenant,
        trigger="payment_plan",
        amount_minor=amount,
        invoices=invoices,
        left=await payable(work, invoices),
        method=method,
    )
    return made[1] if made is not None else None
