"""Payments with their refunds and disputes, as Payment History shows them."""

from collections.abc import Sequence

from services.payments.domain.history import Shown
from services.payments.domain.payments import Payment
from services.payments.use_cases.ports import Work


async def show_payment(work: Work, payment: Payment) -> Shown:
    return (await show_payments(work, [payment]))[0]


async def show_payments(work: Work, payments: Sequence[Payment]) -> list[Shown]:
    """In the same order. All payments are one tenant's."""
    if not payments:
        return []
    tenant_id, ids = payments[0].tenant_id, [payment.payment_id for payment in payments]
    refunds = await work.refunds.of_payments(tenant_id, ids)
    disputes = await work.disputes.of_payments(tenant_id, ids)
    return [
        Shown(
            payment,
            tuple(one for one in refunds if one.payment_id == payment.payment_id),
            tuple(one for one in disputes if one.payment_id == payment.payment_id),
        )
        for payment in payments
    ]
