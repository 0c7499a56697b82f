"""The provider's policy, for all its tenants or for one."""

from dataclasses import asdict

from services.suspension.domain.policy import Policy
from services.suspension.use_cases.ports import AuditEntry, SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from services.suspension.use_cases.show_standing import tenant_of
from shared.errors import NotFound
from shared.ids import ProviderId, TenantId


async def change_policy(
    work: SuspensionWork, provider_id: ProviderId, policy: Policy, *, reason: str, by: str
) -> None:
    """Takes effect at once; the sweep then looks at every tenant of the provider."""
    now = await work.now(provider_id)
    await work.policies.keep(provider_id, None, policy, now)
    await work.standings.all_due_at(provider_id, now)
    await work.tell_gate(provider_id)
    entry = AuditEntry(now, work.system_now(), "policy changed", by, reason, asdict(policy))
    await work.audit.add(provider_id, None, entry)


async def change_tenant_policy(
    work: SuspensionWork,
    provider_id: ProviderId,
    tenant_id: TenantId,
    policy: Policy | None,
    *,
    reason: str,
    by: str,
) -> None:
    """Gives a tenant its own policy; None: back to its provider's. Raises ``NotFound`` for another's tenant."""
    await work.lock_tenant(tenant_id)
    await tenant_of(work, provider_id, tenant_id)
    now = await work.now(provider_id)
    if policy is None:
        if not await work.policies.drop(provider_id, tenant_id):
            raise NotFound("The tenant has no policy of its own.")
    else:
        await work.policies.keep(provider_id, tenant_id, policy, now)
    details = asdict(policy) if policy else {}
    action = "own policy set" if policy else "own policy removed"
    await work.audit.add(
        provider_id, tenant_id, AuditEntry(now, work.system_now(), action, by, reason, details)
    )
    await work.tell_gate(tenant_id)
    await recompute_standing(work, tenant_id)
