"""Tell a tenant about a new invoice."""

from services.notifications.domain.facts import IssuedInvoice, OwedInvoice
from services.notifications.use_cases.ports import NotificationsWork
from services.notifications.use_cases.queue_mail import queue_mail
from shared.events import Envelope
from shared.ids import InvoiceId, TenantId


async def announce_invoice(
    work: NotificationsWork,
    tenant_id: TenantId,
    invoice_id: InvoiceId,
    issued: IssuedInvoice,
    envelope: Envelope,
    trace: dict[str, str],
) -> None:
    """Keeps what the invoice asks for, so that receipts can say what is left of it."""
    await work.invoices.keep(tenant_id, invoice_id, OwedInvoice(issued.number, issued.due_on, issued.balance))
    await queue_mail(work, tenant_id, issued, envelope, trace)
