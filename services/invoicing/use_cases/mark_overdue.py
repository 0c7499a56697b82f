"""The due day has passed with a balance left (R45)."""

from services.invoicing.use_cases.announce import invoice_event
from services.invoicing.use_cases.ports import Work
from shared.events.invoicing import InvoiceOverdue


async def mark_overdue(work: Work) -> int:
    """Marks one invoice that is due for it; 0 when there is none. Below the card's minimum: never alone (R38)."""
    invoice = await work.invoices.claim_overdue(work.system_now())
    if invoice is None:
        return 0
    now = await work.now(invoice.provider_id)
    marked = await work.invoices.mark_overdue(invoice, now)
    work.emit(invoice_event(InvoiceOverdue, marked), time=now)
    return 1
