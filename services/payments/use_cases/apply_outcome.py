"""The one place where what Stripe says becomes what we hold.

The answer of a call, a webhook, the payer's «refresh» and the janitor all come through here; whoever comes second
finds it done. Everything that follows from an outcome is in the caller's one transaction.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.payments.domain import payments as rules
from services.payments.domain.declines import (
    MOST_TRIES,
    NOTHING_BUT_FAULTS,
    RETRY_DAYS,
    TRIES_WITHIN,
    blocks_method,
    may_retry,
    reason_of,
    retry_after,
)
from services.payments.domain.outcome import Decline, Outcome
from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.states import State, may_become
from services.payments.use_cases.block_method import block_method
from services.payments.use_cases.payment_events import failed, processing, succeeded
from services.payments.use_cases.ports import Work
from services.payments.use_cases.review_plans import review_plans
from services.payments.use_cases.save_method import keep_method
from shared.errors import Permanent
from shared.ids import TenantId


async def apply_outcome(work: Work, tenant_id: TenantId, attempt_id: UUID, outcome: Outcome) -> Payment:
    """Answers the payment as it stands afterwards."""
    await work.lock_tenant(tenant_id)
    attempt = await work.attempts.get(tenant_id, attempt_id)
    payment = await work.payments.get(tenant_id, attempt.payment_id) if attempt else None
    if attempt is None or payment is None:
        raise Permanent(f"there is no attempt {attempt_id}")
    if attempt.intent is not None and outcome.intent not in (None, attempt.intent):
        raise Permanent(f"attempt {attempt_id} belongs to another payment intent than {outcome.intent}")
    if not may_become(attempt.state, outcome.state):
        await _look_again_later(work, attempt, outcome)
        return payment
    await work.attempts.update(_moved(attempt, outcome, work.system_now()))
    now = await work.now(payment.provider_id)
    payment = replace(payment, state=outcome.state, method=payment.method or outcome.method)
    if outcome.state is State.SUCCEEDED:
        payment = await _succeed(work, attempt, payment, outcome, now)
    elif outcome.state is State.FAILED:
        payment = await _fail(work, attempt, payment, outcome.decline or Decline(), now)
    elif outcome.state is State.CANCELED:
        payment = replace(payment, ended_at=now)
        if outcome.decline is not None and outcome.decline.code == NOTHING_BUT_FAULTS:
            await _begin_anew(work, payment, now)
    elif outcome.state is State.PROCESSING:
        work.emit(processing(payment, now), time=now)
    elif outcome.decline is not None:
        # Off session the bank wants its customer: the same PaymentIntent waits for the tenant to come and confirm.
        payment = replace(payment, reason=reason_of(outcome.decline))
        work.emit(failed(payment, now), time=now)
    await work.payments.update(payment)
    if outcome.state in (State.SUCCEEDED, State.FAILED):
        await review_plans(work, tenant_id)
    return payment


def _moved(attempt: Attempt, outcome: Outcome, system_now: datetime) -> Attempt:
    moved = replace(
        attempt,
        state=outcome.state,
        intent=attempt.intent or outcome.intent,
        touched_at=system_now,
        checks=0,
        # Nobody can pay a canceled or a paid one again; a failed one stays payable at Stripe until it is canceled.
        intent_closed=outcome.state is State.SUCCEEDED or outcome.closed,
    )
    if not moved.is_open:
        return replace(moved, check_at=None)
    return replace(moved, check_at=system_now + rules.next_check(0, outcome.state))


async def _look_again_later(work: Work, attempt: Attempt, outcome: Outcome) -> None:
    """Nothing new; but the intent's id may be, and the next look is put off."""
    attempt = replace(
        attempt,
        intent=attempt.intent or outcome.intent,
        intent_closed=attempt.intent_closed or outcome.closed,
    )
    if attempt.is_open or not attempt.intent_closed:
        wait = rules.next_check(attempt.checks + 1, attempt.state)
        attempt = replace(attempt, checks=attempt.checks + 1, check_at=work.system_now() + wait)
    await work.attempts.update(attempt)


