"""The balance strip: what do I owe, by when? One of four faces (design/ui.md). Shows; decides nothing about money.

All figures are the services' own; here they are only added up and one face is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.ids import InvoiceId
from shared.money import Currency, Money, total

Face = Literal["due", "overdue", "on_its_way", "nothing"]


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice with something left to pay. ``overdue`` is invoicing's word for it (R45, R57)."""

    invoice_id: InvoiceId
    number: str
    due_on: date
    total: Money
    paid: Money
    balance: Money
    overdue: bool
    on_its_way: Money  # of payments still in process at the bank


@dataclass(frozen=True, slots=True)
class Strip:
    """``balance`` is everything still due, ``overdue`` the part past its due day; ``due_on`` the earliest due day."""

    face: Face
    balance: Money
    overdue: Money
    on_its_way: Money
    due_on: date | None
    invoices: tuple[OpenInvoice, ...]


def balance_strip(open_invoices: Sequence[OpenInvoice], currency: Currency) -> Strip:
    """Earliest due first. On its way wins only when it covers all that is due; else money is still asked for."""
    ordered = tuple(sorted(open_invoices, key=lambda one: (one.due_on, one.number)))
    balance = total((one.balance for one in ordered), currency)
    overdue = total((one.balance for one in ordered if one.overdue), currency)
    on_its_way = total((one.on_its_way for one in ordered), currency)
    return Strip(
        face=_face(balance, overdue, on_its_way),
        balance=balance,
        overdue=overdue,
        on_its_way=on_its_way,
        due_on=ordered[0].due_on if ordered else None,
        invoices=ordered,
    )


def _face(balance: Money, overdue: Money, on_its_way: Money) -> Face:
    if balance.minor <= 0:
        return "nothing"
    if on_its_way.minor >= balance.minor:
        return "on_its_way"
    return "overdue" if overdue.minor > 0 else "due"
