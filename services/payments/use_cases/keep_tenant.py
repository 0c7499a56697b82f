"""Keeps what payments needs of a tenant, whatever order invoicing's events come in."""

from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import Work
from shared.errors import Transient
from shared.ids import ProviderId, TenantId


async def keep_tenant(work: Work, told: Tenant) -> None:
    """Newest envelope time wins; within one instant, changed is newer than opened."""
    await work.lock_tenant(told.tenant_id)
    held = await work.tenants.get(told.provider_id, told.tenant_id)
    if held is None or (held.seen_at, held.rank) <= (told.seen_at, told.rank):
        await work.tenants.put(told)


async def close_tenant(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> None:
    """A closed tenant's last invoices are still paid (R43), so nothing is taken away; it only has to be known.

    Raises ``Transient`` before the tenant is.
    """
    if await work.tenants.get(provider_id, tenant_id) is None:
        raise Transient(f"tenant {tenant_id} is not known yet")
