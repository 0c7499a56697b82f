"""Routes for what becomes of a tenant's subscription: changes, their dry run, cancelling, reopening, discounts."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from services.invoicing.domain.invoices import Draft
from services.invoicing.entrypoints import shapes
from services.invoicing.entrypoints.bodies import Body, Day, Price, Short
from services.invoicing.entrypoints.plan_bodies import Code
from services.invoicing.use_cases.change_subscription import change_add_on, change_plan
from services.invoicing.use_cases.end_subscription import cancel_tenant, reopen_tenant
from services.invoicing.use_cases.grant_discount import end_discount, grant_discount
from services.invoicing.use_cases.ports import UsageFigures, Work
from services.invoicing.use_cases.preview_invoice import PreviewBasis, need_basis, preview_invoice
from services.invoicing.use_cases.read_closing import with_period_plan
from shared.clock import local_date
from shared.errors import NotFound
from shared.ids import PlanId, ProviderId, TenantId

OpenWork = Callable[[], Work]
When = Literal["now", "period_end"] | Day
# Makes the change; the day from which it holds.
Change = Callable[[Work], Awaitable[date]]


class PlanChangeBody(Body):
    """``when``: now, period_end, or a day of the running period. ``version``: by default the one in force then."""

    plan_id: UUID
    version: int | None = Field(None, ge=1)
    when: When = "now"
    by: Short = "provider"


class AddOnChangeBody(Body):
    quantity: int
    when: When = "now"
    by: Short = "provider"


class CancelBody(Body):
    """``credit_unused``: give back the unused days of what was billed in advance, when cancelled now."""

    when: Literal["now", "period_end"] = "period_end"
    credit_unused: bool = True
    by: Short = "provider"


class ReopenBody(Body):
    plan_id: UUID | None = None
    by: Short = "provider"


class DiscountBody(Body):
    """A coupon's code, or a percentage or amount of its own."""

    coupon: Code | None = None
    name: Short = "Discount"
    percent: Decimal | None = Field(None, max_digits=9, decimal_places=6)
    amount: Price | None = None
    applies_to: Literal["fee", "usage", "all"] = "all"
    periods: int | None = None
    by: Short = "provider"


class _KeepNothing(Exception):
    """Rolls a dry run back."""


def subscriptions_router(
    open_work: OpenWork, internal: Any, usage: UsageFigures, changed: Callable[[], None]
) -> APIRouter:
    """``changed`` is called after a commit that may have made something due; ``usage`` serves the dry runs."""
    router = APIRouter(
        prefix="/v1/providers/{provider_id}/tenants/{tenant_id}",
        dependencies=[Depends(internal)],
        tags=["subscriptions"],
    )

    async def make(
        provider_id: ProviderId, tenant_id: TenantId, change: Change, dry_run: bool
    ) -> dict[str, Any]:
        if dry_run:
            return await _dry_run(open_work, usage, provider_id, tenant_id, change)
        async with open_work() as work:
            on = await change(work)
        changed()
        return {"effective_on": on, "dry_run": False}

    @router.post("/plan-change")
    async def post_plan_change(
        provider_id: ProviderId, tenant_id: TenantId, body: PlanChangeBody, dry_run: bool = False
    ) -> dict[str, Any]:
        """Another plan, or another version of it. Dry run: the next invoice before and after, nothing kept."""
        plan_id = PlanId(body.plan_id)

        async def change(work: Work) -> date:
            return await change_plan(work, provider_id, tenant_id, plan_id, body.version, body.when, body.by)

        return await make(provider_id, tenant_id, change, dry_run)

    @router.put("/add-ons/{code}")
    async def put_add_on(
        provider_id: ProviderId, tenant_id: TenantId, code: Code, body: AddOnChangeBody, dry_run: bool = False
    ) -> dict[str, Any]:
        async def change(work: Work) -> date:
            return await change_add_on(work, provider_id, tenant_id, code, body.quantity, body.when, body.by)

        return await make(provider_id, tenant_id, change, dry_run)

    @router.post("/cancel")
    async def post_cancel(
        provider_id: ProviderId, tenant_id: TenantId, body: CancelBody, dry_run: bool = False
    ) -> dict[str, Any]:
        """``effective_on`` is the first day that is not served any more."""

        async def change(work: Work) -> date:
            return await cancel_tenant(
                work, provider_id, tenant_id, body.when, body.by, credit_unused=body.credit_unused
            )

        return await make(provider_id, tenant_id, change, dry_run)

    @router.post("/reopen")
    async def post_reopen(provider_id: ProviderId, tenant_id: TenantId, body: ReopenBody) -> dict[str, Any]:
        plan_id = PlanId(body.plan_id) if body.plan_id else None

        async def change(work: Work) -> date:
            return await reopen_tenant(work, provider_id, tenant_id, plan_id, body.by)

        return await make(provider_id, tenant_id, change, False)

    _add_discounts(router, open_work)
    _add_reading(router, open_work)
    return router


