"""Confirm a payment that arrived (the guide: receipt emailed to you and your billing email automatically)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.notifications.domain.facts import Method, OwedInvoice, PaidPart, Receipt
from services.notifications.use_cases.ports import NotificationsWork
from services.notifications.use_cases.queue_mail import queue_mail
from shared.errors import Transient
from shared.events import Envelope
from shared.ids import InvoiceId, PaymentId, TenantId
from shared.money import Money


@dataclass(frozen=True, slots=True)
class ReceivedPayment:
    """A payment as its event tells it."""

    payment_id: PaymentId
    amount: Money
    method: Method
    at: datetime
    parts: Mapping[InvoiceId, PaidPart]


async def write_receipt(
    work: NotificationsWork,
    tenant_id: TenantId,
    payment: ReceivedPayment,
    envelope: Envelope,
    trace: dict[str, str],
) -> None:
    """Raises ``Transient`` while an invoice that it paid is not known here: what is still due would be wrong."""
    await work.lock_tenant(tenant_id)
    still_due: list[OwedInvoice] = []
    for invoice_id, part in payment.parts.items():
        await work.invoices.allocate(tenant_id, payment.payment_id, invoice_id, part.amount)
        owed = await work.invoices.owed(tenant_id, invoice_id)
        if owed is None:
            raise Transient(f"invoice {part.number} is not known here yet")
        if owed.balance:
            still_due.append(owed)
    receipt = Receipt(
        amount=payment.amount,
        method=payment.method,
        at=payment.at,
        paid=tuple(payment.parts.values()),
        still_due=tuple(still_due),
    )
    await queue_mail(work, tenant_id, receipt, envelope, trace)
