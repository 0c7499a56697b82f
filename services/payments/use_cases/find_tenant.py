"""Another provider's tenant looks like one that does not exist."""

from services.payments.domain.methods import Method
from services.payments.domain.payments import Payment
from services.payments.domain.tenants import Tenant
from services.payments.use_cases.ports import Work
from shared.errors import NotFound
from shared.ids import MethodId, PaymentId, ProviderId, TenantId


async def find_tenant(work: Work, provider_id: ProviderId, tenant_id: TenantId) -> Tenant:
    """Raises ``NotFound``."""
    tenant = await work.tenants.get(provider_id, tenant_id)
    if tenant is None:
        raise NotFound("There is no such tenant. Check the id.")
    return tenant


async def find_payment(work: Work, tenant: Tenant, payment_id: PaymentId) -> Payment:
    """Raises ``NotFound``, also for another tenant's."""
    payment = await work.payments.get(tenant.tenant_id, payment_id)
    if payment is None:
        raise NotFound("There is no such payment. Look it up in the payment history.")
    return payment


def find_method(methods: list[Method], method_id: MethodId) -> Method:
    """Raises ``NotFound``, also for another tenant's or a removed one."""
    for method in methods:
        if method.method_id == method_id:
            return method
    raise NotFound(
        "There is no such payment method. Reload the list and choose one of it.", field="method_id"
    )
