"""Tell of money that a bank took back: a returned debit to the tenant, a dispute to the provider (R49)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.notifications.domain.facts import DebitReturned, Dispute, Method, OwedInvoice, PaidPart
from services.notifications.use_cases.ports import NotificationsWork
from services.notifications.use_cases.queue_mail import queue_mail
from shared.errors import Transient
from shared.events import Envelope
from shared.ids import InvoiceId, TenantId, derived_id
from shared.money import Money

# What the bank took is due again, what it gave back is not.
_SIGN = {"opened": -1, "returned": -1, "won": 1, "lost": 0}


@dataclass(frozen=True, slots=True)
class Reversal:
    """A dispute or a returned debit as its event tells it. ``parts``: what it took from which invoice."""

    dispute_id: UUID
    state: Literal["opened", "won", "lost", "returned"]
    amount: Money
    fee: Money
    method: Method
    at: datetime
    parts: Mapping[InvoiceId, PaidPart]


async def tell_reversal(
    work: NotificationsWork,
    tenant_id: TenantId,
    reversal: Reversal,
    envelope: Envelope,
    trace: dict[str, str],
) -> None:
    """Of a dispute the tenant hears from its bank, and from the provider if that wants so; no mail of ours.

    Raises ``Transient`` while an invoice of a returned debit is not known here: what is open would be wrong.
    """
    await work.lock_tenant(tenant_id)
    source = derived_id("dispute", reversal.dispute_id, reversal.state)
    sign = _SIGN[reversal.state]
    for invoice_id, part in reversal.parts.items() if sign else ():
        amount = Money(sign * part.amount.minor, part.amount.currency)
        await work.invoices.allocate(tenant_id, source, invoice_id, amount)
    if reversal.state == "returned":
        owed = await _owed(work, tenant_id, reversal.parts)
        returned = DebitReturned(reversal.amount, reversal.method, reversal.at, owed)
        await queue_mail(work, tenant_id, returned, envelope, trace)
        return
    dispute = Dispute(
        state=reversal.state,
        amount=reversal.amount,
        fee=reversal.fee,
        method=reversal.method,
        at=reversal.at,
        numbers=tuple(part.number for part in reversal.parts.values()),
    )
    await queue_mail(work, tenant_id, dispute, envelope, trace)


async def _owed(
    work: NotificationsWork, tenant_id: TenantId, parts: Mapping[InvoiceId, PaidPart]
) -> tuple[OwedInvoice, ...]:
    open_ones: list[OwedInvoice] = []
    for invoice_id, part in parts.items():
        owed = await work.invoices.owed(tenant_id, invoice_id)
        if owed is None:
            raise Transient(f"invoice {part.number} is not known here yet")
        if owed.balance:
            open_ones.append(owed)
    return tuple(open_ones)
