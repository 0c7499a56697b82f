"""Something happened to an invoice or to a payment: keep the fact, then look again."""

from services.suspension.domain.account import Invoice, PaymentFact
from services.suspension.use_cases.ports import SuspensionWork
from services.suspension.use_cases.recompute_standing import recompute_standing
from shared.ids import ProviderId, TenantId


async def keep_invoice(
    work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, invoice: Invoice, paid_minor: int
) -> None:
    await work.lock_tenant(tenant_id)
    await work.ledger.keep_invoice(provider_id, tenant_id, invoice, paid_minor)
    await recompute_standing(work, tenant_id)


async def keep_payment(
    work: SuspensionWork, provider_id: ProviderId, tenant_id: TenantId, fact: PaymentFact
) -> None:
    """A bank debit in process pauses its invoices until its outcome is known (R48)."""
    await work.lock_tenant(tenant_id)
    await work.ledger.keep_payment(provider_id, tenant_id, fact)
    await recompute_standing(work, tenant_id)
