"""Cancel before charging, and cancel before giving up: while a PaymentIntent can still be paid somewhere, its
invoices are not charged another time (design/stripe.md, section 4.4).
"""

from uuid import UUID

import structlog

from services.payments.domain.outcome import Outcome
from services.payments.domain.payments import Attempt
from services.payments.domain.states import State
from services.payments.use_cases.apply_outcome import apply_outcome
from services.payments.use_cases.ports import Gateway, GatewayRefused, GatewayUnreachable, OpenWork

log = structlog.get_logger(__name__)


def cancel_key(attempt_id: UUID) -> str:
    return f"cancel-{attempt_id}"


async def supersede_attempt(open_work: OpenWork, gateway: Gateway, attempt: Attempt) -> bool:
    """An open Pay Now that waits for its payer gives way. True when it is canceled at Stripe. False when it went
    on in the meantime (``payment_intent_unexpected_state``): that is applied, and the new payment stands down.
    """
    if attempt.state is not State.REQUIRES_ACTION or attempt.intent is None:
        return False
    outcome = await gateway.cancel_intent(attempt.account, attempt.intent, key=cancel_key(attempt.attempt_id))
    async with open_work() as work:
        await apply_outcome(work, attempt.tenant_id, attempt.attempt_id, outcome)
    return outcome.closed


async def settle_decline(gateway: Gateway, attempt: Attempt, outcome: Outcome) -> Outcome:
    """A declined PaymentIntent whose secret a browser holds could still be paid there with another card: it is
    canceled before we call the payment failed. Answers what it is then.
    """
    if outcome.state is not State.FAILED or outcome.intent is None or outcome.closed:
        return outcome
    after = await gateway.cancel_intent(attempt.account, outcome.intent, key=cancel_key(attempt.attempt_id))
    return outcome if after.closed else after


async def close_intents(open_work: OpenWork, gateway: Gateway, *, limit: int = 8) -> int:
    """Tidies up: cancels the PaymentIntents of attempts that were declined at once."""
    async with open_work() as work:
        failed = await work.attempts.to_close(work.system_now(), limit)
    done = 0
    for attempt in failed:
        assert attempt.intent is not None
        try:
            outcome = await gateway.cancel_intent(
                attempt.account, attempt.intent, key=cancel_key(attempt.attempt_id)
            )
            done += 1
        except (GatewayUnreachable, GatewayRefused) as error:
            log.warning("intent not closed yet", attempt_id=str(attempt.attempt_id), error=str(error))
            outcome = Outcome(State.UNKNOWN)
        async with open_work() as work:
            await apply_outcome(work, attempt.tenant_id, attempt.attempt_id, outcome)
    return done
