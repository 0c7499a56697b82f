"""Routes for credit notes, cancelled invoices and account credit."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.invoicing.entrypoints import money_shapes, shapes
from services.invoicing.entrypoints.http_invoices import OpenWork
from services.invoicing.entrypoints.money_bodies import (
    CreditNoteBody,
    GivenCreditBody,
    PayOutBody,
    ReasonBody,
)
from services.invoicing.use_cases.give_credit import give_credit, pay_out_credit
from services.invoicing.use_cases.issue_credit_note import cancel_invoice, credit_invoice, owned_invoice
from shared.errors import Invalid
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency, Money


def credit_notes_router(open_work: OpenWork, internal: Any) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/tenants/{tenant_id}",
        dependencies=[Depends(internal)],
        tags=["credit"],
    )
    _add_notes(router, open_work)
    _add_credits(router, open_work)
    return router


def _add_notes(router: APIRouter, open_work: OpenWork) -> None:
    @router.post("/invoices/{invoice_id}/credit-notes", status_code=201)
    async def post_credit_note(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId, body: CreditNoteBody
    ) -> dict[str, Any]:
        """Lowers what is due first; what was paid becomes account credit. The same request_id is one note."""
        async with open_work() as work:
            invoice = await owned_invoice(work, provider_id, tenant_id, invoice_id)
            note = await credit_invoice(
                work,
                provider_id,
                tenant_id,
                invoice_id,
                lines=_lines(body, invoice.currency),
                reason=body.reason,
                request_id=body.request_id,
                to=body.to,
            )
            document = await work.credit_notes.document(provider_id, tenant_id, note.credit_note_id)
        return money_shapes.credit_note(document)

    @router.post("/invoices/{invoice_id}/cancel")
    async def post_cancel(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId, body: ReasonBody
    ) -> dict[str, Any]:
        """Only an unpaid invoice; a full credit note is issued and the number kept (R40)."""
        async with open_work() as work:
            await cancel_invoice(work, provider_id, tenant_id, invoice_id, body.reason)
            invoice = await owned_invoice(work, provider_id, tenant_id, invoice_id)
            return shapes.invoice_row(invoice, await work.now(provider_id))

    @router.get("/credit-notes")
    async def get_credit_notes(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """Newest first."""
        async with open_work() as work:
            await work.tenants.get(provider_id, tenant_id)
            notes = await work.credit_notes.of_tenant(provider_id, tenant_id)
        return {"credit_notes": [money_shapes.credit_note_row(one) for one in notes]}

    @router.get("/credit-notes/{credit_note_id}")
    async def get_credit_note(
        provider_id: ProviderId, tenant_id: TenantId, credit_note_id: UUID
    ) -> dict[str, Any]:
        async with open_work() as work:
            document = await work.credit_notes.document(provider_id, tenant_id, credit_note_id)
        return money_shapes.credit_note(document)


def _lines(body: CreditNoteBody, code: Currency) -> dict[int, int] | None:
    """Net minor units by position; None for the full invoice. Raises ``Invalid``."""
    if body.full == (body.lines is not None):
        raise Invalid("Send either lines or full: true.", field="lines")
    if body.lines is None:
        return None
    asked: dict[int, int] = {}
    for one in body.lines:
        if one.amount.currency != code:
            raise Invalid(f"The invoice is in {code}.", field="lines.amount.currency")
        if one.line_id in asked:
            raise Invalid(f"Line {one.line_id} is named twice; name it once.", field="lines.line_id")
        asked[one.line_id] = one.amount.minor
    return asked


def _add_credits(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/credits")
    async def get_credits(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """What is left of account credit, oldest first. ``refundable``: of a closed tenant it can be paid out."""
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            held = await work.account.credits(tenant_id)
        left = sum(one.remaining_minor for one in held)
        return {
            "credits": [money_shapes.credit(one, tenant.currency) for one in held],
            "total": shapes.amount(left, tenant.currency),
            "refundable": shapes.amount(left if tenant.status == "closed" else 0, tenant.currency),
        }

    @router.post("/credits", status_code=201)
    async def post_credit(
        provider_id: ProviderId, tenant_id: TenantId, body: GivenCreditBody
    ) -> dict[str, Any]:
        """Account credit by hand; open invoices are paid with it at once. The same request_id is one credit."""
        given = Money(body.amount.minor, Currency(body.amount.currency))
        async with open_work() as work:
            credit_id = await give_credit(work, provider_id, tenant_id, given, body.reason, body.request_id)
        return {"credit_id": credit_id}

    @router.post("/credits/payout")
    async def post_payout(provider_id: ProviderId, tenant_id: TenantId, body: PayOutBody) -> dict[str, Any]:
        """Notes that all the credit of a closed tenant was paid out."""
        async with open_work() as work:
            paid = await pay_out_credit(work, provider_id, tenant_id, body.reference, body.request_id)
        return {"paid_out": shapes.money(paid)}
