"""Papers for the tests of documents: look-alikes of a month's invoice in any currency, language and tax."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from services.invoicing.domain.catalogue import TaxCategory
from services.invoicing.domain.paper import Days, Look, Paper, PaperLine, PaperTax, Party
from shared.money import Currency, Money, currency, line_amount, round_half_up, total

AT = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)
OCTOBER, NOVEMBER = Days(date(2026, 10, 1), date(2026, 11, 1)), Days(date(2026, 11, 1), date(2026, 12, 1))
LOGO = (
    "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 40 40'>"
    "<rect width='40' height='40' rx='8' fill='%230B5FA5'/>"
    "<path d='M10 28 L20 10 L30 28 Z' fill='white'/></svg>"
)
SELLERS = {
    "US": Party(
        "Kestrel Voice LLC",
        ("120 Pier Street", "New York, NY 10038"),
        "US",
        "55-0100244",
        "billing@kestrelvoice.example",
        "+12125550100",
    ),
    "DE": Party(
        "Amsel Telefonie GmbH",
        ("Lindenweg 8", "20095 Hamburg"),
        "DE",
        "DE 123 456 788",
        "rechnung@amsel-telefonie.example",
        "+4940555010",
    ),
    "JP": Party(
        "隼電話株式会社",
        ("中央区銀座 1-2-3", "東京都 104-0061"),
        "JP",
        "T1234567890123",
        "billing@hayabusa.example",
        "+81355550100",
    ),
    "KW": Party(
        "شركة الصقر للاتصالات",
        ("شارع الخليج 12", "مدينة الكويت"),
        "KW",
        "300123456",
        "billing@saqr.example",
        "+96522255501",
    ),
}
BUYERS = {
    "US": Party(
        "Fenwick Dental Group",
        ("48 Alder Avenue, Suite 3", "Brooklyn, NY 11201"),
        "US",
        None,
        "accounts@fenwickdental.example",
    ),
    "FR": Party(
        "Boulangerie Lefèvre SARL",
        ("14 rue des Tilleuls", "69003 Lyon"),
        "FR",
        "FR40303265045",
        "compta@lefevre.example",
    ),
    "DE": Party("Zahnärzte am Kanal", ("Kanalstraße 4", "22085 Hamburg"), "DE", None, "praxis@kanal.example"),
    "JP": Party(
        "桜歯科クリニック", ("渋谷区神南 4-5-6", "東京都 150-0041"), "JP", None, "info@sakura.example"
    ),
    "KW": Party("مجموعة النخيل الطبية", ("شارع سالم 7", "حولي"), "KW", None, "accounts@nakheel.example"),
}
# Price of an extension above the included, of a minute, and the fee: in major units.
_PRICES = {
    "USD": ("12", "0.019", "249"),
    "EUR": ("9.50", "0.0175", "219"),
    "JPY": ("1200", "2.5", "29800"),
    "KWD": ("3.250", "0.0055", "79.500"),
}


def lines_of(code: Currency, *, minutes_lines: int = 2) -> tuple[PaperLine, ...]:
    """Fee in advance, extensions above the included, and so many lines of minutes, all under the first tax."""
    extension, minute, fee = (Decimal(price) for price in _PRICES[code])
    made = [
        _line("fee", "Professional plan", Decimal(1), None, fee, code, NOVEMBER, {}, "in advance"),
        _line(
            "extensions",
            "Extensions above the 20 included",
            Decimal(4),
            None,
            extension,
            code,
            OCTOBER,
            {"peak": 24, "included": 20, "revision": 1},
            "peak of 24 at one time",
        ),
    ]
    for place in range(minutes_lines):
        seconds = 36_744 + 66 * place
        evidence = {
            "direction": ("outbound", "inbound")[place % 2],
            "call_class": ("standard", "mobile")[place % 2],
            "billed_seconds": 180_000 + seconds,
        }
        quantity = Decimal(seconds) / 60
        words = f"Minutes above the 3,000 included, {evidence['direction']}"
        if place % 2:
            words += ", mobile"
        made.append(_line("minutes", words, quantity, "min", minute, code, OCTOBER, evidence, None))
    return tuple(made)


def _line(
    kind: str,
    words: str,
    quantity: Decimal,
    unit: str | None,
    price: Decimal,
    code: Currency,
    days: Days,
    evidence: Mapping[str, object],
    detail: str | None,
) -> PaperLine:
    amount = line_amount(quantity, price, code)
    return PaperLine(kind, words, quantity, unit, price, amount, days.start, days.end, evidence, detail, (0,))


def invoice(
    code: str = "USD",
    locale: str = "en-US",
    *,
    seller: str = "US",
    buyer: str = "US",
    tax: tuple[str, str, TaxCategory] | None = ("New York sales tax", "8.875", "S"),
    minutes_lines: int = 2,
    paid: str = "0",
    logo: str | None = LOGO,
    number: str = "KV-2026-01187",
) -> Paper:
    """``tax`` is name, rate in percent and category; None for none at all."""
    unit = currency(code)
    lines = lines_of(unit, minutes_lines=minutes_lines)
    return with_lines(
        Paper(
            kind="invoice",
            number=number,
            currency=unit,
            issued_at=AT,
            issued_on=date(2026, 11, 1),
            due_on=date(2026, 11, 15),
            seller=SELLERS[seller],
            buyer=BUYERS[buyer],
            look=Look(SELLERS[seller].name.removesuffix(" LLC").removesuffix(" GmbH"), "#0B5FA5", logo),
            locale=locale,
            lines=(),
            taxes=(),
            subtotal=Money.zero(unit),
            tax=Money.zero(unit),
            total=Money.zero(unit),
            credit_used=Money.zero(unit),
            paid=Money.of(paid, unit),
            balance=Money.zero(unit),
            status="Partially Paid" if paid != "0" else "Sent",
            usage_days=OCTOBER,
            fee_days=NOVEMBER,
            pay_url="https://billing.example/invoices/01890a5d",
        ),
        lines,
        [tax] if tax else [],
    )


def with_lines(
    paper: Paper, lines: tuple[PaperLine, ...], taxes: list[tuple[str, str, TaxCategory]]
) -> Paper:
    """The paper with other lines, whose ``taxes`` name places in ``taxes``; sums are worked out anew."""
    unit = paper.currency
    if not taxes:
        lines = tuple(replace(line, taxes=()) for line in lines)
    made = []
    for place, (name, rate, category) in enumerate(taxes):
        base = total((line.amount for line in lines if place in line.taxes), unit)
        amount = Money(round_half_up(Decimal(base.minor) * Decimal(rate) / 100), unit)
        made.append(PaperTax(name, Decimal(rate), category, base, amount))
    subtotal = total((line.amount for line in lines), unit)
    tax = total((one.amount for one in made), unit)
    return replace(
        paper,
        lines=lines,
        taxes=tuple(made),
        subtotal=subtotal,
        tax=tax,
        total=subtotal + tax,
        balance=subtotal + tax - paper.paid - paper.credit_used,
    )


def credit_note(of: Paper, number: str = "KV-2026-C0007") -> Paper:
    """The whole of an invoice, given back."""
    zero = Money.zero(of.currency)
    return replace(
        of,
        kind="credit_note",
        number=number,
        status=None,
        due_on=None,
        paid=zero,
        balance=zero,
        pay_url=None,
        corrects=(of.number, of.issued_on),
        reason="Billed twice",
    )
