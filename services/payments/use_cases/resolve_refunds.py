"""The janitor of refunds: takes up those whose process died, finds out what became of unknown ones, follows pending ones."""

import asyncio
from datetime import timedelta

import structlog

from services.payments.domain.refunds import Refund, RefundState
from services.payments.use_cases.ports import (
    Gateway,
    GatewayRefused,
    GatewayUnreachable,
    OpenWork,
    RefundFacts,
)
from services.payments.use_cases.refund_payment import apply_refund, send_refund, submit_refund

log = structlog.get_logger(__name__)
AT_ONCE = 8
LEFT_ALONE = timedelta(seconds=30)


async def resolve_refunds(
    open_work: OpenWork, gateway: Gateway, *, left_alone: timedelta = LEFT_ALONE
) -> int:
    """Looks after a batch; answers how many were looked at with an answer."""
    async with open_work() as work:
        now = work.system_now()
        found = await work.refunds.to_check(now, now - left_alone, AT_ONCE)
    return sum(await asyncio.gather(*(_resolve(open_work, gateway, refund) for refund in found)))


async def _resolve(open_work: OpenWork, gateway: Gateway, refund: Refund) -> bool:
    try:
        facts = await _ask(open_work, gateway, refund)
    except (GatewayUnreachable, GatewayRefused) as error:
        log.warning("cannot tell of the refund yet", refund_id=str(refund.refund_id), error=str(error))
        facts = RefundFacts(None, RefundState.UNKNOWN)
        await apply_refund(open_work, refund.tenant_id, refund.refund_id, facts)
        return False
    if facts is not None:
        await apply_refund(open_work, refund.tenant_id, refund.refund_id, facts)
    return True


async def _ask(open_work: OpenWork, gateway: Gateway, refund: Refund) -> RefundFacts | None:
    """By its id, by the list of the payment's refunds, then by the same key; never by a new one."""
    if refund.state is RefundState.CREATED:
        await submit_refund(open_work, gateway, refund)
        return None
    if refund.stripe_refund is not None:
        return await gateway.read_refund(refund.account, refund.stripe_refund)
    found = await gateway.find_refund(refund)
    if found is not None:
        return found
    async with open_work() as work:
        now = work.system_now()
    if refund.key_holds(now):
        return await send_refund(gateway, refund)
    # The list is complete: what is not in it was never made.
    return RefundFacts(None, RefundState.FAILED)
