"""What the provider does with a payment: refunds it, records one that came outside Stripe."""

from collections.abc import Callable

from fastapi import APIRouter

from services.payments.entrypoints.http_models import (
    OutsidePaymentIn,
    PaymentOut,
    RefundIn,
    RefundOut,
)
from services.payments.entrypoints.stripe_silence import asking_stripe
from services.payments.use_cases.find_tenant import find_tenant
from services.payments.use_cases.ports import Gateway, OpenWork
from services.payments.use_cases.record_outside_payment import OutsidePayment, record_outside_payment
from services.payments.use_cases.refund_payment import AskedRefund, refund_payment
from services.payments.use_cases.show_payments import show_payment
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId


def money_back_routes(open_work: OpenWork, gateway: Gateway, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter(prefix="/tenants/{tenant_id}", tags=["refunds"])

    @router.post("/payments/{payment_id}/refunds", status_code=201)
    async def post_refund(
        provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId, body: RefundIn
    ) -> RefundOut:
        """Full or partial, to the method or to credit. ``pending`` and ``unknown`` settle by themselves."""
        asked = AskedRefund(
            provider_id=provider_id,
            tenant_id=tenant_id,
            payment_id=payment_id,
            amount_minor=body.amount.minor,
            currency=body.amount.currency,
            to=body.to,
            reason=body.reason,
            by=body.by,
            request_id=body.request_id,
        )
        async with asking_stripe():
            refund = await refund_payment(open_work, gateway, asked)
        wake()
        return RefundOut.of(refund)

    @router.post("/outside-payments", status_code=201)
    async def post_outside(
        provider_id: ProviderId, tenant_id: TenantId, body: OutsidePaymentIn
    ) -> PaymentOut:
        """Bank transfer, cheque, cash: it counts at once, and what is too much becomes credit (R52)."""
        asked = OutsidePayment(
            provider_id=provider_id,
            tenant_id=tenant_id,
            kind=body.kind,
            amount_minor=body.amount.minor,
            currency=body.amount.currency,
            reference=body.reference,
            given=tuple((InvoiceId(one.invoice_id), one.amount_minor) for one in body.allocations),
            request_id=body.request_id,
        )
        async with open_work() as work:
            payment = await record_outside_payment(work, asked)
        async with open_work() as work:
            tenant = await find_tenant(work, provider_id, tenant_id)
            shown = await show_payment(work, payment)
        wake()
        return PaymentOut.of(shown, tenant)

    return router
