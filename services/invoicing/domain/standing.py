"""An invoice's status in the tenant's words, and what a payment does to it (R52, R57)."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["Cancelled", "Paid", "Overdue", "Partially Paid", "Sent"]


def status(*, total_minor: int, paid_minor: int, overdue: bool, cancelled: bool) -> Status:
    """The first that holds (R57). A zero invoice is Paid (R37)."""
    if cancelled:
        return "Cancelled"
    if paid_minor >= total_minor:
        return "Paid"
    if overdue:
        return "Overdue"
    return "Partially Paid" if paid_minor > 0 else "Sent"


@dataclass(frozen=True, slots=True)
class Applied:
    """A payment's part that went to the invoice, and what was left of it (R52: it becomes credit)."""

    to_invoice: int
    surplus: int


def apply_payment(*, balance_minor: int, amount_minor: int) -> Applied:
    """Never more than the balance."""
    used = max(0, min(balance_minor, amount_minor))
    return Applied(used, amount_minor - used)
