"""The events of a payment, from the payment as it stands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, cast

from services.payments.domain.disputes import Dispute
from services.payments.domain.methods import Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payment_plans import PaymentPlan
from services.payments.domain.payments import Payment, Share, received_shares
from services.payments.domain.refunds import Refund
from shared.events.payments import (
    Allocation,
    Instalment,
    MethodShown,
    PaymentDisputed,
    PaymentFailed,
    PaymentPlanAgreed,
    PaymentPlanBroken,
    PaymentPlanEnded,
    PaymentProcessing,
    PaymentRefunded,
    PaymentSucceeded,
    RefundFailed,
)
from shared.ids import MethodId

Kind = Literal["card", "us_bank_account", "sepa_debit", "bank_transfer", "cheque", "cash", "other"]


def shown(facts: MethodFacts | None, method_id: MethodId | None) -> MethodShown:
    """A method as events carry it. Unknown (a payer who never got that far): a card without digits."""
    if facts is None:
        return MethodShown(method_id=method_id, kind="card", brand="", last4="")
    return MethodShown(
        method_id=method_id,
        kind=cast(Kind, facts.kind),
        brand=facts.brand,
        last4=facts.last4,
        expires=facts.expires,
    )


def shown_method(method: Method) -> MethodShown:
    return shown(method.facts, method.method_id)


def _parts(payment: Payment, at: datetime) -> dict[str, Any]:
    return {
        "provider_id": payment.provider_id,
        "tenant_id": payment.tenant_id,
        "payment_id": payment.payment_id,
        "trigger": payment.trigger,
        "currency": payment.currency,
        "method": shown(payment.method, payment.method_id),
        "at": at,
        "reference": payment.reference,
    }


def _allocations(payment: Payment, *, received: bool) -> tuple[Allocation, ...]:
    return _parted(received_shares(payment) if received else payment.shares)


def _parted(shares: Iterable[Share]) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(invoice_id=s.invoice_id, number=s.number, amount_minor=s.amount_minor) for s in shares
    )


def succeeded(payment: Payment, at: datetime) -> PaymentSucceeded:
    return PaymentSucceeded(
        **_parts(payment, at),
        amount_minor=payment.received_minor,
        allocations=_allocations(payment, received=True),
    )


def failed(payment: Payment, at: datetime) -> PaymentFailed:
    return PaymentFailed(
        **_parts(payment, at),
        amount_minor=payment.amount_minor,
        allocations=_allocations(payment, received=False),
        reason=payment.reason or "other",
        next_retry_at=payment.retry_at,
    )


def processing(payment: Payment, at: datetime) -> PaymentProcessing:
    return PaymentProcessing(
        **_parts(payment, at),
        amount_minor=payment.amount_minor,
        allocations=_allocations(payment, received=False),
    )


def refunded(payment: Payment, refund: Refund, *, full: bool, at: datetime) -> PaymentRefunded:
    return PaymentRefunded(
        provider_id=refund.provider_id,
        tenant_id=refund.tenant_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        to=refund.to,
        method=shown(payment.method, payment.method_id),
        allocations=_parted(refund.shares),
        payment_fully_refunded=full,
        reason=refund.reason,
        by=refund.by,
        at=at,
    )


def refund_failed(refund: Refund, *, at: datetime) -> RefundFailed:
    return RefundFailed(
        provider_id=refund.provider_id,
        tenant_id=refund.tenant_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        at=at,
    )


def disputed(payment: Payment, dispute: Dispute, *, at: datetime) -> PaymentDisputed:
    return PaymentDisputed(
        provider_id=dispute.provider_id,
        tenant_id=dispute.tenant_id,
        payment_id=dispute.payment_id,
        dispute_id=dispute.dispute_id,
        state=dispute.state.value,
        amount_minor=dispute.amount_minor,
        fee_minor=dispute.fee_minor,
        currency=dispute.currency,
        method=shown(payment.method, payment.method_id),
        allocations=_parted(dispute.shares),
        at=at,
    )


def _plan_parts(plan: PaymentPlan, paid: tuple[int, ...], at: datetime) -> dict[str, Any]:
    return {
        "provider_id": plan.provider_id,
        "tenant_id": plan.tenant_id,
        "payment_plan_id": plan.plan_id,
        "currency": plan.currency,
        "invoice_ids": plan.invoice_ids,
        "instalments": tuple(
            Instalment(due_on=part.due_on, amount_minor=part.amount_minor, paid_minor=one)
            for part, one in zip(plan.parts, paid, strict=True)
        ),
        "at": at,
    }


def plan_agreed(plan: PaymentPlan, *, at: datetime) -> PaymentPlanAgreed:
    return PaymentPlanAgreed(**_plan_parts(plan, (0,) * len(plan.parts), at), by=plan.by)


def plan_broken(plan: PaymentPlan, paid: tuple[int, ...], *, at: datetime) -> PaymentPlanBroken:
    return PaymentPlanBroken(**_plan_parts(plan, paid, at))


def plan_ended(
    plan: PaymentPlan, paid: tuple[int, ...], why: Literal["kept", "cancelled"], *, at: datetime
) -> PaymentPlanEnded:
    return PaymentPlanEnded(**_plan_parts(plan, paid, at), why=why)
