"""What a language's catalogue of document words holds. A missing text is a type error, not a blank on a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.invoicing.domain.catalogue import TaxCategory
from services.invoicing.domain.paper import PaperKind
from services.invoicing.domain.settlement import Status


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """Every text on a document of one language.

    ``phrases`` translates the parts of a line's description and note, which are issued in English (``PHRASES``).
    """

    language: str
    titles: Mapping[PaperKind, str]  # {number}
    statuses: Mapping[Status, str]
    billed_by: str
    billed_to: str
    tax_id: str
    issue_date: str
    due_date: str
    usage: str
    monthly_fee: str
    corrects: str  # {number} {day}
    reason: str
    heads: tuple[str, str, str, str]  # item, quantity, unit price, amount
    subtotal: str
    total: str
    account_credit: str
    paid: str
    credited: str
    balance: str
    tax_heads: tuple[str, str, str, str]  # tax, rate, taxable amount, tax
    untaxed: Mapping[TaxCategory, str]
    pay: str  # {amount}
    pay_by: str  # {amount} {day}
    nothing_due: str
    questions: str  # {ways}
    page: str  # {page} {pages}
    received_on: str
    received_with: str
    received_for: str
    received_total: str
    to_credit: str
    continued: str
    minutes_unit: str
    phrases: Mapping[str, str]


# In braces: n and m numbers, day and last days, money an amount, name and text what a person wrote.
PHRASES = (
    "{name} plan",
    "Extensions",
    "Extensions above the {n} included",
    "DIDs",
    "DIDs above the {n} included",
    "Minutes",
    "Minutes above the included",
    "Minutes above the {n} included",
    "Connect fees",
    "Minimum commitment",
    "Rounding",
    "Correction",
    "inbound",
    "outbound",
    "internal",
    "international",
    "mobile",
    "premium",
    "toll free",
    "local",
    "national",
    "{n} to {m}",
    "{n} and more",
    "unused days",
    "change",
    "recorded late",
    "rated again",
    "counted again",
    "in advance",
    "in arrears",
    "{n} of {m} days",
    "peak of {n} at one time",
    "{n} days held in {m} days",
    "{n} min of calls",
    "one-time charge",
    "one for each connected call",
    "difference to what was billed before",
    "difference to what was billed before for {day} to {last}",
    "credit for {n} days: billed minus the days used",
    "part of a credit of {money} for {n} days",
    "the rest follows by a credit note or on a later invoice",
    "less what credit notes gave back before",
    "on fees",
    "on usage",
    "up to the minimum of {money}",
    "{n} once",
    "the amount is the difference of two rounded sums",
    "not quantity times price",
    "to the smallest amount that a card takes",
    "Exempt",
    "certificate {text}",
)
