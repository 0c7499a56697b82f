"""HTTP between services: methods, auto-pay, payments. Paths are bound to a provider; others' ids are a 404."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.payments.entrypoints.accounts_http import Books, account_routes, books_routes
from services.payments.entrypoints.agreements_http import agreement_routes
from services.payments.entrypoints.collecting_http import collecting_routes
from services.payments.entrypoints.http_models import (
    AccountIn,
    Amount,
    AutoPayChangedOut,
    AutoPayIn,
    AutoPayOut,
    BegunOut,
    DeletedOut,
    MethodIn,
    MethodOut,
    MethodsOut,
    OpenInvoiceOut,
    PaymentIn,
    PaymentOut,
    PaymentsOut,
    SetupOut,
    payment_fields,
)
from services.payments.entrypoints.refunds_http import money_back_routes
from services.payments.entrypoints.stripe_silence import asking_stripe
from services.payments.use_cases.agree_plan import plan_invoices
from services.payments.use_cases.change_methods import (
    delete_method,
    list_methods,
    set_auto_pay,
    set_default,
)
from services.payments.use_cases.connect_account import give_account
from services.payments.use_cases.find_tenant import find_payment, find_tenant
from services.payments.use_cases.ports import Gateway, OpenWork
from services.payments.use_cases.refresh_payment import refresh_payment
from services.payments.use_cases.save_method import begin_setup, save_method
from services.payments.use_cases.show_payments import show_payment, show_payments
from services.payments.use_cases.start_payment import Begun, PayNow, continue_payment, start_payment
from shared.errors import Invalid
from shared.ids import InvoiceId, MethodId, PaymentId, ProviderId, TenantId

TENANT = "/tenants/{tenant_id}"
OFF = "It was your only payment method, so auto-pay is turned off."


def routes(
    open_work: OpenWork, gateway: Gateway, books: Books, internal: Any, wake: Callable[[], None]
) -> APIRouter:
    """Everything under ``/v1/providers/{provider_id}``, for Tollgate's own services."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)])
    router.include_router(_account_routes(open_work))
    router.include_router(account_routes(open_work, books))
    router.include_router(books_routes(open_work, books))
    router.include_router(_method_routes(open_work, gateway, wake))
    router.include_router(_auto_pay_routes(open_work))
    router.include_router(_payment_routes(open_work, gateway, wake))
    router.include_router(_history_routes(open_work))
    router.include_router(collecting_routes(open_work))
    router.include_router(money_back_routes(open_work, gateway, wake))
    router.include_router(agreement_routes(open_work, wake))
    return router


async def _begun(open_work: OpenWork, gateway: Gateway, begun: Begun) -> BegunOut:
    payment = begun.payment
    async with open_work() as work:
        tenant = await find_tenant(work, payment.provider_id, payment.tenant_id)
        shown = await show_payment(work, payment)
    waits = begun.client_secret is not None and payment.method is not None
    return BegunOut.model_validate(
        {
            **payment_fields(shown, tenant),
            "client_secret": begun.client_secret,
            "publishable_key": gateway.publishable_key,
            "stripe_account": begun.account or None,
            "stripe_method": payment.method.stripe_method if waits and payment.method else None,
        }
    )


def _account_routes(open_work: OpenWork) -> APIRouter:
    router = APIRouter(tags=["account"])

    @router.put("/stripe-account")
    async def put_account(provider_id: ProviderId, body: AccountIn) -> AccountIn:
        """Which Stripe account collects for the provider. Saved methods belong to the account they were saved in.

        A provider that was added a moment ago may not be known here yet; whoever calls has checked its token.
        """
        async with open_work() as work:
            await give_account(work, provider_id, body.stripe_account or "")
        return body

    return router