async def _dry_run(
    open_work: OpenWork, usage: UsageFigures, provider_id: ProviderId, tenant_id: TenantId, change: Change
) -> dict[str, Any]:
    """Makes the change in a transaction that is rolled back, and previews before and after it."""
    bases: list[PreviewBasis] = []
    on: date | None = None
    try:
        async with open_work() as work:
            bases.append(await need_basis(work, provider_id, tenant_id))
            on = await change(work)
            bases.append(await need_basis(work, provider_id, tenant_id))
            raise _KeepNothing
    except _KeepNothing:
        pass
    first = bases[0]
    totals = await usage.totals(
        first.closing.tenant, first.period.span, first.plan.plan_id, first.plan.version
    )
    before, after = (preview_invoice(basis, totals) for basis in bases)
    return {
        "effective_on": on,
        "dry_run": True,
        "before": _shown(before),
        "after": _shown(after),
        "difference": shapes.money(after.total - before.total),
    }


def _shown(draft: Draft) -> dict[str, Any]:
    left = sum(one.minor for one in draft.surplus)
    return {**shapes.draft(draft), "credit_left": shapes.amount(left, draft.total.currency)}


def _add_discounts(router: APIRouter, open_work: OpenWork) -> None:
    @router.post("/discounts", status_code=201)
    async def post_discount(
        provider_id: ProviderId, tenant_id: TenantId, body: DiscountBody
    ) -> dict[str, Any]:
        """From the next period on; at opening a coupon holds from the first."""
        async with open_work() as work:
            made = await grant_discount(
                work,
                provider_id,
                tenant_id,
                by=body.by,
                coupon=body.coupon,
                name=body.name,
                percent=body.percent,
                amount=body.amount,
                applies_to=body.applies_to,
                periods=body.periods,
            )
        return shapes.discount(made)

    @router.delete("/discounts/{discount_id}")
    async def delete_discount(
        provider_id: ProviderId, tenant_id: TenantId, discount_id: UUID, by: Short = "provider"
    ) -> dict[str, Any]:
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            timeline = await work.subscriptions.timeline(tenant_id)
            found = [one for one in timeline.discounts if one.discount_id == discount_id]
            if not found:
                raise NotFound("The tenant has no such discount; GET /subscription lists them.")
            return {"until_date": await end_discount(work, tenant, found[0], by)}


def _add_reading(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/subscription")
    async def get_subscription(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """Plan, add-ons and discounts now, what is planned, and when the tenant ends."""
        async with open_work() as work:
            tenant = await work.tenants.get(provider_id, tenant_id)
            period = await work.periods.running(tenant_id)
            timeline = await work.subscriptions.timeline(tenant_id)
            if period is not None:
                timeline = with_period_plan(timeline, period)
            today = local_date(await work.now(provider_id), tenant.zone)
            plan = await work.plans.get(provider_id, tenant.plan_id, tenant.plan_version)
        return {
            "status": tenant.status,
            "plan": shapes.plan(plan),
            "plan_from": tenant.plan_from,
            "opened_on": tenant.opened_on,
            "anchor_day": tenant.anchor_day,
            "trial_ends_on": tenant.trial_ends_on,
            "ends_on": tenant.ends_on,
            "period": None
            if period is None
            else {"start_date": period.span.start, "end_date": period.span.end},
            "planned": [
                {"from_date": day, "plan_id": plan_id, "plan_version": version}
                for day, plan_id, version in timeline.plans
                if day > today
            ],
            "add_ons": [
                {"code": code, "quantities": [{"from_date": day, "quantity": n} for day, n in held]}
                for code, held in sorted(timeline.add_ons.items())
            ],
            "discounts": [shapes.discount(one) for one in timeline.discounts],
        }

    @router.get("/changes")
    async def get_changes(provider_id: ProviderId, tenant_id: TenantId) -> dict[str, Any]:
        """Who changed what and when, newest first."""
        async with open_work() as work:
            await work.tenants.get(provider_id, tenant_id)
            found = await work.subscriptions.changes(tenant_id)
        return {
            "changes": [
                {
                    "made_at": one.made_at,
                    "effective_on": one.effective_on,
                    "what": one.what,
                    "by": one.by,
                    "detail": dict(one.detail),
                }
                for one in found
            ]
        }
