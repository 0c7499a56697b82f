"""The events of a payment, from the payment as it stands."""

from datetime import datetime
from typing import Any, Literal, cast

from services.payments.domain.methods import Method
from services.payments.domain.outcome import MethodFacts
from services.payments.domain.payments import Payment, received_shares
from shared.events.payments import (
    Allocation,
    MethodShown,
    PaymentFailed,
    PaymentProcessing,
    PaymentSucceeded,
)
from shared.ids import MethodId

Kind = Literal["card", "us_bank_account", "sepa_debit"]


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
    }


def _allocations(payment: Payment, *, received: bool) -> tuple[Allocation, ...]:
    shares = received_shares(payment) if received else payment.shares
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
