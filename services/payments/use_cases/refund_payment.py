"""Refunds: reserved under the tenant's lock, called outside any transaction, told when sure (R36, R58)."""

import hashlib
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from services.payments.domain import refunds as rules
from services.payments.domain.disputes import DisputeState, taken_minor
from services.payments.domain.payments import Payment, Share
from services.payments.domain.refunds import SURE, Refund, RefundState, To
from services.payments.domain.states import State
from services.payments.use_cases.find_tenant import find_payment, find_tenant
from services.payments.use_cases.payment_events import refund_failed, refunded
from services.payments.use_cases.ports import (
    Gateway,
    GatewayRefused,
    GatewayUnreachable,
    OpenWork,
    RefundFacts,
    Work,
)
from shared.errors import Conflict, Invalid, Permanent
from shared.ids import PaymentId, ProviderId, TenantId, new_id
from shared.money import Money

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """What the provider asked for. ``request_id`` twice is one refund."""

    provider_id: ProviderId
    tenant_id: TenantId
    payment_id: PaymentId
    amount_minor: int
    currency: str
    to: To
    reason: str
    by: str
    request_id: str

    @property
    def fingerprint(self) -> str:
        parts = (str(self.payment_id), self.amount_minor, self.currency, self.to)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


async def refund_payment(open_work: OpenWork, gateway: Gateway, asked: AskedRefund) -> Refund:
    """Raises ``Invalid`` above what is left, ``Conflict`` while a dispute is open, ``NotFound`` for another tenant's."""
    async with open_work() as work:
        refund = await _reserve(work, asked)
    if refund.state is not RefundState.CREATED:
        return refund
    return await submit_refund(open_work, gateway, refund)


async def _reserve(work: Work, asked: AskedRefund) -> Refund:
    tenant = await find_tenant(work, asked.provider_id, asked.tenant_id)
    await work.lock_tenant(asked.tenant_id)
    earlier = await work.refunds.by_request(asked.tenant_id, asked.request_id)
    if earlier is not None:
        if earlier.fingerprint != asked.fingerprint:
            raise Conflict(
                "This request_id was already used for another refund. Use a new one.", field="request_id"
            )
        return earlier
    payment = await find_payment(work, tenant, asked.payment_id)
    shares = await _checked(work, payment, asked)
    attempt = await work.attempts.of_payment(asked.tenant_id, asked.payment_id)
    now = await work.now(asked.provider_id)
    refund = Refund(
        provider_id=asked.provider_id,
        tenant_id=asked.tenant_id,
        refund_id=new_id(),
        payment_id=asked.payment_id,
        request_id=asked.request_id,
        fingerprint=asked.fingerprint,
        amount_minor=asked.amount_minor,
        currency=payment.currency,
        to=asked.to,
        reason=asked.reason,
        by=asked.by,
        state=RefundState.CREATED,
        account=attempt.account if attempt else "",
        intent=attempt.intent if attempt else None,
        shares=shares,
        at=now,
        touched_at=work.system_now(),
    )
    await work.refunds.add(refund)
    if asked.to == "credit":
        return await _move(work, payment, refund, RefundFacts(None, RefundState.SUCCEEDED))
    return refund


async def _checked(work: Work, payment: Payment, asked: AskedRefund) -> tuple[Share, ...]:
    """The shares that the refund takes, once everything about it holds."""
    if payment.state is not State.SUCCEEDED:
        raise Conflict("Only a payment that succeeded can be refunded.", slug="not-refundable")
    if asked.to == "method" and payment.trigger == "outside":
        raise Conflict(
            "This payment did not come through Stripe, so it cannot go back that way. Refund it to credit.",
            field="to",
            slug="not-refundable",
        )
    if asked.currency != payment.currency:
        raise Invalid(
            f"The payment is in {payment.currency}. Refund in {payment.currency}.", field="amount.currency"
        )
    if asked.amount_minor <= 0:
        raise Invalid("The amount must be more than zero.", field="amount")
    disputes = await work.disputes.of_payment(payment.tenant_id, payment.payment_id)
    if any(dispute.state is DisputeState.OPENED for dispute in disputes):
        raise Conflict(
            "A dispute of this payment is open. Wait until the bank has decided it, or the money could go back twice.",
            slug="dispute-open",
        )
    earlier = await work.refunds.of_payment(payment.tenant_id, payment.payment_id)
    left = rules.refundable_minor(payment, earlier, taken_minor(disputes))
    if asked.amount_minor > left:
        most = Money(left, payment.currency)
        raise Invalid(f"Of this payment {most} can still be refunded. Ask for at most that.", field="amount")
    before = [one.shares for one in earlier if one.counts] + [one.shares for one in disputes if one.takes]
    return rules.taken_from(payment, before, asked.amount_minor)


