"""Tenants whose next step was due when the sweep looked."""

from collections.abc import Sequence

from services.suspension.use_cases.ports import SuspensionWork
from services.suspension.use_cases.recompute_standing import look_again
from shared.ids import TenantId


async def sweep_tenants(work: SuspensionWork, tenant_ids: Sequence[TenantId]) -> int:
    """How many were looked at: of those that another replica decides about now, or has just done, none."""
    due = await work.lock_due(tenant_ids)
    await look_again(work, due)
    return len(due)
