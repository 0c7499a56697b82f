"""Sends an attempt to Stripe: commit that we will, call outside any transaction, commit what came back."""

from dataclasses import replace
from uuid import UUID

import structlog

from services.payments.domain.outcome import Decline, Outcome
from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.states import State
from services.payments.use_cases.apply_outcome import apply_outcome
from services.payments.use_cases.ensure_customer import ensure_customer
from services.payments.use_cases.find_tenant import find_tenant
from services.payments.use_cases.ports import Gateway, GatewayRefused, GatewayUnreachable, OpenWork
from shared.errors import Permanent
from shared.ids import TenantId

log = structlog.get_logger(__name__)


async def submit_attempt(
    open_work: OpenWork, gateway: Gateway, tenant_id: TenantId, attempt_id: UUID
) -> tuple[Payment, Outcome | None]:
    """A crash before the call leaves it ``submitted``: the janitor sends the same request under the same key.

    Answers the payment, and Stripe's outcome when this call got one. Raises ``GatewayUnreachable`` only while
    nothing was sent yet.
    """
    attempt = await _read(open_work, tenant_id, attempt_id)
    customer = attempt.customer or await _customer(open_work, gateway, attempt)
    async with open_work() as work:
        await work.lock_tenant(tenant_id)
        held = await work.attempts.get(tenant_id, attempt_id)
        payment = await work.payments.get(tenant_id, attempt.payment_id)
        if held is None or payment is None:
            raise Permanent(f"there is no attempt {attempt_id}")
        if held.state is not State.CREATED:
            return payment, None
        now = work.system_now()
        attempt = replace(held, state=State.SUBMITTED, customer=customer, submitted_at=now, touched_at=now)
        await work.attempts.update(attempt)
        await work.payments.update(replace(payment, state=State.SUBMITTED))
    outcome = await send(gateway, attempt)
    async with open_work() as work:
        return await apply_outcome(work, tenant_id, attempt_id, outcome), outcome


async def send(gateway: Gateway, attempt: Attempt) -> Outcome:
    """The call itself. No settled answer is ``unknown``, never a guess."""
    try:
        return await gateway.charge(attempt)
    except GatewayUnreachable as error:
        log.warning("payment outcome unknown", attempt_id=str(attempt.attempt_id), error=str(error))
        return Outcome(State.UNKNOWN)
    except GatewayRefused as error:
        log.error("payment refused as a request", attempt_id=str(attempt.attempt_id), error=str(error))
        return Outcome(State.FAILED, decline=Decline(code=error.code))


async def _read(open_work: OpenWork, tenant_id: TenantId, attempt_id: UUID) -> Attempt:
    async with open_work() as work:
        attempt = await work.attempts.get(tenant_id, attempt_id)
    if attempt is None:
        raise Permanent(f"there is no attempt {attempt_id}")
    return attempt


async def _customer(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> str:
    async with open_work() as work:
        tenant = await find_tenant(work, attempt.provider_id, attempt.tenant_id)
    return await ensure_customer(open_work, gateway, tenant, attempt.account)
