"""A provider gives account credit by hand, and pays out what a closed tenant has left (R29)."""

from uuid import UUID

from services.invoicing.domain.books import credit_given_postings, paid_out_postings
from services.invoicing.use_cases.apply_credit import add_credit
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid
from shared.ids import ProviderId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def give_credit(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, amount: Money, reason: str, request_id: UUID
) -> UUID:
    """Account credit for a reason, which pays open invoices at once (R32). The same request is one credit.

    Raises ``NotFound``, or ``Invalid`` for an amount that is not positive or in another currency.
    """
    tenant = await work.tenants.get(provider_id, tenant_id)
    if amount.minor <= 0:
        raise Invalid("The amount must be above 0; an addition is a charge, not a credit.", field="amount")
    if amount.currency != tenant.currency:
        raise Invalid(f"The tenant is billed in {tenant.currency}.", field="amount")
    await work.lock_tenant(tenant_id)
    credit_id = derived_id("credit", "given", tenant_id, request_id)
    if await work.account.credit(tenant_id, credit_id) is not None:
        return credit_id
    entry_id = derived_id("journal", "credit given", credit_id)
    now = await work.now(provider_id)
    postings = credit_given_postings(amount)
    await work.post(JournalEntry(provider_id, tenant_id, entry_id, now, f"credit given {reason}", postings))
    await add_credit(work, provider_id, tenant_id, credit_id, amount, reason)
    return credit_id


async def pay_out_credit(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, reference: str, request_id: UUID
) -> Money:
    """Notes that the provider paid a closed tenant all the credit it had left, outside Stripe. Answers how much.

    Raises ``NotFound``, or ``Conflict`` while the tenant goes on, owes something, or has nothing left.
    """
    tenant = await work.tenants.get(provider_id, tenant_id)
    if tenant.status != "closed":
        raise Conflict(
            "The tenant goes on, and its credit pays its next invoices. Close the tenant first, or refund the payment"
            " that left the credit over.",
            slug="tenant-not-closed",
        )
    await work.lock_tenant(tenant_id)
    held = await work.account.credits(tenant_id)
    amount = Money(sum(one.remaining_minor for one in held), tenant.currency)
    if not amount:
        raise Conflict("The tenant has no credit left to pay out.", slug="nothing-to-pay-out")
    for one in held:
        await work.account.spend(tenant_id, one.credit_id, one.remaining_minor)
    entry_id = derived_id("journal", "credit paid out", tenant_id, request_id)
    now = await work.now(provider_id)
    postings = paid_out_postings(amount, Money.zero(amount.currency))
    await work.post(
        JournalEntry(provider_id, tenant_id, entry_id, now, f"credit paid out {reference}", postings)
    )
    return amount
