"""Routes for the other services (the gateway in front of people): policy, standing, decisions by hand, audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.suspension.domain.policy import Policy
from services.suspension.entrypoints.models import (
    AuditAnswer,
    AuditLine,
    DecisionBody,
    PolicyBody,
    PolicyFields,
    ReleaseBody,
    StandingAnswer,
)
from services.suspension.use_cases.change_policy import change_policy, change_tenant_policy
from services.suspension.use_cases.override_ladder import override_ladder, release_ladder
from services.suspension.use_cases.ports import OpenWork, OverrideKind, SuspensionWork
from services.suspension.use_cases.recompute_standing import policy_in_force
from services.suspension.use_cases.show_standing import show_standing, tenant_of
from shared.ids import ProviderId, TenantId


def provider_router(open_work: OpenWork, internal: Any) -> APIRouter:
    """Between services only."""
    router = APIRouter(prefix="/v1/providers/{provider_id}", dependencies=[Depends(internal)])
    _add_policy_routes(router, open_work)
    _add_tenant_policy_routes(router, open_work)
    _add_standing_routes(router, open_work)
    _add_decision_routes(router, open_work)
    return router


async def _wanted(work: SuspensionWork, provider_id: ProviderId, body: PolicyBody) -> Policy:
    """Raises ``Invalid``."""
    provider = await work.tenants.provider(provider_id)
    policy = body.policy(provider.country if provider else "US")
    if policy.holidays is not None:
        work.check_place(policy.holidays)
    return policy


def _add_policy_routes(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/policy", tags=["policy"])
    async def get_policy(provider_id: ProviderId) -> PolicyFields:
        async with open_work() as work:
            return PolicyFields.of(await work.policies.of_provider(provider_id) or Policy())

    @router.put("/policy", tags=["policy"])
    async def put_policy(provider_id: ProviderId, body: PolicyBody) -> PolicyFields:
        async with open_work() as work:
            policy = await _wanted(work, provider_id, body)
            await change_policy(work, provider_id, policy, reason=body.reason, by=body.by)
        return PolicyFields.of(policy)


def _add_tenant_policy_routes(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/tenants/{tenant_id}/policy", tags=["policy"])
    async def get_tenant_policy(provider_id: ProviderId, tenant_id: TenantId) -> PolicyFields:
        """The policy in force for the tenant."""
        async with open_work() as work:
            tenant = await tenant_of(work, provider_id, tenant_id)
            return PolicyFields.of(await policy_in_force(work, tenant))

    @router.put("/tenants/{tenant_id}/policy", tags=["policy"])
    async def put_tenant_policy(
        provider_id: ProviderId, tenant_id: TenantId, body: PolicyBody
    ) -> PolicyFields:
        async with open_work() as work:
            policy = await _wanted(work, provider_id, body)
            await change_tenant_policy(work, provider_id, tenant_id, policy, reason=body.reason, by=body.by)
        return PolicyFields.of(policy)

    @router.delete("/tenants/{tenant_id}/policy", tags=["policy"])
    async def delete_tenant_policy(
        provider_id: ProviderId,
        tenant_id: TenantId,
        reason: Annotated[str, Query(max_length=500)] = "",
        by: Annotated[str, Query(min_length=1, max_length=200)] = "provider",
    ) -> PolicyFields:
        """Back to the provider's policy, which is the answer."""
        async with open_work() as work:
            await change_tenant_policy(work, provider_id, tenant_id, None, reason=reason, by=by)
            tenant = await tenant_of(work, provider_id, tenant_id)
            return PolicyFields.of(await policy_in_force(work, tenant))


def _add_standing_routes(router: APIRouter, open_work: OpenWork) -> None:
    @router.get("/tenants/{tenant_id}/standing", tags=["standing"])
    async def get_standing(provider_id: ProviderId, tenant_id: TenantId) -> StandingAnswer:
        async with open_work() as work:
            return StandingAnswer.of(await show_standing(work, provider_id, tenant_id))

    @router.get("/tenants/{tenant_id}/audit", tags=["standing"])
    async def get_audit(
        provider_id: ProviderId, tenant_id: TenantId, limit: Annotated[int, Query(ge=1, le=1000)] = 200
    ) -> AuditAnswer:
        async with open_work() as work:
            await tenant_of(work, provider_id, tenant_id)
            entries = await work.audit.of_tenant(tenant_id, limit)
        return AuditAnswer(entries=[AuditLine.of(entry) for entry in entries])


def _add_decision_routes(router: APIRouter, open_work: OpenWork) -> None:
    async def decide(
        kind: OverrideKind, provider_id: ProviderId, tenant_id: TenantId, body: DecisionBody
    ) -> StandingAnswer:
        async with open_work() as work:
            await override_ladder(
                work, provider_id, tenant_id, kind, reason=body.reason, by=body.by, until=body.until
            )
            return StandingAnswer.of(await show_standing(work, provider_id, tenant_id))

    @router.post("/tenants/{tenant_id}/suspend", tags=["decisions"])
    async def post_suspend(
        provider_id: ProviderId, tenant_id: TenantId, body: DecisionBody
    ) -> StandingAnswer:
        """Bars both directions by hand; paying does not end it."""
        return await decide("suspend", provider_id, tenant_id, body)

    @router.post("/tenants/{tenant_id}/unsuspend", tags=["decisions"])
    async def post_unsuspend(
        provider_id: ProviderId, tenant_id: TenantId, body: DecisionBody
    ) -> StandingAnswer:
        """Gives service back; the invoices open now lead to no suspension before `until` (none: ever)."""
        return await decide("unsuspend", provider_id, tenant_id, body)

    @router.post("/tenants/{tenant_id}/hold", tags=["decisions"])
    async def post_hold(provider_id: ProviderId, tenant_id: TenantId, body: DecisionBody) -> StandingAnswer:
        """Do not suspend, do not remind; the days do not count."""
        return await decide("hold", provider_id, tenant_id, body)

    @router.post("/tenants/{tenant_id}/promise", tags=["decisions"])
    async def post_promise(
        provider_id: ProviderId, tenant_id: TenantId, body: DecisionBody
    ) -> StandingAnswer:
        """The tenant promised to pay the invoices open now by `until`; it lifts a suspension (R48)."""
        return await decide("promise", provider_id, tenant_id, body)

    @router.post("/tenants/{tenant_id}/release", tags=["decisions"])
    async def post_release(provider_id: ProviderId, tenant_id: TenantId, body: ReleaseBody) -> StandingAnswer:
        """Ends a hold, a promise or an unsuspension before its time."""
        async with open_work() as work:
            await release_ladder(work, provider_id, tenant_id, reason=body.reason, by=body.by)
            return StandingAnswer.of(await show_standing(work, provider_id, tenant_id))
