"""Issued invoices: status in the tenant's words, allocation of money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.ids import InvoiceId, ProviderId, TenantId
from shared.money import Currency

Status = Literal["Cancelled", "Paid", "Overdue", "Partially Paid", "Sent"]


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice without its lines. Only ``paid_minor``, ``credited_minor``, ``collectable`` and the stamps
    ever change. ``credited_minor`` is what credit notes took off the balance.
    """

    tenant_id: TenantId
    invoice_id: InvoiceId
    provider_id: ProviderId
    number: str
    currency: Currency
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    paid_minor: int
    credit_applied_minor: int
    issued_at: datetime
    issued_on: date
    due_on: date
    overdue_at: datetime
    collectable: bool
    paid_at: datetime | None = None
    overdue_marked_at: datetime | None = None
    cancelled_at: datetime | None = None
    credited_minor: int = 0

    @property
    def balance_minor(self) -> int:
        return 0 if self.cancelled_at else self.total_minor - self.paid_minor - self.credited_minor

    def status(self, now: datetime) -> Status:
        """The first that holds (R57). Below the card's minimum an invoice is never overdue alone (R38)."""
        if self.cancelled_at is not None:
            return "Cancelled"
        if self.balance_minor == 0:
            return "Paid"
        if self.collectable and self.overdue_at <= now:
            return "Overdue"
        return "Partially Paid" if self.paid_minor else "Sent"

    def with_paid(self, minor: int, at: datetime, card_minimum: int) -> "Invoice":
        """After ``minor`` more was paid. A rest below the card's minimum can only be collected with another
        invoice from now on, as if it had been issued so small (R38).
        """
        rest = self.balance_minor - minor
        return replace(
            self,
            paid_minor=self.paid_minor + minor,
            paid_at=at if rest == 0 else None,
            collectable=self.collectable and (rest == 0 or rest >= card_minimum),
        )

    def with_credited(self, minor: int, at: datetime, card_minimum: int) -> "Invoice":
        """After a credit note took ``minor`` off the balance. Unpaid with nothing left, it is cancelled (R40)."""
        credited = self.credited_minor + minor
        rest = self.balance_minor - minor
        return replace(
            self,
            credited_minor=credited,
            paid_at=at if rest == 0 and self.paid_minor else None,
            cancelled_at=at if rest == 0 and not self.paid_minor else None,
            collectable=self.collectable and (rest == 0 or rest >= card_minimum),
        )

    def with_taken_back(self, minor: int, card_minimum: int) -> "Invoice":
        """After a bank took ``minor`` of what was paid back (R49): there is a balance again, overdue anew if so."""
        return replace(
            self,
            paid_minor=self.paid_minor - minor,
            paid_at=None,
            overdue_marked_at=None,
            collectable=self.balance_minor + minor >= card_minimum,
        )


@dataclass(frozen=True, slots=True)
class Credit:
    """Account credit of a tenant; used oldest first (R31)."""

    credit_id: UUID
    remaining_minor: int
    created_at: datetime


def spend_credit(held: Sequence[Credit], total_minor: int) -> list[tuple[UUID, int]]:
    """Which credits pay how much of ``total_minor``, oldest first."""
    spent: list[tuple[UUID, int]] = []
    for credit in sorted(held, key=lambda one: (one.created_at, one.credit_id)):
        part = min(credit.remaining_minor, total_minor)
        if part > 0:
            spent.append((credit.credit_id, part))
            total_minor -= part
    return spent


def allocate(
    amount_minor: int, wanted: Mapping[InvoiceId, int], open_invoices: Sequence[Invoice]
) -> tuple[dict[InvoiceId, int], int]:
    """Splits received money: as wanted but never above a balance, the rest to other open invoices, oldest due
    first (R32), what then remains is credit (R52). Answers the parts and the credit."""
    balances = {one.invoice_id: one.balance_minor for one in open_invoices}
    parts: dict[InvoiceId, int] = {}
    left = amount_minor
    oldest = sorted(open_invoices, key=lambda one: (one.due_on, one.issued_at, one.invoice_id))
    for invoice_id, asked in [*wanted.items(), *((one.invoice_id, left) for one in oldest)]:
        part = min(asked, balances.get(invoice_id, 0), left)
        if part > 0:
            parts[invoice_id] = parts.get(invoice_id, 0) + part
            balances[invoice_id] -= part
            left -= part
    return parts, left


def number_of(prefix: str, year: int, position: int) -> str:
    """Like KV-2026-00001: given at issue, without gaps per provider and series (R40)."""
    return f"{prefix}-{year}-{position:05d}"
