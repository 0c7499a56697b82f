"""Money came: invoices are paid, what is left over becomes account credit (R52)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.invoicing.domain.books import payment_postings
from services.invoicing.domain.settlement import Credit, allocate
from services.invoicing.use_cases.apply_credit import settle
from services.invoicing.use_cases.ports import Work
from shared.errors import NotFound, Permanent, Transient
from shared.ids import InvoiceId, PaymentId, ProviderId, TenantId, derived_id
from shared.journal import JournalEntry
from shared.money import Money


async def settle_payment(
    work: Work,
    provider_id: ProviderId,
    tenant_id: TenantId,
    payment_id: PaymentId,
    received: Money,
    allocations: Sequence[tuple[InvoiceId, int]],
    at: datetime,
) -> None:
    """Allocates a payment once, under the tenant's lock, checked against the balances of now.

    Raises ``Transient`` while an invoice is unknown here; ``Permanent`` for what no payment can be: another
    provider's tenant, another currency, an amount that is not positive, more allocated than came.
    """
    wanted = _wanted(payment_id, received, allocations)
    await work.lock_tenant(tenant_id)
    await _check_owner(work, provider_id, tenant_id, payment_id)
    await _check_invoices(work, tenant_id, payment_id, received, wanted)
    if not await work.account.receive(
        provider_id, tenant_id, payment_id, received.minor, received.currency, at
    ):
        return
    open_invoices = [one for one in await work.invoices.open(tenant_id) if one.currency == received.currency]
    parts, surplus = allocate(received.minor, wanted, open_invoices)
    now = await work.now(provider_id)
    minimum = await work.providers.card_minimum(provider_id, received.currency)
    for invoice in open_invoices:
        if invoice.invoice_id in parts:
            paid = invoice.with_paid(parts[invoice.invoice_id], at, minimum)
            await work.invoices.add_part(
                tenant_id, invoice.invoice_id, "payment", payment_id, parts[invoice.invoice_id], at
            )
            await settle(work, paid)
    if surplus:
        credit = Credit(derived_id("credit", payment_id), surplus, now)
        await work.account.add_credit(
            provider_id, tenant_id, credit, received.currency, f"over-payment {payment_id}"
        )
    allocated = Money(received.minor - surplus, received.currency)
    entry_id = derived_id("journal", "payment", payment_id)
    await work.post(
        JournalEntry(
            provider_id,
            tenant_id,
            entry_id,
            now,
            f"payment {payment_id}",
            payment_postings(received, allocated),
        )
    )


def _wanted(
    payment_id: PaymentId, received: Money, allocations: Sequence[tuple[InvoiceId, int]]
) -> dict[InvoiceId, int]:
    if received.minor <= 0:
        raise Permanent(f"payment {payment_id} is of {received}, which is no amount that came")
    wanted: dict[InvoiceId, int] = {}
    for invoice_id, minor in allocations:
        if minor <= 0:
            raise Permanent(f"payment {payment_id} allocates {minor} minor units to invoice {invoice_id}")
        wanted[invoice_id] = wanted.get(invoice_id, 0) + minor
    if sum(wanted.values()) > received.minor:
        raise Permanent(f"payment {payment_id} allocates more than the {received} that came")
    return wanted


async def _check_owner(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, payment_id: PaymentId
) -> None:
    """Tenants are made here, so one that is unknown stays so."""
    try:
        await work.tenants.get(provider_id, tenant_id)
    except NotFound as error:
        raise Permanent(
            f"payment {payment_id} is of tenant {tenant_id}, which provider {provider_id} does not have"
        ) from error


async def _check_invoices(
    work: Work,
    tenant_id: TenantId,
    payment_id: PaymentId,
    received: Money,
    wanted: Mapping[InvoiceId, int],
) -> None:
    for invoice_id in wanted:
        found = await work.invoices.get(tenant_id, invoice_id)
        if found is None:
            raise Transient(f"payment {payment_id} names invoice {invoice_id}, which is not known here")
        if found.currency != received.currency:
            raise Permanent(f"payment {payment_id} is in {received.currency}, {found.number} is not")
