"""The invoice as a PDF, with typst. The same bytes for the same invoice and payments."""

import base64
import json
import re
import shutil
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import typst
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from services.invoicing.adapters.words import WORDS
from shared.money import Currency, exponent

TEMPLATE = Path(__file__).with_name("invoice.typ")
_DATA = re.compile(
    r"data:image/(?P<kind>svg\+xml|png)(?P<coding>;[a-z0-9=-]+)?,(?P<body>.*)", re.DOTALL | re.IGNORECASE
)


def _logo(address: str | None) -> tuple[str, bytes] | None:
    """File name and bytes of a data address; None without a logo."""
    found = _DATA.match(address or "")
    if found is None:
        return None
    name = "logo.png" if found["kind"].lower() == "png" else "logo.svg"
    if (found["coding"] or "").lower() == ";base64":
        return name, base64.b64decode(found["body"])
    return name, unquote_to_bytes(found["body"])


class _Forms:
    """Money, dates and numbers as the tenant's locale writes them."""

    def __init__(self, locale: str) -> None:
        self._locale = locale.replace("-", "_")

    def money(self, amount: dict[str, Any]) -> str:
        code = Currency(amount["currency"])
        value = Decimal(amount["minor"]).scaleb(-exponent(code))
        return format_currency(value, code, locale=self._locale).replace("-", "\u2212")

    def price(self, value: str, code: str) -> str:
        """Unit prices keep every digit."""
        return format_currency(Decimal(value), code, locale=self._locale, decimal_quantization=False)

    def number(self, value: str) -> str:
        return format_decimal(Decimal(value), locale=self._locale, decimal_quantization=False)

    def day(self, value: str | date) -> str:
        day = date.fromisoformat(value) if isinstance(value, str) else value
        return format_date(day, "medium", locale=self._locale)

    def span(self, start: str, end: str) -> str:
        """A half-open range of days, shown by its last day."""
        first, last = date.fromisoformat(start), date.fromisoformat(end) - timedelta(days=1)
        return self.day(first) if last <= first else f"{self.day(first)} – {self.day(last)}"


class InvoicePdf:
    """Renders what the API shows of an invoice."""

    def render(self, invoice: dict[str, Any], issued_at: datetime) -> bytes:
        """PDF bytes. ``invoice`` is ``entrypoints.shapes.invoice_shape``; its texts are data, never markup."""
        logo = _logo(invoice["billed_by"]["brand"].get("logo"))
        with tempfile.TemporaryDirectory(prefix="tollgate-pdf-") as folder:
            root = Path(folder)
            shutil.copy(TEMPLATE, root / "invoice.typ")
            if logo is not None:
                (root / logo[0]).write_bytes(logo[1])
            data = document(invoice, logo[0] if logo else None)
            (root / "data.json").write_text(json.dumps(data))
            made = typst.compile(
                str(root / "invoice.typ"), root=str(root), format="pdf", timestamp=int(issued_at.timestamp())
            )
        assert isinstance(made, bytes)
        return made


def document(invoice: dict[str, Any], logo: str | None) -> dict[str, Any]:
    """What the template shows, as strings in the tenant's language and forms."""
    locale = invoice["billed_to"]["locale"]
    words = WORDS.get(locale.split("-")[0], WORDS["en"])
    forms = _Forms(locale)
    currency = invoice["total"]["currency"]
    head = [
        [words["number"], invoice["number"]],
        [words["issued_on"], forms.day(invoice["issued_on"])],
        [words["due_on"], forms.day(invoice["due_on"])],
    ]
    for key in ("usage_period", "fee_period"):
        if invoice[key]:
            head.append([words[key], forms.span(invoice[key]["start_date"], invoice[key]["end_date"])])
    return {
        "title": f"{words['invoice']} {invoice['number']}",
        "lang": locale.split("-")[0],
        "paper": "us-letter" if locale.endswith(("-US", "-CA")) else "a4",
        "logo": logo,
        "billed_by": invoice["billed_by"],
        "billed_to": invoice["billed_to"],
        "words": words,
        "head": head,
        "lines": [_line(line, forms, words, currency) for line in invoice["lines"]],
        "totals": _totals(invoice, forms, words),
        "status": words["statuses"][invoice["status"]],
        "footer": f"{words['questions']} {invoice['billed_by']['email']} · {invoice['billed_by']['phone']}",
    }


def _line(line: dict[str, Any], forms: _Forms, words: dict[str, Any], currency: str) -> dict[str, str]:
    span = forms.span(line["start_date"], line["end_date"])
    unit = f" {words['minutes']}" if line["unit"] == "min" else ""
    return {
        "description": line["description"],
        "note": " · ".join(part for part in (span, line["note"]) if part),
        "quantity": forms.number(line["quantity"]) + unit,
        "unit_price": forms.price(line["unit_price"], currency),
        "amount": forms.money(line["amount"]),
    }


def _totals(invoice: dict[str, Any], forms: _Forms, words: dict[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = [[words["subtotal"], forms.money(invoice["subtotal"]), False]]
    for tax in invoice["taxes"]:
        label = f"{tax['name']}, {forms.number(tax['rate'])} % × {forms.money(tax['base'])}"
        rows.append([label, forms.money(tax["amount"]), False])
    paid = {"minor": -invoice["paid"]["minor"], "currency": invoice["paid"]["currency"]}
    return [
        *rows,
        [words["total"], forms.money(invoice["total"]), True],
        [words["paid"], forms.money(paid), False],
        [words["balance"], forms.money(invoice["balance"]), True],
    ]
