"""``/api/v1/billing``: documents, exports and explanations that only pass through, always for the token's tenant."""

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.gateway.entrypoints.callers import Callers, tenant_path, whose_of
from services.gateway.entrypoints.changes import Changes, streamed
from services.gateway.entrypoints.openapi import CHANGING, NOT_FOUND, PROBLEMS, a_file
from services.gateway.use_cases import answers
from services.gateway.use_cases.compose_overview import Services
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import ServiceApi
from shared.ids import InvoiceId, PaymentId

Form = Literal["pdf", "facturx", "cii", "ubl"]
# Payments may have to ask Stripe.
_CHANGE_DEADLINE_SECONDS = 25.0


_DOCUMENT = a_file("application/pdf", "application/xml")


def billing_passing_router(
    callers: Callers, services: Services, clients: Mapping[str, ServiceApi], changes: Changes
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=PROBLEMS)
    _add_documents(router, callers, services, clients["invoicing"])
    _add_plans(router, callers, services, clients["payments"], changes)
    return router


def _add_documents(router: APIRouter, callers: Callers, services: Services, invoicing: ServiceApi) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get(
        "/invoices/{invoice_id}/explanation",
        summary="Why an invoice differs from the one before",
        responses=NOT_FOUND,
    )
    async def get_explanation(
        person: Admin,
        invoice_id: InvoiceId,
        locale: Annotated[str | None, Query(max_length=35, description="like de-DE")] = None,
    ) -> answers.Explanation:
        """The parts of the difference; they sum to it (R56)."""
        return await services.invoicing.explanation(whose_of(person), invoice_id, locale)

    @router.get("/credit-notes", summary="Credit notes, newest first", responses=NOT_FOUND)
    async def get_credit_notes(person: Admin) -> answers.CreditNotes:
        return await services.invoicing.credit_notes(whose_of(person))

    @router.get(
        "/invoices/{invoice_id}/documents/{form}",
        summary="An invoice as PDF or electronic invoice",
        response_class=Response,
        responses={**NOT_FOUND, **_DOCUMENT},
    )
    async def get_document(person: Admin, invoice_id: InvoiceId, form: Form) -> Response:
        """`facturx`: PDF/A-3 with EN 16931 data inside; `cii` and `ubl`: the data alone."""
        return streamed(
            await invoicing.stream(tenant_path(person, "invoices", invoice_id, "documents", form))
        )

    @router.get(
        "/credit-notes/{credit_note_id}/documents/{form}",
        summary="A credit note as PDF or electronic document",
        response_class=Response,
        responses={**NOT_FOUND, **_DOCUMENT},
    )
    async def get_credit_note(person: Admin, credit_note_id: UUID, form: Form) -> Response:
        return streamed(
            await invoicing.stream(tenant_path(person, "credit-notes", credit_note_id, "documents", form))
        )

    @router.get(
        "/payments/{payment_id}/receipt",
        summary="The receipt of a payment as PDF",
        response_class=Response,
        responses={**NOT_FOUND, **a_file("application/pdf")},
    )
    async def get_receipt(person: Admin, payment_id: PaymentId) -> Response:
        return streamed(await invoicing.stream(tenant_path(person, "payments", payment_id, "receipt")))


def _add_plans(
    router: APIRouter, callers: Callers, services: Services, payments: ServiceApi, changes: Changes
) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get("/payment-plans", summary="Instalments agreed with the provider", responses=NOT_FOUND)
    async def get_plans(person: Admin) -> answers.PaymentPlans:
        """Newest first, ended ones too. Only the provider agrees on one and ends it."""
        return await services.payments.plans(whose_of(person))

    @router.post(
        "/payments/{payment_id}/continue",
        summary="Go on with a payment that waits for the bank's challenge",
        response_class=Response,
        responses={**CHANGING, **NOT_FOUND, 200: {"model": answers.Payment}},
    )
    async def continue_payment(request: Request, person: Admin, payment_id: PaymentId) -> Response:
        """An auto-payment that the bank wants confirmed goes on as the same payment, never as a second one."""
        where = tenant_path(person, "payments", payment_id, "continue")
        return await changes.make(
            request,
            person,
            lambda: payments.ask("POST", where, body={}, deadline_seconds=_CHANGE_DEADLINE_SECONDS),
        )