async def _succeed(
    work: Work, attempt: Attempt, payment: Payment, outcome: Outcome, now: datetime
) -> Payment:
    """Payment, journal entry and event together, exactly once: a succeeded attempt never moves again."""
    if outcome.currency != payment.currency or outcome.received_minor <= 0:
        raise Permanent(
            f"payment intent {outcome.intent} captured {outcome.received_minor} {outcome.currency},"
            f" which is not an amount in {payment.currency}"
        )
    payment = replace(
        payment, received_minor=outcome.received_minor, reason=None, retry_at=None, ended_at=now
    )
    await work.post(rules.capture_entry(payment, now))
    work.emit(succeeded(payment, now), time=now)
    if payment.save_method and outcome.method is not None:
        method = await keep_method(
            work, payment.provider_id, payment.tenant_id, attempt.account, outcome.method
        )
        payment = replace(payment, method_id=method.method_id)
    return payment


async def _fail(work: Work, attempt: Attempt, payment: Payment, decline: Decline, now: datetime) -> Payment:
    if blocks_method(decline) and attempt.stripe_method is not None:
        await block_method(work, attempt.account, attempt.stripe_method)
    retry_at = await _plan_retry(work, payment, decline, now) if payment.trigger == "auto_pay" else None
    payment = replace(payment, reason=reason_of(decline), retry_at=retry_at, ended_at=now)
    work.emit(failed(payment, now), time=now)
    return payment


async def _begin_anew(work: Work, payment: Payment, now: datetime) -> None:
    """No bank was asked, so nobody is told and the ladder does not move: a new attempt with a new key, now."""
    for share in payment.shares:
        invoice = await work.invoices.get(payment.tenant_id, share.invoice_id)
        if invoice is not None and invoice.auto_pay and invoice.collectable and invoice.standing == "open":
            await work.invoices.put(replace(invoice, collect_at=now))
    for plan in await work.plans.active_of(payment.tenant_id):
        if payment.trigger == "payment_plan":
            parts = tuple(replace(one, tried=False) for one in plan.parts)
            await work.plans.update(replace(plan, parts=parts))
    await review_plans(work, payment.tenant_id)


async def _plan_retry(work: Work, payment: Payment, decline: Decline, now: datetime) -> datetime | None:
    """Puts the invoices on the next step of the ladder; None when they will not be retried."""
    auto_pay = await work.methods.auto_pay(payment.tenant_id)
    days = await work.accounts.retry_days(payment.provider_id) or RETRY_DAYS
    again = may_retry(decline) and await _within_scheme_limit(work, payment, now)
    planned: list[datetime] = []
    for share in payment.shares:
        invoice = await work.invoices.get(payment.tenant_id, share.invoice_id)
        if invoice is None or not invoice.auto_pay:
            continue
        first = invoice.first_declined_at or now
        after = retry_after(invoice.retries_done, days) if again else None
        stays = auto_pay is not None and auto_pay.enabled and invoice.standing == "open"
        at = max(first + after, now) if after is not None and stays and invoice.collectable else None
        if at is not None:
            planned.append(at)
        await work.invoices.put(
            replace(
                invoice,
                first_declined_at=first,
                collect_at=at,
                retries_done=invoice.retries_done + (at is not None),
            )
        )
    return min(planned, default=None)


async def _within_scheme_limit(work: Work, payment: Payment, now: datetime) -> bool:
    """This payment counts among the tries: it is not written as failed yet, but as on its way."""
    if payment.method is None:
        return True
    since = now - TRIES_WITHIN
    stripe_method = payment.method.stripe_method
    tries = await work.payments.tries_since(payment.tenant_id, stripe_method, since)
    return tries < MOST_TRIES
