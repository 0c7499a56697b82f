"""Routes for a tenant's subscription summary, invoices and preview."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response

from services.invoicing.domain.periods import next_anchor
from services.invoicing.entrypoints import cursors, money_shapes, shapes
from services.invoicing.entrypoints.bodies import LocaleTag
from services.invoicing.use_cases.explain_invoice import explain_invoice
from services.invoicing.use_cases.ports import UsageFigures, Work
from services.invoicing.use_cases.preview_invoice import preview_invoice, read_basis
from services.invoicing.use_cases.read_drafts import read_drafts
from shared.clock import local_date
from shared.ids import InvoiceId, ProviderId, TenantId

OpenWork = Callable[[], Work]
StatusFilter = Literal["unpaid", "sent", "partially_paid", "paid", "overdue", "cancelled"]


def invoices_router(open_work: OpenWork, internal: Any, usage: UsageFigures) -> APIRouter:
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/tenants/{tenant_id}",
        dependencies=[Depends(internal)],
        tags=["invoices"],
    )

    @router.get("/summary")
    async def get_summary(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            plan = await work.plans.get(provider_id, tenant.plan_id, tenant.plan_version)
            period = await work.periods.running(tenant_id)
            pending_at = await work.periods.pending_invoice_at(tenant_id)
            credit = await work.account.credits(tenant_id)
        next_on = None if period is None else local_date(period.end_at, tenant.zone)
        if period is not None and period.is_trial and plan.billing_model == "pay_as_you_go":
            # Nothing is due at the trial's end: the first invoice follows the first charged period.
            next_on = next_anchor(period.span.end, tenant.anchor_day)
        if pending_at is not None:
            next_on = local_date(pending_at, tenant.zone)
        return {
            "plan": shapes.plan(plan),
            "status": tenant.status,
            "period": None
            if period is None
            else {"start_date": period.span.start, "end_date": period.span.end},
            "next_invoice_on": next_on,
            "account_credit": shapes.amount(sum(one.remaining_minor for one in credit), tenant.currency),
            "currency": tenant.currency,
            "time_zone": tenant.time_zone,
            "locale": tenant.locale,
            "plan_id": tenant.plan_id,
            "plan_version": tenant.plan_version,
            "trial_ends_on": tenant.trial_ends_on,
        }

    @router.get("/invoices")
    async def get_invoices(
        provider_id: ProviderId,
        tenant_id: TenantId,
        status: StatusFilter | None = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        """Newest first; ``open`` are all with a balance."""
        after = cursors.read_invoice(cursor)
        async with open_work() as work:
            await work.tenants.get(provider_id, tenant_id)
            now = await work.now(provider_id)
            rows = await work.invoices.page(
                provider_id, tenant_id, status=status, now=now, cursor=after, limit=limit + 1
            )
        shown = [shapes.invoice_row(one, now) for one in rows[:limit]]
        return {
            "invoices": shown,
            "next": cursors.write_invoice(rows[limit - 1]) if len(rows) > limit else None,
        }

    @router.get("/invoices/{invoice_id}", response_model=dict[str, Any])
    async def get_invoice(provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId) -> Response:
        """Written at once: an invoice may have hundreds of lines, and a general encoder looks at each value."""
        async with open_work() as work:
            document = await work.invoices.document(provider_id, tenant_id, invoice_id)
            notes = await work.credit_notes.of_invoice(tenant_id, invoice_id)
            now = await work.now(provider_id)
        shown = {
            **shapes.invoice(document, now),
            "credit_notes": [money_shapes.credit_note_row(one) for one in notes],
        }
        return Response(orjson.dumps(shown, default=str), media_type="application/json")

    @router.get("/invoices/{invoice_id}/explanation")
    async def get_explanation(
        provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId, locale: LocaleTag | None = None
    ) -> dict[str, Any]:
        """Why it differs from the invoice before, in the tenant's language or that of ``locale``."""
        async with open_work() as work:
            found = await explain_invoice(work, provider_id, tenant_id, invoice_id)
        return money_shapes.explanation(found, locale or found.locale)

    @router.get("/drafts")
    async def get_drafts(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """What is drafted and waits for its time of issue; for the provider, hidden from the tenant."""
        async with open_work() as work:
            found = await read_drafts(work, provider_id, tenant_id)
        return {"drafts": [shapes.drafted(one) for one in found]}

    @router.get("/preview")
    async def get_preview(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """The next invoice so far. 503 while usage is away."""
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            basis = await read_basis(work, provider_id, tenant_id)
        if basis is None:
            return shapes.empty_draft(tenant.currency)
        totals = await usage.totals(tenant, basis.period.span, basis.plan.plan_id, basis.plan.version)
        return shapes.draft(preview_invoice(basis, totals))

    return router
