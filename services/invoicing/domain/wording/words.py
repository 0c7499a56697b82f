"""What a language's catalogue of document words holds. A missing text is a type error, not a blank on a page."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.invoicing.domain.paper import PaperKind, TaxCategory
from services.invoicing.domain.settlement import Status


@dataclass(frozen=True, slots=True)
class LineWords:
    """Descriptions of lines by their kind. Names in braces are filled with figures of the tenant's locale."""

    fee: str  # {plan}
    extensions: str
    extensions_above: str  # {included}
    dids: str
    dids_above: str  # {included}
    minutes: str
    minutes_above: str  # {included}
    late: str  # {description}
    correction: str
    in_advance: str
    part_of_month: str  # {days} {of}
    peak: str  # {peak}
    of_calls: str  # {minutes}
    one_time: str
    difference: str
    minutes_unit: str
    directions: Mapping[str, str]
    classes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DocumentWords:
    """Every text on a document of one language."""

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
    balance: str
    credited: str
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
    lines: LineWords
