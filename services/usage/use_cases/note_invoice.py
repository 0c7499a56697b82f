"""Keep which revision of a period's totals an invoice bills, so that calls can name it."""

from services.usage.use_cases.period_ports import BilledRevision
from services.usage.use_cases.ports import UsageWork
from shared.events.invoicing import InvoiceIssued


async def note_invoice(work: UsageWork, event: InvoiceIssued) -> None:
    """Handles ``invoicing.invoice.issued``; an invoice without usage changes nothing, a repeat neither."""
    for one in event.usage:
        await work.invoices.add(
            BilledRevision(
                provider_id=event.provider_id,
                tenant_id=event.tenant_id,
                start_date=one.start_date,
                end_date=one.end_date,
                revision=one.revision,
                invoice_id=event.invoice_id,
                number=event.number,
                issued_on=event.issued_on,
            )
        )
