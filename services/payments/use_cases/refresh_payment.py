"""Reads a PaymentIntent again: after the browser's step, after an event, or because nobody told us."""

from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.states import State
from services.payments.use_cases.apply_outcome import apply_outcome
from services.payments.use_cases.find_tenant import find_payment, find_tenant
from services.payments.use_cases.ports import Gateway, GatewayUnreachable, OpenWork
from services.payments.use_cases.supersede_attempt import settle_decline
from shared.errors import Unavailable
from shared.ids import PaymentId, ProviderId, TenantId


async def refresh_payment(
    open_work: OpenWork, gateway: Gateway, provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId
) -> Payment:
    """The payment as Stripe sees it now. Raises ``NotFound``; ``Unavailable`` while Stripe cannot be asked."""
    async with open_work() as work:
        tenant = await find_tenant(work, provider_id, tenant_id)
        payment = await find_payment(work, tenant, payment_id)
        attempt = await work.attempts.of_payment(tenant_id, payment_id)
    if attempt is None or attempt.intent is None or not attempt.is_open:
        return payment
    try:
        return await read_and_apply(open_work, gateway, attempt)
    except GatewayUnreachable as error:
        raise Unavailable(
            "We don't know yet whether this payment went through. Don't pay again; this page updates itself."
        ) from error


async def read_and_apply(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> Payment:
    """Asks outside any transaction, then applies in one."""
    assert attempt.intent is not None
    outcome = await gateway.read_intent(attempt.account, attempt.intent)
    if attempt.state is not State.FAILED:
        outcome = await settle_decline(gateway, attempt, outcome)
    async with open_work() as work:
        return await apply_outcome(work, attempt.tenant_id, attempt.attempt_id, outcome)
