"""An invoice, as it was issued and as far as it is paid now, becomes a paper."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.invoicing.domain.lines import Line
from services.invoicing.domain.paper import Days, Look, Paper, PaperLine, PaperTax, Party
from services.invoicing.domain.taxes import TaxLine
from services.invoicing.use_cases.ports import Document
from shared.money import Money


def invoice_paper(document: Document, now: datetime, billing_url: str | None = None) -> Paper:
    """``now`` decides whether it is overdue; below ``billing_url`` is Pay Now, printed while money is due."""
    one, parties = document.invoice, document.parties
    by, to = parties["by"], parties["to"]

    def money(minor: int) -> Money:
        return Money(minor, one.currency)

    taxes = tuple(paper_tax(tax) for tax in document.taxes)
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
        lines=tuple(paper_line(line, document.taxes) for line in document.lines),
        taxes=taxes,
        subtotal=money(one.subtotal_minor),
        tax=money(one.tax_minor),
        total=money(one.total_minor),
        credit_used=money(one.credit_applied_minor),
        paid=money(one.paid_minor - one.credit_applied_minor),
        balance=money(one.balance_minor),
        status=one.status(now),
        usage_days=_days(parties["periods"]["usage"]),
        fee_days=_days(parties["periods"]["fee"]),
        pay_url=f"{billing_url.rstrip('/')}/invoices/{one.invoice_id}"
        if billing_url and one.balance_minor > 0
        else None,
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


def paper_tax(tax: TaxLine) -> PaperTax:
    return PaperTax(tax.name, tax.rate, tax.category, tax.base, tax.amount, tax.reason)


def paper_line(line: Line, taxes: tuple[TaxLine, ...]) -> PaperLine:
    """Every tax is on every line."""
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
        tuple(range(len(taxes))),
    )


def _days(kept: Mapping[str, str] | None) -> Days | None:
    if not kept:
        return None
    return Days(date.fromisoformat(kept["start_date"]), date.fromisoformat(kept["end_date"]))
