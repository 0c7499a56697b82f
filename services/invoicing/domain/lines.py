"""Lines of an invoice: each rounded once, half up, multiply before divide (rules of money)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from services.invoicing.domain.agreed import Agreed, agreed_on
from services.invoicing.domain.periods import Span
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.totals import Totals
from shared.money import Money

LineKind = Literal[
    "fee",
    "add_on",
    "extensions",
    "dids",
    "minutes",
    "connect_fees",
    "commitment",
    "discount",
    "one_time",
    "proration",
    "late_usage",
    "re_rating",
    "rounding",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One charge. ``unit_price`` in major units; ``[start, end)`` local days; ``evidence`` is what it rests on."""

    kind: LineKind
    description: str
    quantity: Decimal
    unit: str | None
    unit_price: Decimal
    amount: Money
    start: date
    end: date
    evidence: Mapping[str, Any]
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """What was billed so far under one key: minor units and quantity; and how the line was called, to correct it.

    ``noted``: minor units that a credit note gave back because an invoice had no room (R29); ``minor`` is without.
    """

    minor: int
    quantity: Decimal
    description: str | None = None
    unit_price: Decimal | None = None
    end: date | None = None
    noted: int = 0


def billed_as(line: Line, minor: int, before: Billed | None) -> Billed:
    noted = before.noted if before else 0
    return Billed(minor, line.quantity, line.description, line.unit_price, line.end, noted)


@dataclass(frozen=True, slots=True)
class UsageOf:
    """A period with its newest totals; ``billed`` maps a line's key to what was invoiced of it before.

    ``agreed`` says more than ``plan`` where a plan changed or there are add-ons and discounts. ``advance``: fee and
    add-ons of the period are compared with what was billed, too. ``metered`` false: its usage is not billed yet.
    ``credited``: what credit notes took off fees and add-ons, by key; that is not given back again (R24).
    """

    span: Span
    plan: Plan
    totals: Totals
    billed: Mapping[str, Billed]
    agreed: Agreed | None = None
    advance: bool = False
    metered: bool = True
    credited: Mapping[str, int] = field(default_factory=dict)

    @property
    def terms(self) -> Agreed:
        return self.agreed or agreed_on(self.plan, self.span)


@dataclass(frozen=True, slots=True)
class FeeOf:
    """A period whose fee and add-ons are due in advance, what was billed of them before, and credited by notes."""

    agreed: Agreed
    billed: Mapping[str, Billed]
    credited: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OneTimeCharge:
    """A charge that is never prorated (R22). ``amount`` 0 or more."""

    charge_id: UUID
    description: str
    amount: Money
    on: date


def charge_line(charge: OneTimeCharge) -> Line:
    return Line(
        "one_time",
        charge.description,
        Decimal(1),
        None,
        charge.amount.decimal,
        charge.amount,
        charge.on,
        charge.on,
        {"charge_id": str(charge.charge_id)},
        "one-time charge",
    )


def minutes(seconds: int) -> Decimal:
    """Minutes to one decimal, half up (R30), as people see them; money is made of the seconds."""
    tenths = (abs(seconds) + 3) // 6
    return Decimal(tenths if seconds >= 0 else -tenths) / 10


def share_words(words: str, days: int, whole_days: int) -> str:
    """The words, and how many of the days where it is not all of them."""
    if days >= whole_days:
        return words
    return f"{words}, {days} of {whole_days} days"
