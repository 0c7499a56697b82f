"""The sweep: looks again at every tenant whose next step is due by its provider's clock."""

from collections.abc import Awaitable, Callable

import structlog

from services.suspension.use_cases.ports import OpenWork
from services.suspension.use_cases.sweep_tenant import sweep_tenant
from shared.db.engine import is_away
from shared.ids import TenantId

log = structlog.get_logger(__name__)
BATCH = 200


def make_sweep(
    tenants_due: Callable[[int], Awaitable[list[TenantId]]], open_work: OpenWork
) -> Callable[[], Awaitable[int]]:
    """A step that looks at up to a batch of tenants, one transaction each; says how many it did.

    Takes each tenant's lock before its rows, as every writer does, and asks again under it: a second replica
    that wanted the same tenant finds it done. One tenant that fails does not keep the others waiting.
    """

    async def sweep() -> int:
        done = 0
        for tenant_id in await tenants_due(BATCH):
            try:
                async with open_work() as work:
                    done += await sweep_tenant(work, tenant_id)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("standing not derived", tenant_id=str(tenant_id), error=repr(error))
        return done

    return sweep
