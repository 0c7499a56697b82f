"""A one-time charge for the next invoice."""

from services.invoicing.domain.lines import OneTimeCharge
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid
from shared.ids import ProviderId, TenantId


async def add_charge(work: Work, provider_id: ProviderId, tenant_id: TenantId, charge: OneTimeCharge) -> None:
    """Raises ``NotFound``, ``Conflict`` for a closed tenant, or ``Invalid`` for a negative amount or another currency."""
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    if charge.amount.minor <= 0:
        raise Invalid("The amount must be above 0; a reduction is a credit, not a charge.", field="amount")
    if charge.amount.currency != tenant.currency:
        raise Invalid(f"The tenant is billed in {tenant.currency}.", field="amount")
    if tenant.status == "closed":
        raise Conflict("The tenant is closed and gets no invoice that could bill this; reopen it first.")
    await work.charges.add(provider_id, tenant_id, charge)
