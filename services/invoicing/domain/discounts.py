"""Discounts and coupons: percentages first, then amounts, before proration and tax (R25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal
from uuid import UUID

from services.invoicing.domain.periods import next_anchor

AppliesTo = Literal["fee", "usage", "all"]
ForHowLong = Literal["once", "periods", "forever"]


@dataclass(frozen=True, slots=True)
class Discount:
    """``percent`` of 0 to 100, or ``amount`` in major units for a whole period; one of the two is None.

    It holds for the periods that begin in ``[from_date, until_date)``; without an end, forever. ``fee`` means the
    fee and add-ons, ``usage`` counts, minutes and connect fees. An amount on ``all`` lowers the fee first, and
    the usage of the same period by what is left.
    """

    discount_id: UUID
    name: str
    percent: Decimal | None
    amount: Decimal | None
    applies_to: AppliesTo
    from_date: date
    until_date: date | None

    def holds(self, period_start: date) -> bool:
        return self.from_date <= period_start and (self.until_date is None or period_start < self.until_date)


def until(first_start: date, anchor_day: int, periods: int | None) -> date | None:
    """The day on which a discount of so many periods ends, the first beginning on ``first_start``."""
    if periods is None:
        return None
    day = first_start
    for _ in range(periods):
        day = next_anchor(day, anchor_day)
    return day


def in_order(discounts: Sequence[Discount], period_start: date) -> list[Discount]:
    """Those that hold for the period: percentages, then amounts, each in the order in which they were given."""
    held = [one for one in discounts if one.holds(period_start)]
    return sorted(held, key=lambda one: (one.percent is None, one.from_date, one.discount_id))


def lowered(price: Fraction, discount: Discount) -> Fraction:
    """A whole period's price after one more discount, never below zero."""
    if discount.percent is not None:
        return price * (1 - Fraction(discount.percent) / 100)
    return max(price - Fraction(discount.amount or 0), Fraction(0))


def discounted(price: Decimal, discounts: Sequence[Discount], period_start: date) -> Fraction:
    """The whole price after all discounts that hold (R25); proration comes after."""
    left = Fraction(price)
    for one in in_order(discounts, period_start):
        left = lowered(left, one)
    return left
