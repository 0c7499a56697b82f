"""``/api/v1/billing``: what a tenant's admin sees and does. A tenant user gets 403."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from services.gateway.entrypoints.bodies import AutoPayBody, PaymentBody, SaveMethodBody
from services.gateway.entrypoints.callers import Callers, signature, whose_of
from services.gateway.entrypoints.changes import Changes, passed_on
from services.gateway.entrypoints.openapi import CHANGING, NOT_FOUND, PROBLEMS, a_file
from services.gateway.entrypoints.paging import Cursor, Limit
from services.gateway.use_cases import answers
from services.gateway.use_cases.compose_overview import Services, compose_overview
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.views import Overview, StripeView
from shared.ids import InvoiceId, MethodId, PaymentId


def billing_router(callers: Callers, services: Services, changes: Changes, stripe: StripeView) -> APIRouter:
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=PROBLEMS)
    _add_reading(router, callers, services, stripe)
    _add_methods(router, callers, services, changes)
    _add_payments(router, callers, services, changes)
    return router


def _add_reading(router: APIRouter, callers: Callers, services: Services, stripe: StripeView) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get("/overview", summary="Every section of the Billing page")
    async def get_overview(person: Admin) -> Overview:
        """Asks all services at once. A section whose service is away is `{"error": {"title", "detail"}}`."""
        return await compose_overview(services, person, stripe)

    @router.get("/invoices", summary="Invoices, newest first")
    async def get_invoices(
        person: Admin,
        status: Annotated[
            Literal["unpaid", "paid"] | None, Query(description="unpaid: whatever has a balance")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 24,
    ) -> answers.InvoiceList:
        return await services.invoicing.invoices(whose_of(person), status=status, cursor=cursor, limit=limit)

    @router.get("/invoices/{invoice_id}", summary="An invoice with its lines", responses=NOT_FOUND)
    async def get_invoice(person: Admin, invoice_id: InvoiceId) -> answers.Invoice:
        return await services.invoicing.invoice(whose_of(person), invoice_id)

    @router.get(
        "/invoices/{invoice_id}/pdf",
        summary="An invoice as PDF",
        responses={**NOT_FOUND, **a_file("application/pdf")},
        response_class=Response,
    )
    async def get_invoice_pdf(person: Admin, invoice_id: InvoiceId) -> Response:
        return passed_on(await services.invoicing.invoice_pdf(whose_of(person), invoice_id))


def _add_methods(router: APIRouter, callers: Callers, services: Services, changes: Changes) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]
    payments = services.payments

    @router.get("/methods", summary="Payment methods and auto-pay")
    async def get_methods(person: Admin) -> answers.Methods:
        return await payments.methods(whose_of(person))

    @router.post(
        "/setup-intents",
        summary="Begin to save a payment method",
        status_code=201,
        responses={**CHANGING, 201: {"model": answers.SetupIntent}},
    )
    async def post_setup_intent(request: Request, person: Admin) -> Response:
        """Answers what Stripe Elements needs; card details go from the browser to Stripe only."""
        return await changes.make(
            request, person, lambda: payments.change(whose_of(person), "POST", "setup-intents", body={})
        )

    @router.post(
        "/methods",
        summary="Keep the payment method that Stripe has saved",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": answers.Method}},
    )
    async def post_method(request: Request, person: Admin, body: SaveMethodBody) -> Response:
        """Idempotent; Stripe's webhook does the same should the browser be gone."""
        return await changes.make(
            request,
            person,
            lambda: payments.change(whose_of(person), "POST", "methods", body=body.model_dump(mode="json")),
        )

    @router.post(
        "/methods/{method_id}/default",
        summary="Set as Default",
        status_code=204,
        responses={**CHANGING, **NOT_FOUND},
    )
    async def post_default(request: Request, person: Admin, method_id: MethodId) -> Response:
        return await changes.make(
            request,
            person,
            lambda: payments.change(whose_of(person), "POST", "methods", method_id, "default", body={}),
        )

    @router.delete(
        "/methods/{method_id}",
        summary="Delete a payment method",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": answers.Removed}},
    )
    async def delete_method(
        request: Request,
        person: Admin,
        method_id: MethodId,
        next_default: Annotated[
            UUID | None, Query(description="which becomes the default; needed when others remain (R62)")
        ] = None,
    ) -> Response:
        """Deleting the only one turns auto-pay off (R62)."""
        query: dict[str, str | int | None] = {
            "next_default": str(next_default) if next_default else None,
            "by": signature(person),
        }
        return await changes.make(
            request,
            person,
            lambda: payments.change(whose_of(person), "DELETE", "methods", method_id, query=query),
            targets={"next_default": next_default},
        )

    @router.put(
        "/auto-pay",
        summary="Turn auto-pay on or off",
        responses={**CHANGING, 200: {"model": answers.AutoPayChanged}},
    )
    async def put_auto_pay(request: Request, person: Admin, body: AutoPayBody) -> Response:
        """On: the default method is charged for invoices issued from now on (R61)."""
        return await changes.make(
            request,
            person,
            lambda: payments.change(
                whose_of(person), "PUT", "auto-pay", body={"enabled": body.enabled, "by": signature(person)}
            ),
            targets={"enabled": str(body.enabled).lower()},
        )


def _add_payments(router: APIRouter, callers: Callers, services: Services, changes: Changes) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]
    payments = services.payments

    @router.get("/payments", summary="Payment History, newest first")
    async def get_payments(person: Admin, cursor: Cursor = None, limit: Limit = 25) -> answers.PaymentList:
        return await payments.payments(whose_of(person), cursor=cursor, limit=limit)

    @router.post(
        "/payments",
        summary="Pay Now, in full or in part",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": answers.Payment}},
    )
    async def post_payment(request: Request, person: Admin, body: PaymentBody) -> Response:
        """The same `request_id` twice is one payment. More than the balance is refused (R52)."""
        return await changes.make(
            request,
            person,
            lambda: payments.change(
                whose_of(person), "POST", "payments", body=body.model_dump(mode="json", exclude_none=True)
            ),
            targets={
                "invoice_ids": " ".join(str(one) for one in body.invoice_ids or ()),
                "payment_plan_id": body.payment_plan_id,
                "method_id": body.method_id,
                "request_id": body.request_id,
                "amount": f"{body.amount.minor} {body.amount.currency}",
            },
        )

    @router.get("/payments/{payment_id}", summary="How a payment stands", responses=NOT_FOUND)
    async def get_payment(person: Admin, payment_id: PaymentId) -> answers.Payment:
        return await payments.payment(whose_of(person), payment_id)

    @router.post(
        "/payments/{payment_id}/refresh",
        summary="Ask Stripe how a payment stands",
        responses={**CHANGING, **NOT_FOUND, 200: {"model": answers.Payment}},
    )
    async def refresh_payment(
        request: Request, person: Admin, payment_id: Annotated[PaymentId, Path()]
    ) -> Response:
        """After the browser has confirmed a payment with the bank."""
        return await changes.make(
            request,
            person,
            lambda: payments.change(whose_of(person), "POST", "payments", payment_id, "refresh", body={}),
        )
