"""Routes for documents: PDF in the document's language, electronic invoices, receipts."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.invoicing.domain.paper import Paper
from services.invoicing.entrypoints.http_invoices import OpenWork
from services.invoicing.use_cases.make_paper import credit_note_paper, invoice_paper, receipt_paper
from services.invoicing.use_cases.ports import Document
from shared.ids import InvoiceId, ProviderId, TenantId

Form = Literal["pdf", "facturx", "cii", "ubl"]
_MEDIA: dict[Form, str] = {
    "pdf": "application/pdf",
    "facturx": "application/pdf",
    "cii": "application/xml",
    "ubl": "application/xml",
}
_ENDINGS: dict[Form, str] = {"pdf": ".pdf", "facturx": "-facturx.pdf", "cii": "-cii.xml", "ubl": "-ubl.xml"}


class WriteDocument(Protocol):
    """The bytes of a paper in a form. Raises ``Conflict`` for an electronic invoice that lacks what it must hold."""

    def __call__(self, paper: Paper, form: Form) -> Awaitable[bytes]: ...


def documents_router(
    open_work: OpenWork, internal: Any, write: WriteDocument, billing_url: str | None = None
) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/tenants/{tenant_id}",
        dependencies=[Depends(internal)],
        tags=["documents"],
    )

    async def read(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId
    ) -> tuple[Document, datetime]:
        async with open_work() as work:
            document = await work.invoices.document(provider_id, tenant_id, invoice_id)
            return document, await work.now(provider_id)

    async def answer(paper: Paper, form: Form) -> Response:
        content = await write(paper, form)
        way = "inline" if form == "pdf" else "attachment"
        name = f'{way}; filename="{paper.number}{_ENDINGS[form]}"'
        return Response(content, media_type=_MEDIA[form], headers={"Content-Disposition": name})

    @router.get("/invoices/{invoice_id}/pdf", response_class=Response)
    async def get_pdf(provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId) -> Response:
        """The same as ``documents/pdf``."""
        document, now = await read(provider_id, tenant_id, invoice_id)
        return await answer(invoice_paper(document, now, billing_url), "pdf")

    @router.get("/invoices/{invoice_id}/documents/{form}", response_class=Response)
    async def get_document(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId, form: Form
    ) -> Response:
        """PDF; Factur-X (the same PDF with its EN 16931 data inside); CII or UBL alone. 409 says what is missing."""
        document, now = await read(provider_id, tenant_id, invoice_id)
        return await answer(invoice_paper(document, now, billing_url), form)

    @router.get("/credit-notes/{credit_note_id}/documents/{form}", response_class=Response)
    async def get_credit_note(
        provider_id: ProviderId, tenant_id: TenantId, credit_note_id: UUID, form: Form
    ) -> Response:
        """A credit note in the same forms; as an electronic invoice it is of type 381."""
        async with open_work() as work:
            note = await work.credit_notes.document(provider_id, tenant_id, credit_note_id)
            invoice = await work.invoices.document(provider_id, tenant_id, note.note.invoice_id)
        return await answer(credit_note_paper(note, invoice), form)

    @router.get("/payments/{payment_id}/receipt", response_class=Response)
    async def get_receipt(provider_id: ProviderId, tenant_id: TenantId, payment_id: UUID) -> Response:
        """The receipt of a payment that succeeded, as PDF (R63)."""
        async with open_work() as work:
            provider = await work.providers.get(provider_id)
            tenant = await work.tenants.get(provider_id, tenant_id)
            receipt = await work.receipts.get(provider_id, tenant_id, payment_id)
        return await answer(receipt_paper(receipt, provider, tenant), "pdf")

    return router
