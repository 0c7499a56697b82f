"""The sweep: looks again at every tenant whose next step is due by its provider's clock."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.suspension.adapters.work import SqlSuspensionWork, tenants_due
from services.suspension.use_cases.recompute_standing import recompute_standing
from shared.clock import Clock
from shared.db.engine import is_away
from shared.ids import TenantId

log = structlog.get_logger(__name__)
BATCH = 200


def make_sweep(
    engine: AsyncEngine, open_work: Callable[[], SqlSuspensionWork], clock: Clock
) -> Callable[[], Awaitable[int]]:
    """A step that looks at up to a batch of tenants, one transaction each; says how many it did.

    Takes each tenant's lock before its rows, as every writer does, and asks again under it: a second replica
    that wanted the same tenant finds it done. One tenant that fails does not keep the others waiting.
    """

    async def sweep() -> int:
        done = 0
        for tenant_id in await tenants_due(engine, clock.now(), BATCH):
            try:
                done += await look_again(open_work, tenant_id)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("standing not derived", tenant_id=str(tenant_id), error=repr(error))
        return done

    return sweep


async def look_again(open_work: Callable[[], SqlSuspensionWork], tenant_id: TenantId) -> bool:
    """False: somebody else did it meanwhile."""
    async with open_work() as work:
        await work.lock_tenant(tenant_id)
        if not await work.is_due(tenant_id):
            return False
        await recompute_standing(work, tenant_id)
        return True
