"""The invoice document."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

from pypdf import PdfReader

from services.invoicing.adapters.pdf import make_pdf
from services.invoicing.domain.lines import Line
from services.invoicing.domain.settlement import Invoice
from services.invoicing.domain.taxes import TaxLine
from services.invoicing.use_cases.ports import Document
from shared.ids import InvoiceId, ProviderId, TenantId, derived_id
from shared.money import Money, currency

AT = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
LOGO = (
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'>"
    "<rect width='10' height='10' rx='2' fill='%230B5FA5'/></svg>"
)


def document(
    *, name: str = "Fenwick Dental Group", lines: int = 2, logo: str | None = LOGO, locale: str = "en-US"
) -> Document:
    usd = currency("USD")
    made = tuple(
        Line(
            "minutes",
            f"Minutes above the 3,000 included, outbound {n}",
            Decimal("612.4"),
            "min",
            Decimal("0.019"),
            Money(1164, usd),
            date(2026, 10, 1),
            date(2026, 11, 1),
            {},
            "3,612.4 min of calls",
        )
        for n in range(lines)
    )
    invoice = Invoice(
        tenant_id=TenantId(derived_id("t")),
        invoice_id=InvoiceId(derived_id("i")),
        provider_id=ProviderId(derived_id("p")),
        number="KV-2026-01187",
        currency=usd,
        subtotal_minor=1164 * lines,
        tax_minor=207,
        total_minor=1164 * lines + 207,
        paid_minor=1000,
        credit_applied_minor=0,
        issued_at=AT,
        issued_on=date(2026, 11, 1),
        due_on=date(2026, 11, 15),
        overdue_at=datetime(2026, 11, 16, 5, 0, tzinfo=UTC),
        collectable=True,
    )
    parties = {
        "by": {
            "name": "Kestrel Voice LLC",
            "address": ["120 Pier Street", "New York, NY 10038"],
            "tax_id": "55-0100244",
            "email": "billing@kestrelvoice.example",
            "phone": "+12125550100",
            "brand": {"name": "Kestrel Voice", "colour": "#0B5FA5", "logo": logo},
        },
        "to": {
            "name": name,
            "address": ["48 Alder Avenue, Suite 3"],
            "email": "accounts@fenwickdental.example",
            "locale": locale,
            "time_zone": "America/New_York",
        },
        "periods": {"usage": {"start_date": "2026-10-01", "end_date": "2026-11-01"}, "fee": None},
    }
    tax = TaxLine("New York sales tax", Decimal("8.875"), Money(1164 * lines, usd), Money(207, usd))
    return Document(invoice, made, (tax,), parties)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_same_invoice_gives_the_same_bytes() -> None:
    """Deterministic: the stamp is the issue time."""
    assert make_pdf(document(), AT) == make_pdf(document(), AT)


def test_markup_in_a_name_is_printed_and_not_run() -> None:
    """User text can never become typst markup."""
    name = '#panic("x") *bold* $x$ @ref \\ // "'
    assert '#panic("x") *bold* $x$ @ref' in text_of(make_pdf(document(name=name), AT))


def test_many_lines_go_on_over_pages_with_the_heads_repeated() -> None:
    """Sixty lines: every line is there and the table's heads are on each page that has some."""
    pdf = make_pdf(document(lines=60), AT)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) >= 2
    assert "Unit price" in reader.pages[1].extract_text()
    assert text_of(pdf).count("Minutes above the 3,000 included") == 60


def test_money_and_dates_are_in_the_tenants_locale() -> None:
    """German: comma, and the currency behind; unit prices keep every digit."""
    shown = text_of(make_pdf(document(locale="de-DE"), AT)).replace("\u00a0", " ")
    assert "11,64 $" in shown
    assert "0,019 $" in shown
    assert "01.11.2026" in shown


def test_a_logo_that_cannot_be_drawn_does_not_keep_the_invoice_back() -> None:
    """The document comes without it."""
    assert "KV-2026-01187" in text_of(make_pdf(document(logo="data:image/png;base64,AAAA"), AT))
