"""Keeps what a bank did to a captured payment: opened, won, lost, or a bank debit that was returned (R49)."""

from dataclasses import replace

from services.payments.domain import disputes as rules
from services.payments.domain.disputes import Dispute, DisputeFacts, DisputeState
from services.payments.domain.payments import Attempt, Payment
from services.payments.domain.refunds import taken_from
from services.payments.domain.states import State
from services.payments.use_cases.block_method import block_method
from services.payments.use_cases.payment_events import disputed
from services.payments.use_cases.ports import OpenWork, Work
from services.payments.use_cases.review_plans import review_plans
from shared.errors import Permanent, Transient
from shared.ids import derived_id
from shared.money import Currency

NOT_OURS = "the disputed payment is none of ours"


async def track_dispute(open_work: OpenWork, account: str, facts: DisputeFacts) -> str | None:
    """Any number of times, in any order. Answers why it is none of our business, or None."""
    async with open_work() as work:
        attempt = await work.attempts.by_intent(account, facts.intent) if facts.intent else None
        if attempt is None:
            return NOT_OURS
        await work.lock_tenant(attempt.tenant_id)
        payment = await work.payments.get(attempt.tenant_id, attempt.payment_id)
        if payment is None:
            raise Permanent(f"attempt {attempt.attempt_id} has no payment")
        if payment.state is not State.SUCCEEDED:
            # The payment's own event is still on its way to us.
            raise Transient("the disputed payment has not succeeded yet")
        state = rules.state_of(facts.status, payment.method.kind if payment.method else None)
        if state is None:
            return "an inquiry moves no money"
        dispute_id = derived_id("dispute", attempt.tenant_id, account, facts.stripe_dispute)
        held = await work.disputes.get(attempt.tenant_id, dispute_id)
        if held is None:
            held = await _open(work, attempt, payment, facts, state)
        await _decide(work, payment, held, facts, state)
        await review_plans(work, attempt.tenant_id)
    return None


async def _open(
    work: Work, attempt: Attempt, payment: Payment, facts: DisputeFacts, state: DisputeState
) -> Dispute:
    """Every dispute begins opened (or returned), also when we first hear of it at its end."""
    if facts.currency != payment.currency:
        raise Permanent(f"dispute {facts.stripe_dispute} is in {facts.currency}, not {payment.currency}")
    refunds = await work.refunds.of_payment(payment.tenant_id, payment.payment_id)
    others = await work.disputes.of_payment(payment.tenant_id, payment.payment_id)
    before = [one.shares for one in refunds if one.told] + [one.shares for one in others if one.takes]
    gone = sum(one.amount_minor for one in refunds if one.told) + rules.taken_minor(others)
    held = max(0, payment.received_minor - gone)
    now = await work.now(payment.provider_id)
    dispute = Dispute(
        provider_id=payment.provider_id,
        tenant_id=payment.tenant_id,
        dispute_id=derived_id("dispute", payment.tenant_id, attempt.account, facts.stripe_dispute),
        payment_id=payment.payment_id,
        account=attempt.account,
        stripe_dispute=facts.stripe_dispute,
        state=DisputeState.RETURNED if state is DisputeState.RETURNED else DisputeState.OPENED,
        amount_minor=facts.amount_minor,
        fee_minor=facts.fee_minor,
        currency=Currency(facts.currency),
        reason=facts.reason,
        # What was told to be refunded is credited on its invoices already: it is not taken from them again.
        shares=taken_from(payment, before, min(facts.amount_minor, held)),
        refunded_minor=max(0, facts.amount_minor - held),
        opened_at=now,
        ended_at=now if state is DisputeState.RETURNED else None,
    )
    await work.disputes.add(dispute)
    await work.post(rules.withdrawal_entry(dispute, now))
    work.emit(disputed(payment, dispute, at=now), time=now)
    if dispute.state is DisputeState.RETURNED and payment.method is not None:
        await block_method(work, attempt.account, payment.method.stripe_method)
    return dispute


async def _decide(
    work: Work, payment: Payment, held: Dispute, facts: DisputeFacts, state: DisputeState
) -> None:
    if not rules.may_become(held.state, state):
        return
    now = await work.now(payment.provider_id)
    decided = replace(held, state=state, fee_minor=facts.fee_minor, ended_at=now)
    await work.disputes.update(decided)
    entry = rules.decision_entry(decided, held.fee_minor, now)
    if entry is not None:
        await work.post(entry)
    work.emit(disputed(payment, decided, at=now), time=now)
