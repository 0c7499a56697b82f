"""The invoice as PDF, by typst: same bytes for the same state of an invoice, money and dates by Babel."""

import asyncio
import base64
import binascii
import json
import tempfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import structlog
import typst
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from services.invoicing.domain.lines import Line, minutes
from services.invoicing.use_cases.ports import Document
from shared.money import Money, exponent

log = structlog.get_logger(__name__)
_TEMPLATE = Path(__file__).with_name("invoice.typ")
_US_PAPER = {"US", "CA", "MX"}


class _Words:
    """Numbers and dates in the tenant's locale; minus is U+2212 (design/ui.md)."""

    def __init__(self, tag: str) -> None:
        self.locale = Locale.parse(tag, sep="-")

    def money(self, value: Money) -> str:
        shown: str = format_currency(value.decimal, value.currency, locale=self.locale)
        return shown.replace("-", "−")

    def price(self, value: Decimal, code: str) -> str:
        """A unit price keeps every digit that it has, at least the currency's."""
        places = max(-int(value.normalize().as_tuple().exponent), exponent(code))  # type: ignore[arg-type]
        pattern = self.locale.currency_formats["standard"].pattern.replace("0.00", "0." + "0" * places)
        return str(format_currency(value, code, pattern, locale=self.locale, currency_digits=False))

    def number(self, value: Decimal) -> str:
        return str(format_decimal(value, locale=self.locale, decimal_quantization=False)).replace("-", "−")

    def quantity(self, line: Line) -> str:
        if line.unit != "min":
            return self.number(line.quantity.normalize())
        return f"{format_decimal(line.quantity, '#,##0.0', locale=self.locale)} min".replace("-", "−")

    def percent(self, rate: Decimal) -> str:
        return str(format_percent(rate / 100, locale=self.locale, decimal_quantization=False))

    def day(self, value: date) -> str:
        return str(format_date(value, "medium", locale=self.locale))

    def days(self, start: date, end: date) -> str:
        """Periods end on their last day."""
        last = end - timedelta(days=1)
        return self.day(start) if last <= start else f"{self.day(start)} – {self.day(last)}"


def _logo(address: str | None) -> tuple[str, bytes] | None:
    """File name and bytes of a logo's data address."""
    if address is None:
        return None
    head, _, body = address.partition(",")
    try:
        raw = base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        return None
    return ("logo.png" if "image/png" in head else "logo.svg"), raw


def _content(document: Document, now: datetime, logo: str | None) -> dict[str, Any]:
    one, by, to = document.invoice, document.parties["by"], document.parties["to"]
    words = _Words(to["locale"])

    def money(minor: int) -> str:
        return words.money(Money(minor, one.currency))

    tax_id = [f"Tax ID {by['tax_id']}"] if by["tax_id"] else []
    totals = [("Subtotal", money(one.subtotal_minor), False)]
    totals += [
        (f"{tax.name}, {words.percent(tax.rate)} of {words.money(tax.base)}", words.money(tax.amount), False)
        for tax in document.taxes
    ]
    totals += [
        ("Total", money(one.total_minor), True),
        ("Paid", money(-one.paid_minor) if one.paid_minor else money(0), False),
        ("Balance due", money(one.balance_minor), True),
    ]
    return {
        "title": f"Invoice {one.number}",
        "number": one.number,
        "status": one.status(now),
        "language": "en",
        "paper": "us-letter" if words.locale.territory in _US_PAPER else "a4",
        "colour": by["brand"]["colour"],
        "brand": by["brand"]["name"],
        "logo": logo,
        "by": {"name": by["name"]},
        "parties": [
            {"label": "Billed by", "name": by["name"], "rows": [*by["address"], *tax_id]},
            {"label": "Billed to", "name": to["name"], "rows": [*to["address"], to["email"]]},
        ],
        "facts": [
            ["Issue date", words.day(one.issued_on)],
            ["Due date", words.day(one.due_on)],
            *_periods(document, words),
        ],
        "heads": ["Line item", "Quantity", "Unit price", "Amount"],
        "lines": [
            {
                "description": line.description,
                "note": " · ".join(
                    part for part in (words.days(line.start, line.end), _note(line, words)) if part
                ),
                "quantity": words.quantity(line),
                "price": words.price(line.unit_price, one.currency),
                "amount": words.money(line.amount),
            }
            for line in document.lines
        ],
        "totals": [{"label": label, "amount": amount, "strong": strong} for label, amount, strong in totals],
        "footer": f"Questions about a charge? {by['email']}, {by['phone']}",
    }


def _periods(document: Document, words: "_Words") -> list[list[str]]:
    """Both ranges are printed (R28)."""
    shown = []
    for name, label in (("usage", "Usage"), ("fee", "Monthly fee")):
        found = document.parties["periods"][name]
        if found:
            span = words.days(date.fromisoformat(found["start_date"]), date.fromisoformat(found["end_date"]))
            shown.append([label, span])
    return shown


def _note(line: Line, words: "_Words") -> str | None:
    """What a line rests on, with numbers as the locale writes them."""
    if line.kind == "minutes" and "billed_seconds" in line.evidence:
        return f"{words.number(minutes(line.evidence['billed_seconds']))} min of calls"
    return line.detail


def make_pdf(document: Document, now: datetime) -> bytes:
    """The PDF, stamped with the issue time."""
    logo = _logo(document.parties["by"]["brand"]["logo"])
    try:
        return _compile(document, now, logo)
    except typst.TypstError:
        if logo is None:
            raise
        # An image that cannot be drawn must not keep a tenant from the invoice.
        log.warning("logo cannot be drawn", number=document.invoice.number)
        return _compile(document, now, None)


def _compile(document: Document, now: datetime, logo: tuple[str, bytes] | None) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tollgate-invoice-") as made:
        folder = Path(made)
        template = folder / "invoice.typ"
        template.write_bytes(_TEMPLATE.read_bytes())
        if logo is not None:
            (folder / logo[0]).write_bytes(logo[1])
        content = _content(document, now, logo[0] if logo else None)
        (folder / "data.json").write_text(json.dumps(content))
        compiler = typst.Compiler(
            str(template), root=made, ignore_system_fonts=True, sys_inputs={"data": "data.json"}
        )
        stamp = document.invoice.issued_at.astimezone(UTC)
        made_pdf = compiler.compile(format="pdf", timestamp=stamp)
        assert isinstance(made_pdf, bytes)
        return made_pdf


async def render_pdf(document: Document, now: datetime) -> bytes:
    """``make_pdf`` off the event loop."""
    return await asyncio.to_thread(make_pdf, document, now)
