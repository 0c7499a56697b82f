"""``/api/v1/billing``: documents, exports and explanations that only pass through, always for the token's tenant."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.gateway.entrypoints.callers import Callers, whose_of
from services.gateway.entrypoints.changes import Changes, passed_on, streamed
from services.gateway.entrypoints.openapi import CHANGING, NOT_FOUND, PROBLEMS
from services.gateway.use_cases.compose_session import Person
from services.gateway.use_cases.ports import Query as Parameters
from services.gateway.use_cases.ports import ServiceApi, Where
from shared.ids import InvoiceId, PaymentId

Form = Literal["pdf", "facturx", "cii", "ubl"]
# Payments may have to ask Stripe.
_CHANGE_DEADLINE_SECONDS = 25.0


def _file(*media_types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The file.", "content": {one: {} for one in media_types}}}


def _json(description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {"application/json": {"schema": {}}}}}


_DOCUMENT = _file("application/pdf", "application/xml")


def billing_passing_router(
    callers: Callers, clients: Mapping[str, ServiceApi], changes: Changes
) -> APIRouter:
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=PROBLEMS)
    _add_documents(router, callers, clients["invoicing"])
    _add_calls(router, callers, clients["usage"])
    _add_plans(router, callers, clients["payments"], changes)
    return router


def _tenant(person: Person, *more: str | UUID) -> Where:
    whose = whose_of(person)
    return Where.of("v1", "providers", whose.provider_id, "tenants", whose.tenant_id, *more)


def _add_documents(router: APIRouter, callers: Callers, invoicing: ServiceApi) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get(
        "/invoices/{invoice_id}/explanation",
        summary="Why an invoice differs from the one before",
        response_class=Response,
        responses={**NOT_FOUND, **_json("The parts of the difference; they sum to it (R56).")},
    )
    async def get_explanation(
        person: Admin,
        invoice_id: InvoiceId,
        locale: Annotated[str | None, Query(max_length=35, description="like de-DE")] = None,
    ) -> Response:
        where = _tenant(person, "invoices", invoice_id, "explanation")
        return passed_on(await invoicing.ask("GET", where, query={"locale": locale}))

    @router.get(
        "/invoices/{invoice_id}/documents/{form}",
        summary="An invoice as PDF or electronic invoice",
        response_class=Response,
        responses={**NOT_FOUND, **_DOCUMENT},
    )
    async def get_document(person: Admin, invoice_id: InvoiceId, form: Form) -> Response:
        """`facturx`: PDF/A-3 with EN 16931 data inside; `cii` and `ubl`: the data alone."""
        return streamed(await invoicing.stream(_tenant(person, "invoices", invoice_id, "documents", form)))

    @router.get(
        "/credit-notes/{credit_note_id}/documents/{form}",
        summary="A credit note as PDF or electronic document",
        response_class=Response,
        responses={**NOT_FOUND, **_DOCUMENT},
    )
    async def get_credit_note(person: Admin, credit_note_id: UUID, form: Form) -> Response:
        return streamed(
            await invoicing.stream(_tenant(person, "credit-notes", credit_note_id, "documents", form))
        )

    @router.get(
        "/payments/{payment_id}/receipt",
        summary="The receipt of a payment as PDF",
        response_class=Response,
        responses={**NOT_FOUND, **_file("application/pdf")},
    )
    async def get_receipt(person: Admin, payment_id: PaymentId) -> Response:
        return streamed(await invoicing.stream(_tenant(person, "payments", payment_id, "receipt")))


def _add_calls(router: APIRouter, callers: Callers, usage: ServiceApi) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]
    # Usage judges them; here only what may be asked at all.
    which = ("direction", "number", "class", "from", "to", "start_date", "end_date", "unanswered", "extra")

    def _asked(request: Request, *names: str) -> Parameters:
        return {name: (request.query_params.get(name) or "")[:200] or None for name in names}

    def _documented(*names: str) -> dict[str, Any]:
        return {
            "parameters": [
                {
                    "name": name,
                    "in": "query",
                    "required": False,
                    "schema": {"type": "string", "maxLength": 200},
                }
                for name in names
            ]
        }

    @router.get(
        "/calls/export",
        summary="Call History as a file",
        response_class=Response,
        responses=_file("text/csv", "application/vnd.apache.parquet"),
        openapi_extra=_documented(*which, "format"),
    )
    async def get_export(request: Request, person: Admin) -> Response:
        """`format`: `csv` or `parquet`; filtered as Call History is."""
        query = _asked(request, *which, "format")
        return streamed(await usage.stream(_tenant(person, "calls", "export"), query=query))

    line = ("start_date", "end_date", "line", "revision", "since", "cursor", "limit")

    @router.get(
        "/line-calls",
        summary="Exactly the calls that make up a line of an invoice",
        response_class=Response,
        responses=_json("The calls with their charges; they sum to the line."),
        openapi_extra=_documented(*line),
    )
    async def get_line_calls(request: Request, person: Admin) -> Response:
        """The parameters are those of the line's `evidence`."""
        return passed_on(await usage.ask("GET", _tenant(person, "calls"), query=_asked(request, *line)))


def _add_plans(router: APIRouter, callers: Callers, payments: ServiceApi, changes: Changes) -> None:
    Admin = Annotated[Person, Depends(callers.tenant_admin)]

    @router.get(
        "/payment-plans",
        summary="Instalments agreed with the provider",
        response_class=Response,
        responses=_json("Payment plans with their instalments."),
    )
    async def get_plans(person: Admin) -> Response:
        return passed_on(await payments.ask("GET", _tenant(person, "payment-plans")))

    @router.post(
        "/payments/{payment_id}/continue",
        summary="Go on with a payment that waits for the bank's challenge",
        response_class=Response,
        responses={**CHANGING, **NOT_FOUND, **_json("What Stripe.js needs to go on.")},
    )
    async def continue_payment(request: Request, person: Admin, payment_id: PaymentId) -> Response:
        """An auto-payment that the bank wants confirmed goes on as the same payment, never as a second one."""
        where = _tenant(person, "payments", payment_id, "continue")
        return await changes.make(
            request,
            person,
            lambda: payments.ask("POST", where, body={}, deadline_seconds=_CHANGE_DEADLINE_SECONDS),
        )
