"""A document as plain data, before language and look: invoice, credit note or receipt.

Everything that is printed or sent as an electronic invoice is made of this, so that PDF, CII and UBL always say the
same. Amounts of a credit note are positive: the kind of document says that they are given back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from services.invoicing.domain.catalogue import TaxCategory
from services.invoicing.domain.settlement import Status
from shared.money import Currency, Money

PaperKind = Literal["invoice", "credit_note", "receipt"]


@dataclass(frozen=True, slots=True)
class Party:
    """Who bills or is billed, as of the issue. ``country`` is ISO 3166-1 alpha-2; ``tax_id`` as it was entered."""

    name: str
    address: tuple[str, ...]
    country: str | None
    tax_id: str | None
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The provider's brand. ``colour`` is #RRGGBB, ``logo`` a data address."""

    name: str
    colour: str
    logo: str | None


@dataclass(frozen=True, slots=True)
class PaperTax:
    """One rate on the sum of its lines; ``rate`` in percent, ``reason`` why nothing is charged."""

    name: str
    rate: Decimal
    category: TaxCategory
    base: Money
    amount: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One charge. ``unit_price`` in major units; ``[start, end)`` local days; ``tax`` is its place in the taxes."""

    kind: str
    description: str
    quantity: Decimal
    unit: str | None
    unit_price: Decimal
    amount: Money
    start: date
    end: date
    evidence: Mapping[str, Any]
    detail: str | None = None
    taxes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Days:
    """Local days, half-open."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Paid:
    """What a receipt is for: ``on`` in the tenant's zone, ``with_`` a method as people may see it."""

    on: date
    amount: Money
    method: str | None
    invoices: tuple[tuple[str, Money], ...]
    credited: Money


@dataclass(frozen=True, slots=True)
class Paper:
    """A document. ``total = subtotal + tax``, ``balance = total - credit_used - paid - credited`` while it is open.

    ``credit_used`` is account credit, ``credited`` what credit notes took off the balance.
    """

    kind: PaperKind
    number: str
    currency: Currency
    issued_at: datetime
    issued_on: date
    due_on: date | None
    seller: Party
    buyer: Party
    look: Look
    locale: str
    lines: tuple[PaperLine, ...]
    taxes: tuple[PaperTax, ...]
    subtotal: Money
    tax: Money
    total: Money
    credit_used: Money
    paid: Money
    balance: Money
    credited: Money | None = None
    status: Status | None = None
    usage_days: Days | None = None
    fee_days: Days | None = None
    # Number and day of the invoice that a credit note corrects.
    corrects: tuple[str, date] | None = None
    reason: str | None = None
    pay_url: str | None = None
    received: Paid | None = None
    # Notes that no catalogue has: the provider's own words.
    own_notes: tuple[str, ...] = ()
