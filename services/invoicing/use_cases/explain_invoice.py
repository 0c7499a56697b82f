"""An invoice beside the one before it."""

from dataclasses import dataclass

from services.invoicing.domain.explain import Bill, Part, explain
from services.invoicing.domain.settlement import Invoice
from services.invoicing.use_cases.ports import Document, Work
from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why ``now`` comes to more or less than ``before``; None for a tenant's first invoice."""

    now: Invoice
    before: Invoice | None
    parts: tuple[Part, ...]
    locale: str

    @property
    def difference(self) -> Money:
        before = self.before.total_minor if self.before else 0
        return Money(self.now.total_minor - before, self.now.currency)


async def explain_invoice(
    work: Work, provider_id: ProviderId, tenant_id: TenantId, invoice_id: InvoiceId
) -> Explanation:
    """Raises ``NotFound``. Cancelled invoices are passed over: nobody paid them."""
    now = await work.invoices.document(provider_id, tenant_id, invoice_id)
    tenant = await work.tenants.get(provider_id, tenant_id)
    earlier = await work.invoices.before(now.invoice)
    before = None if earlier is None else await work.invoices.document(provider_id, tenant_id, earlier)
    parts = explain(None if before is None else _bill(before), _bill(now))
    return Explanation(now.invoice, None if before is None else before.invoice, tuple(parts), tenant.locale)


def _bill(document: Document) -> Bill:
    return Bill(document.lines, Money(document.invoice.tax_minor, document.invoice.currency))
