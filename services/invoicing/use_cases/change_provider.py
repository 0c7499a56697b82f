"""A provider's settings change, by API, and everybody is told."""

from collections.abc import Mapping
from dataclasses import replace

from services.invoicing.domain.billing_terms import TaxProfile
from services.invoicing.domain.catalogue import Provider, Tenant
from services.invoicing.domain.taxes import check_rates
from services.invoicing.use_cases.announcements import about_provider
from services.invoicing.use_cases.ports import Work
from shared.errors import Conflict, Invalid
from shared.ids import ProviderId, TenantId


async def change_provider(
    work: Work, changed: Provider, *, card_minimums: Mapping[str, int] | None = None
) -> None:
    """Writes settings that hold from the next invoice on; issued invoices keep what they were issued with.

    ``card_minimums`` replaces the provider's own (R38). Raises ``NotFound``, ``Invalid``, or ``Conflict`` for a
    currency once a tenant is billed in the old one (R41).
    """
    await work.lock("provider", changed.provider_id)
    before = await work.providers.get(changed.provider_id)
    check_rates(changed.taxes)
    if changed.credit_note_prefix in (changed.invoice_prefix, before.invoice_prefix):
        raise Invalid(
            "Credit notes need a number series of their own; choose another prefix than the invoices'.",
            field="billing.credit_note_prefix",
        )
    if changed.invoice_prefix == before.credit_note_prefix:
        raise Invalid(
            f"{changed.invoice_prefix} has numbered credit notes; choose another prefix for invoices.",
            field="invoice_prefix",
        )
    if changed.currency != before.currency and await work.tenants.any(changed.provider_id):
        raise Conflict(
            f"Tenants are billed in {before.currency}, and a tenant's currency is fixed at its first invoice. Add"
            f" another provider that bills in {changed.currency} and open new tenants there.",
            field="currency",
            slug="currency-fixed",
        )
    await work.providers.change(changed)
    if card_minimums is not None:
        await work.providers.set_card_minimums(changed.provider_id, card_minimums)
    work.emit(about_provider(changed), time=await work.now(changed.provider_id))


async def change_tax_profile(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, profile: TaxProfile
) -> Tenant:
    """What decides about a tenant's tax, from its next invoice on. Raises ``NotFound`` or ``Invalid``."""
    await work.lock_tenant(tenant_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    changed = replace(tenant, tax=profile)
    await work.tenants.set_tax(changed)
    return changed