async def submit_refund(open_work: OpenWork, gateway: Gateway, refund: Refund) -> Refund:
    """Commits that it will be sent, sends it, commits the answer. Twice at once is the same key."""
    async with open_work() as work:
        await work.lock_tenant(refund.tenant_id)
        held = await _get(work, refund.tenant_id, refund.refund_id)
        if held.state is not RefundState.CREATED:
            return held
        now = work.system_now()
        held = replace(held, state=RefundState.SUBMITTED, submitted_at=now, touched_at=now)
        await work.refunds.update(held)
    facts = await send_refund(gateway, held)
    return await apply_refund(open_work, held.tenant_id, held.refund_id, facts)


async def send_refund(gateway: Gateway, refund: Refund) -> RefundFacts:
    """The call itself; no settled answer is ``unknown``."""
    try:
        return await gateway.refund(refund)
    except GatewayUnreachable as error:
        log.warning("refund outcome unknown", refund_id=str(refund.refund_id), error=str(error))
        return RefundFacts(None, RefundState.UNKNOWN)
    except GatewayRefused as error:
        log.error("refund refused", refund_id=str(refund.refund_id), error=str(error))
        return RefundFacts(None, RefundState.FAILED)


async def apply_refund(
    open_work: OpenWork, tenant_id: TenantId, refund_id: UUID, facts: RefundFacts
) -> Refund:
    """The one place where what Stripe says of a refund becomes what we hold; whoever comes second finds it done."""
    async with open_work() as work:
        await work.lock_tenant(tenant_id)
        refund = await _get(work, tenant_id, refund_id)
        if refund.stripe_refund is not None and facts.stripe_refund not in (None, refund.stripe_refund):
            raise Permanent(f"refund {refund_id} is another one at Stripe than {facts.stripe_refund}")
        payment = await work.payments.get(tenant_id, refund.payment_id)
        if payment is None:
            raise Permanent(f"refund {refund_id} has no payment")
        return await _move(work, payment, refund, facts)


async def _move(work: Work, payment: Payment, refund: Refund, facts: RefundFacts) -> Refund:
    """State, journal entry and event in the caller's one transaction."""
    refund = replace(refund, stripe_refund=refund.stripe_refund or facts.stripe_refund)
    if not rules.may_become(refund.state, facts.state):
        wait = rules.next_check(refund.checks + 1, refund.state)
        open_ = refund.state in rules.UNSETTLED
        refund = replace(
            refund, checks=refund.checks + 1, check_at=work.system_now() + wait if open_ else None
        )
        await work.refunds.update(refund)
        return refund
    now, real = await work.now(refund.provider_id), work.system_now()
    settled = facts.state not in rules.UNSETTLED
    refund = replace(
        refund,
        state=facts.state,
        touched_at=real,
        checks=0,
        check_at=None if settled else real + rules.next_check(0, facts.state),
        ended_at=now if settled else None,
    )
    if refund.state in SURE and not refund.told:
        refund = replace(refund, told=True)
        await work.post(rules.refund_entry(refund, now))
        before = await work.refunds.of_payment(refund.tenant_id, refund.payment_id)
        others = sum(one.amount_minor for one in before if one.told and one.refund_id != refund.refund_id)
        full = others + refund.amount_minor >= payment.received_minor
        work.emit(refunded(payment, refund, full=full, at=now), time=now)
    elif refund.state is RefundState.FAILED and refund.told:
        await work.post(rules.failed_refund_entry(refund, now))
        work.emit(refund_failed(refund, at=now), time=now)
    await work.refunds.update(refund)
    return refund


async def _get(work: Work, tenant_id: TenantId, refund_id: UUID) -> Refund:
    held = await work.refunds.get(tenant_id, refund_id)
    if held is None:
        raise Permanent(f"there is no refund {refund_id}")
    return held
