"""A tenant opened, changed or closed; a provider changed."""

from datetime import date

from services.suspension.use_cases.ports import Provider, SuspensionWork, Tenant, Version
from services.suspension.use_cases.recompute_standing import recompute_standing
from shared.errors import Transient
from shared.ids import TenantId


async def keep_tenant(work: SuspensionWork, tenant: Tenant, version: Version) -> None:
    """The newest state wins, whatever the order; facts that came before the tenant are looked at now."""
    await work.lock_tenant(tenant.tenant_id)
    await work.tenants.keep(tenant, version)
    await work.tell_gate(tenant.tenant_id)
    await recompute_standing(work, tenant.tenant_id)


async def close_tenant(work: SuspensionWork, tenant_id: TenantId, closed_on: date) -> None:
    """Raises ``Transient`` while the tenant has not been opened here."""
    await work.lock_tenant(tenant_id)
    if not await work.tenants.close(tenant_id, closed_on):
        raise Transient(f"tenant {tenant_id} was closed but is not known yet")
    await work.tell_gate(tenant_id)


async def keep_provider(work: SuspensionWork, provider: Provider, version: Version) -> None:
    await work.tenants.keep_provider(provider, version)
    await work.tell_gate(provider.provider_id)
