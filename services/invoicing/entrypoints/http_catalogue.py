"""Routes for providers, plans, tenants and what could not be invoiced."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.invoicing.domain.catalogue import Brand, Provider, Tax, Tenant
from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.entrypoints import cursors, shapes
from services.invoicing.entrypoints.bodies import (
    ChargeBody,
    Day,
    ProviderBody,
    TenantBody,
)
from services.invoicing.entrypoints.plan_bodies import CouponBody, PlanBody, PlanVersionBody, plan_of_body
from services.invoicing.use_cases.add_charge import add_charge
from services.invoicing.use_cases.add_plan import add_plan, add_plan_version
from services.invoicing.use_cases.add_provider import add_provider
from services.invoicing.use_cases.grant_discount import add_coupon
from services.invoicing.use_cases.open_tenant import open_tenant
from services.invoicing.use_cases.ports import Work
from shared.ids import PlanId, ProviderId, TenantId, derived_id, new_id
from shared.money import Currency, Money

OpenWork = Callable[[], Work]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000)]
# Whoever asks for no pages has all of most providers in one.
PAGE = 1000


def catalogue_router(open_work: OpenWork, internal: Any, changed: Callable[[], None]) -> APIRouter:
    """``changed`` is called after a commit that may have made something due."""
    router = APIRouter(prefix="/v1/providers", dependencies=[Depends(internal)], tags=["catalogue"])

    @router.post("", status_code=201)
    async def post_provider(body: ProviderBody) -> dict[str, Any]:
        async with open_work() as work:
            made = _provider(body, work)
            await add_provider(work, made)
        return {"provider_id": made.provider_id}

    @router.get("")
    async def get_providers() -> dict[str, Any]:
        """For operators; without logos, which are large."""
        async with open_work() as work:
            found = [await work.providers.get(one) for one in await work.providers.all_ids()]
        names = ("provider_id", "slug", "legal_name", "currency", "country", "time_zone", "billing_email")
        shown = [shapes.provider(one) for one in found]
        return {"providers": [{name: one[name] for name in names} for one in shown]}

    @router.get("/{provider_id}")
    async def get_provider(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            return shapes.provider(await work.providers.get(provider_id))

    _add_plans(router, open_work)
    _add_tenants(router, open_work, changed)
    _add_parked(router, open_work, changed)
    _add_runs(router, open_work)
    return router


def _add_plans(router: APIRouter, open_work: OpenWork) -> None:
    @router.post("/{provider_id}/plans", status_code=201)
    async def post_plan(provider_id: ProviderId, body: PlanBody) -> dict[str, Any]:
        made = plan_of_body(provider_id, PlanId(new_id()), body)
        async with open_work() as work:
            await add_plan(work, made)
        return {"plan_id": made.plan_id, "version": made.version}

    @router.post("/{provider_id}/plans/{plan_id}/versions", status_code=201)
    async def post_version(provider_id: ProviderId, plan_id: PlanId, body: PlanVersionBody) -> dict[str, Any]:
        """All terms anew. Running subscriptions stay on their version until they are moved."""
        async with open_work() as work:
            made = await add_plan_version(work, plan_of_body(provider_id, plan_id, body), body.valid_from)
        return {"plan_id": made.plan_id, "version": made.version, "valid_from": made.valid_from}

    @router.post("/{provider_id}/coupons", status_code=201)
    async def post_coupon(provider_id: ProviderId, body: CouponBody) -> dict[str, Any]:
        async with open_work() as work:
            await add_coupon(work, provider_id, body.coupon())
        return {"code": body.code}

    @router.get("/{provider_id}/coupons")
    async def get_coupons(provider_id: ProviderId) -> dict[str, Any]:
        async with open_work() as work:
            await work.providers.get(provider_id)
            return {"coupons": [shapes.coupon(one) for one in await work.subscriptions.coupons(provider_id)]}

    @router.get("/{provider_id}/plans")
    async def get_plans(
        provider_id: ProviderId, cursor: Cursor = None, limit: Limit = PAGE
    ) -> dict[str, Any]:
        """Every version of every plan; ``next`` is the cursor of the following page, null on the last one."""
        after = cursors.read_plan(cursor)
        async with open_work() as work:
            await work.providers.get(provider_id)
            found = await work.plans.page(provider_id, after=after, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        return {
            "plans": [shapes.plan(one) for one in found[:limit]],
            "next": None if last is None else cursors.write(f"{last.plan_id} {last.version}"),
        }


def _add_tenants(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.post("/{provider_id}/tenants", status_code=201)
    async def post_tenant(provider_id: ProviderId, body: TenantBody) -> dict[str, Any]:
        async with open_work() as work:
            made = await open_tenant(
                work, _tenant(provider_id, body), add_ons=body.add_ons, coupon=body.coupon, by=body.by
            )
        changed()
        return {"tenant_id": made.tenant_id}

    @router.get("/{provider_id}/tenants")
    async def get_tenants(
        provider_id: ProviderId, cursor: Cursor = None, limit: Limit = PAGE
    ) -> dict[str, Any]:
        """By slug; ``next`` is the cursor of the following page, null on the last one."""
        after = cursors.read(cursor)
        async with open_work() as work:
            await work.providers.get(provider_id)
            found = await work.tenants.page(provider_id, after=after, limit=limit + 1)
        return {
            "tenants": [shapes.tenant(one) for one in found[:limit]],
            "next": cursors.write(found[limit - 1].slug) if len(found) > limit else None,
        }

    @router.get("/{provider_id}/tenants/{tenant_id}")
    async def get_tenant(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        async with open_work() as work:
            return shapes.tenant(await work.tenants.get(provider_id, tenant_id))

    @router.post("/{provider_id}/tenants/{tenant_id}/charges", status_code=201)
    async def post_charge(provider_id: ProviderId, tenant_id: TenantId, body: ChargeBody) -> dict[str, Any]:
        price = Money(body.amount.minor, Currency(body.amount.currency))
        charge = OneTimeCharge(new_id(), body.description, price, body.on)
        async with open_work() as work:
            await add_charge(work, provider_id, tenant_id, charge)
        return {"charge_id": charge.charge_id}


def _add_runs(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/{provider_id}/runs")
    async def get_run(provider_id: ProviderId, first: Day, after: Day) -> dict[str, Any]:
        """How far the close of the periods is that end in ``[first, after)``: due, drafted, issued, parked."""
        async with open_work() as work:
            await work.providers.get(provider_id)
            found = await work.periods.progress(provider_id, (first, after), work.system_now())
        return asdict(found)


def _add_parked(router: APIRouter, open_work: OpenWork, changed: Callable[[], None]) -> None:
    @router.get("/{provider_id}/parked")
    async def get_parked(provider_id: ProviderId) -> dict[str, Any]:
        """Periods that could not be invoiced, each with its reason."""
        async with open_work() as work:
            await work.providers.get(provider_id)
            rows = await work.periods.parked(provider_id)
        return {
            "parked": [
                {
                    "tenant_id": one.tenant_id,
                    "start_date": one.span.start,
                    "end_date": one.span.end,
                    "reason": one.parked_reason,
                }
                for one in rows
            ]
        }

    @router.post("/{provider_id}/parked/retry")
    async def retry_parked(provider_id: ProviderId) -> dict[str, Any]:
        """Tries every parked period again."""
        async with open_work() as work:
            await work.providers.get(provider_id)
            count = await work.periods.unpark(provider_id)
        changed()
        return {"retried": count}


def _provider(body: ProviderBody, work: Work) -> Provider:
    return Provider(
        provider_id=ProviderId(derived_id("provider", body.slug)),
        slug=body.slug,
        legal_name=body.legal_name,
        address=tuple(body.address),
        tax_id=body.tax_id,
        currency=Currency(body.currency),
        country=body.country,
        time_zone=body.time_zone,
        locale=body.locale,
        brand=Brand(body.brand.name, body.brand.colour, body.brand.logo),
        billing_email=body.billing_email,
        support_phone=body.support_phone,
        reachable_numbers=tuple(body.reachable_numbers),
        invoice_prefix=body.invoice_prefix,
        terms_days=body.terms_days,
        finalisation_delay_minutes=body.finalisation_delay_minutes,
        created_at=work.system_now(),
        taxes=(Tax(body.tax.name, body.tax.rate),) if body.tax else (),
    )


def _tenant(provider_id: ProviderId, body: TenantBody) -> Tenant:
    """Status, version and currency are settled by ``open_tenant``."""
    return Tenant(
        tenant_id=TenantId(new_id()),
        provider_id=provider_id,
        slug=body.slug,
        name=body.name,
        status="active",
        plan_id=PlanId(body.plan_id),
        plan_version=1,
        plan_from=body.opened_on,
        opened_on=body.opened_on,
        anchor_day=body.anchor_day,
        trial_ends_on=body.trial_ends_on,
        country=body.country,
        time_zone=body.time_zone,
        locale=body.locale,
        currency=Currency(""),
        address=tuple(body.address),
        billing_email=body.billing_email,
        admin_email=body.admin_email,
        sip_domain=body.sip_domain.lower(),
        account_codes=tuple(body.account_codes),
    )
