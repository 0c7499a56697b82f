"""What was issued becomes a paper: an invoice as far as it is paid now, a credit note, a receipt."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.invoicing.domain.catalogue import Provider, TaxCategory, Tenant
from services.invoicing.domain.lines import Line
from services.invoicing.domain.paper import Days, Look, Paid, Paper, PaperLine, PaperTax, Party
from services.invoicing.domain.taxes import TaxLine
from services.invoicing.use_cases.issue_invoice import parties
from services.invoicing.use_cases.money_ports import NoteDocument
from services.invoicing.use_cases.ports import Document
from services.invoicing.use_cases.receipt_ports import Receipt
from shared.clock import local_date
from shared.money import Money

# Lines that bear no tax (R39).
_UNTAXED_KINDS = frozenset({"rounding"})


def invoice_paper(document: Document, now: datetime, billing_url: str | None = None) -> Paper:
    """``now`` decides whether it is overdue; below ``billing_url`` is Pay Now, printed while money is due."""
    one, parties = document.invoice, document.parties
    by, to = parties["by"], parties["to"]

    def money(minor: int) -> Money:
        return Money(minor, one.currency)

    pay_url = f"{billing_url.rstrip('/')}/invoices/{one.invoice_id}" if billing_url else None
    return Paper(
        kind="invoice",
        number=one.number,
        currency=one.currency,
        issued_at=one.issued_at,
        issued_on=one.issued_on,
        due_on=one.due_on,
        seller=party(by),
        buyer=party(to),
        look=look(by),
        locale=to["locale"],
        lines=tuple(paper_line(line, len(document.taxes)) for line in document.lines),
        taxes=tuple(paper_tax(tax) for tax in document.taxes),
        subtotal=money(one.subtotal_minor),
        tax=money(one.tax_minor),
        total=money(one.total_minor),
        credit_used=money(one.credit_applied_minor),
        paid=money(one.paid_minor - one.credit_applied_minor),
        balance=money(one.balance_minor),
        credited=money(one.credited_minor),
        status=one.status(now),
        usage_days=_days(parties["periods"]["usage"]),
        fee_days=_days(parties["periods"]["fee"]),
        pay_url=pay_url if one.balance_minor > 0 else None,
    )


def credit_note_paper(document: NoteDocument, invoice: Document) -> Paper:
    """A note in the look of the invoice that it corrects; its amounts are positive (type 381)."""
    note, of = document.note, invoice_paper(invoice, document.note.issued_at)
    zero = Money(0, note.currency)
    billed = dict(enumerate(of.lines))
    categories = {tax.name: tax for tax in of.taxes}
    taxes = tuple(
        PaperTax(
            tax.name,
            tax.rate,
            categories[tax.name].category if tax.name in categories else _category(tax.category, tax.rate),
            Money(tax.base_minor, note.currency),
            Money(tax.amount_minor, note.currency),
            categories[tax.name].reason if tax.name in categories else None,
        )
        for tax in document.taxes
    )
    lines = []
    for line in document.lines:
        was = billed[line.position]
        amount = Money(line.amount_minor, note.currency)
        whole = was.amount == amount
        lines.append(
            PaperLine(
                line.kind,
                line.description,
                was.quantity if whole else Decimal(1),
                was.unit if whole else None,
                was.unit_price if whole else amount.decimal,
                amount,
                was.start,
                was.end,
                was.evidence,
                was.detail if whole else None,
                tuple(range(len(taxes))) if was.taxes else (),
            )
        )
    return Paper(
        kind="credit_note",
        number=note.number,
        currency=note.currency,
        issued_at=note.issued_at,
        issued_on=note.issued_on,
        due_on=None,
        seller=of.seller,
        buyer=of.buyer,
        look=of.look,
        locale=of.locale,
        lines=tuple(lines),
        taxes=taxes,
        subtotal=Money(note.subtotal_minor, note.currency),
        tax=Money(note.tax_minor, note.currency),
        total=Money(note.total_minor, note.currency),
        credit_used=zero,
        paid=zero,
        balance=zero,
        corrects=(note.invoice_number, invoice.invoice.issued_on),
        reason=note.reason,
    )


def receipt_paper(receipt: Receipt, provider: Provider, tenant: Tenant) -> Paper:
    """The money that came, in the names and addresses of today."""
    kept = parties(provider, tenant, local_date(receipt.at, tenant.zone))
    zero = Money(0, receipt.amount.currency)
    credited = receipt.amount.minor - sum(part.minor for _, part in receipt.parts)
    on = local_date(receipt.at, tenant.zone)
    return Paper(
        kind="receipt",
        number=receipt.payment_id.hex[-8:].upper(),
        currency=receipt.amount.currency,
        issued_at=receipt.at,
        issued_on=on,
        due_on=None,
        seller=party(kept["by"]),
        buyer=party(kept["to"]),
        look=look(kept["by"]),
        locale=tenant.locale,
        lines=(),
        taxes=(),
        subtotal=receipt.amount,
        tax=zero,
        total=receipt.amount,
        credit_used=zero,
        paid=receipt.amount,
        balance=zero,
        received=Paid(
            on, receipt.amount, receipt.method, receipt.parts, Money(credited, receipt.amount.currency)
        ),
    )


def party(kept: Mapping[str, Any]) -> Party:
    """As kept with the invoice; invoices of before there was a field lack it."""
    return Party(
        name=kept["name"],
        address=tuple(kept["address"]),
        country=kept.get("country"),
        tax_id=kept.get("tax_id") or None,
        email=kept["email"],
        phone=kept.get("phone"),
    )


def look(by: Mapping[str, Any]) -> Look:
    brand = by["brand"]
    return Look(brand["name"], brand["colour"], brand["logo"])


def _category(category: TaxCategory, rate: Decimal) -> TaxCategory:
    """A standard rate of zero is what EN 16931 calls zero-rated."""
    return "Z" if category == "S" and not rate else category


def paper_tax(tax: TaxLine) -> PaperTax:
    """Why reverse charge holds is said by the language's catalogue; an exemption names its certificate."""
    category = _category(tax.category, tax.rate)
    return PaperTax(
        tax.name, tax.rate, category, tax.base, tax.amount, tax.reason if category == "E" else None
    )


def paper_line(line: Line, taxes: int) -> PaperLine:
    """Every tax of an invoice is on every line that bears tax."""
    return PaperLine(
        line.kind,
        line.description,
        line.quantity,
        line.unit,
        line.unit_price,
        line.amount,
        line.start,
        line.end,
        line.evidence,
        line.detail,
        () if line.kind in _UNTAXED_KINDS else tuple(range(taxes)),
    )


def _days(kept: Mapping[str, str] | None) -> Days | None:
    if not kept:
        return None
    return Days(date.fromisoformat(kept["start_date"]), date.fromisoformat(kept["end_date"]))
