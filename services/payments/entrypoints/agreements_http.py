"""Payment plans, and what a provider sets for collecting."""

from collections.abc import Callable
from uuid import UUID

from fastapi import APIRouter

from services.payments.entrypoints.http_models import PlanIn, PlanOut, PlansOut, SettingsBody
from services.payments.use_cases.agree_plan import AskedPlan, agree_plan, cancel_plan, list_plans
from services.payments.use_cases.ports import OpenWork
from shared.ids import InvoiceId, ProviderId, TenantId


def agreement_routes(open_work: OpenWork, wake: Callable[[], None]) -> APIRouter:
    router = APIRouter()
    plans = APIRouter(prefix="/tenants/{tenant_id}/payment-plans", tags=["payment plans"])

    @plans.post("", status_code=201)
    async def post_plan(provider_id: ProviderId, tenant_id: TenantId, body: PlanIn) -> PlanOut:
        """Agrees on instalments for open invoices; the ladder of suspension pauses for them (R48)."""
        asked = AskedPlan(
            provider_id=provider_id,
            tenant_id=tenant_id,
            invoice_ids=tuple(InvoiceId(one) for one in body.invoice_ids),
            days=tuple(body.days),
            by=body.by,
            request_id=body.request_id,
        )
        async with open_work() as work:
            shown = await agree_plan(work, asked)
        wake()
        return PlanOut.of(shown)

    @plans.get("")
    async def get_plans(provider_id: ProviderId, tenant_id: TenantId) -> PlansOut:
        """Newest first, ended ones too."""
        async with open_work() as work:
            found = await list_plans(work, provider_id, tenant_id)
        return PlansOut(payment_plans=[PlanOut.of(one) for one in found])

    @plans.post("/{plan_id}/cancel")
    async def post_cancel(provider_id: ProviderId, tenant_id: TenantId, plan_id: UUID) -> PlanOut:
        """Ends the plan; nothing is charged because of it."""
        async with open_work() as work:
            shown = await cancel_plan(work, provider_id, tenant_id, plan_id)
        wake()
        return PlanOut.of(shown)

    router.include_router(plans)

    @router.get("/payment-settings", tags=["settings"])
    async def get_settings(provider_id: ProviderId) -> SettingsBody:
        async with open_work() as work:
            days = await work.accounts.retry_days(provider_id)
        return SettingsBody(retry_days=None if days is None else list(days))

    @router.put("/payment-settings", tags=["settings"])
    async def put_settings(provider_id: ProviderId, body: SettingsBody) -> SettingsBody:
        """Holds for declines from now on."""
        async with open_work() as work:
            days = None if body.retry_days is None else tuple(body.retry_days)
            await work.accounts.put_retry_days(provider_id, days)
        return body

    return router
