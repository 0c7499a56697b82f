"""A person looked at a spend limit or a fraud alert and lets the calls through again."""

from services.suspension.domain.account import Fact
from services.suspension.use_cases.ports import AuditEntry, SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from services.suspension.use_cases.show_standing import tenant_of
from shared.errors import Conflict
from shared.ids import ProviderId, TenantId


async def release_limits(
    work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, *, reason: str, by: str
) -> None:
    """Until usage tells of the next one. Raises ``NotFound``, ``Conflict``: no limit holds now."""
    await work.lock_tenant(tenant_id)
    await tenant_of(work, provider_id, tenant_id)
    now = await work.now(provider_id)
    holding = [one for one in (await work.ledger.account(tenant_id)).limits if one.holds_at(now)]
    if not holding:
        raise Conflict("No spend limit and no alert stops calls of this tenant.")
    for limit in holding:
        await work.ledger.keep_fact(provider_id, tenant_id, Fact(tenant_id, now, True, kind=limit.kind))
    details = {"limits": [{"kind": one.kind, "since": one.since.isoformat()} for one in holding]}
    entry = AuditEntry(now, work.system_now(), "limits released", by, reason, details)
    await work.audit.add(provider_id, tenant_id, entry)
    await recompute_standing(work, tenant_id)
