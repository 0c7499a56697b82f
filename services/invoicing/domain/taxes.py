"""Tax of an invoice: each rate once, on the sum of its taxable lines, rounded half up (rules of money)."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.invoicing.domain.catalogue import Tax
from shared.money import Money, round_half_up


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One rate on the sum of its taxable lines."""

    name: str
    rate: Decimal
    base: Money
    amount: Money


def tax_lines(taxes: Iterable[Tax], subtotal: Money) -> tuple[TaxLine, ...]:
    """One line for each rate, on the subtotal."""
    return tuple(_tax_line(tax, subtotal) for tax in taxes)


def _tax_line(tax: Tax, base: Money) -> TaxLine:
    amount = Money(round_half_up(Decimal(base.minor) * tax.rate / 100), base.currency)
    return TaxLine(tax.name, tax.rate, base, amount)