def _method_routes(open_work: OpenWork, gateway: Gateway, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter(prefix=TENANT, tags=["methods"])

    @router.post("/setup-intents", status_code=201)
    async def post_setup_intent(provider_id: ProviderId, tenant_id: TenantId) -> SetupOut:
        """Begins to save a method; the browser confirms it with Stripe."""
        async with asking_stripe():
            made, account = await begin_setup(open_work, gateway, provider_id, tenant_id)
        return SetupOut(
            setup_intent=made.intent,
            client_secret=made.client_secret or "",
            publishable_key=gateway.publishable_key,
            stripe_account=account or None,
        )

    @router.post("/methods")
    async def post_method(provider_id: ProviderId, tenant_id: TenantId, body: MethodIn) -> MethodOut:
        """Confirms that a method was saved; it is read again from Stripe. Doing it twice changes nothing."""
        async with asking_stripe():
            method = await save_method(open_work, gateway, provider_id, tenant_id, body.setup_intent)
        wake()
        return MethodOut.of(method)

    @router.get("/methods")
    async def get_methods(provider_id: ProviderId, tenant_id: TenantId) -> MethodsOut:
        async with open_work() as work:
            methods, auto_pay = await list_methods(work, provider_id, tenant_id)
        return MethodsOut(
            methods=[MethodOut.of(method) for method in methods], auto_pay=AutoPayOut.of(auto_pay)
        )

    @router.post("/methods/{method_id}/default", status_code=204)
    async def post_default(provider_id: ProviderId, tenant_id: TenantId, method_id: MethodId) -> None:
        async with open_work() as work:
            await set_default(work, provider_id, tenant_id, method_id)
        wake()

    @router.delete("/methods/{method_id}")
    async def delete(
        provider_id: ProviderId,
        tenant_id: TenantId,
        method_id: MethodId,
        next_default: UUID | None = None,
        by: Annotated[str, Query(min_length=1, max_length=200)] = "tenant",
    ) -> DeletedOut:
        """Deleting the default asks for ``next_default``; deleting the only one turns auto-pay off (R62)."""
        async with open_work() as work:
            gone = await delete_method(
                work,
                provider_id,
                tenant_id,
                method_id,
                next_default=MethodId(next_default) if next_default else None,
                by=by,
            )
        wake()
        return DeletedOut(
            default=gone.default,
            auto_pay_turned_off=gone.auto_pay_turned_off,
            sentence=OFF if gone.auto_pay_turned_off else None,
        )

    return router


def _auto_pay_routes(open_work: OpenWork) -> APIRouter:
    router = APIRouter(prefix=TENANT, tags=["auto-pay"])

    @router.put("/auto-pay")
    async def put_auto_pay(
        provider_id: ProviderId, tenant_id: TenantId, body: AutoPayIn
    ) -> AutoPayChangedOut:
        """Charges invoices issued while it is on; open ones are named, not charged (R61)."""
        async with open_work() as work:
            auto_pay, offered = await set_auto_pay(
                work,
                provider_id,
                tenant_id,
                enabled=body.enabled,
                by=body.by,
                text_version=body.text_version,
                ip=body.ip,
            )
        return AutoPayChangedOut(
            enabled=auto_pay.enabled,
            since=auto_pay.since,
            open_invoices=[
                OpenInvoiceOut(
                    invoice_id=invoice.invoice_id,
                    number=invoice.number,
                    balance=Amount(minor=left, currency=invoice.currency),
                )
                for invoice, left in offered
            ],
        )

    return router


def _payment_routes(open_work: OpenWork, gateway: Gateway, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter(prefix=TENANT, tags=["payments"])

    @router.post("/payments")
    async def post_payment(provider_id: ProviderId, tenant_id: TenantId, body: PaymentIn) -> BegunOut:
        """Pay Now. ``client_secret`` comes with ``requires_action``: confirm in the browser, then ``refresh``."""
        invoice_ids = tuple(InvoiceId(one) for one in body.invoice_ids)
        if body.payment_plan_id is not None:
            async with open_work() as work:
                invoice_ids = await plan_invoices(work, provider_id, tenant_id, body.payment_plan_id)
        asked = PayNow(
            provider_id=provider_id,
            tenant_id=tenant_id,
            invoice_ids=invoice_ids,
            amount_minor=body.amount.minor,
            currency=body.amount.currency,
            method_id=MethodId(body.method_id) if body.method_id else None,
            save_method=body.save_method,
            request_id=body.request_id,
        )
        async with asking_stripe():
            begun = await start_payment(open_work, gateway, asked)
        wake()
        return await _begun(open_work, gateway, begun)

    @router.post("/payments/{payment_id}/continue")
    async def post_continue(provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId) -> BegunOut:
        """For a payment that waits for its payer, one of auto-pay included: the secret of the same PaymentIntent."""
        async with asking_stripe():
            begun = await continue_payment(open_work, gateway, provider_id, tenant_id, payment_id)
        return await _begun(open_work, gateway, begun)

    @router.post("/payments/{payment_id}/refresh")
    async def post_refresh(provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId) -> PaymentOut:
        """Reads the payment again from Stripe, after the browser's step."""
        async with asking_stripe():
            payment = await refresh_payment(open_work, gateway, provider_id, tenant_id, payment_id)
        async with open_work() as work:
            tenant = await find_tenant(work, provider_id, tenant_id)
            return PaymentOut.of(await show_payment(work, payment), tenant)

    return router


def _history_routes(open_work: OpenWork) -> APIRouter:
    router = APIRouter(prefix=TENANT, tags=["payments"])

    @router.get("/payments")
    async def get_payments(
        provider_id: ProviderId,
        tenant_id: TenantId,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 25,
    ) -> PaymentsOut:
        """Payment History, newest first."""
        try:
            before = PaymentId(UUID(cursor)) if cursor else None
        except ValueError as error:
            raise Invalid(
                "The cursor is not one of ours; use `next` of the last page.", field="cursor"
            ) from error
        async with open_work() as work:
            tenant = await find_tenant(work, provider_id, tenant_id)
            found = await work.payments.page(tenant_id, before, limit + 1)
            shown = found[:limit]
            history = await show_payments(work, shown)
        return PaymentsOut(
            payments=[PaymentOut.of(one, tenant) for one in history],
            next=str(shown[-1].payment_id) if len(found) > limit else None,
        )

    @router.get("/payments/{payment_id}")
    async def get_payment(provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId) -> PaymentOut:
        async with open_work() as work:
            tenant = await find_tenant(work, provider_id, tenant_id)
            payment = await find_payment(work, tenant, payment_id)
            return PaymentOut.of(await show_payment(work, payment), tenant)

    return router
