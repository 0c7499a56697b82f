"""The janitor: takes up attempts whose process died, and finds out what became of unknown ones.

While the key holds, by the same key with the same parameters; once Stripe may have forgotten it, by listing the
customer's PaymentIntents. Never by making a new one (design/stripe.md, section 4.5). All times here are real time.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from services.payments.domain.declines import NOTHING_BUT_FAULTS
from services.payments.domain.outcome import Decline, Outcome
from services.payments.domain.payments import Attempt, next_check
from services.payments.domain.states import State
from services.payments.use_cases.apply_outcome import apply_outcome
from services.payments.use_cases.ports import Gateway, GatewayRefused, GatewayUnreachable, OpenWork
from services.payments.use_cases.refresh_payment import read_and_apply
from services.payments.use_cases.submit_attempt import submit_attempt

log = structlog.get_logger(__name__)
AT_ONCE = 8
# Longer than a call to Stripe may take, so that the janitor does not meddle with a call that is under way.
# It would do no harm: the key is the same.
LEFT_ALONE = timedelta(seconds=30)
# How long after Stripe's last word of an attempt its stored fault and its empty list are believed. The request is
# over when its fault is replayed; what Stripe still writes of it gets this long to appear in the list.
SURELY_OVER = timedelta(seconds=8)
# Stripe keeps a fault of its own for the key and has nothing in its list: auto-pay may begin anew.
_FAULTS_ONLY = Outcome(State.CANCELED, decline=Decline(code=NOTHING_BUT_FAULTS))
_NEVER_MADE = Outcome(State.FAILED, decline=Decline(code="never_reached_stripe"))


async def resolve_attempts(
    open_work: OpenWork, gateway: Gateway, *, left_alone: timedelta = LEFT_ALONE
) -> int:
    """Looks after a batch; answers how many were looked at with an answer."""
    async with open_work() as work:
        now = work.system_now()
        found = await work.attempts.to_check(now, now - left_alone, AT_ONCE)
    return sum(await asyncio.gather(*(_resolve(open_work, gateway, attempt) for attempt in found)))


async def _resolve(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> bool:
    try:
        await resolve_attempt(open_work, gateway, attempt)
    except GatewayUnreachable as error:
        log.warning("cannot tell yet", attempt_id=str(attempt.attempt_id), error=str(error))
        await _try_later(open_work, attempt, SURELY_OVER if error.replayed else None)
        return False
    except GatewayRefused as error:
        log.error("cannot ask", attempt_id=str(attempt.attempt_id), error=str(error))
        await _try_later(open_work, attempt)
        return False
    return True


async def resolve_attempt(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> None:
    if attempt.intent is not None:
        await read_and_apply(open_work, gateway, attempt)
        return
    if attempt.state is State.CREATED:
        await submit_attempt(open_work, gateway, attempt.tenant_id, attempt.attempt_id)
        return
    async with open_work() as work:
        now = work.system_now()
    outcome = await (
        _by_key(gateway, attempt, now) if attempt.key_holds(now) else _by_listing(gateway, attempt)
    )
    async with open_work() as work:
        await apply_outcome(work, attempt.tenant_id, attempt.attempt_id, outcome)


async def _by_key(gateway: Gateway, attempt: Attempt, now: datetime) -> Outcome:
    """Looks first, in case that the key was forgotten early, then sends the same request again under its key.

    Stripe replays a stored fault of its own for as long as it keeps the key; an attempt that is in no list a while
    after its request ended so was never made. A fault that is not replayed says nothing: this very request may have
    done its work, so its end is waited for as well.
    """
    found = await gateway.find_intent(attempt)
    if found is not None:
        return found
    try:
        return await gateway.charge(attempt)
    except GatewayRefused as error:
        return Outcome(State.FAILED, decline=Decline(code=error.code))
    except GatewayUnreachable as error:
        if error.replayed and now - attempt.touched_at >= SURELY_OVER:
            again = _FAULTS_ONLY if attempt.off_session else _NEVER_MADE
            return await gateway.find_intent(attempt) or again
        raise


async def _by_listing(gateway: Gateway, attempt: Attempt) -> Outcome:
    """Stripe's list is complete and current (its search is not): what is not in it was never made."""
    return await gateway.find_intent(attempt) or _NEVER_MADE


async def _try_later(open_work: OpenWork, attempt: Attempt, wait: timedelta | None = None) -> None:
    async with open_work() as work:
        await work.lock_tenant(attempt.tenant_id)
        held = await work.attempts.get(attempt.tenant_id, attempt.attempt_id)
        if held is not None and held.is_open:
            now = work.system_now()
            after = wait or next_check(held.checks + 1, State.UNKNOWN)
            await work.attempts.update(
                replace(held, checks=held.checks + 1, check_at=now + after, touched_at=now)
            )
