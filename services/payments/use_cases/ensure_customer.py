"""A tenant's customer at Stripe, one per account, made when it is first needed."""

from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import Gateway, OpenWork


async def ensure_customer(open_work: OpenWork, gateway: Gateway, tenant: Tenant, account: str) -> str:
    """Two at once make the same customer, as the key is derived from the tenant and its name."""
    async with open_work() as work:
        held = await work.accounts.customer(tenant.tenant_id, account)
    if held is not None:
        return held
    made = await gateway.create_customer(account, tenant)
    async with open_work() as work:
        return await work.accounts.add_customer(tenant.provider_id, tenant.tenant_id, account, made)
