"""The provider's side of invoicing: providers, plans, tenants, charges, test clock."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Response

from services.invoicing.adapters.catalogue import provider_of
from services.invoicing.adapters.clock_advances import create_clock, read_clock, set_target
from services.invoicing.adapters.work import InvoicingWork
from services.invoicing.domain.invoices import OneTimeCharge
from services.invoicing.entrypoints.bodies import (
    AdvanceBody,
    ChargeBody,
    ClockBody,
    PlanBody,
    ProviderBody,
    TenantBody,
)
from services.invoicing.entrypoints.shapes import clock_shape, parked_shape, plan_shape, tenant_shape
from services.invoicing.use_cases.add_plan import add_plan
from services.invoicing.use_cases.add_provider import add_provider
from services.invoicing.use_cases.open_tenant import open_tenant
from services.invoicing.use_cases.ports import Tenant
from shared.errors import Invalid
from shared.ids import PlanId, ProviderId, TenantId, derived_id
from shared.money import Money, currency

OpenWork = Callable[[], InvoicingWork]
Wake = Callable[[], None]


def provider_router(open_work: OpenWork, internal: Any, wake: Wake) -> APIRouter:
    """Between services only; the gateway says who may call what."""
    router = APIRouter(prefix="/v1/providers", dependencies=[Depends(internal)])
    _add_providers(router, open_work)
    _add_clock(router, open_work, wake)
    _add_plans(router, open_work)
    _add_tenants(router, open_work, wake)
    return router


def _add_providers(router: APIRouter, open_work: OpenWork) -> None:
    @router.post("", status_code=201)
    async def post_provider(body: ProviderBody) -> dict[str, Any]:
        provider = provider_of(ProviderId(derived_id("provider", body.slug)), body.slug, body.settings())
        async with open_work() as work:
            await add_provider(work, provider)
        return {"provider_id": str(provider.provider_id), **provider.raw}

    @router.get("")
    async def get_providers() -> dict[str, Any]:
        async with open_work() as work:
            found = await work.catalogue.providers()
        return {"providers": [{"provider_id": str(p.provider_id), **p.raw} for p in found]}

    @router.get("/{provider_id}")
    async def get_provider(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            provider = await work.catalogue.provider(provider_id)
        return {"provider_id": str(provider.provider_id), **provider.raw}

    @router.get("/{provider_id}/parked")
    async def get_parked(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            return {"parked": [parked_shape(row) for row in await work.periods.parked(provider_id)]}


def _add_clock(router: APIRouter, open_work: OpenWork, wake: Wake) -> None:
    @router.put("/{provider_id}/test-clock")
    async def put_clock(provider_id: ProviderId, body: ClockBody) -> dict[str, Any]:
        async with open_work() as work:
            await create_clock(work, provider_id, body.now)
            return clock_shape(await read_clock(work, provider_id))

    @router.post("/{provider_id}/test-clock/advance", status_code=202)
    async def advance(provider_id: ProviderId, body: AdvanceBody) -> dict[str, Any]:
        async with open_work() as work:
            clock = await set_target(work, provider_id, body.to)
        wake()
        return clock_shape(clock)

    @router.get("/{provider_id}/test-clock")
    async def get_clock(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            return clock_shape(await read_clock(work, provider_id))


def _add_plans(router: APIRouter, open_work: OpenWork) -> None:
    @router.post("/{provider_id}/plans", status_code=201)
    async def post_plan(provider_id: ProviderId, body: PlanBody) -> dict[str, Any]:
        plan = body.plan(PlanId(derived_id("plan", provider_id, body.name)))
        async with open_work() as work:
            await add_plan(work, provider_id, plan)
        return plan_shape(plan)

    @router.get("/{provider_id}/plans")
    async def get_plans(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            return {"plans": [plan_shape(plan) for plan in await work.catalogue.plans(provider_id)]}


def _add_tenants(router: APIRouter, open_work: OpenWork, wake: Wake) -> None:
    @router.post("/{provider_id}/tenants", status_code=201)
    async def post_tenant(provider_id: ProviderId, body: TenantBody) -> dict[str, Any]:
        async with open_work() as work:
            plan = await work.catalogue.plan(provider_id, body.plan_id)
            tenant = Tenant(
                provider_id=provider_id,
                tenant_id=TenantId(derived_id("tenant", provider_id, body.slug)),
                slug=body.slug,
                name=body.name,
                status="trial" if body.trial_ends_on else "active",
                plan_id=body.plan_id,
                plan_version=plan.version,
                anchor_day=body.anchor_day,
                opened_on=body.opened_on,
                trial_ends_on=body.trial_ends_on,
                raw=body.model_dump(mode="json"),
            )
            await open_tenant(work, tenant)
        wake()
        return tenant_shape(tenant)

    @router.get("/{provider_id}/tenants")
    async def get_tenants(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            return {"tenants": [tenant_shape(t) for t in await work.catalogue.tenants(provider_id)]}

    @router.get("/{provider_id}/tenants/{tenant_id}")
    async def get_tenant(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            return tenant_shape(await work.catalogue.tenant(provider_id, tenant_id))

    @router.post("/{provider_id}/tenants/{tenant_id}/charges", status_code=201)
    async def post_charge(
        provider_id: ProviderId, tenant_id: TenantId, body: ChargeBody, response: Response
    ) -> dict[str, Any]:
        async with open_work() as work:
            provider = await work.catalogue.provider(provider_id)
            await work.catalogue.tenant(provider_id, tenant_id)
            if body.amount.currency != provider.currency:
                raise Invalid(f"The provider bills in {provider.currency}.", field="amount.currency")
            charge = OneTimeCharge(
                body.description, Money(body.amount.minor, currency(body.amount.currency)), body.on
            )
            return {"charge_id": str(await work.periods.add_charge(provider_id, tenant_id, charge))}
