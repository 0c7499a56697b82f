"""The tenant's side of invoicing: summary, invoices, documents, preview."""

import asyncio
import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.invoicing.adapters.pdf import InvoicePdf
from services.invoicing.adapters.peers import Peers
from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.entrypoints.shapes import (
    amount,
    invoice_head,
    invoice_shape,
    plan_shape,
    preview_shape,
)
from services.invoicing.use_cases.preview_invoice import preview_invoice
from shared.errors import Invalid, NotFound
from shared.ids import InvoiceId, ProviderId, TenantId

OpenWork = Callable[[], InvoicingWork]


def encode_cursor(issued_at: datetime, invoice_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{issued_at.isoformat()} {invoice_id}".encode()).decode()


def decode_cursor(cursor: str | None) -> tuple[datetime, InvoiceId] | None:
    """Raises ``Invalid`` for a cursor that is not ours."""
    if cursor is None:
        return None
    try:
        at, _, name = base64.urlsafe_b64decode(cursor.encode()).decode().rpartition(" ")
        return datetime.fromisoformat(at), InvoiceId(UUID(name))
    except (ValueError, binascii.Error) as error:
        raise Invalid("Take the cursor from `next` of the page before.", field="cursor") from error


def tenant_router(open_work: OpenWork, internal: Any, peers: Peers, pdf: InvoicePdf) -> APIRouter:
    """Between services only; another provider's or tenant's id is a 404."""
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/tenants/{tenant_id}", dependencies=[Depends(internal)]
    )
    _add_invoices(router, open_work, pdf)

    @router.get("/summary")
    async def summary(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            provider = await work.catalogue.provider(provider_id)
            tenant = await work.catalogue.tenant(provider_id, tenant_id)
            row = await work.periods.running(tenant_id)
            if row is None:
                raise NotFound("This tenant has no running billing period.")
            plan = await work.catalogue.plan(provider_id, row.plan_id, row.plan_version)
            credit = sum(one.left_minor for one in await work.invoices.credits(tenant_id))
        return {
            "plan": plan_shape(plan),
            "plan_id": str(row.plan_id),
            "plan_version": row.plan_version,
            "status": tenant.status,
            "period": {"start_date": row.period.start.isoformat(), "end_date": row.period.end.isoformat()},
            "next_invoice_on": None
            if row.trial and row.period.end != tenant.trial_ends_on
            else row.period.end.isoformat(),
            "account_credit": amount(credit, provider.currency),
            "currency": provider.currency,
            "time_zone": tenant.raw["time_zone"],
            "locale": tenant.raw["locale"],
            "trial_ends_on": tenant.trial_ends_on.isoformat() if tenant.trial_ends_on else None,
            "name": tenant.name,
        }

    @router.get("/preview")
    async def preview(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            await work.catalogue.tenant(provider_id, tenant_id)
            row = await work.periods.running(tenant_id)
        if row is None:
            raise NotFound("This tenant has no running billing period.")
        period = row.period
        totals = await peers.usage_so_far(
            provider_id, tenant_id, period.start, period.end, row.plan_id, row.plan_version
        )
        async with open_work() as work:
            return preview_shape(await preview_invoice(work, provider_id, tenant_id, totals))

    return router


def _add_invoices(router: APIRouter, open_work: OpenWork, pdf: InvoicePdf) -> None:
    @router.get("/invoices")
    async def get_invoices(
        provider_id: ProviderId,
        tenant_id: TenantId,
        status: Annotated[str | None, Query(description="unpaid or paid")] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> dict[str, Any]:
        before = decode_cursor(cursor)
        async with open_work() as work:
            await work.catalogue.tenant(provider_id, tenant_id)
            rows = list(await work.invoices.list(provider_id, tenant_id, before=before, limit=limit + 1))
        more = len(rows) > limit
        rows = rows[:limit]
        last = encode_cursor(rows[-1].issued_at, rows[-1].invoice_id) if more else None
        shown = [invoice_head(row) for row in rows]
        if status == "unpaid":
            shown = [row for row in shown if row["balance"]["minor"] > 0]
        elif status == "paid":
            shown = [row for row in shown if row["status"] == "Paid"]
        return {"invoices": shown, "next": last}

    @router.get("/invoices/{invoice_id}")
    async def get_invoice(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId
    ) -> dict[str, Any]:
        async with open_work() as work:
            invoice = await work.invoices.get(provider_id, tenant_id, invoice_id)
            payments = await work.invoices.payments(tenant_id, invoice_id)
        return invoice_shape(invoice, list(payments))

    @router.get("/invoices/{invoice_id}/pdf")
    async def get_pdf(provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId) -> Response:
        async with open_work() as work:
            invoice = await work.invoices.get(provider_id, tenant_id, invoice_id)
            payments = await work.invoices.payments(tenant_id, invoice_id)
        # Typst computes for some ten milliseconds: not on the event loop.
        document = await asyncio.to_thread(
            pdf.render, invoice_shape(invoice, list(payments)), invoice.issued_at
        )
        name = f'attachment; filename="{invoice.number}.pdf"'
        return Response(document, media_type="application/pdf", headers={"Content-Disposition": name})
