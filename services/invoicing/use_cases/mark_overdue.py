"""An invoice whose due day has passed with a balance is overdue (R45)."""

from services.invoicing.domain.settlement import Invoice
from services.invoicing.use_cases.announcements import about_invoice
from services.invoicing.use_cases.ports import Work
from shared.events.invoicing import InvoiceOverdue


async def mark_overdue(work: Work, found: Invoice) -> None:
    """Marks an invoice once; its row, read again under the tenant's lock, is the claim."""
    await work.lock_tenant(found.tenant_id)
    invoice = await work.invoices.get(found.tenant_id, found.invoice_id)
    now = await work.now(found.provider_id)
    if invoice is None or invoice.overdue_marked_at is not None or invoice.status(now) != "Overdue":
        return
    await work.invoices.mark_overdue(invoice, now)
    work.emit(about_invoice(InvoiceOverdue, invoice), time=now)
