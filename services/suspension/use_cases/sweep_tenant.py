"""One tenant whose next step was due when the sweep looked."""

from services.suspension.use_cases.ports import SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from shared.ids import TenantId


async def sweep_tenant(work: SuspensionWork, tenant_id: TenantId) -> bool:
    """False: nothing is due any more under the tenant's lock, another replica did it."""
    await work.lock_tenant(tenant_id)
    if not await work.standings.is_due(tenant_id, work.system_now()):
        return False
    await recompute_standing(work, tenant_id)
    return True
